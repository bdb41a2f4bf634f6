"""Faults: failures, delays and throttling that a test orders for requests that are still to come."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from fakeecr import clock
from fakeecr.api.model import check_operation, check_parameters, known_errors
from fakeecr.aws_errors import ECRError
from fakeecr.errors import caller
from fakeecr.forks import held_at_forks
from fakeecr.http import NetworkError
from fakeecr.journal import has_parameters
from fakeecr.rules.messages import check_count, show, suggestion

# The errors of botocore that a client raises when no response comes.
NETWORK_ERRORS = ("ConnectTimeoutError", "ConnectionClosedError", "EndpointConnectionError", "ReadTimeoutError")

_LONGEST_DELAY = 24 * 60 * 60


# One lock for the faults of all fakes, so that a fork can hold it.
_lock = held_at_forks(threading.Lock())


class Fault:
    """What :meth:`FakeECR.fail`, :meth:`FakeECR.delay` or :meth:`FakeECR.throttle` ordered.

    As a context manager it is removed at the end of the block.

    Attributes:
        operation: the operation that it is for; ``"*"`` for all.
        parameters: the parameters that a request must have to be hit.
        hits: how many requests it has hit.
        ordered_at: the file and line that ordered it.
    """

    def __init__(self, operation: str, parameters: Mapping[str, Any]) -> None:
        check_operation(operation, any_allowed=True)
        check_parameters(operation, parameters, ["times", "after", "every", "probability", "seed", "burst"])
        frame = caller()
        self.ordered_at = f"{frame.f_code.co_filename}, line {frame.f_lineno}"
        self.operation = operation
        self.parameters = dict(parameters)
        self.hits = 0
        self._owner: Faults | None = None

    def remove(self) -> None:
        """Let no further request be hit; removing it again changes nothing."""
        if self._owner is not None:
            self._owner.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        parameters = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        return f"<{type(self).__name__} of {self.operation}{parameters}: {self.hits} hits>"

    def added_to(self, owner: Faults) -> None:
        """Note which faults it was added to; they call this."""
        self._owner = owner

    def strike(self) -> Blow | None:
        """Return what happens to a request that it is for, or None if this one is spared."""
        raise NotImplementedError


class Blow(NamedTuple):
    """What happens to a request: it fails, or is answered later.

    Attributes:
        error: what it fails with; None if it is carried out.
        delay: how many seconds later it is answered.
        is_last: whether the fault ends with it.
        note: which fault it is from.
    """

    error: ECRError | NetworkError | None = None
    delay: float = 0.0
    is_last: bool = False
    note: str = ""


class Failure(Fault):
    """A failure, as :meth:`FakeECR.fail` describes it.

    Raises:
        ValueError: an argument has an invalid value.
    """

    def __init__(
        self,
        operation: str,
        error: str,
        times: int | None,
        after: int,
        every: int,
        probability: float,
        seed: int,
        parameters: Mapping[str, Any],
    ) -> None:
        super().__init__(operation, parameters)
        self._error = _make_error(error)
        if times is not None:
            check_count("times", times, 1)
        check_count("after", after, 0)
        check_count("every", every, 1)
        _check_number("probability", probability, 0, 1)
        check_count("seed", seed, 0)
        self._times = times
        self._after = after
        self._every = every
        self._probability = probability
        self._random = random.Random(seed)  # noqa: S311 - a test repeats it
        self._matching = 0

    def strike(self) -> Blow | None:
        """Return the failure, or None if it is not the turn of this request."""
        self._matching += 1
        turn = self._matching - self._after
        if turn < 1 or turn % self._every:
            return None
        if self._probability < 1 and self._random.random() >= self._probability:
            return None
        self.hits += 1
        return Blow(error=self._error, is_last=self.hits == self._times)


def _make_error(name: Any) -> ECRError | NetworkError:
    if name in NETWORK_ERRORS:
        return NetworkError(name)
    known = known_errors()
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"ECR has no error {name!r}.{suggestion(str(name), [*known, *NETWORK_ERRORS])}")
    message, status = known[name]
    return ECRError(name, message, status)


class Delay(Fault):
    """A delay, as :meth:`FakeECR.delay` describes it."""

    def __init__(self, operation: str, seconds: float, parameters: Mapping[str, Any]) -> None:
        super().__init__(operation, parameters)
        _check_number("seconds", seconds, 0, _LONGEST_DELAY)
        self._seconds = seconds

    def strike(self) -> Blow:
        """Return the delay."""
        self.hits += 1
        return Blow(delay=self._seconds)


class Throttle(Fault):
    """A limit of requests in a second, as :meth:`FakeECR.throttle` describes it: a bucket of tokens."""

    def __init__(self, operation: str, per_second: float, burst: float | None, parameters: Mapping[str, Any]) -> None:
        super().__init__(operation, parameters)
        _check_number("per_second", per_second, 0, math.inf)
        if not per_second:
            raise ValueError("per_second must be more than 0; fail(…, times=None) refuses every request.")
        if burst is not None:
            _check_number("burst", burst, 1, math.inf)
        self._per_second = per_second
        # A bucket that never holds a whole token would let nothing pass.
        self._burst = max(1.0, per_second) if burst is None else burst
        self._tokens = float(self._burst)
        self._filled_at = clock.now()
        self._error = _make_error("ThrottlingException")

    def strike(self) -> Blow | None:
        """Return the throttling, or None if the bucket has a token for this request."""
        now = clock.now()
        # A test may set the clock back.
        seconds = max(0.0, (now - self._filled_at).total_seconds())
        self._filled_at = now
        self._tokens = min(self._burst, self._tokens + seconds * self._per_second)
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        self.hits += 1
        return Blow(error=self._error)


class Faults:
    """The faults of a fake, in the order in which they were ordered."""

    def __init__(self) -> None:
        # Replaced, never changed in place, so that a request needs the lock only if there are any.
        self._faults: tuple[Fault, ...] = ()

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, fault: Fault) -> None:
        """Add a fault, after those that were added before."""
        fault.added_to(self)
        with _lock:
            self._faults = (*self._faults, fault)

    def remove(self, fault: Fault) -> None:
        """Remove a fault; do nothing if it is gone already."""
        with _lock:
            self._remove(fault)

    def _remove(self, fault: Fault) -> None:
        self._faults = tuple([other for other in self._faults if other is not fault])

    def clear(self) -> None:
        """Remove every fault."""
        with _lock:
            self._faults = ()

    def strike(self, operation: str, parameters: Callable[[], Mapping[str, Any]], read_timeout: float | None) -> Blow:
        """Return what happens to a request: the first failure that hits it, and the sum of its delays.

        Args:
            operation: the operation's name.
            parameters: returns its parameters, with the registry; called only if a fault asks for them.
            read_timeout: how many seconds the client waits. If the delays are longer, the request fails by that alone.
        """
        with _lock:
            hit = [fault for fault in self._faults if _is_for(fault, operation, parameters)]
            delay = sum(fault.strike().delay for fault in hit if isinstance(fault, Delay))
            if read_timeout is not None and delay > read_timeout:
                return Blow(error=NetworkError("ReadTimeoutError"))
            for fault in hit:
                blow = None if isinstance(fault, Delay) else fault.strike()
                if blow is not None:
                    if blow.is_last:
                        self._remove(fault)
                    return blow._replace(delay=delay, note=f"A test ordered this error: {fault.ordered_at}.")
        return Blow(delay=delay)


def _is_for(fault: Fault, operation: str, parameters: Callable[[], Mapping[str, Any]]) -> bool:
    if fault.operation not in ("*", operation):
        return False
    # The gate adds the registry to the parameters.
    return not fault.parameters or has_parameters(parameters(), fault.parameters)


def _check_number(name: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError(f"{name} must be a number, not {show(value)}.")
    if not least <= value <= most:
        limits = f"{least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise ValueError(f"{name} must be {limits}, not {value}.")
