"""The guard against calls that reach AWS because no fake is active."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast, get_args

from fakeecr.adapters.botocore import guard as sending
from fakeecr.adapters.botocore.guard import Action
from fakeecr.rules.messages import show

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


class Guard:
    """A context manager and a decorator that guards the calls inside of it; see :func:`guard`."""

    def __init__(self, action: Action) -> None:
        if action not in get_args(Action):
            raise ValueError(f"expected 'warn', 'error' or 'off'; got {show(action)}")
        self._action = action
        # It can be entered again inside of itself, as a decorator of a recursive function is.
        self._guardings: list[sending.Guarding] = []

    def __enter__(self) -> None:
        self._guardings.append(sending.begin(self._action))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sending.end(self._guardings.pop())

    def __call__(self, decorated: _Decorated) -> _Decorated:
        """Decorate a function or a coroutine function.

        Raises:
            TypeError: it is something else.
        """
        from fakeecr.decorators import decorate_function

        return cast(
            _Decorated, decorate_function(decorated, lambda: Guard(self._action), sending.own_context, "fakeecr.guard")
        )


def guard(action: Action = "error") -> Guard:
    """Find the calls to ECR that no fake answers, before they reach AWS with the credentials of this machine.

    It holds for the whole process while it is entered, and as a decorator of a coroutine function for that coroutine.
    Of several, the innermost holds. Calls to other hosts than AWS's pass, and so do those that another library answers,
    such as moto. Clients of boto3 and of aiobotocore are guarded alike.

    Args:
        action: ``"error"`` refuses such a call before anything is sent, ``"warn"`` warns once for each place that
            calls, ``"off"`` lets it pass.

    Raises:
        ValueError: there is no such action.
        UnfakedCallError: raised by the call.

    Warns:
        UnfakedCallWarning: issued by the call.
    """
    return Guard(action)
