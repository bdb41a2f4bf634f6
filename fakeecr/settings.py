"""The settings of a fake: every option once, checked, and never changed afterwards."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, get_args

from fakeecr.rules import names
from fakeecr.rules.messages import check_argument, show

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from fakeecr.store.snapshots import Snapshot

    Database = str | os.PathLike[str] | URL | Snapshot | None

Limits = Literal["published", "installed"]

# What SQLite calls a database that is not in a file.
MEMORY = ":memory:"

_LONGEST_LOCK_TIMEOUT = 24 * 60 * 60


@dataclass(frozen=True)
class Settings:
    """The options of a fake, as :class:`fakeecr.FakeECR` and the pytest marker take them.

    Attributes:
        database: where the state lives: None or ``":memory:"`` for memory, a path, a SQLAlchemy URL, or a snapshot for
            a copy of it in memory. A relative path is made absolute, so that a later change of the working directory
            does not matter.
        account_id: the account of the default registry, 12 digits.
        region: the default region.
        limits: ``"published"`` for the limits of the published reference, ``"installed"`` for the installed botocore's.
        require_layers: whether PutImage takes an image only after its layers were uploaded.
        expire_daily: whether lifecycle policies run by themselves every 24 hours.
        lock_timeout: how many seconds a call waits for a lock of another program on the database.

    Raises:
        TypeError: an option is of the wrong type.
        ValueError: an option has an invalid value.
    """

    database: Database = None
    account_id: str = "123456789012"
    region: str = "us-east-1"
    limits: Limits = "published"
    require_layers: bool = False
    expire_daily: bool = False
    lock_timeout: float = 10.0

    def __post_init__(self) -> None:
        self._check_database()
        for option in ("require_layers", "expire_daily"):
            if not isinstance(getattr(self, option), bool):
                raise TypeError(f"{option}: expected True or False; got {show(getattr(self, option))}")
        self._check_lock_timeout()
        if self.limits not in get_args(Limits):
            raise ValueError(f"limits: expected 'published' or 'installed'; got {self.limits!r}")
        check_argument("account_id", names.ACCOUNT_ID.check, self.account_id)
        check_argument("region", names.REGION.check, self.region)
        if is_path(self.database):
            object.__setattr__(self, "database", Path(self.database).expanduser().absolute())

    def _check_lock_timeout(self) -> None:
        timeout = self.lock_timeout
        if isinstance(timeout, bool) or not isinstance(timeout, int | float):
            raise TypeError(f"lock_timeout: expected a number of seconds; got {show(timeout)}")
        if not 0 <= timeout <= _LONGEST_LOCK_TIMEOUT:
            raise ValueError(f"lock_timeout: expected 0 to {_LONGEST_LOCK_TIMEOUT} seconds; got {timeout}")

    def _check_database(self) -> None:
        if callable(self.database):
            raise TypeError(
                "database: expected None, a path, a URL or a snapshot; a decorator is written with parentheses: "
                "@FakeECR()."
            )
        # A URL of SQLAlchemy, without importing SQLAlchemy.
        is_url = hasattr(self.database, "render_as_string")
        if not (
            self.database is None
            or isinstance(self.database, str | os.PathLike)
            or is_url
            or is_snapshot(self.database)
        ):
            raise TypeError(f"database: expected None, a path, a URL or a snapshot; got {show(self.database)}")
        if is_path(self.database) and "\0" in os.fsdecode(self.database):
            raise ValueError(f"database: a path cannot contain a NUL character; got {show(self.database)}")

    def as_arguments(self) -> dict[str, Any]:
        """Return the options as keyword arguments that make an equal object."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def is_snapshot(database: object) -> TypeGuard[Snapshot]:
    """Whether a value is a snapshot."""
    # Before its module is imported there is none; importing it here would load SQLAlchemy.
    module = sys.modules.get("fakeecr.store.snapshots")
    return module is not None and isinstance(database, module.Snapshot)


def is_path(database: Database) -> TypeGuard[str | os.PathLike[str]]:
    """Whether a database is given by the path of its file, and is neither a URL nor in memory."""
    if isinstance(database, os.PathLike):
        return True
    return isinstance(database, str) and "://" not in database and database != MEMORY
