"""The constraints of the schema: every kind of database refuses rows that contradict each other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from fakeecr.store.database import open_store
from fakeecr.store.models import Image, ImageIdentifier, Registry, Repository, Secret, Timestamp

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TAGGED = f"sha256:1{'a' * 63}"
UNTAGGED = f"sha256:2{'a' * 63}"
OTHER = "sha256:" + "a" * 64


@pytest.fixture
def store(database):
    """Yield a store with one repository, which has a tagged and an untagged image."""
    store = open_store(database)
    with store.writing() as connection:
        connection.execute(sa.insert(Registry).values(id=1, account_id="123456789012", region="us-east-1"))
        connection.execute(sa.insert(Repository).values(id=1, registry_id=1, name="web", created_at=NOW))
        for number, digest, tag in ((1, TAGGED, "latest"), (2, UNTAGGED, None)):
            connection.execute(
                sa.insert(Image).values(
                    id=number, repository_id=1, digest=digest, tagged=tag is not None, pushed_at=NOW
                )
            )
            connection.execute(
                sa.insert(ImageIdentifier).values(
                    id=number, repository_id=1, image_id=number, digest=digest, tag=tag, tagged=tag is not None
                )
            )
    yield store
    store.close()


IDENTIFIER = {"id": 9, "repository_id": 1, "image_status": "ACTIVE"}
INVALID_CHANGES = {
    "a duplicate registry": sa.insert(Registry).values(id=9, account_id="123456789012", region="us-east-1"),
    "a duplicate repository": sa.insert(Repository).values(id=9, registry_id=1, name="web", created_at=NOW),
    "a repository without a registry": sa.insert(Repository).values(id=9, registry_id=7, name="api", created_at=NOW),
    "a duplicate digest": sa.insert(Image).values(id=9, repository_id=1, digest=TAGGED, tagged=False, pushed_at=NOW),
    "an image without a repository": sa.insert(Image).values(
        id=9, repository_id=7, digest=OTHER, tagged=False, pushed_at=NOW
    ),
    "an image with an unknown status": sa.insert(Image).values(
        id=9, repository_id=1, digest=OTHER, tagged=False, pushed_at=NOW, status="GONE"
    ),
    "an image with a manifest and a generated manifest": sa.insert(Image).values(
        id=9, repository_id=1, digest=OTHER, tagged=False, pushed_at=NOW, manifest=b"{}", made_from="web#1"
    ),
    "a duplicate tag": sa.insert(ImageIdentifier).values(
        **IDENTIFIER, image_id=1, digest=TAGGED, tag="latest", tagged=True
    ),
    "a second identifier of an untagged image": sa.insert(ImageIdentifier).values(
        **IDENTIFIER, image_id=2, digest=UNTAGGED, tag=None, tagged=False
    ),
    "an identifier without a tag of a tagged image": sa.insert(ImageIdentifier).values(
        **IDENTIFIER, image_id=1, digest=TAGGED, tag=None, tagged=False
    ),
    "an identifier with a tag of an untagged image": sa.insert(ImageIdentifier).values(
        **IDENTIFIER, image_id=2, digest=UNTAGGED, tag="new", tagged=True
    ),
    "an identifier that is marked as tagged without a tag": sa.insert(ImageIdentifier).values(
        **IDENTIFIER, image_id=1, digest=TAGGED, tag=None, tagged=True
    ),
    "an identifier with another digest than its image": sa.insert(ImageIdentifier).values(
        **IDENTIFIER, image_id=1, digest=UNTAGGED, tag="new", tagged=True
    ),
    "an identifier with another status than its image": sa.insert(ImageIdentifier).values(
        **{**IDENTIFIER, "image_status": "ARCHIVED"}, image_id=1, digest=TAGGED, tag="new", tagged=True
    ),
    "an identifier without an image": sa.insert(ImageIdentifier).values(
        **IDENTIFIER, image_id=7, digest=TAGGED, tag="new", tagged=True
    ),
    "an image that is marked as tagged without a tag": sa.update(Image).where(Image.id == 2).values(tagged=True),
    "a second secret": sa.insert(Secret).values(id=2, value="0" * 64),
}


@pytest.mark.parametrize("statement", INVALID_CHANGES.values(), ids=INVALID_CHANGES)
def test_the_database_refuses_an_inconsistent_row(store, statement):
    with pytest.raises(IntegrityError), store.writing() as connection:
        connection.execute(statement)


def test_an_identifier_follows_the_status_of_its_image(store):
    with store.writing() as connection:
        connection.execute(sa.update(Image).where(Image.id == 1).values(status="ARCHIVED"))

        statuses = connection.execute(sa.select(ImageIdentifier.image_status).order_by(ImageIdentifier.id))
        assert statuses.scalars().all() == ["ARCHIVED", "ACTIVE"]


@pytest.mark.parametrize("table", [Image, Repository, Registry])
def test_identifiers_are_deleted_with_the_row_that_they_belong_to(store, table):
    with store.writing() as connection:
        connection.execute(sa.delete(table).where(table.id == 1))

        remaining = connection.execute(sa.select(ImageIdentifier.id)).scalars().all()
        assert remaining == ([2] if table is Image else [])


def test_the_key_of_a_deleted_row_is_not_reused(database):
    store = open_store(database)

    keys = []
    for _ in range(3):
        with store.writing() as connection:
            insertion = sa.insert(Registry).values(account_id="1" * 12, region="r").returning(Registry.id)
            keys.append(connection.execute(insertion).scalar_one())
            connection.execute(sa.delete(Registry))
    store.close()

    assert len(set(keys)) == 3


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones()))
def test_a_moment_is_stored_exactly(moment):
    stored = Timestamp().process_bind_param(moment, None)

    assert Timestamp().process_result_value(stored, None) == moment.astimezone(UTC)
