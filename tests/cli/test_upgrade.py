"""`fakeecr upgrade`: older files are migrated and a copy is kept; everything else stays as it is."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from fakeecr import FakeECR
from fakeecr.store import migrations
from tests.invariants import check_invariants
from tests.store.test_migrations import copy_with_next_revision, use_migrations  # noqa: F401 - a fixture
from tests.store.test_older_states import STATES, copy_state
from tests.store.test_opening import (
    make_damaged_state,
    make_foreign_database,
    make_newer_state,
    make_state,
    make_text_file,
    names_in,
)


def revision_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT version_num FROM {migrations.VERSION_TABLE}").fetchone()[0]


def content_of(path: Path) -> str:
    """Return everything that is in a file, as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


@pytest.fixture(params=sorted(file.stem.removeprefix("revision-") for file in STATES.iterdir()))
def old_state(request, tmp_path):
    """Return a state file of each earlier revision."""
    return copy_state(request.param, tmp_path / "state.db")


# --- What is upgraded -----------------------------------------------------------------------------


def test_an_older_file_is_migrated_and_a_copy_of_it_is_kept(fakeecr, old_state):
    revision, content = revision_of(old_state), content_of(old_state)

    outcome = fakeecr("upgrade", "--database", old_state)

    copy = old_state.with_name(f"state.db.{revision}.bak")
    assert outcome.exit_code == 0
    assert outcome.json == {
        "database": str(old_state),
        "fromRevision": revision,
        "toRevision": migrations.HEAD,
        "copy": str(copy),
    }
    assert revision_of(old_state) == migrations.HEAD
    assert content_of(copy) == content
    with FakeECR(old_state) as ecr:
        check_invariants(ecr)
    assert sorted(names_in(old_state.parent)) == [old_state.name, copy.name]


def test_a_copy_can_be_upgraded_like_the_file_it_was_made_of(fakeecr, old_state):
    copy = Path(fakeecr("upgrade", "--database", old_state).json["copy"])

    fakeecr("upgrade", "--database", copy)

    with FakeECR(old_state) as ecr, FakeECR(copy) as other:
        assert ecr.dump() == other.dump()


def test_an_existing_copy_is_never_overwritten(fakeecr, tmp_path):
    path = copy_state("0002", tmp_path / "state.db")
    for name in ("state.db.0002.bak", "state.db.0002-2.bak"):
        (tmp_path / name).write_text("mine")

    outcome = fakeecr("upgrade", "--database", path)

    assert outcome.json["copy"] == str(tmp_path / "state.db.0002-3.bak")
    assert revision_of(tmp_path / "state.db.0002-3.bak") == "0002"
    assert (tmp_path / "state.db.0002.bak").read_text() == (tmp_path / "state.db.0002-2.bak").read_text() == "mine"


def test_the_copy_holds_what_was_still_in_the_write_ahead_log(fakeecr, tmp_path):
    path = copy_state("0002", tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as writer:
        with writer:
            writer.execute("UPDATE repository SET name = 'only-in-the-log'")

        copy = fakeecr("upgrade", "--database", path).json["copy"]

    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT DISTINCT name FROM repository").fetchall() == [("only-in-the-log",)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_the_copy_has_the_permissions_of_the_file(fakeecr, tmp_path):
    path = copy_state("0002", tmp_path / "state.db")
    path.chmod(0o640)

    copy = Path(fakeecr("upgrade", "--database", path).json["copy"])

    assert stat.S_IMODE(copy.stat().st_mode) == 0o640


def test_without_a_copy_only_the_file_is_left(fakeecr, old_state):
    outcome = fakeecr("upgrade", "--database", old_state, "--no-copy")

    assert outcome.json["copy"] is None
    assert revision_of(old_state) == migrations.HEAD
    assert names_in(old_state.parent) == ["state.db"]


def test_a_current_file_is_left_alone(fakeecr, tmp_path):
    path = make_state(tmp_path / "state.db")
    before = path.read_bytes()

    outcome = fakeecr("upgrade", "--database", path)

    assert outcome.exit_code == 0
    assert outcome.json["fromRevision"] == outcome.json["toRevision"] == migrations.HEAD
    assert outcome.json["copy"] is None
    assert path.read_bytes() == before
    assert names_in(tmp_path) == ["state.db"]


def test_a_file_with_a_rollback_journal_gets_a_write_ahead_log(fakeecr, tmp_path):
    path = copy_state("0002", tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")

    fakeecr("upgrade", "--database", path)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# --- What is refused ------------------------------------------------------------------------------

REFUSED = {
    "a newer file": (make_newer_state, "Upgrade fakeecr"),
    "a database of another program": (make_foreign_database, "not one of fakeecr's"),
    "a text file": (make_text_file, "is not a SQLite file"),
    "a damaged file": (make_damaged_state, "cannot be read as a SQLite file"),
    "an empty file": (Path.touch, "is empty"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_another_file_is_refused_untouched(fakeecr, tmp_path, make, message):
    path = tmp_path / "state.db"
    make(path)
    before = path.read_bytes()

    outcome = fakeecr("upgrade", "--database", path)

    assert outcome.exit_code == 1
    assert message in outcome.errors
    assert outcome.output == ""
    assert path.read_bytes() == before
    assert names_in(tmp_path) == ["state.db"]


def test_an_older_file_with_a_damaged_page_is_refused_untouched(fakeecr, tmp_path):
    path = copy_state("0002", tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'image_document'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(content)

    outcome = fakeecr("upgrade", "--database", path)

    assert outcome.exit_code == 1
    assert f"{path} is damaged" in outcome.errors
    assert path.read_bytes() == bytes(content)
    assert names_in(tmp_path) == ["state.db"]


def test_contents_that_cannot_be_migrated_are_named_and_left_as_they_were(fakeecr, tmp_path):
    path = copy_state("0002", tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE repository_document SET content = '{' WHERE kind = 'lifecycle preview'")
    content = content_of(path)

    outcome = fakeecr("upgrade", "--database", path)

    assert outcome.exit_code == 1
    assert "could not be migrated from the schema revision 0002" in outcome.errors
    assert "JSONDecodeError" in outcome.errors
    assert content_of(path) == content


def test_a_file_that_cannot_be_copied_is_not_upgraded(fakeecr, tmp_path, monkeypatch):
    path = copy_state("0002", tmp_path / "state.db")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)

    outcome = fakeecr("upgrade", "--database", path)

    assert outcome.exit_code == 1
    assert "No space left on device" in outcome.errors
    assert revision_of(path) == "0002"
    assert names_in(tmp_path) == ["state.db"]


@pytest.mark.parametrize("database", ["missing.db", "sqlite:///missing.db"])
def test_a_missing_file_is_a_wrong_use_and_is_not_created(fakeecr, tmp_path, monkeypatch, database):
    monkeypatch.chdir(tmp_path)

    outcome = fakeecr("upgrade", "--database", database)

    assert outcome.exit_code == 2
    assert "does not exist" in outcome.errors
    assert names_in(tmp_path) == []


# --- Interrupted ----------------------------------------------------------------------------------

UPGRADE = """
import sys
from pathlib import Path

from fakeecr.cli.app import run
from fakeecr.store import migrations

migrations.HEAD = "next"
migrations.scripts = lambda: Path(sys.argv[2])
sys.exit(run(["upgrade", "--database", sys.argv[1]]))
"""
WAIT_IN_THE_MIDDLE = """
    print("halfway", flush=True)
    import sys
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_an_upgrade_that_is_ended_in_the_middle_leaves_the_file_and_its_copy_intact(
    fakeecr,
    tmp_path,
    copy_with_next_revision,  # noqa: F811
    monkeypatch,
    number,
):
    path = make_state(tmp_path / "state.db")
    content = content_of(path)
    scripts = copy_with_next_revision(recreate="always")
    complete = (scripts / "versions" / "next.py").read_text()
    (scripts / "versions" / "next.py").write_text(complete + WAIT_IN_THE_MIDDLE)

    command = [sys.executable, "-c", UPGRADE, str(path), str(scripts)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "halfway\n"
        process.send_signal(number)
        _, errors = process.communicate()

    assert process.returncode == (-number if number == signal.SIGKILL else 130)
    assert errors.strip() == ""
    copy = tmp_path / f"state.db.{migrations.HEAD}.bak"
    assert content_of(path) == content_of(copy) == content
    # The next attempt starts again.
    (scripts / "versions" / "next.py").write_text(complete)
    use_migrations(monkeypatch, scripts)
    assert fakeecr("upgrade", "--database", path).json["toRevision"] == "next"
    assert revision_of(path) == "next"


# --- PostgreSQL -----------------------------------------------------------------------------------


@pytest.fixture
def older_postgresql(new_postgresql):
    """Return the URL of a database of revision 0002."""
    from alembic import command

    from tests.store.test_migrations import alembic_config

    url = new_postgresql()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0002")
    engine.dispose()
    return url.render_as_string(hide_password=False)


def test_a_database_on_a_server_is_upgraded_only_without_a_copy(fakeecr, older_postgresql):
    refused = fakeecr("upgrade", "--database", older_postgresql)
    assert refused.exit_code == 1
    assert "--no-copy" in refused.errors

    upgraded = fakeecr("upgrade", "--database", older_postgresql, "--no-copy")
    assert upgraded.json["fromRevision"] == "0002"
    assert upgraded.json["copy"] is None

    current = fakeecr("upgrade", "--database", older_postgresql)
    assert current.exit_code == 0
    assert current.json["fromRevision"] == migrations.HEAD


# --- For people -----------------------------------------------------------------------------------


def test_a_terminal_reads_sentences(fakeecr, tmp_path, monkeypatch):
    path = copy_state("0002", tmp_path / "state.db")
    monkeypatch.setattr("fakeecr.cli.upgrade.is_json", lambda as_json: False)

    upgraded, current = fakeecr("upgrade", "--database", path), fakeecr("upgrade", "--database", path)

    assert upgraded.output == (
        f"{path} was upgraded from the schema revision 0002 to {migrations.HEAD}. "
        f"As it was, it is kept in {path}.0002.bak.\n"
    )
    assert current.output == f"{path} has the newest schema revision, {migrations.HEAD}. Nothing was changed.\n"
