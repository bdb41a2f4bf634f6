"""A page is read with one SELECT, from an index that has the rows of its filter in the order of their keys."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from fakeecr import FakeECR
from fakeecr.store import previews
from fakeecr.store.models import ImageIdentifier
from fakeecr.store.pages import ImageFilter, Place, identifiers, identifiers_statement

# The index that SQLite reads for each filter.
FILTERS = {
    "no filter": (ImageFilter(), "ix_image_identifier_repository_id_id"),
    "status": (ImageFilter(status="ACTIVE"), "ix_image_identifier_repository_id_image_status_id"),
    "tagged": (ImageFilter(tagged=True), "ix_image_identifier_repository_id_tagged_id"),
    "untagged": (ImageFilter(tagged=False), "ix_image_identifier_repository_id_tagged_id"),
    "status and tagged": (
        ImageFilter(status="ACTIVE", tagged=True),
        "ix_image_identifier_repository_id_image_status_tagged_id",
    ),
    "status and untagged": (
        ImageFilter(status="ACTIVE", tagged=False),
        "ix_image_identifier_repository_id_image_status_tagged_id",
    ),
}


def query_plan(connection: sa.Connection, filters: ImageFilter, explain: str) -> str:
    """Return the plan of the SQL that reads a page in the middle of a listing."""
    statement = identifiers_statement(filters.status is not None, filters.tagged is not None)
    sql, bind = statement.compile(connection)
    values = {"repository_id": 1, "after": 500, "rows": 101, **filters._asdict()}
    return "\n".join(str(row[-1]) for row in connection.connection.cursor().execute(f"{explain} {sql}", bind(values)))


@pytest.fixture(params=["empty", "large and analyzed"])
def filled_ecr(request, database):
    """Yield a fake with an empty repository, or with three of 1020 images each; the plan must be the same."""
    with FakeECR(database) as ecr:
        images = [{"count": 1000, "tags": ["{n}"]}, {"count": 10}, {"count": 10, "status": "ARCHIVED"}]
        names = ("web", "api", "job")
        if request.param == "empty":
            images, names = [], ("web",)
        ecr.seed({"registries": [{"repositories": [{"name": name, "images": images} for name in names]}]})
        if request.param == "large and analyzed":
            with ecr._open().store.writing() as connection:
                connection.exec_driver_sql("ANALYZE")
        yield ecr


every_filter = pytest.mark.parametrize(("filters", "index"), FILTERS.values(), ids=FILTERS)


@every_filter
@pytest.mark.parametrize("database", ["memory", "file"], indirect=True)
def test_sqlite_reads_a_page_from_one_index_in_its_order(filled_ecr, filters, index):
    with filled_ecr._open().store.reading() as connection:
        plan = query_plan(connection, filters, "EXPLAIN QUERY PLAN")

    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
    conditions = ["repository_id=?"]
    conditions += ["image_status=?"] if filters.status is not None else []
    conditions += ["tagged=?"] if filters.tagged is not None else []
    assert f"USING INDEX {index} ({' AND '.join(conditions)} AND id>?)" in plan.replace("rowid>?", "id>?")


@every_filter
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("filled_ecr", ["large and analyzed"], indirect=True)
def test_postgresql_reads_a_page_from_an_index_and_discards_few_rows(filled_ecr, filters, index):
    with filled_ecr._open().store.reading() as connection:
        plan = query_plan(connection, filters, "EXPLAIN (ANALYZE, TIMING OFF)")

    assert "Index Scan using ix_image_identifier_repository_id" in plan
    assert re.search(r"Index Cond: .*repository_id = .*id > ", plan)
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
    # PostgreSQL may choose an index without a condition that nearly every row meets, and check the rows instead.
    assert sum(map(int, re.findall(r"Rows Removed by Filter: (\d+)", plan))) <= 20


@pytest.mark.parametrize(
    ("tagged", "index"),
    [
        pytest.param(None, "ix_previewed_image_repository_id_id (repository_id=? AND id>?)", id="no filter"),
        pytest.param(
            True, "ix_previewed_image_repository_id_tagged_id (repository_id=? AND tagged=? AND id>?)", id="tagged"
        ),
        pytest.param(
            False, "ix_previewed_image_repository_id_tagged_id (repository_id=? AND tagged=? AND id>?)", id="untagged"
        ),
    ],
)
def test_sqlite_reads_a_page_of_a_preview_from_one_index_in_its_order(ecr, tagged, index):
    statement = previews.page_statement(1, tagged, Place(500, 100)).compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
    )

    with ecr._open().store.reading() as connection:
        plan = " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}"))

    assert plan.replace("rowid>?", "id>?") == f"SEARCH previewed_image USING INDEX {index}"


@contextmanager
def recorded_statements(store):
    """Yield a list of the statements that the driver of a store in memory executes."""
    statements = []
    with store.reading() as connection:
        driver_connection = connection.connection.dbapi_connection
    driver_connection.set_trace_callback(statements.append)
    try:
        yield statements
    finally:
        driver_connection.set_trace_callback(None)


def test_a_page_is_read_with_one_select_after_the_repository(ecr):
    ecr.push("web", "latest")
    client = ecr.client()

    with recorded_statements(ecr._open().store) as statements:
        client.list_images(repositoryName="web")

    assert [sql.split()[0] for sql in statements] == ["SELECT", "SELECT"]
    assert ["image_identifier" in sql for sql in statements] == [False, True]


def test_the_last_key_of_a_page_is_where_the_next_page_begins(any_ecr):
    any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 5, "tags": ["{n}"]}]}]}]})

    with any_ecr._open().store.reading() as connection:
        repository_id = connection.execute(sa.select(ImageIdentifier.repository_id)).scalars().first()
        first = identifiers(connection, repository_id, ImageFilter(), Place(0, 3))
        second = identifiers(connection, repository_id, ImageFilter(), Place(first.last_key, 3))

    assert [row[1] for row in first.rows] == ["1", "2", "3"]
    assert first.last_key == first.rows[-1][-1]
    assert ([row[1] for row in second.rows], second.last_key) == (["4", "5"], None)
