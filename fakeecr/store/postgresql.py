"""PostgreSQL: its engines, and what its errors mean."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL

from fakeecr.errors import DatabaseError
from fakeecr.store.troubles import Troubles

# A number that other users of the same database are unlikely to lock: "fakeecr".
_ADVISORY_LOCK = int.from_bytes(b"fakeecr")
# Writers of fakeecr wait for each other without end: PostgreSQL queues them. Only then the time limit holds.
_TAKE_TURN = text(
    "SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock(:lock), "
    "set_config('lock_timeout', :limit, true)"
)
_LOCK_NOT_AVAILABLE = "55P03"


def engine(url: URL) -> Engine:
    """Build the engine of a database on a server; nothing is opened yet.

    Raises:
        DatabaseError: its driver is not installed.
    """
    try:
        return create_engine(url, pool_size=0)
    except ImportError as error:
        raise DatabaseError(
            f"{name_of(url)} needs a driver that is not installed ({error.name}). Give a URL that begins with "
            "postgresql+psycopg://, whose driver is installed by: pip install 'fakeecr[postgresql]'."
        ) from error


def readers(engine: Engine, lock_timeout: float, **options: Any) -> Engine:
    """Return an engine whose transactions read one state, with further options of their execution."""
    # All options at once: SQLAlchemy 2.0.0 adds none to an engine that has some.
    reading = engine.execution_options(isolation_level="REPEATABLE READ", **options)

    @event.listens_for(engine, "connect")
    def limit_waits(connection: Any, _: object) -> None:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", [_milliseconds(lock_timeout)])
        connection.commit()

    return reading


def writers(engine: Engine, lock_timeout: float) -> Engine:
    """Return an engine whose transactions take turns with those of all other processes."""
    writing = engine.execution_options(fakeecr_writer=True)

    @event.listens_for(writing, "begin")
    def take_turn(connection: Connection) -> None:
        connection.execute(_TAKE_TURN, {"lock": _ADVISORY_LOCK, "limit": _milliseconds(lock_timeout)})

    return writing


def _milliseconds(seconds: float) -> str:
    # 0 would be without a limit.
    return str(max(1, round(seconds * 1000)))


def name_of(url: URL) -> str:
    """Return a URL for messages, without its password."""
    return url.render_as_string(hide_password=True)


def troubles(engine: Engine) -> Troubles:
    """Return the errors of a database on a server that become DatabaseErrors."""
    driver: Any = engine.dialect.loaded_dbapi
    name = name_of(engine.url)

    def explain(error: BaseException) -> str:
        # The text of a driver's error may quote SQL; the server's own message does not.
        message = getattr(getattr(error, "diag", None), "message_primary", None) or error
        cause = " ".join(str(message).split())
        if getattr(error, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            return (
                f"{name} is locked by another session: {cause}. See pg_locks for who holds the lock; "
                "FakeECR(lock_timeout=…) waits longer."
            )
        if isinstance(error, driver.OperationalError):
            remedy = "Check that the server runs, and that this user may use the database."
        else:
            remedy = "Restore an intact copy of the database, or give another one."
        return f"{name} cannot be used: {cause}. {remedy}"

    return Troubles(driver, explain, (driver.OperationalError, driver.InternalError, driver.ProgrammingError))
