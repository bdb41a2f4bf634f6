"""What fakeecr opens as a database, and what it refuses without a change."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa

from fakeecr import DatabaseError, FakeECR
from fakeecr.store.database import open_store
from fakeecr.store.migrations import VERSION_TABLE
from fakeecr.store.stores import EngineStore, MemoryStore


def make_state(path: Path) -> Path:
    """Make a state file with one image, or push another image to an existing one."""
    with FakeECR(path) as ecr:
        ecr.push("web", "latest")
    return path


def count_images(ecr: FakeECR) -> int:
    return len(ecr.client().list_images(repositoryName="web")["imageIds"])


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def execute_sql(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def make_newer_state(path: Path) -> Path:
    return execute_sql(make_state(path), f"UPDATE {VERSION_TABLE} SET version_num = '9999'")


def make_foreign_database(path: Path) -> Path:
    return execute_sql(path, "CREATE TABLE customer (id INTEGER)")


def make_directory(path: Path) -> Path:
    path.mkdir()
    return path


def make_text_file(path: Path) -> Path:
    path.write_text("registries: []\n" * 100)
    return path


def make_file_of_one_byte(path: Path) -> Path:
    path.write_bytes(b"S")
    return path


def make_damaged_state(path: Path) -> Path:
    make_state(path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    return path


# --- Paths that are refused ------------------------------------------------------------------------

UNUSABLE_PATHS = {
    "a directory": (make_directory, r"is a directory\. Give the path of a file in it, such as .*fakeecr\.db"),
    "a path in a missing directory": (
        lambda path: path / "state.db",
        r"the directory .* does not exist\. Create it first",
    ),
    "a text file": (
        make_text_file,
        r"is not a SQLite file, so it cannot be a fakeecr database\. It was not changed\. Give another path",
    ),
    "a file of one byte": (
        make_file_of_one_byte,
        r"is not a SQLite file, so it cannot be a fakeecr database\. It was not changed\. Give another path",
    ),
    "a database of another program": (
        make_foreign_database,
        r"not one of fakeecr's: it has the table 'customer'.*It was not changed.*a database of its own",
    ),
    "a database of a newer fakeecr": (
        make_newer_state,
        r"has the schema revision 9999; this fakeecr knows revisions up to .*It was not changed.*Upgrade",
    ),
    "a damaged file": (make_damaged_state, r"cannot be read as a SQLite file: .*Give another path"),
    "a device": (lambda _: Path(os.devnull), r"is not a file"),
}


@pytest.mark.parametrize(("make_path", "message"), UNUSABLE_PATHS.values(), ids=UNUSABLE_PATHS)
def test_an_unusable_path_is_refused_and_left_unchanged(tmp_path, make_path, message):
    path = make_path(tmp_path / "path")
    before = sorted((file, file.read_bytes()) for file in tmp_path.rglob("*") if file.is_file())

    with pytest.raises(DatabaseError, match=f"{re.escape(str(path))} {message}|{re.escape(str(path))}.*{message}"):
        FakeECR(path).start()

    after = sorted((file, file.read_bytes()) for file in tmp_path.rglob("*") if file.is_file())
    assert after == before


# --- Paths without permission ----------------------------------------------------------------------


def open_without_rights(path: Path) -> str:
    """Open a path as a user without rights, even if root runs the suite; return the message of the refusal."""
    script = f"""
        import os, sys
        import fakeecr.fake, boto3, sqlalchemy.dialects.sqlite
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        try:
            fakeecr.FakeECR({str(path)!r}).start()
        except fakeecr.DatabaseError as error:
            print(error)
    """
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, cwd="/"
    )
    return process.stdout


@pytest.fixture
def public_folder():
    """Yield a directory that every user can enter; only its owner can enter pytest's tmp_path."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_read_only_file_is_refused(public_folder):
    path = make_state(public_folder / "state.db")
    before = path.read_bytes()
    path.chmod(0o444)

    assert f"{path} cannot be written: it is read-only" in open_without_rights(path)
    assert path.read_bytes() == before


def test_a_file_in_a_read_only_directory_is_refused(public_folder):
    folder = make_directory(public_folder / "folder")
    path = make_state(folder / "state.db")
    path.chmod(0o666)
    folder.chmod(0o555)

    assert f"{path} cannot be written: its directory is read-only" in open_without_rights(path)
    assert names_in(folder) == ["state.db"]


def test_no_file_is_made_in_a_read_only_directory(public_folder):
    folder = make_directory(public_folder / "folder")
    folder.chmod(0o555)

    assert f"{folder / 'state.db'} cannot be written" in open_without_rights(folder / "state.db")
    assert names_in(folder) == []


def test_a_file_in_an_inaccessible_directory_is_refused(public_folder):
    folder = make_directory(public_folder / "folder")
    path = make_state(folder / "state.db")
    folder.chmod(0o000)

    assert f"{path} cannot be reached: Permission denied" in open_without_rights(path)


def test_an_unreadable_file_is_refused(public_folder):
    path = make_state(public_folder / "state.db")
    path.chmod(0o000)

    assert f"{path} cannot be read by this user" in open_without_rights(path)


# --- Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_given", [str, Path, lambda path: f"sqlite:///{path}"], ids=["text", "Path", "URL"])
def test_a_file_can_be_given_as_text_path_or_url(tmp_path, as_given):
    path = tmp_path / "state.db"
    with FakeECR(as_given(path)) as ecr:
        ecr.push("web", "latest")

    with FakeECR(path) as ecr:
        assert count_images(ecr) == 1


def test_a_tilde_in_a_path_is_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    make_state(Path("~/state.db"))

    assert names_in(tmp_path) == ["state.db"]


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "q?uestion#.db", "ünï.db", "no-suffix", "%(here)s"])
def test_a_file_can_have_any_name(tmp_path, name):
    make_state(tmp_path / name)
    make_state(tmp_path / name)

    assert names_in(tmp_path) == [name]


def test_an_empty_file_becomes_a_database(tmp_path):
    path = tmp_path / "state.db"
    path.touch()

    make_state(path)

    assert path.stat().st_size > 0


def test_a_file_whose_creation_was_interrupted_becomes_a_database(tmp_path):
    path = execute_sql(tmp_path / "state.db", "PRAGMA journal_mode = WAL", "VACUUM")
    assert path.stat().st_size > 0

    make_state(path)


def test_a_relative_path_is_resolved_when_the_fake_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ecr = FakeECR("state.db")
    monkeypatch.chdir("/")

    with ecr:
        ecr.push("web", "latest")

    assert (tmp_path / "state.db").exists()


def test_a_closed_file_has_no_write_ahead_log(tmp_path):
    make_state(tmp_path / "state.db")

    assert names_in(tmp_path) == ["state.db"]


def test_a_reader_of_a_file_does_not_wait_for_a_writer(tmp_path):
    store = open_store(tmp_path / "state.db")

    with store.writing() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")
        }
        with store.reading() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM image").scalar() == 0
    store.close()

    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1}


def test_a_writer_locks_a_file_when_its_transaction_begins(tmp_path):
    path = make_state(tmp_path / "state.db")
    store = open_store(path)
    other = sqlite3.connect(path, timeout=0, isolation_level=None)

    with store.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")

    other.close()
    store.close()


def test_a_file_survives_a_process_that_is_killed_while_it_writes(tmp_path):
    path = make_state(tmp_path / "state.db")
    script = f"""
        import os
        from fakeecr.store.database import open_store
        store = open_store({str(path)!r})
        with store.writing() as connection:
            connection.exec_driver_sql("DELETE FROM repository")
            os.kill(os.getpid(), 9)
    """

    process = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)

    assert process.returncode == -9
    with FakeECR(path) as ecr:
        assert count_images(ecr) == 1


def test_a_file_can_be_used_by_both_processes_after_a_fork(tmp_path):
    with FakeECR(tmp_path / "state.db") as ecr:
        ecr.push("web", "before")

        child = os.fork()
        if child == 0:
            ecr.push("web", "child")
            os._exit(0)
        ecr.push("web", "parent")
        assert os.waitpid(child, 0)[1] == 0

        listed = ecr.client().list_images(repositoryName="web")["imageIds"]
    assert {image["imageTag"] for image in listed} == {"before", "child", "parent"}


# --- URLs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", ":memory:"])
def test_a_sqlite_url_without_a_file_is_a_database_in_memory(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert isinstance(open_store(url), MemoryStore)
    with FakeECR(url) as ecr:
        ecr.push("web", "latest")
    assert names_in(tmp_path) == []


UNUSABLE_URLS = {
    "an unknown dialect": ("nonsense://", r"nonsense"),
    "a URL with an invalid port": ("postgresql+psycopg://localhost:port/x", r"is not a SQLAlchemy URL: .*'port'"),
    "a URL without a dialect": ("://", r"is not a SQLAlchemy URL"),
    "another kind of database": (
        "mysql+pymysql://localhost/x",
        r"SQLite or PostgreSQL, not in mysql.*postgresql\+psycopg://",
    ),
    "a SQLite URI": ("sqlite:///state.db?uri=true", r"give the file's path alone"),
    "a driver that is not installed": (
        "postgresql+pg8000://localhost/x",
        r"needs a driver that is not installed.*fakeecr\[postgresql\]",
    ),
}


@pytest.mark.parametrize(("url", "message"), UNUSABLE_URLS.values(), ids=UNUSABLE_URLS)
def test_an_unusable_url_is_refused(url, message):
    with pytest.raises(DatabaseError, match=message):
        FakeECR(url).start()


def test_the_url_of_an_unreachable_server_is_refused_without_its_password(tmp_path):
    url = f"postgresql+psycopg://me:topsecret@/x?host={tmp_path}"

    with pytest.raises(DatabaseError, match=r"cannot be used: .*connection") as refusal:
        FakeECR(url).start()

    assert "topsecret" not in str(refusal.value)


# --- PostgreSQL ------------------------------------------------------------------------------------


def test_an_empty_postgresql_database_becomes_a_database_of_fakeecr(new_postgresql):
    url = new_postgresql(empty=True)
    with FakeECR(url) as ecr:
        ecr.push("web", "latest")

    with FakeECR(url.render_as_string(hide_password=False)) as ecr:
        assert count_images(ecr) == 1


def test_a_postgresql_database_of_another_program_is_refused(new_postgresql):
    url = new_postgresql(empty=True)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE customer (id integer)"))

    with pytest.raises(DatabaseError, match="it has the table 'customer'"):
        FakeECR(url).start()

    assert sa.inspect(engine).get_table_names() == ["customer"]
    engine.dispose()


def test_a_postgresql_database_of_a_newer_fakeecr_is_refused(new_postgresql):
    url = new_postgresql()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(DatabaseError, match="schema revision 9999"):
        FakeECR(url).start()


def test_a_postgresql_url_opens_an_engine_store(new_postgresql):
    store = open_store(new_postgresql())

    assert isinstance(store, EngineStore)
    store.close()
