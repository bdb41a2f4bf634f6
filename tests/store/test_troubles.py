"""A database that is locked, full, damaged or gone is reported as a DatabaseError with its cause and the remedy."""

from __future__ import annotations

import logging
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from freezegun import freeze_time

from fakeecr import DatabaseError, FakeECR
from fakeecr.store import lock_wait
from tests.answers import error_of


def seed_of(count: int) -> dict[str, object]:
    """Build a seed of a repository with so many images."""
    return {"registries": [{"repositories": [{"name": "web", "images": [{"count": count, "tags": ["{n}"]}]}]}]}


USES = {
    "push": lambda ecr: ecr.push("web", "latest"),
    "seed": lambda ecr: ecr.seed(seed_of(201)),
    "dump": lambda ecr: ecr.dump(),
    "expire": lambda ecr: ecr.expire(),
    "reset": lambda ecr: ecr.reset(),
}
every_use = pytest.mark.parametrize("use", USES.values(), ids=USES)
every_writer = pytest.mark.parametrize("use", [USES[name] for name in USES if name != "dump"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a state file with some images."""
    path = tmp_path / "state.db"
    with FakeECR(path) as ecr:
        ecr.seed(seed_of(200))
    return path


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield another program's connection to the state file, though in this process."""
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


class Clock:
    """A clock that moves only when something sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.after_sleep = lambda: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.after_sleep()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let waits for a lock pass at once, on a clock of their own."""
    clock = Clock()
    monkeypatch.setattr("fakeecr.clock.elapsed", lambda: clock.now)
    monkeypatch.setattr(lock_wait.time, "sleep", clock.sleep)
    return clock


# --- Locks of other programs -----------------------------------------------------------------------


@every_writer
def test_a_lock_of_another_program_is_waited_for_and_then_reported(path, other, clock, use):
    with FakeECR(path) as ecr:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseError) as refusal:
            use(ecr)
        other.execute("ROLLBACK")
        use(ecr)

    assert 10 <= clock.now < 10.1
    assert str(refusal.value) == (
        f"{path} is locked by another connection of this process, which has written nothing for 10 seconds. Let it "
        "finish its transaction, or close it; FakeECR(lock_timeout=…) waits longer."
    )


def test_the_retries_of_a_call_do_not_wait_for_the_lock_again(path, other, clock, caplog):
    with FakeECR(path) as ecr:
        other.execute("BEGIN IMMEDIATE")

        code, message, status = error_of(ecr.client().create_repository, repositoryName="new")

    assert (code, status) == ("ServerException", 500)
    assert message.startswith(f"fakeecr could not answer CreateRepository: {path} is locked by another connection")
    assert 10 <= clock.now < 10.1
    assert [(record.levelname, record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("ERROR", message, None)
    ]


def test_a_lock_is_waited_for_again_later(path, other, clock):
    with FakeECR(path) as ecr:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(DatabaseError):
                ecr.push("web", "latest")
            clock.now += 5

    assert 30 <= clock.now < 30.2


def test_a_writer_waits_for_others_that_write_right_after_a_wait_in_vain(path, other, clock):
    with FakeECR(path) as ecr:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError):
            ecr.push("web", "latest")
        other.execute("INSERT INTO registry (account_id, region) VALUES ('1', 'a')")
        other.execute("COMMIT")

        other.execute("BEGIN IMMEDIATE")
        clock.after_sleep = lambda: other.in_transaction and other.execute("COMMIT")
        ecr.push("web", "latest")


@pytest.mark.parametrize("seconds", [0, 0.5, 60])
def test_the_time_limit_of_waits_is_an_option(path, other, clock, seconds):
    with FakeECR(path, lock_timeout=seconds) as ecr:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseError, match=f"has written nothing for {seconds:g} seconds"):
            ecr.push("web", "latest")

    assert seconds <= clock.now < seconds + 0.1


def test_a_writer_does_not_give_up_while_others_write(path, other, clock):
    with FakeECR(path) as ecr:
        other.execute("BEGIN IMMEDIATE")

        def write() -> None:
            other.execute("INSERT INTO registry (account_id, region) VALUES ('1', hex(randomblob(4)))")
            other.execute("COMMIT")
            if clock.now < 100:
                other.execute("BEGIN IMMEDIATE")

        clock.after_sleep = write
        ecr.push("web", "latest")

    assert clock.now >= 100


def test_a_wait_ends_although_the_time_is_frozen(path, other):
    with FakeECR(path, lock_timeout=0.05) as ecr, freeze_time("2020-01-01"):
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseError, match="is locked"):
            ecr.push("web", "latest")


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement)
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(path: Path, *statements: str) -> Iterator[str]:
    """Let another process hold the lock that some statements take, and yield how a message names the process."""
    command = [sys.executable, "-c", HOLDER, str(path), *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        is_named = sys.platform == "linux"  # which lists who holds a lock
        yield (
            f"process {holder.pid} ({sys.executable} -c " if is_named else "another program, such as a database browser"
        )
        holder.communicate()


def test_the_process_that_holds_the_lock_is_named(path, clock):
    with (
        held_by_another_process(path, "BEGIN IMMEDIATE") as name,
        FakeECR(path) as ecr,
        pytest.raises(DatabaseError, match=re.escape(f"{path} is locked by {name}"[:100])),
    ):
        ecr.push("web", "latest")


def test_a_file_that_another_process_holds_exclusively_cannot_be_opened(path, clock):
    with (
        held_by_another_process(path, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN IMMEDIATE") as name,
        pytest.raises(DatabaseError, match=re.escape(f"{path} is locked by {name}"[:100])),
    ):
        FakeECR(path).start()

    assert 10 <= clock.now < 10.1


OPEN_AND_CLOSE = """
import sys
from fakeecr import FakeECR
with FakeECR(sys.argv[1]) as ecr:
    ecr.push("web", "other")
"""


def test_a_second_fake_on_a_file_does_not_give_up_the_locks_of_the_first(path):
    with FakeECR(path) as ecr:
        ecr.push("web", "first")
        with FakeECR(path) as second:
            second.push("web", "second")

        subprocess.run([sys.executable, "-c", OPEN_AND_CLOSE, str(path)], check=True)

        # Without a lock on the file, the other process would have deleted the log that this fake writes to.
        assert path.with_name("state.db-wal").exists()


# --- Full disks and damaged files ------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda ecr: ecr.push("web", manifest="x" * 100_000), id="push"),
        pytest.param(lambda ecr: ecr.seed(seed_of(10_000)), id="seed"),
    ],
)
def test_a_full_disk_is_reported(path, write):
    with FakeECR(path) as ecr:
        with ecr._open().store.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")  # no more than the file has

        with pytest.raises(DatabaseError) as refusal:
            write(ecr)

    assert str(refusal.value) == (
        f"{path} cannot be used: database or disk is full. Free some space on the disk, or give a path on another one."
    )


@every_use
def test_a_file_that_is_damaged_while_it_is_used_is_reported(path, use):
    with FakeECR(path) as ecr:
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))
        with pytest.raises(DatabaseError) as refusal:
            use(ecr)

    assert str(refusal.value) == (
        f"{path} cannot be used: database disk image is malformed. Give another path, or restore an intact copy of the "
        "file."
    )
    assert isinstance(refusal.value.__cause__, sqlite3.DatabaseError)
    assert refusal.value.__suppress_context__  # which would show SQL and its parameters


@pytest.mark.parametrize("change", ["DELETE FROM secret", "UPDATE secret SET value = 'not hexadecimal'"])
def test_a_file_without_its_secret_is_reported(path, other, change):
    other.execute(change)

    with pytest.raises(
        DatabaseError, match=r"state\.db is damaged: the secret of its page tokens is missing\. Restore"
    ):
        FakeECR(path).start()


def test_text_that_cannot_be_decoded_is_reported(path, other):
    other.execute("UPDATE repository SET name = CAST(x'ff' AS TEXT)")

    with (
        FakeECR(path) as ecr,
        pytest.raises(DatabaseError, match=r"Could not decode to UTF-8 column 'name'.*Give another path"),
    ):
        ecr.dump()


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("no such table: mine"), UnicodeDecodeError("u", b"", 0, 1, "")]
)
def test_an_error_of_a_user_s_own_database_in_a_seed_is_not_blamed_on_the_fake_s(path, error):
    def images() -> Iterator[object]:
        raise error
        yield

    with FakeECR(path) as ecr, pytest.raises(type(error)) as raised:
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images()}]}]})

    assert raised.value is error


def test_an_error_of_sqlalchemy_in_a_seed_is_not_blamed_on_the_fake_s_database(path):
    def images() -> Iterator[object]:
        with sa.create_engine("sqlite://").connect() as connection:
            yield from connection.exec_driver_sql("SELECT tag FROM mine")

    with FakeECR(path) as ecr, pytest.raises(sa.exc.OperationalError, match="no such table: mine"):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images()}]}]})


# --- PostgreSQL ------------------------------------------------------------------------------------


def test_a_call_survives_a_dropped_connection_and_logs_one_line(new_postgresql, caplog):
    url = new_postgresql()
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with FakeECR(url) as ecr, engine.connect() as administrator:
        ecr.push("web", "latest")
        client = ecr.client()
        administrator.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

        listed = client.list_images(repositoryName="web")
    engine.dispose()

    assert len(listed["imageIds"]) == 1
    assert listed["ResponseMetadata"]["RetryAttempts"] == 1
    assert [record.name for record in caplog.records if record.levelno >= logging.WARNING] == ["fakeecr"]
    (record,) = [record for record in caplog.records if record.name == "fakeecr"]
    assert record.exc_info is None
    assert "\n" not in record.getMessage()
    assert "could not answer ListImages: postgresql+psycopg://" in record.getMessage()


def test_a_lock_of_another_session_on_postgresql_is_reported(new_postgresql):
    url = new_postgresql()
    engine = sa.create_engine(url)
    with FakeECR(url, lock_timeout=0.05) as ecr, engine.connect() as session:
        ecr.push("web", "latest")
        session.exec_driver_sql("LOCK TABLE repository IN ACCESS EXCLUSIVE MODE")

        for use in (USES["push"], USES["reset"], USES["dump"]):
            with pytest.raises(DatabaseError, match=r"is locked by another session: [a-z ]+\. See pg_locks for who"):
                use(ecr)
    engine.dispose()


def test_a_table_that_is_missing_on_postgresql_is_reported_without_sql(new_postgresql):
    url = new_postgresql()
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with FakeECR(url) as ecr:
        with engine.connect() as administrator:
            administrator.exec_driver_sql("DROP TABLE image_identifier CASCADE")
        with pytest.raises(DatabaseError) as refusal:
            ecr.push("web", "latest")
    engine.dispose()

    assert str(refusal.value).endswith(
        'cannot be used: relation "image_identifier" does not exist. Restore an intact copy of the database, or give '
        "another one."
    )
