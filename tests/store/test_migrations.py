"""The migrations have one head, build what the models build, are reversible, and run once even if processes compete."""

from __future__ import annotations

import re
import shutil
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
from tests.store.processes import run_simultaneously


def alembic_config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations.scripts()))
    config.attributes["connection"] = connection
    return config


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request, tmp_path):
    """Yield a connection to an empty database of each kind."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("new_postgresql")(empty=True)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def schema_of(connection: sa.Connection) -> dict[str, list[str]]:
    """Return every table and index as the database itself describes it, independent of the order of columns."""
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


def test_the_migrations_have_one_head_which_the_code_names():
    assert ScriptDirectory(str(migrations.scripts())).get_heads() == [migrations.HEAD]


def test_the_migrations_build_the_schema_of_the_models(empty_database):
    command.upgrade(alembic_config(empty_database), "head")
    migrated_schema = schema_of(empty_database)

    context = MigrationContext.configure(
        empty_database, opts={"version_table": migrations.VERSION_TABLE, "compare_server_default": True}
    )
    assert compare_metadata(context, Base.metadata) == []

    command.downgrade(alembic_config(empty_database), "base")
    empty_database.exec_driver_sql(f"DROP TABLE {migrations.VERSION_TABLE}")
    migrations.create(empty_database)
    assert schema_of(empty_database) == migrated_schema


def test_the_migrations_can_be_downgraded_and_upgraded_again(empty_database):
    command.upgrade(alembic_config(empty_database), "head")

    command.downgrade(alembic_config(empty_database), "base")
    assert sa.inspect(empty_database).get_table_names() == [migrations.VERSION_TABLE]

    command.upgrade(alembic_config(empty_database), "head")
    assert set(sa.inspect(empty_database).get_table_names()) == {*Base.metadata.tables, migrations.VERSION_TABLE}


NEXT_REVISION = '''
"""The next revision: it rebuilds a table, and counts how often it was applied."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade():
    op.create_table("applied", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO applied DEFAULT VALUES")
    with op.batch_alter_table("repository", recreate="{recreate}") as table:
        table.add_column(sa.Column("note", sa.String, server_default="none"))
'''

OPEN_AND_PUSH = """
import sys
from pathlib import Path

from fakeecr import FakeECR
from fakeecr.store import migrations

migrations.HEAD = "next"
migrations.scripts = lambda: Path(sys.argv[2])
sys.stdin.read()  # all processes begin at the same time
with FakeECR(sys.argv[1]) as ecr:
    ecr.push("web", *sys.argv[3:])
"""


@pytest.fixture
def copy_with_next_revision(tmp_path):
    """Return a function that copies the migrations, adds a revision and returns the copy's path."""

    def copy(*, recreate: str) -> Path:
        scripts = tmp_path / "migrations"
        shutil.copytree(migrations.scripts(), scripts, ignore=shutil.ignore_patterns("__pycache__"))
        revision = NEXT_REVISION.format(head=migrations.HEAD, recreate=recreate)
        (scripts / "versions" / "next.py").write_text(textwrap.dedent(revision).lstrip())
        return scripts

    return copy


def use_migrations(monkeypatch: pytest.MonkeyPatch, scripts: Path) -> None:
    """Let this process migrate with a copy that has the next revision."""
    monkeypatch.setattr(migrations, "HEAD", "next")
    monkeypatch.setattr(migrations, "scripts", lambda: scripts)


def open_in_processes(database: str, scripts: Path, count: int) -> None:
    """Open a database in several processes at the same time, each of which pushes an image."""
    run_simultaneously(OPEN_AND_PUSH, [[database, str(scripts), f"from-{n}"] for n in range(count)])


def test_an_older_file_is_migrated_once_by_eight_simultaneous_processes(tmp_path, copy_with_next_revision, monkeypatch):
    path = tmp_path / "state.db"
    scripts = copy_with_next_revision(recreate="always")
    with FakeECR(path) as ecr:
        for tag in ("a", "b", "c"):
            ecr.push("web", tag)
        token = ecr.client().list_images(repositoryName="web", maxResults=2)["nextToken"]

    open_in_processes(str(path), scripts, 8)

    use_migrations(monkeypatch, scripts)
    with FakeECR(path) as ecr:
        with ecr._open().store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM applied").scalar() == 1
            assert connection.exec_driver_sql("SELECT note FROM repository").scalar() == "none"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        rest = identifiers(ecr.client().list_images(repositoryName="web", nextToken=token))
        assert {tag for _, tag in rest} == {"c", *(f"from-{n}" for n in range(8))}


def test_an_older_postgresql_database_is_migrated_once_by_four_simultaneous_processes(
    new_postgresql, copy_with_next_revision
):
    url = new_postgresql()

    open_in_processes(url.render_as_string(hide_password=False), copy_with_next_revision(recreate="auto"), 4)

    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM applied").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM image").scalar() == 4
    engine.dispose()


def test_a_new_file_is_created_once_by_eight_simultaneous_processes(tmp_path, copy_with_next_revision, monkeypatch):
    path = tmp_path / "state.db"
    scripts = copy_with_next_revision(recreate="always")
    monkeypatch.setattr(migrations, "HEAD", "next")

    open_in_processes(str(path), scripts, 8)

    with FakeECR(path) as ecr:
        assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 8


def test_a_failing_migration_leaves_the_file_unchanged(tmp_path, copy_with_next_revision, monkeypatch):
    path = tmp_path / "state.db"
    with FakeECR(path) as ecr:
        ecr.push("web", "latest")
    scripts = copy_with_next_revision(recreate="always")
    failing = scripts / "versions" / "next.py"
    failing.write_text(failing.read_text() + '    raise RuntimeError("halfway")\n')

    with monkeypatch.context() as patched:
        use_migrations(patched, scripts)
        with pytest.raises(RuntimeError, match="halfway"):
            FakeECR(path).start()

    with FakeECR(path) as ecr:
        assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1
