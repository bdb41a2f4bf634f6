"""The events of a fake: what Amazon ECR would have sent to EventBridge, and who wants to be told."""

from __future__ import annotations

import copy
import inspect
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from fakeecr.errors import EventHandlerWarning, warn_caller
from fakeecr.registry.events import DETAIL_TYPES, Event
from fakeecr.rules.messages import show, suggestion

MOST_EVENTS = 10_000

Handler = Callable[[dict[str, Any]], object]


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


class EventLog:
    """The last events of a fake, and its subscriptions.

    Events are recorded in the order in which their transactions were committed, and delivered in that order, by the
    threads that made the calls.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: deque[Event] = deque()
        self._dropped = 0
        # Replaced, never changed in place.
        self._subscriptions: tuple[Subscription, ...] = ()
        # Each with the subscriptions of the moment in which it was recorded.
        self._undelivered: deque[tuple[Event, tuple[Subscription, ...]]] = deque()
        self._is_delivering = False

    def record(self, events: Iterable[Event]) -> None:
        """Record events of a transaction that was committed."""
        with self._lock:
            for event in events:
                self._events.append(event)
                if len(self._events) > MOST_EVENTS:
                    self._events.popleft()
                    self._dropped += 1
                if self._subscriptions:
                    self._undelivered.append((event, self._subscriptions))

    def deliver(self) -> None:
        """Call the handlers for the events that were recorded, unless a thread does so already.

        If it does, it delivers these as well. To wait for it would never end if its handler waits for this thread.

        Warns:
            EventHandlerWarning: a handler raised an exception.
        """
        if not self._undelivered:
            return
        with self._lock:
            if self._is_delivering:
                return
            self._is_delivering = True
        try:
            while (undelivered := self._next()) is not None:
                event, subscriptions = undelivered
                for subscription in subscriptions:
                    self._call(subscription, event)
        except BaseException:
            # A warning that the user turned into an error, or a KeyboardInterrupt.
            self._is_delivering = False
            raise

    def _next(self) -> tuple[Event, tuple[Subscription, ...]] | None:
        """Return the next event and its subscriptions; if there is none, end the delivery and return None."""
        with self._lock:
            if self._undelivered:
                return self._undelivered.popleft()
            self._is_delivering = False
            return None

    def _call(self, subscription: Subscription, event: Event) -> None:
        # An earlier handler of this event may have cancelled it.
        if subscription not in self._subscriptions or subscription.detail_type not in (None, event["detail-type"]):
            return
        try:
            # A copy: what one handler changes, neither the log nor another handler sees.
            subscription.handler(copy.deepcopy(event))
        except Exception as error:
            trace = "".join(traceback.format_exception(error))
            name = getattr(subscription.handler, "__qualname__", None) or repr(subscription.handler)
            warn_caller(f"{name} failed on an event {event['detail-type']!r}:\n{trace}", EventHandlerWarning)

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
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def cancel(self, subscription: Subscription) -> None:
        """Remove a subscription; do nothing if it is gone already."""
        with self._lock:
            self._subscriptions = tuple([other for other in self._subscriptions if other is not subscription])
            if not self._subscriptions:
                self._undelivered.clear()

    def events(self) -> EmittedEvents:
        """Return the events."""
        # Without the lock, as of the journal's calls.
        return EmittedEvents(self._events.copy(), self._dropped)

    def clear(self) -> None:
        """Forget every event; subscriptions stay."""
        with self._lock:
            self._events.clear()
            self._undelivered.clear()
            self._dropped = 0

    def __len__(self) -> int:
        return len(self._events) + self._dropped
