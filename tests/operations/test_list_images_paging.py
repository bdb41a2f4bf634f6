"""ListImages page by page: what a token carries on, what it does not, and what comes and goes in between."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from fakeecr import FakeECR
from fakeecr.store.models import Image
from tests.answers import all_pages, check_paging, code_of, error_of, identifiers
from tests.conftest import unchecked


def build(count: int, tags: str | None = "build-{n}", repository: str = "web") -> dict:
    images = {"count": count, "tags": [tags] if tags else []}
    return {"registries": [{"repositories": [{"name": repository, "images": [images]}]}]}


class TestPages:
    @pytest.mark.parametrize("count", [1, 2, 5, 99])
    def test_join_to_the_whole_for_every_page_size(self, ecr, count):
        ecr.seed(build(count))
        check_paging(unchecked(ecr).list_images, "imageIds", "maxResults", repositoryName="web")

    @pytest.mark.parametrize("filters", [{"tagStatus": "TAGGED"}, {"tagStatus": "UNTAGGED"}, {"imageStatus": "ANY"}])
    def test_join_to_the_whole_for_every_filter(self, any_ecr, filters):
        any_ecr.seed(build(7))
        for _ in range(5):
            any_ecr.push("web")
        check_paging(unchecked(any_ecr).list_images, "imageIds", "maxResults", repositoryName="web", filter=filters)

    @pytest.mark.parametrize(("count", "sizes"), [(99, [99]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
    def test_hold_a_hundred_where_maxresults_is_absent(self, ecr, client, count, sizes):
        ecr.seed(build(count))
        pages = all_pages(client.list_images, "imageIds", repositoryName="web")
        assert [len(page) for page in pages] == sizes

    @pytest.mark.parametrize("count", [1, 4, 5])
    def test_end_without_a_token_also_where_the_last_is_exactly_full(self, ecr, client, count):
        ecr.seed(build(count))
        assert "nextToken" not in client.list_images(repositoryName="web", maxResults=5)

    def test_may_begin_with_a_list_that_has_shrunk_to_nothing(self, ecr, client):
        ecr.push("web", "a", digest="sha256:" + "a" * 64)
        ecr.push("web", "b", digest="sha256:" + "b" * 64)
        token = client.list_images(repositoryName="web", maxResults=1)["nextToken"]
        ecr.push("web", "b", digest="sha256:" + "a" * 64)  # the rest of the list moves behind it, as an untagged image
        rest = client.list_images(repositoryName="web", nextToken=token, filter={})
        assert identifiers(rest) == [("sha256:" + "b" * 64, None), ("sha256:" + "a" * 64, "b")]


class TestToken:
    @pytest.fixture
    def token(self, ecr, client):
        ecr.seed(build(10))
        return client.list_images(repositoryName="web", maxResults=3)["nextToken"]

    @pytest.mark.parametrize("size", [1, 2, 7, 100, None])
    def test_carries_on_with_another_maxresults_or_none(self, client, token, size):
        given_size = {} if size is None else {"maxResults": size}
        page = client.list_images(repositoryName="web", nextToken=token, **given_size)
        tags = [tag for _, tag in identifiers(page)]
        assert tags == [f"build-{n}" for n in range(4, 11)][: size or 100]

    def test_may_be_used_again(self, client, token):
        first = client.list_images(repositoryName="web", nextToken=token)
        assert client.list_images(repositoryName="web", nextToken=token)["imageIds"] == first["imageIds"]

    def test_is_the_same_for_the_same_place(self, client, token):
        assert client.list_images(repositoryName="web", maxResults=3)["nextToken"] == token

    @pytest.mark.parametrize(
        "hostile",
        [
            "",
            " ",
            "garbage",
            "x" * 32,
            "A" * 32,
            "=" * 32,
            "é" * 32,
            "\u202e" * 8,
            "\0" * 32,
            "x" * 5000,
            "e30=",
            "0",
            "1",
            "null",
            "../../../etc/passwd",
            "' OR 1=1 --",
        ],
    )
    def test_that_is_made_up_is_refused(self, client, token, hostile):
        assert error_of(client.list_images, repositoryName="web", nextToken=hostile) == (
            "InvalidParameterException",
            "Invalid parameter at 'NextToken' failed to satisfy constraint: 'Invalid next token provided'",
            400,
        )

    @pytest.mark.parametrize(
        "change",
        [
            lambda token: token[:-1],
            lambda token: token[1:],
            lambda token: token + "A",
            lambda token: token + "=",
            lambda token: token + "\n",
            lambda token: " " + token,
            lambda token: token[:16],
            lambda token: token * 2,
            lambda token: token.swapcase(),
            lambda token: token[::-1],
        ],
    )
    def test_that_is_altered_is_refused(self, client, token, change):
        assert code_of(client.list_images, repositoryName="web", nextToken=change(token)) == "InvalidParameterException"

    def test_that_has_one_bit_flipped_is_refused(self, client, token):
        for position, letter in enumerate(token):
            for bit in range(7):
                flipped = token[:position] + chr(ord(letter) ^ 1 << bit) + token[position + 1 :]
                assert (
                    code_of(client.list_images, repositoryName="web", nextToken=flipped) == "InvalidParameterException"
                )

    def test_of_another_repository_is_refused(self, ecr, client, token):
        ecr.seed(build(10, repository="api"))
        assert code_of(client.list_images, repositoryName="api", nextToken=token) == "InvalidParameterException"

    def test_of_the_same_name_in_another_registry_is_refused(self, ecr, client, token):
        ecr.push("web", "theirs", registry_id="012345678910")
        assert (
            code_of(client.list_images, repositoryName="web", registryId="012345678910", nextToken=token)
            == "InvalidParameterException"
        )

    @pytest.mark.parametrize(
        "filters",
        [{"tagStatus": "TAGGED"}, {"tagStatus": "UNTAGGED"}, {"imageStatus": "ANY"}, {"imageStatus": "ARCHIVED"}],
    )
    def test_of_another_filter_is_refused(self, client, token, filters):
        assert (
            code_of(client.list_images, repositoryName="web", filter=filters, nextToken=token)
            == "InvalidParameterException"
        )

    @pytest.mark.parametrize("filters", [{}, {"tagStatus": "ANY"}, {"imageStatus": "ACTIVE"}])
    def test_of_the_same_filter_in_other_words_is_accepted(self, client, token, filters):
        assert len(client.list_images(repositoryName="web", filter=filters, nextToken=token)["imageIds"]) == 7

    def test_of_another_database_is_refused(self, token):
        with FakeECR() as other:
            other.seed(build(10))
            assert (
                code_of(unchecked(other).list_images, repositoryName="web", nextToken=token)
                == "InvalidParameterException"
            )

    def test_from_before_a_reset_is_refused(self, any_ecr):
        client = unchecked(any_ecr)
        any_ecr.seed(build(10))
        token = client.list_images(repositoryName="web", maxResults=3)["nextToken"]
        any_ecr.reset()
        assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"
        any_ecr.seed(build(10))
        assert code_of(client.list_images, repositoryName="web", nextToken=token) == "InvalidParameterException"

    def test_carries_on_in_a_later_fake_on_the_same_file(self, tmp_path):
        with FakeECR(tmp_path / "state.db") as first:
            first.seed(build(10))
            token = unchecked(first).list_images(repositoryName="web", maxResults=8)["nextToken"]
        with FakeECR(tmp_path / "state.db") as second:
            page = unchecked(second).list_images(repositoryName="web", nextToken=token)
            assert [tag for _, tag in identifiers(page)] == ["build-9", "build-10"]

    @given(token=st.text(max_size=64))
    def test_of_any_other_text_is_refused(self, token):
        with FakeECR() as ecr:
            ecr.push("web", "latest")
            answer = code_of(unchecked(ecr).list_images, repositoryName="web", nextToken=token)
            assert answer == "InvalidParameterException"


class TestPaginator:
    @pytest.fixture
    def paginate(self, ecr):
        ecr.seed(build(250))
        return ecr.client().get_paginator("list_images").paginate

    def test_gives_everything(self, paginate):
        found = [image["imageTag"] for page in paginate(repositoryName="web") for image in page["imageIds"]]
        assert found == [f"build-{n}" for n in range(1, 251)]

    def test_takes_a_page_size(self, paginate):
        pages = paginate(repositoryName="web", PaginationConfig={"PageSize": 60})
        assert [len(page["imageIds"]) for page in pages] == [60, 60, 60, 60, 10]

    def test_stops_at_max_items_and_resumes_at_a_starting_token(self, paginate):
        first = paginate(repositoryName="web", PaginationConfig={"PageSize": 60, "MaxItems": 75}).build_full_result()
        assert len(first["imageIds"]) == 75
        rest = paginate(
            repositoryName="web", PaginationConfig={"PageSize": 60, "StartingToken": first["NextToken"]}
        ).build_full_result()
        assert [image["imageTag"] for image in first["imageIds"] + rest["imageIds"]] == [
            f"build-{n}" for n in range(1, 251)
        ]

    def test_searches_with_jmespath(self, paginate):
        assert len(list(paginate(repositoryName="web").search("imageIds[?imageTag=='build-101']"))) == 1


TAGS = st.sampled_from(["latest", "stable", "1.0", "1.1", "edge"])
DIGESTS = st.sampled_from([f"sha256:{n}{'0' * 63}" for n in range(6)])
FILTERS = st.sampled_from([{}, {"tagStatus": "TAGGED"}, {"tagStatus": "UNTAGGED"}, {"tagStatus": "ANY"}])


class Paging(RuleBasedStateMachine):
    """Pages are read while images come and go and tags move, beside a model in plain Python.

    The law: an identifier that is there from a listing's first page to its last comes exactly once, and what
    comes at all was there at some time in between.
    """

    listings = Bundle("listings")

    def __init__(self) -> None:
        super().__init__()
        self.ecr = FakeECR().start()
        self.client = unchecked(self.ecr)
        self.tags: dict[str, str] = {}
        self.digests: set[str] = set()
        self.reading: list[dict] = []
        self.push(tags=[], digest=f"sha256:{'f' * 64}")

    def teardown(self) -> None:
        self.ecr.stop()

    def identifiers(self, filters: dict) -> set[tuple[str, str | None]]:
        tagged = {(digest, tag) for tag, digest in self.tags.items()}
        untagged = {(digest, None) for digest in self.digests - set(self.tags.values())}
        return {"TAGGED": tagged, "UNTAGGED": untagged}.get(filters.get("tagStatus", "ANY"), tagged | untagged)

    @rule(tags=st.lists(TAGS, max_size=3, unique=True), digest=DIGESTS)
    def push(self, tags: list[str], digest: str) -> None:
        self.ecr.push("web", *tags, digest=digest)
        self.digests.add(digest)
        self.tags.update(dict.fromkeys(tags, digest))
        self._look()

    @rule(digest=DIGESTS)
    def delete(self, digest: str) -> None:
        with self.ecr._open().store.writing() as connection:
            connection.execute(sa.delete(Image).where(Image.digest == digest))
        self.digests.discard(digest)
        self.tags = {tag: holder for tag, holder in self.tags.items() if holder != digest}
        self._look()

    def _look(self) -> None:
        for listing in self.reading:
            now = self.identifiers(listing["filters"])
            listing["always"] &= now
            listing["ever"] |= now

    @rule(target=listings, filters=FILTERS, size=st.integers(1, 4))
    def begin(self, filters: dict, size: int) -> dict:
        there = self.identifiers(filters)
        listing = {"filters": filters, "size": size, "always": set(there), "ever": set(there), "found": []}
        self.reading.append(listing)
        self._read(listing, {})
        return listing

    @rule(listing=consumes(listings), size=st.integers(1, 4))
    def finish(self, listing: dict, size: int) -> None:
        listing["size"] = size
        while listing["token"] is not None:
            self._read(listing, {"nextToken": listing["token"]})
        self._check(listing)

    @rule(listing=listings)
    def go_on(self, listing: dict) -> None:
        if listing["token"] is not None:
            self._read(listing, {"nextToken": listing["token"]})

    def _read(self, listing: dict, token: dict) -> None:
        page = self.client.list_images(
            repositoryName="web", filter=listing["filters"], maxResults=listing["size"], **token
        )
        listing["found"] += identifiers(page)
        listing["token"] = page.get("nextToken")
        if listing["token"] is None:
            self._check(listing)
            self.reading = [other for other in self.reading if other is not listing]

    def _check(self, listing: dict) -> None:
        for identifier in listing["always"]:
            assert listing["found"].count(identifier) == 1
        assert set(listing["found"]) <= listing["ever"]

    @invariant()
    def a_listing_now_is_the_model(self) -> None:
        found = identifiers(self.client.list_images(repositoryName="web"))
        assert sorted(found, key=repr) == sorted(self.identifiers({}), key=repr)


TestPagingWhileTagsMove = Paging.TestCase
TestPagingWhileTagsMove.settings = settings(max_examples=40, stateful_step_count=30)
