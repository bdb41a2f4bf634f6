"""What must always hold is held by the database itself, on every engine."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from fakeecr.store.database import open_store
from fakeecr.store.models import Image, ImageIdentifier, Moment, Registry, Repository, Secret

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def store(database):
    """Give a store in which one tagged image and one without a tag stand in one repository."""
    store = open_store(database)
    with store.writing() as connection:
        connection.execute(sa.insert(Registry).values(id=1, account_id="123456789012", region="us-east-1"))
        connection.execute(sa.insert(Repository).values(id=1, registry_id=1, name="web", created_at=NOW))
        for number, tag in ((1, "latest"), (2, None)):
            digest = f"sha256:{number}{'a' * 63}"
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


ONE = f"sha256:1{'a' * 63}"
TWO = f"sha256:2{'a' * 63}"
ROW = {"id": 9, "repository_id": 1, "image_status": "ACTIVE"}
BROKEN = {
    "a registry stands twice": sa.insert(Registry).values(id=9, account_id="123456789012", region="us-east-1"),
    "a repository stands twice": sa.insert(Repository).values(id=9, registry_id=1, name="web", created_at=NOW),
    "a repository has no registry": sa.insert(Repository).values(id=9, registry_id=7, name="api", created_at=NOW),
    "a digest stands twice": sa.insert(Image).values(id=9, repository_id=1, digest=ONE, tagged=False, pushed_at=NOW),
    "an image has no repository": sa.insert(Image).values(
        id=9, repository_id=7, digest=DIGEST, tagged=False, pushed_at=NOW
    ),
    "an image has a status that ECR has not": sa.insert(Image).values(
        id=9, repository_id=1, digest=DIGEST, tagged=False, pushed_at=NOW, status="GONE"
    ),
    "an image has two manifests": sa.insert(Image).values(
        id=9, repository_id=1, digest=DIGEST, tagged=False, pushed_at=NOW, manifest=b"{}", made_from="web#1"
    ),
    "a tag stands twice": sa.insert(ImageIdentifier).values(**ROW, image_id=1, digest=ONE, tag="latest", tagged=True),
    "an untagged image has two rows": sa.insert(ImageIdentifier).values(
        **ROW, image_id=2, digest=TWO, tag=None, tagged=False
    ),
    "a tagged image has a row without a tag": sa.insert(ImageIdentifier).values(
        **ROW, image_id=1, digest=ONE, tag=None, tagged=False
    ),
    "an untagged image has a row with a tag": sa.insert(ImageIdentifier).values(
        **ROW, image_id=2, digest=TWO, tag="new", tagged=True
    ),
    "a row says tagged of no tag": sa.insert(ImageIdentifier).values(
        **ROW, image_id=1, digest=ONE, tag=None, tagged=True
    ),
    "a row has another digest than its image": sa.insert(ImageIdentifier).values(
        **ROW, image_id=1, digest=TWO, tag="new", tagged=True
    ),
    "a row has another status than its image": sa.insert(ImageIdentifier).values(
        **{**ROW, "image_status": "ARCHIVED"}, image_id=1, digest=ONE, tag="new", tagged=True
    ),
    "a row has no image": sa.insert(ImageIdentifier).values(**ROW, image_id=7, digest=ONE, tag="new", tagged=True),
    "an image is said to be tagged, and is not": sa.update(Image).where(Image.id == 2).values(tagged=True),
    "there are two secrets": sa.insert(Secret).values(id=2, value="0" * 64),
}


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN)
def test_it_cannot_be_that(store, statement):
    with pytest.raises(IntegrityError), store.writing() as connection:
        connection.execute(statement)


def test_a_row_follows_its_images_status(store):
    with store.writing() as connection:
        connection.execute(sa.update(Image).where(Image.id == 1).values(status="ARCHIVED"))
        statuses = connection.execute(sa.select(ImageIdentifier.image_status).order_by(ImageIdentifier.id))
        assert statuses.scalars().all() == ["ARCHIVED", "ACTIVE"]


@pytest.mark.parametrize("table", [Image, Repository, Registry])
def test_rows_go_with_what_they_belong_to(store, table):
    with store.writing() as connection:
        connection.execute(sa.delete(table).where(table.id == 1))
        rows = connection.execute(sa.select(ImageIdentifier.id)).scalars().all()
        assert rows == ([2] if table is Image else [])


def test_no_key_is_given_twice(database):
    store = open_store(database)
    keys = []
    for _ in range(3):
        with store.writing() as connection:
            made = sa.insert(Registry).values(account_id="1" * 12, region="r").returning(Registry.id)
            keys.append(connection.execute(made).scalar_one())
            connection.execute(sa.delete(Registry))
    store.close()
    assert len(set(keys)) == 3


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones()))
def test_a_moment_is_kept_exactly(moment):
    kept = Moment().process_bind_param(moment, None)
    assert Moment().process_result_value(kept, None) == moment.astimezone(UTC)
