"""The part of FakeECR that watches calls and events, and orders faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from fakeecr.assertions import count_mistake
from fakeecr.events import EmittedEvents, Subscription
from fakeecr.faults import Delay, Failure, Fault, Throttle
from fakeecr.journal import RecordedCalls

if TYPE_CHECKING:
    from fakeecr.gate import Gate


class Instruments:
    """What a test author watches and orders; :class:`fakeecr.FakeECR` is one."""

    # The gate that is open, or the last one: a test reads what was recorded after the fake is stopped.
    _last_gate: Gate | None

    def _in_use(self) -> AbstractContextManager[Gate]:
        raise NotImplementedError

    # --- Recorded calls --------------------------------------------------------------------------

    @property
    def calls(self) -> RecordedCalls:
        """The requests that this fake answered, oldest first, each try of a client by itself.

        It is a tuple of :class:`fakeecr.RecordedCall`; ``ecr.calls.of("ListImages", repositoryName="web")`` selects.
        The last 10,000 are kept, and no more than 256 MiB of requests and responses; `dropped` says how many were
        not. :meth:`reset` and a new :meth:`start` empty it, :meth:`stop` does not. :meth:`push`, :meth:`seed` and the
        like are no calls.
        """
        gate = self._last_gate
        return RecordedCalls() if gate is None else gate.journal.calls()

    def assert_called(self, operation: str, times: int | None = None, **parameters: Any) -> None:
        """Assert that an operation was called; the message of a failure shows what was called instead.

        Args:
            operation: its name in the API, such as ``"BatchDeleteImage"``; ``"*"`` for any operation.
            times: how often, each try of a client counted. None: at least once.
            parameters: parameters by their names in the API; only calls that have equal ones count. Lists and
                structures must be equal as a whole: a call with two ids is not one with the first of them.

        Raises:
            AssertionError: it was not.
            ValueError: there is no such operation or parameter, no request can have this value, or `times` is negative.
        """
        __tracebackhide__ = True
        _assert_count(self.calls, operation, times, parameters)

    def assert_not_called(self, operation: str, **parameters: Any) -> None:
        """Assert that an operation was not called; the message of a failure shows the calls.

        Args:
            operation: its name in the API; ``"*"`` for any operation.
            parameters: parameters by their names in the API; only calls that have equal ones count. Lists and
                structures must be equal as a whole: a call with two ids is not one with the first of them.

        Raises:
            AssertionError: it was called.
            ValueError: there is no such operation or parameter, or no request can have this value.
        """
        __tracebackhide__ = True
        _assert_count(self.calls, operation, 0, parameters)

    # --- Faults ----------------------------------------------------------------------------------

    def fail(
        self,
        operation: str,
        error: str,
        times: int | None = 1,
        after: int = 0,
        every: int = 1,
        probability: float = 1.0,
        seed: int = 0,
        **parameters: Any,
    ) -> Fault:
        """Let the next requests of an operation fail. A request that fails changes nothing.

        botocore retries them as it would with AWS, but does not sleep in between. Each try is a request. If several
        faults are for one request, the one that was ordered first comes first.

        Args:
            operation: the operation's name in the API, such as ``"ListImages"``; ``"*"`` for every operation.
            error: an error of ECR's model, such as ``"ServerException"``, one of any AWS service, such as
                ``"ThrottlingException"``, or one of botocore for a network that fails: ``"ReadTimeoutError"``,
                ``"ConnectTimeoutError"``, ``"EndpointConnectionError"`` or ``"ConnectionClosedError"``.
            times: how many requests fail. None: all, until the fault is removed.
            after: how many matching requests pass first.
            every: 3 lets each third matching request fail.
            probability: how likely it is that a request fails whose turn it is, from 0 to 1.
            seed: what the random numbers begin with, so that a test can be repeated.
            parameters: parameters by their names in the API, with equal values; other requests do not match. Lists and
                structures must be equal as a whole.

        Returns:
            The fault, which counts its `hits` and has `remove()`; as a context manager it is removed at the end.

        Raises:
            ValueError: the operation, the error or a parameter does not exist, or a number is out of its range.
        """
        return self._order(Failure(operation, error, times, after, every, probability, seed, parameters))

    def delay(self, operation: str, seconds: float, **parameters: Any) -> Fault:
        """Answer the requests of an operation later. If several delays are for one request, they add up.

        A client whose read timeout is shorter gets a ReadTimeoutError at once, without waiting, and nothing is changed.

        Args:
            operation: the operation's name in the API; ``"*"`` for every operation.
            seconds: how many seconds later, by a real clock.
            parameters: parameters by their names in the API, with equal values; other requests are not delayed.

        Returns:
            The fault, which lasts until it is removed.

        Raises:
            ValueError: the operation or a parameter does not exist, or `seconds` is not from 0 to 86,400.
        """
        return self._order(Delay(operation, seconds, parameters))

    def throttle(self, operation: str, per_second: float, burst: float | None = None, **parameters: Any) -> Fault:
        """Let requests beyond a rate fail with a ThrottlingException "Rate exceeded".

        A bucket of tokens, filled at first, loses one with each request, and gets `per_second` tokens in a second: by
        the clock that freezegun freezes and moves. botocore does not sleep before it tries again.

        Args:
            operation: the operation's name in the API; ``"*"`` for every operation, all with one bucket.
            per_second: how many requests a second are answered for long.
            burst: how many are answered at once. Default: `per_second`, and at least 1.
            parameters: parameters by their names in the API, with equal values; other requests are not throttled.

        Returns:
            The fault, which lasts until it is removed; `hits` counts the requests that were refused.

        Raises:
            ValueError: the operation or a parameter does not exist, or a number is out of its range.
        """
        return self._order(Throttle(operation, per_second, burst, parameters))

    def _order(self, fault: Fault) -> Fault:
        with self._in_use() as gate:
            gate.faults.add(fault)
        return fault

    # --- Events ----------------------------------------------------------------------------------

    @property
    def events(self) -> EmittedEvents:
        """What Amazon ECR would have sent to EventBridge, oldest first, as dicts that JSON can represent.

        The last 10,000 are kept; `dropped` says how many were not. :meth:`reset` and a new :meth:`start` empty it,
        :meth:`stop` does not. Seeds emit nothing.
        """
        gate = self._last_gate
        return EmittedEvents() if gate is None else gate.events.events()

    def subscribe(self, handler: Callable[[dict[str, Any]], object], detail_type: str | None = None) -> Subscription:
        """Call a function for each event from now on, until :meth:`stop`.

        It is called after the call that caused the event has changed the database, and before that call returns; of
        several events in the order in which they happened. If another thread is calling handlers at that moment, it
        goes on with these events, and the call may return before. The handler may itself call ECR: this fake answers,
        and the events of that follow later.

        Args:
            handler: the function. Each call gets a copy of the event, which it may change.
            detail_type: the `detail-type` of the events that it is called for, such as ``"ECR Image Action"``. None:
                all.

        Returns:
            The subscription, which has `cancel()`; as a context manager it is cancelled at the end.

        Raises:
            TypeError: `handler` is not a function, or a coroutine function.
            ValueError: ECR sends no events of this type.

        Warns:
            EventHandlerWarning: the handler raised an exception, whose traceback is in the warning. It is issued by the
                call that caused the event.
        """
        with self._in_use() as gate:
            return gate.events.subscribe(handler, detail_type)


def _assert_count(calls: RecordedCalls, operation: str, times: int | None, parameters: Mapping[str, Any]) -> None:
    __tracebackhide__ = True
    mistake = count_mistake(calls, operation, times, parameters)
    if mistake is not None:
        raise AssertionError(mistake)
