"""FakeECR: the one object that a test author holds."""

from __future__ import annotations

import inspect
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from fakeecr import forks
from fakeecr.adapters import active
from fakeecr.adapters.botocore import clients, hook
from fakeecr.adapters.botocore.patches import PATCHES
from fakeecr.errors import FakeECRError, ServerError
from fakeecr.gate import Gate
from fakeecr.instruments import Instruments
from fakeecr.rules.messages import show
from fakeecr.settings import Limits, Settings
from fakeecr.state import State
from fakeecr.store.database import describe, open_store
from fakeecr.store.stores import Store
from fakeecr.traffic import LIFECYCLE, PATIENCE, prepare_for_forks

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from _typeshed.wsgi import WSGIApplication
    from botocore.client import BaseClient
    from mypy_boto3_ecr import ECRClient

    from fakeecr.adapters.server.server import Server
    from fakeecr.http import Request, Response
    from fakeecr.settings import Database

_log = logging.getLogger("fakeecr")

_LARGEST_PORT = 65535

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


class FakeECR(Instruments, State):
    """A fake of Amazon ECR, which answers the clients of boto3, aioboto3 and aiobotocore from a database.

    Use it as a context manager, between :meth:`start` and :meth:`stop`, or as a decorator of a function, a coroutine
    function or a ``unittest.TestCase`` class, whose every call or test gets its own fake. While it is active, it
    answers every ECR client of this process; if several are active, the innermost does. Tasks that run at the same time
    and each use ``async with`` are each answered by their own. :meth:`client` and :meth:`patch` work without a start.

    Args:
        database: where the state is stored. None: in memory, and lost at :meth:`stop`. A path: a SQLite file, which is
            created if it does not exist. A SQLAlchemy URL: ``sqlite:///…`` or ``postgresql+psycopg://…``. A snapshot:
            in memory, from what :meth:`snapshot` returned.
        account_id: the account of the default registry, 12 digits.
        region: the region of clients that have none.
        limits: ``"published"`` for the limits of the published reference (API version 2015-09-21),
            ``"installed"`` for those of the installed botocore.
        require_layers: whether PutImage takes an image only after its layers were uploaded, as AWS does.
        expire_daily: whether lifecycle policies run by themselves: before the first call 24 hours after the last run,
            by the clock that freezegun moves. Otherwise only :meth:`expire` runs them.
        lock_timeout: how many seconds to wait for a program that holds a lock on the database and writes nothing. Each
            write restarts this time, so any number of threads and processes can share a database.

    Raises:
        TypeError: an argument is of the wrong type, such as a function in a decorator without parentheses.
        ValueError: an argument has an invalid value.
        DatabaseError: the database cannot be used; raised by every method that uses it. A client's call fails with a
            ServerException instead.
    """

    def __init__(
        self,
        database: Database = None,
        *,
        account_id: str = "123456789012",
        region: str = "us-east-1",
        limits: Limits = "published",
        require_layers: bool = False,
        expire_daily: bool = False,
        lock_timeout: float = 10.0,
    ) -> None:
        self._settings = Settings(
            database=database,
            account_id=account_id,
            region=region,
            limits=limits,
            require_layers=require_layers,
            expire_daily=expire_daily,
            lock_timeout=lock_timeout,
        )
        self._lock = threading.RLock()
        self._gate: Gate | None = None
        self._last_gate: Gate | None = None
        self._is_started = False
        self._was_stopped = False
        # Replaced, never changed in place.
        self._servers: tuple[Server, ...] = ()
        prepare_for_forks(self)

    def __repr__(self) -> str:
        state = "active" if self._is_started else "open" if self.is_open else "stopped"
        place = f"{self.account_id} {self.region} in {describe(self._settings.database)}"
        gate = self._last_gate
        counts = "" if gate is None else f", {len(gate.journal)} calls, {len(gate.events)} events"
        return f"<FakeECR {place}, {state}{counts}>"

    @property
    def account_id(self) -> str:
        """The account of the default registry."""
        return self._settings.account_id

    @property
    def region(self) -> str:
        """The region of clients that have none."""
        return self._settings.region

    @property
    def is_open(self) -> bool:
        """Whether its database is open, which it is from its first use until :meth:`stop`."""
        return self._gate is not None

    # --- Starting and stopping -------------------------------------------------------------------

    def start(self) -> Self:
        """Answer the ECR calls of this process from now on.

        Raises:
            RuntimeError: it is started already.
            DatabaseError: its database cannot be used.
        """
        with LIFECYCLE, self._lock:
            if self._is_started:
                raise RuntimeError("This FakeECR is started already; stop() it first, or make another.")
            self._was_stopped = False
            self._open()
            self._is_started = True
            active.push(self)
        return self

    def stop(self) -> None:
        """Stop answering, and close the database; what was in memory is lost.

        Calls that run in other threads finish first, within a minute.

        Raises:
            RuntimeError: it was neither started nor used.
        """
        for server in self._servers:
            server.stop()
        with LIFECYCLE, self._lock:
            gate = self._gate
            if gate is None:
                raise RuntimeError("This FakeECR is not started; there is nothing to stop.")
            try:
                # Those that another thread has started since.
                for server in self._servers:
                    server.stop()
                # It answers until then: a call that runs may make others, which must not reach AWS.
                if not gate.traffic.close():
                    _log.warning("%r was stopped although a call has run in it for %d seconds.", self, PATIENCE)
            finally:
                active.remove(self)
                gate.events.close()
                self._is_started = False
                self._was_stopped = True
                self._gate = None
                self._finalizer()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        """Start it; it answers this task, and the tasks that it creates, before fakes that other tasks start."""
        with ExitStack() as stack:
            stack.enter_context(active.own_context())
            self.start()
            self._async_exit = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._async_exit:
            self.stop()

    def __call__(self, decorated: _Decorated) -> _Decorated:
        """Decorate a function, a coroutine function or a ``unittest.TestCase`` class.

        Each call, or each test of the class with its setUp and tearDown, runs in a new fake with the same arguments.
        Coroutines that run at the same time are each answered by their own.
        :func:`fakeecr.current` returns it, and a test of the class finds it as ``self.fake_ecr``.

        Raises:
            TypeError: it is something else.
            RuntimeError: this fake was used already; its contents would not be in the new ones.
        """
        # Imported here, as seeds are below: most fakes decorate nothing, and neither load nor dump a seed.
        from fakeecr.decorators import decorate_class, decorate_function

        if self.is_open:
            raise RuntimeError(
                "This FakeECR is in use, and its contents would not be in the fakes of what it decorates. "
                "Decorate with a new one: @FakeECR()."
            )
        if inspect.isclass(decorated):
            return cast(_Decorated, decorate_class(decorated, self._make_another, active.innermost))
        return cast(_Decorated, decorate_function(decorated, self._make_another, active.own_context))

    def _make_another(self) -> FakeECR:
        """Make a new fake with the same arguments."""
        return FakeECR(**self._settings.as_arguments())

    def _open(self) -> Gate:
        """Return the gate; open the database first if it is not open."""
        gate = self._gate
        if gate is not None:
            # Without the lock, which a stop holds while it waits for the calls that run: they come here, too.
            return gate
        with LIFECYCLE, self._lock:
            if self._gate is None:
                if self._was_stopped:
                    raise RuntimeError(
                        "This FakeECR was stopped. Use it before stop(), or inside its `with` block; start() opens it "
                        "again, and one in memory begins anew then."
                    )
                store = open_store(self._settings.database, self._settings.lock_timeout)
                self._gate = self._last_gate = Gate(store, self._settings)
                itself = weakref.ref(self)
                self._gate.events.answering = lambda: active.answering(cast("FakeECR", itself()))
                PATCHES.hold()
                # It also closes a fake that was used without being started, when the garbage collector finds it.
                self._finalizer = weakref.finalize(self, _close, store)
            return self._gate

    @contextmanager
    def _in_use(self) -> Iterator[Gate]:
        """Open the gate, let a stop and a fork wait until it is no longer used, and deliver what it emitted."""
        gate = self._open()
        with gate.traffic:
            yield gate
            gate.events.deliver()

    def before_fork(self) -> None:
        """Close the connections that are not in use; `fakeecr.traffic` calls this while no other thread uses a fake."""
        if self._gate is not None:
            self._gate.store.disconnect()

    def leave_to_parent(self) -> None:
        """Give up the servers in a child, where no thread listens; `fakeecr.traffic` calls this."""
        servers, self._servers = self._servers, ()
        for server in servers:
            server.leave_to_parent()
        if self._gate is not None:
            self._gate.backend.base_url = None

    def after_fork_in_child(self) -> None:
        """Replace what other threads of the parent were using; `fakeecr.traffic` calls this."""
        self._lock = threading.RLock()
        if self._gate is not None:
            self._gate.after_fork()

    # --- Clients ---------------------------------------------------------------------------------

    def client(self, region_name: str | None = None, **kwargs: Any) -> ECRClient:
        """Return a new client that only this fake answers, started or not.

        The client reads no configuration files. After the fake is stopped, its calls are refused.

        Args:
            region_name: its region. Default: the one in its `config`, or else the fake's.
            kwargs: other arguments of ``boto3.client``, such as ``config`` or ``endpoint_url``.
        """
        self._open()
        return clients.make_client(self, region_name, kwargs)

    def patch(self, client_or_session: BaseClient | boto3.Session | botocore.session.Session) -> None:
        """Let this fake answer one ECR client, or the ECR clients that a session makes from now on.

        They may be those of boto3, botocore, aioboto3 or aiobotocore. It answers them, started or not, until it is
        stopped. Then they work as before, unless the fake is used again.

        Raises:
            TypeError: it is neither an ECR client nor a session.
        """
        emitter = clients.emitter_of(client_or_session)
        self._open()
        hook.bind(emitter, self)

    # --- HTTP ------------------------------------------------------------------------------------

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        """Serve this fake by HTTP from now on, for other processes and other languages; it need not be started.

        It needs the extra ``fakeecr[server]``. Use the server as a context manager, or call its `stop()`; a stop of the
        fake stops it, too. While there is one, GetDownloadUrlForLayer returns URLs of the server.

        Args:
            host: the name or address to listen at. By default only this machine can reach it.
            port: the port. 0: one that is free.

        Returns:
            The server, which has a `url`, a `registry` (host and port), and an `environment` for child processes.

        Raises:
            ServerError: it cannot listen there, or the extra is not installed.
            DatabaseError: the fake's database cannot be used.
            TypeError: an argument is of the wrong type.
            ValueError: there is no such host or port.

        Warns:
            ExposedServerWarning: other machines can reach it.
        """
        if not isinstance(host, str):
            raise TypeError(f"host: expected a name or an address; got {show(host)}")
        if "\0" in host:
            raise ValueError(f"host: expected a name or an address; got {show(host)}")
        if isinstance(port, bool) or not isinstance(port, int):
            raise TypeError(f"port: expected a number; got {show(port)}")
        if not 0 <= port <= _LARGEST_PORT:
            raise ValueError(f"port: expected 0 to {_LARGEST_PORT}; got {port}")
        server_class = _import_server("server").Server
        # A fork or a stop must not come between the server and its being known.
        with LIFECYCLE, self._lock:
            gate = self._open()
            server: Server = server_class(self, host, port, self._forget_server)
            self._servers = (*self._servers, server)
            gate.backend.base_url = server.url
        return server

    @property
    def wsgi_app(self) -> WSGIApplication:
        """A WSGI application that this fake answers, for a WSGI server of your own, such as ``waitress``.

        It needs the extra ``fakeecr[server]``.
        """
        self._open()
        application: WSGIApplication = _import_server("app").Application(self)
        return application

    def _forget_server(self, server: Server) -> None:
        with LIFECYCLE, self._lock:
            self._servers = tuple(other for other in self._servers if other is not server)
            if self._gate is not None:
                self._gate.backend.base_url = self._servers[-1].url if self._servers else None

    def answer(self, request: Request) -> Response:
        """Answer an HTTP request; adapters call this.

        Raises:
            FakeECRError: the fake is not open.
        """
        gate = self._gate
        if gate is None:
            # Another thread stopped the fake during this call. Opening it again here would leave it open for ever.
            raise FakeECRError("This FakeECR was stopped before it could answer; nothing was sent to AWS.")
        return gate.answer(request)


def _import_server(module: str) -> Any:
    """Import a module of the HTTP server.

    Raises:
        ServerError: what it needs is not installed.
    """
    try:
        return import_module(f"fakeecr.adapters.server.{module}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise ServerError(f"The HTTP server needs {missing}: pip install 'fakeecr[server]'") from error


def _close(store: Store) -> None:
    PATCHES.release()
    store.close()


# By now logging is imported.
forks.register()
