"""What may be opened as a database of fakeecr, what may not, and what is said and left alone then."""

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
from fakeecr.store.database import EngineStore, MemoryStore, open_store
from fakeecr.store.migrations import VERSION_TABLE


def make_state(path: Path) -> Path:
    with FakeECR(path) as ecr:
        ecr.push("web", "latest")
    return path


def sql(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def newer(path: Path) -> Path:
    return sql(make_state(path), f"UPDATE {VERSION_TABLE} SET version_num = '9999'")


def directory(path: Path) -> Path:
    path.mkdir()
    return path


def text(path: Path) -> Path:
    path.write_text("registries: []\n" * 100)
    return path


def one_byte(path: Path) -> Path:
    path.write_bytes(b"S")
    return path


def damaged(path: Path) -> Path:
    make_state(path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    return path


REFUSED = {
    "a directory": (directory, r"is a directory\. Give the path of a file in it, such as .*fakeecr\.db"),
    "a path in no directory": (lambda path: path / "state.db", r"there is no directory .*\. Create it first"),
    "a text file": (text, r"is not a fakeecr database.*It was not changed\. Give another path"),
    "a file of one byte": (one_byte, r"is not a fakeecr database.*It was not changed\. Give another path"),
    "a database of somebody else": (
        lambda path: sql(path, "CREATE TABLE customer (id INTEGER)"),
        r"not one of fakeecr's: it has the table 'customer'.*Nothing in it was changed.*a database of its own",
    ),
    "a database of a newer fakeecr": (
        newer,
        r"has the schema revision 9999; this fakeecr knows revisions up to .*Nothing in it was changed.*Upgrade",
    ),
    "a damaged file": (damaged, r"cannot be read as a SQLite file: .*Give another path"),
    "a device": (lambda _: Path(os.devnull), r"is not a file"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(tmp_path, make, message):
    path = make(tmp_path / "there")
    before = sorted((file, file.read_bytes()) for file in tmp_path.rglob("*") if file.is_file())
    with pytest.raises(DatabaseError, match=f"{re.escape(str(path))} {message}|{re.escape(str(path))}.*{message}"):
        FakeECR(path).start()
    after = sorted((file, file.read_bytes()) for file in tmp_path.rglob("*") if file.is_file())
    assert after == before


def as_nobody(path: Path) -> str:
    """Open a path as a user without rights, whoever runs the suite; give what was said."""
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
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, cwd="/"
    )
    return done.stdout


@pytest.fixture
def open_path():
    """Give a directory that every user reaches; those of pytest are for one user alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class TestAReadOnlyPath:
    def test_a_file_is_refused(self, open_path):
        path = make_state(open_path / "state.db")
        before = path.read_bytes()
        path.chmod(0o444)
        assert f"{path} cannot be written: it is read-only" in as_nobody(path)
        assert path.read_bytes() == before

    def test_a_directory_is_refused(self, open_path):
        shelf = open_path / "shelf"
        path = directory(shelf) / "state.db"
        make_state(path).chmod(0o666)
        shelf.chmod(0o555)
        assert f"{path} cannot be written: the directory of it is read-only" in as_nobody(path)
        assert [file.name for file in shelf.iterdir()] == ["state.db"]

    def test_no_file_is_made_in_a_read_only_directory(self, open_path):
        shelf = directory(open_path / "shelf")
        shelf.chmod(0o555)
        assert f"{shelf / 'state.db'} cannot be written" in as_nobody(shelf / "state.db")
        assert [file.name for file in shelf.iterdir()] == []

    def test_a_path_that_cannot_be_reached_is_refused(self, open_path):
        shelf = directory(open_path / "shelf")
        path = make_state(shelf / "state.db")
        shelf.chmod(0o000)
        assert f"{path} cannot be reached: Permission denied" in as_nobody(path)

    def test_an_unreadable_file_is_refused(self, open_path):
        path = make_state(open_path / "state.db")
        path.chmod(0o000)
        assert f"{path} cannot be read by this user" in as_nobody(path)


class TestAFile:
    @pytest.mark.parametrize("give", [str, Path, lambda path: f"sqlite:///{path}"], ids=["text", "Path", "URL"])
    def test_may_be_given_as(self, tmp_path, give):
        path = tmp_path / "state.db"
        with FakeECR(give(path)) as ecr:
            ecr.push("web", "latest")
        with FakeECR(path) as ecr:
            assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1

    def test_may_be_at_home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        make_state(Path("~/state.db"))
        assert [file.name for file in tmp_path.iterdir()] == ["state.db"]

    @pytest.mark.parametrize("name", ["a b.db", "100%.db", "q?uestion#.db", "ünï.db", "no-suffix", "%(here)s"])
    def test_may_have_any_name(self, tmp_path, name):
        make_state(tmp_path / name)
        make_state(tmp_path / name)
        assert [file.name for file in tmp_path.iterdir()] == [name]

    def test_that_is_empty_is_made_a_database(self, tmp_path):
        path = tmp_path / "state.db"
        path.touch()
        make_state(path)
        assert path.stat().st_size > 0

    def test_whose_making_was_cut_short_is_made_anew(self, tmp_path):
        path = sql(tmp_path / "state.db", "PRAGMA journal_mode = WAL", "VACUUM")
        assert path.stat().st_size > 0
        make_state(path)

    def test_is_found_again_from_another_working_directory(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        ecr = FakeECR("state.db")
        monkeypatch.chdir("/")
        with ecr:
            ecr.push("web", "latest")
        assert (tmp_path / "state.db").exists()

    def test_is_left_without_its_log_beside_it(self, tmp_path):
        make_state(tmp_path / "state.db")
        assert [file.name for file in tmp_path.iterdir()] == ["state.db"]

    def test_is_set_up_for_readers_beside_a_writer(self, tmp_path):
        store = open_store(tmp_path / "state.db")
        with store.writing() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "busy_timeout", "foreign_keys")
            }
            with store.reading() as reader:  # does not wait for the writer
                assert reader.exec_driver_sql("SELECT count(*) FROM image").scalar() == 0
        store.close()
        assert pragmas == {"journal_mode": "wal", "busy_timeout": 60000, "foreign_keys": 1}

    def test_takes_the_lock_as_a_writer_begins(self, tmp_path):
        path = make_state(tmp_path / "state.db")
        store = open_store(path)
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with store.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
        store.close()

    def test_survives_the_death_of_a_writing_process(self, tmp_path):
        path = make_state(tmp_path / "state.db")
        script = f"""
            import os
            from fakeecr.store.database import open_store
            store = open_store({str(path)!r})
            with store.writing() as connection:
                connection.exec_driver_sql("DELETE FROM repository")
                os.kill(os.getpid(), 9)
        """
        assert subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False).returncode == -9
        with FakeECR(path) as ecr:
            assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1

    def test_may_be_used_on_both_sides_of_a_fork(self, tmp_path):
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


class TestAURL:
    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", ":memory:"])
    def test_of_sqlite_without_a_file_is_in_memory(self, url, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert isinstance(open_store(url), MemoryStore)
        with FakeECR(url) as ecr:
            ecr.push("web", "latest")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("nonsense://", r"nonsense"),
            ("://", r"no SQLAlchemy URL"),
            ("mysql+pymysql://localhost/x", r"SQLite or PostgreSQL, not in mysql.*postgresql\+psycopg://"),
            ("sqlite:///state.db?uri=true", r"give the file's path alone"),
            ("postgresql+pg8000://localhost/x", r"needs a driver that is not installed.*fakeecr\[postgresql\]"),
        ],
    )
    def test_that_cannot_be_used_is_refused(self, url, message):
        with pytest.raises(DatabaseError, match=message):
            FakeECR(url).start()

    def test_of_a_server_that_is_not_there_is_refused_without_its_password(self, tmp_path):
        url = f"postgresql+psycopg://me:topsecret@/x?host={tmp_path}"
        with pytest.raises(DatabaseError, match=r"cannot be used: .*connection") as caught:
            FakeECR(url).start()
        assert "topsecret" not in str(caught.value)


class TestPostgreSQL:
    def test_an_empty_database_is_made_one_of_fakeecr(self, new_postgresql):
        url = new_postgresql(empty=True)
        with FakeECR(url) as ecr:
            ecr.push("web", "latest")
        with FakeECR(url.render_as_string(hide_password=False)) as ecr:
            assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1

    def test_a_database_of_somebody_else_is_refused(self, new_postgresql):
        url = new_postgresql(empty=True)
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE customer (id integer)"))
        with pytest.raises(DatabaseError, match="it has the table 'customer'"):
            FakeECR(url).start()
        assert sa.inspect(engine).get_table_names() == ["customer"]
        engine.dispose()

    def test_a_database_of_a_newer_fakeecr_is_refused(self, new_postgresql):
        url = new_postgresql()
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
        engine.dispose()
        with pytest.raises(DatabaseError, match="schema revision 9999"):
            FakeECR(url).start()

    def test_is_an_engine_store(self, new_postgresql):
        store = open_store(new_postgresql())
        assert isinstance(store, EngineStore)
        store.close()
