"""The events of a fake: what Amazon ECR would have sent to EventBridge, and who wants to be told."""

from __future__ import annotations

import copy
import inspect
import os
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, NamedTuple, Self

from fakeecr.errors import EventHandlerWarning, warn_caller
from fakeecr.forks import held_at_forks
from fakeecr.registry.events import DETAIL_TYPES, Event
from fakeecr.rules.messages import show, suggestion

MOST_EVENTS = 10_000
# How often in a row the handling of an event may cause another one.
_DEEPEST = 100

Handler = Callable[[dict[str, Any]], object]

# One lock for the events of all fakes, so that a fork can hold it.
_lock = held_at_forks(threading.Lock())


def _thread() -> tuple[int, int]:
    """Return what identifies this thread, also after a fork."""
    return os.getpid(), threading.get_ident()


class EmittedEvents(tuple[Event, ...]):
    """Emitted events, oldest first; a tuple that does not change when more are emitted.

    Attributes:
        dropped: how many older events are not in it, because a fake keeps only the last 10,000.
    """

    dropped: int

    def __new__(cls, events: Iterable[Event] = (), dropped: int = 0) -> EmittedEvents:
        """Make a tuple of events, after which others were dropped."""
        self = super().__new__(cls, events)
        self.dropped = dropped
        return self


class Subscription:
    """A handler that is called for each event, until :meth:`cancel`.

    As a context manager it is cancelled at the end of the block.
    """

    def __init__(self, log: EventLog, handler: Handler, detail_type: str | None) -> None:
        self._log = log
        self.handler = handler
        self.detail_type = detail_type

    def cancel(self) -> None:
        """Call the handler no more; cancelling again changes nothing."""
        self._log.cancel(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()


class _Undelivered(NamedTuple):
    """An event that is to be delivered.

    Attributes:
        event: the event.
        subscriptions: those of the moment in which it was recorded.
        depth: how many events in a row caused it, each by a handler of the one before.
    """

    event: Event
    subscriptions: tuple[Subscription, ...]
    depth: int


class EventLog:
    """The last events of a fake, and its subscriptions.

    Events are recorded in the order in which their transactions were committed, and delivered in that order, by the
    threads that made the calls.
    """

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._dropped = 0
        # Replaced, never changed in place.
        self._subscriptions: tuple[Subscription, ...] = ()
        self._undelivered: deque[_Undelivered] = deque()
        # How the handlers are called: so that their calls to ECR are answered by the fake itself.
        self.answering: Callable[[], AbstractContextManager[None]] = nullcontext
        # The process and the thread that call the handlers now, and how deep the event is that they deliver.
        self._delivering: tuple[int, int] | None = None
        self._depth = 0

    def record(self, events: Iterable[Event]) -> None:
        """Record events of a transaction that was committed."""
        with _lock:
            depth = self._depth + 1 if self._delivering == _thread() else 0
            for event in events:
                self._events.append(event)
                if len(self._events) > MOST_EVENTS:
                    self._events.popleft()
                    self._dropped += 1
                if self._subscriptions:
                    self._undelivered.append(_Undelivered(event, self._subscriptions, depth))

    def deliver(self) -> None:
        """Call the handlers for the events that were recorded, unless a thread does so already.

        If it does, it delivers these as well. To wait for it would never end if its handler waits for this thread.

        Warns:
            EventHandlerWarning: a handler raised an exception. If the user turned the warning into an error, it is
                raised after all handlers were called.

        Raises:
            RecursionError: the handlers cause events without end.
        """
        if not self._undelivered:
            return
        with _lock:
            # A process that was forked while its parent delivered has no thread that goes on with it.
            if self._delivering is not None and self._delivering[0] == os.getpid():
                return
            self._delivering = _thread()
        mistake: EventHandlerWarning | None = None
        try:
            while (undelivered := self._next()) is not None:
                for subscription in undelivered.subscriptions:
                    try:
                        with self.answering():
                            self._call(subscription, undelivered.event)
                    except EventHandlerWarning as error:
                        mistake = mistake or error
        except BaseException:
            self._delivering = None
            raise
        if mistake is not None:
            raise mistake

    def _next(self) -> _Undelivered | None:
        """Return the next event to deliver; if there is none, end the delivery and return None."""
        with _lock:
            if not self._undelivered:
                self._delivering = None
                return None
            undelivered = self._undelivered.popleft()
            self._depth = undelivered.depth
            if self._depth > _DEEPEST:
                self._undelivered.clear()
                handlers = ", ".join(_name_of(subscription.handler) for subscription in undelivered.subscriptions)
                raise RecursionError(
                    f"Handlers of events ({handlers}) caused events that they handle themselves, {_DEEPEST} times in a "
                    "row. Let them ignore what they cause."
                )
            return undelivered

    def _call(self, subscription: Subscription, event: Event) -> None:
        # An earlier handler of this event may have cancelled it.
        if subscription not in self._subscriptions or subscription.detail_type not in (None, event["detail-type"]):
            return
        cause: Exception | None = None
        try:
            # A copy: what one handler changes, neither the log nor another handler sees.
            result = subscription.handler(copy.deepcopy(event))
        except Exception as error:
            cause = error
            problem = f"failed on an event {event['detail-type']!r}:\n{''.join(traceback.format_exception(error))}"
        else:
            if not inspect.iscoroutine(result):
                return
            result.close()
            problem = "returned a coroutine, which nothing awaits. Let it make a task: asyncio.create_task(…)."
        try:
            warn_caller(f"{_name_of(subscription.handler)} {problem}", EventHandlerWarning)
        except EventHandlerWarning as warning:
            raise warning from cause

    def subscribe(self, handler: Handler, detail_type: str | None) -> Subscription:
        """Call a handler for each event from now on.

        Raises:
            TypeError: the handler cannot be called, or is a coroutine function.
            ValueError: there is no such detail type.
        """
        if not callable(handler):
            raise TypeError(f"handler: expected a function that takes an event; got {show(handler)}.")
        if inspect.iscoroutinefunction(handler):
            raise TypeError("handler: expected a function, not a coroutine function, which nothing would await.")
        if detail_type is not None and detail_type not in DETAIL_TYPES:
            raise ValueError(
                f"ECR sends no event {detail_type!r}.{suggestion(str(detail_type), DETAIL_TYPES)} "
                f"It sends {', '.join(map(repr, DETAIL_TYPES))}."
            )
        subscription = Subscription(self, handler, detail_type)
        with _lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def cancel(self, subscription: Subscription) -> None:
        """Remove a subscription; do nothing if it is gone already."""
        with _lock:
            self._subscriptions = tuple([other for other in self._subscriptions if other is not subscription])

    def close(self) -> None:
        """Call no handler any more, not even for events that were recorded already."""
        with _lock:
            self._subscriptions = ()
            self._undelivered.clear()

    def events(self) -> EmittedEvents:
        """Return the events."""
        return EmittedEvents(self._events.copy(), self._dropped)

    def clear(self) -> None:
        """Forget every event; subscriptions stay."""
        with _lock:
            self._events.clear()
            self._undelivered.clear()
            self._dropped = 0

    def __len__(self) -> int:
        return len(self._events) + self._dropped


def _name_of(handler: Handler) -> str:
    return getattr(handler, "__qualname__", None) or repr(handler)
