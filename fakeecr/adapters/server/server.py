"""A fake that is served by HTTP, as the author of a test holds it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from fakeecr.adapters.server.environment import environment
from fakeecr.adapters.server.listener import Listener
from fakeecr.errors import ExposedServerWarning

if TYPE_CHECKING:
    from fakeecr.adapters.active import Fake

# The addresses that stand for all of a machine, and one of each by which the machine itself is reached.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - they are looked up, not used


class Server:
    """A fake that is served by HTTP, from :meth:`fakeecr.FakeECR.serve` until :meth:`stop` or the end of its `with`.

    Attributes:
        url: the URL of its ECR API, such as ``http://127.0.0.1:4510``.
        registry: its host and port, such as ``127.0.0.1:4510``.
    """

    def __init__(self, fake: Fake, host: str, port: int, on_stop: Callable[[Server], None]) -> None:
        self._fake = fake
        self._on_stop = on_stop
        self._listener = Listener(fake, host, port)
        reached = _EVERYWHERE.get(host, host)
        name = f"[{reached}]" if ":" in reached else reached
        self.registry = f"{name}:{self._listener.port}"
        self.url = f"http://{self.registry}"
        if self._listener.is_exposed:
            try:
                warnings.warn(
                    f"This fake of ECR listens at {host or 'every address'}, port {self._listener.port}. Other "
                    "machines can reach it, and it does not check who calls. Serve it at 127.0.0.1 if they need not.",
                    ExposedServerWarning,
                    stacklevel=3,
                )
            except ExposedServerWarning:  # the user has made it an error
                self._listener.stop()
                raise

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a child process that uses this server, for ``subprocess.run(…, env=server.environment)``.

        It is a copy of this process's environment, in which the AWS SDKs and the AWS CLI send the calls of ECR, and no
        others, to this server. It has the fake's region, and credentials that are worth nothing.
        """
        return environment(os.environ, self.url, self._fake.region)

    def stop(self) -> None:
        """Stop serving: requests that are being answered end first. Stopping it again changes nothing."""
        self._on_stop(self)
        self._listener.stop()

    def leave_to_parent(self) -> None:
        """Give up the server in a forked child; the parent's goes on."""
        self._listener.leave_to_parent()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Server {self.url}{', stopped' if self._listener.stopping.is_set() else ''}>"
