"""The migrations prove themselves: one head, equal to the models, down and up again, once and for all at a time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from fakeecr import FakeECR
from fakeecr.store import migrations
from fakeecr.store.models import Base
from tests.answers import identifiers


def alembic(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations.scripts()))
    config.attributes["connection"] = connection
    return config


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """Give a connection to an empty database of each kind."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("new_postgresql")(empty=True)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def schema_of(connection: sa.Connection) -> dict[str, list[str]]:
    """Give every table and index as the database itself tells it, in no order that an author chose."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {
            name: sorted(re.split(r",\s+(?![^(]*\))|\s*\n\s*", re.sub(r"\s+\)$", "", sql.replace('"', ""))))
            for name, sql in rows
        }
    rows = connection.exec_driver_sql(
        "SELECT conrelid::regclass::text || conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace UNION ALL "
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
        "SELECT table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '') "
        "|| coalesce(character_maximum_length::text, '') "
        "FROM information_schema.columns WHERE table_schema = 'public'"
    )
    return {name: [definition] for name, definition in rows}


def test_there_is_one_head_and_the_code_knows_it():
    assert ScriptDirectory(str(migrations.scripts())).get_heads() == [migrations.HEAD]


def test_they_make_what_the_models_make(empty):
    command.upgrade(alembic(empty), "head")
    migrated = schema_of(empty)
    context = MigrationContext.configure(
        empty, opts={"version_table": migrations.VERSION_TABLE, "compare_server_default": True}
    )
    assert compare_metadata(context, Base.metadata) == []
    command.downgrade(alembic(empty), "base")
    empty.exec_driver_sql(f"DROP TABLE {migrations.VERSION_TABLE}")
    migrations.create(empty)
    assert schema_of(empty) == migrated


def test_they_go_down_and_up_again(empty):
    command.upgrade(alembic(empty), "head")
    command.downgrade(alembic(empty), "base")
    left = sa.inspect(empty).get_table_names()
    assert left == [migrations.VERSION_TABLE]
    command.upgrade(alembic(empty), "head")
    assert set(sa.inspect(empty).get_table_names()) == {*Base.metadata.tables, migrations.VERSION_TABLE}


NEXT = '''
"""A revision of tomorrow: it rebuilds a table, and counts how often it was applied."""

import sqlalchemy as sa
from alembic import op

revision = "tomorrow"
down_revision = "{head}"


def upgrade():
    op.create_table("applied", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO applied DEFAULT VALUES")
    with op.batch_alter_table("repository", recreate="{recreate}") as table:
        table.add_column(sa.Column("note", sa.String, server_default="none"))
'''

OPEN = """
import sys
from pathlib import Path

from fakeecr import FakeECR
from fakeecr.store import migrations

migrations.HEAD = "tomorrow"
migrations.scripts = lambda: Path(sys.argv[2])
sys.stdin.read()  # all begin at once
with FakeECR(sys.argv[1]) as ecr:
    ecr.push("web", *sys.argv[3:])
"""


@pytest.fixture
def tomorrow(tmp_path):
    """Give the migrations with one more."""

    def make(recreate: str) -> Path:
        scripts = tmp_path / "migrations"
        shutil.copytree(migrations.scripts(), scripts, ignore=shutil.ignore_patterns("__pycache__"))
        revision = NEXT.format(head=migrations.HEAD, recreate=recreate)
        (scripts / "versions" / "tomorrow.py").write_text(textwrap.dedent(revision).lstrip())
        return scripts

    return make


def open_in_processes(database: str, scripts: Path, count: int) -> None:
    """Let processes open an older database at the same moment, each to push an image."""
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN, database, str(scripts), f"from-{n}"], stdin=subprocess.PIPE)
        for n in range(count)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait() for process in started] == [0] * count


def test_an_older_file_is_migrated_once_by_eight_processes_at_once(tmp_path, tomorrow, monkeypatch):
    path = tmp_path / "state.db"
    scripts = tomorrow("always")
    with FakeECR(path) as ecr:
        token_of = ecr.client().list_images
        for tag in ("a", "b", "c"):
            ecr.push("web", tag)
        token = token_of(repositoryName="web", maxResults=2)["nextToken"]
    open_in_processes(str(path), scripts, 8)

    monkeypatch.setattr(migrations, "HEAD", "tomorrow")
    monkeypatch.setattr(migrations, "scripts", lambda: scripts)
    with FakeECR(path) as ecr:
        with ecr._open().store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM applied").scalar() == 1
            assert connection.exec_driver_sql("SELECT note FROM repository").scalar() == "none"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        rest = identifiers(ecr.client().list_images(repositoryName="web", nextToken=token))
        assert {tag for _, tag in rest} == {"c", *(f"from-{n}" for n in range(8))}


def test_an_older_postgresql_is_migrated_once_by_processes_at_once(new_postgresql, tomorrow):
    url = new_postgresql()
    open_in_processes(url.render_as_string(hide_password=False), tomorrow("auto"), 4)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM applied").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM image").scalar() == 4
    engine.dispose()


def test_a_new_file_is_made_once_by_eight_processes_at_once(tmp_path, tomorrow, monkeypatch):
    monkeypatch.setattr(migrations, "HEAD", "tomorrow")
    path = tmp_path / "state.db"
    open_in_processes(str(path), tomorrow("always"), 8)
    with FakeECR(path) as ecr:
        assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 8


def test_a_migration_that_breaks_leaves_the_file_as_it_was(tmp_path, tomorrow, monkeypatch):
    path = tmp_path / "state.db"
    with FakeECR(path) as ecr:
        ecr.push("web", "latest")
    scripts = tomorrow("always")
    broken = scripts / "versions" / "tomorrow.py"
    broken.write_text(broken.read_text() + '    raise RuntimeError("halfway")\n')
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "HEAD", "tomorrow")
        patched.setattr(migrations, "scripts", lambda: scripts)
        with pytest.raises(RuntimeError, match="halfway"):
            FakeECR(path).start()
    with FakeECR(path) as ecr:
        assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1
