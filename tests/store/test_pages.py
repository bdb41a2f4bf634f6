"""A page is one SELECT, and for every filter an index gives its rows in the order of their keys."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from fakeecr import FakeECR
from fakeecr.store import previews
from fakeecr.store.models import ImageIdentifier
from fakeecr.store.pages import Filter, identifiers, identifiers_statement

FILTERS = {
    "none": (Filter(), "ix_image_identifier_repository_id_id"),
    "status": (Filter(status="ACTIVE"), "ix_image_identifier_repository_id_image_status_id"),
    "tagged": (Filter(tagged=True), "ix_image_identifier_repository_id_tagged_id"),
    "untagged": (Filter(tagged=False), "ix_image_identifier_repository_id_tagged_id"),
    "status and tagged": (
        Filter(status="ACTIVE", tagged=True),
        "ix_image_identifier_repository_id_image_status_tagged_id",
    ),
    "status and untagged": (
        Filter(status="ACTIVE", tagged=False),
        "ix_image_identifier_repository_id_image_status_tagged_id",
    ),
}


def plan(connection: sa.Connection, shown: Filter, explain: str) -> str:
    """Give the engine's plan for the very SQL of a page, in the middle of a listing."""
    sql, own = identifiers_statement(shown.status is not None, shown.tagged is not None)._sql[connection.dialect.name]
    values = {**own, "repository_id": 1, "after": 500, "rows": 101, **shown._asdict()}
    return "\n".join(str(row[-1]) for row in connection.connection.cursor().execute(f"{explain} {sql}", values))


@pytest.fixture(params=["nothing", "a thousand, analyzed"])
def filled(request, database):
    """Give a fake with little or much in it: the plan is to be the same."""
    with FakeECR(database) as ecr:
        many = [{"count": 1000, "tags": ["{n}"]}, {"count": 10}, {"count": 10, "status": "ARCHIVED"}]
        names = ("web", "api", "job")
        if request.param == "nothing":
            many, names = [], ("web",)
        ecr.seed({"registries": [{"repositories": [{"name": name, "images": many} for name in names]}]})
        if request.param != "nothing":
            with ecr._open().store.writing() as connection:
                connection.exec_driver_sql("ANALYZE")
        yield ecr


@pytest.mark.parametrize(("shown", "index"), FILTERS.values(), ids=FILTERS)
class TestThePlan:
    @pytest.mark.parametrize("database", ["memory", "file"], indirect=True)
    def test_on_sqlite_reads_one_index_in_its_order(self, filled, shown, index):
        with filled._open().store.reading() as connection:
            found = plan(connection, shown, "EXPLAIN QUERY PLAN")
        assert "SCAN" not in found
        assert "TEMP B-TREE" not in found
        conditions = ["repository_id=?"]
        conditions += ["image_status=?"] if shown.status is not None else []
        conditions += ["tagged=?"] if shown.tagged is not None else []
        assert f"USING INDEX {index} ({' AND '.join(conditions)} AND id>?)" in found.replace("rowid>?", "id>?")

    @pytest.mark.parametrize("database", ["postgresql"], indirect=True)
    @pytest.mark.parametrize("filled", ["a thousand, analyzed"], indirect=True)
    def test_on_postgresql_reads_an_index_in_its_order_and_little_that_it_does_not_show(self, filled, shown, index):
        with filled._open().store.reading() as connection:
            found = plan(connection, shown, "EXPLAIN (ANALYZE, TIMING OFF)")
        assert "Index Scan using ix_image_identifier_repository_id" in found
        assert re.search(r"Index Cond: .*repository_id = .*id > ", found)
        assert "Seq Scan" not in found
        assert "Sort" not in found
        # It may take an index that lacks a condition which nearly every row meets, and look at the row instead.
        assert sum(map(int, re.findall(r"Rows Removed by Filter: (\d+)", found))) <= 20


@pytest.mark.parametrize(
    ("tagged", "index"),
    [
        (None, "ix_previewed_image_repository_id_id (repository_id=? AND id>?)"),
        (True, "ix_previewed_image_repository_id_tagged_id (repository_id=? AND tagged=? AND id>?)"),
        (False, "ix_previewed_image_repository_id_tagged_id (repository_id=? AND tagged=? AND id>?)"),
    ],
)
def test_a_page_of_a_preview_reads_one_index_in_its_order(ecr, tagged, index):
    statement = previews.page_statement(1, tagged, 500, 100).compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
    )
    with ecr._open().store.reading() as connection:
        found = " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}"))
    assert found.replace("rowid>?", "id>?") == f"SEARCH previewed_image USING INDEX {index}"


@contextmanager
def statements_of(store):
    """Record what the driver of a store in memory is given to run."""
    seen = []
    with store.reading() as connection:
        driver = connection.connection.dbapi_connection
    driver.set_trace_callback(seen.append)
    try:
        yield seen
    finally:
        driver.set_trace_callback(None)


def test_a_page_is_one_select(ecr):
    ecr.push("web", "latest")
    client = ecr.client()
    with statements_of(ecr._open().store) as seen:
        client.list_images(repositoryName="web")
    assert [sql.split()[0] for sql in seen] == ["SELECT", "SELECT"]
    assert ["image_identifier" in sql for sql in seen] == [False, True]  # the repository, and the page


def test_a_page_tells_where_the_next_begins(any_ecr):
    any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 5, "tags": ["{n}"]}]}]}]})
    with any_ecr._open().store.reading() as connection:
        repository_id = connection.execute(sa.select(ImageIdentifier.repository_id)).scalars().first()
        first = identifiers(connection, repository_id, Filter(), size=3)
        second = identifiers(connection, repository_id, Filter(), after=first.last_key, size=3)
        assert [row[1] for row in first.rows] == ["1", "2", "3"]
        assert first.last_key == first.rows[-1][-1]
        assert ([row[1] for row in second.rows], second.last_key) == (["4", "5"], None)
