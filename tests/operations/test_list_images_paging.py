"""ListImages page by page: pages, tokens, the paginator, and changes between two pages."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from fakeecr import FakeECR
from fakeecr.store.models import Image
from tests.answers import all_pages, check_paging, code_of, error_of, identifiers
from tests.conftest import unchecked
from tests.operations.helpers import seed_of

INVALID_PARAMETER = "InvalidParameterException"


@pytest.fixture
def client(ecr, unchecked_client_of):
    """Return a client of `ecr` of each kind."""
    return unchecked_client_of(ecr)


def seed_of_images(count: int, tags: str | None = "build-{n}", repository: str = "web") -> dict[str, Any]:
    """Build a seed of one repository with this number of images."""
    return seed_of({"name": repository, "images": [{"count": count, "tags": [tags] if tags else []}]})


# --- Pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5, 99])
def test_the_pages_of_any_size_add_up_to_the_whole_list(ecr, client, count):
    ecr.seed(seed_of_images(count))

    check_paging(client.list_images, "imageIds", "maxResults", repositoryName="web")


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({"tagStatus": "TAGGED"}, id="tagged"),
        pytest.param({"tagStatus": "UNTAGGED"}, id="untagged"),
        pytest.param({"imageStatus": "ANY"}, id="any status"),
    ],
)
def test_the_pages_of_any_filter_add_up_to_the_whole_list(any_ecr, filters, unchecked_client_of):
    any_ecr.seed(seed_of_images(7))
    for _ in range(5):
        any_ecr.push("web")

    check_paging(
        unchecked_client_of(any_ecr).list_images, "imageIds", "maxResults", repositoryName="web", filter=filters
    )


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        pytest.param(99, [99], id="99"),
        pytest.param(100, [100], id="100"),
        pytest.param(101, [100, 1], id="101"),
        pytest.param(250, [100, 100, 50], id="250"),
    ],
)
def test_a_page_of_list_images_has_a_hundred_identifiers_by_default(ecr, client, count, sizes):
    ecr.seed(seed_of_images(count))

    pages = all_pages(client.list_images, "imageIds", repositoryName="web")

    assert [len(page) for page in pages] == sizes


@pytest.mark.parametrize("count", [1, 4, 5])
def test_the_last_page_has_no_token_even_if_it_is_full(ecr, client, count):
    ecr.seed(seed_of_images(count))

    assert "nextToken" not in client.list_images(repositoryName="web", maxResults=5)


def test_a_tag_that_moves_between_pages_is_listed_after_the_others(ecr, client):
    digest_a, digest_b = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    ecr.push("web", "a", digest=digest_a)
    ecr.push("web", "b", digest=digest_b)
    token = client.list_images(repositoryName="web", maxResults=1)["nextToken"]
    ecr.push("web", "b", digest=digest_a)

    response = client.list_images(repositoryName="web", nextToken=token, filter={})

    assert identifiers(response) == [(digest_b, None), (digest_a, "b")]


# --- Tokens ------------------------------------------------------------------------------------------


@pytest.fixture
def token(ecr, client):
    """Seed ten images; return the token after the third."""
    ecr.seed(seed_of_images(10))
    return client.list_images(repositoryName="web", maxResults=3)["nextToken"]


@pytest.mark.parametrize("size", [1, 2, 7, 100, None])
def test_a_token_can_be_used_with_another_max_results(client, token, size):
    parameters = {} if size is None else {"maxResults": size}

    page = client.list_images(repositoryName="web", nextToken=token, **parameters)

    assert [tag for _, tag in identifiers(page)] == [f"build-{n}" for n in range(4, 11)][: size or 100]


def test_a_token_can_be_used_again(client, token):
    first = client.list_images(repositoryName="web", nextToken=token)

    assert client.list_images(repositoryName="web", nextToken=token)["imageIds"] == first["imageIds"]


def test_the_same_page_has_the_same_token(client, token):
    assert client.list_images(repositoryName="web", maxResults=3)["nextToken"] == token


@pytest.mark.parametrize(
    "made_up_token",
    [
        pytest.param("", id="empty"),
        pytest.param(" ", id="a space"),
        "garbage",
        "x" * 32,
        "A" * 32,
        pytest.param("=" * 32, id="padding of base64"),
        pytest.param("é" * 32, id="letters outside ASCII"),
        pytest.param("\u202e" * 8, id="right-to-left overrides"),
        pytest.param("\0" * 32, id="NULs"),
        pytest.param("x" * 5000, id="5000 characters"),
        pytest.param("e30=", id="an empty structure in base64"),
        "0",
        "1",
        "null",
        pytest.param("../../../etc/passwd", id="a path"),
        pytest.param("' OR 1=1 --", id="SQL"),
    ],
)
def test_a_made_up_token_is_refused(client, token, made_up_token):
    assert error_of(client.list_images, repositoryName="web", nextToken=made_up_token) == (
        "InvalidParameterException",
        "Invalid parameter at 'NextToken' failed to satisfy constraint: 'Invalid next token provided'",
        400,
    )


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda token: token[:-1], id="without the last character"),
        pytest.param(lambda token: token[1:], id="without the first character"),
        pytest.param(lambda token: token + "A", id="with a letter appended"),
        pytest.param(lambda token: token + "=", id="with padding appended"),
        pytest.param(lambda token: token + "\n", id="with a newline appended"),
        pytest.param(lambda token: " " + token, id="with a space before it"),
        pytest.param(lambda token: token[:16], id="cut after 16 characters"),
        pytest.param(lambda token: token * 2, id="doubled"),
        pytest.param(lambda token: token.swapcase(), id="in the other case"),
        pytest.param(lambda token: token[::-1], id="reversed"),
    ],
)
def test_an_altered_token_is_refused(client, token, alter):
    assert code_of(client.list_images, repositoryName="web", nextToken=alter(token)) == INVALID_PARAMETER


def test_a_token_with_one_flipped_bit_is_refused(client, token):
    for position, letter in enumerate(token):
        for bit in range(7):
            flipped = token[:position] + chr(ord(letter) ^ 1 << bit) + token[position + 1 :]
            assert code_of(client.list_images, repositoryName="web", nextToken=flipped) == INVALID_PARAMETER


def test_a_token_of_another_repository_is_refused(ecr, client, token):
    ecr.seed(seed_of_images(10, repository="api"))

    assert code_of(client.list_images, repositoryName="api", nextToken=token) == INVALID_PARAMETER


def test_a_token_of_the_same_repository_name_in_another_registry_is_refused(ecr, client, token):
    ecr.push("web", "theirs", registry_id="012345678910")

    code = code_of(client.list_images, repositoryName="web", registryId="012345678910", nextToken=token)

    assert code == INVALID_PARAMETER


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({"tagStatus": "TAGGED"}, id="tagged"),
        pytest.param({"tagStatus": "UNTAGGED"}, id="untagged"),
        pytest.param({"imageStatus": "ANY"}, id="any status"),
        pytest.param({"imageStatus": "ARCHIVED"}, id="archived"),
    ],
)
def test_a_token_of_another_filter_is_refused(client, token, filters):
    code = code_of(client.list_images, repositoryName="web", filter=filters, nextToken=token)

    assert code == INVALID_PARAMETER


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({}, id="empty"),
        pytest.param({"tagStatus": "ANY"}, id="tagged or untagged"),
        pytest.param({"imageStatus": "ACTIVE"}, id="active"),
    ],
)
def test_a_token_of_an_equivalent_filter_is_accepted(client, token, filters):
    assert len(client.list_images(repositoryName="web", filter=filters, nextToken=token)["imageIds"]) == 7


def test_a_token_of_another_database_is_refused(token, unchecked_client_of):
    with FakeECR() as other:
        other.seed(seed_of_images(10))

        assert (
            code_of(unchecked_client_of(other).list_images, repositoryName="web", nextToken=token) == INVALID_PARAMETER
        )


def test_a_token_from_before_a_reset_is_refused(any_ecr, unchecked_client_of):
    client = unchecked_client_of(any_ecr)
    any_ecr.seed(seed_of_images(10))
    token = client.list_images(repositoryName="web", maxResults=3)["nextToken"]

    any_ecr.reset()

    assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"
    any_ecr.seed(seed_of_images(10))
    assert code_of(client.list_images, repositoryName="web", nextToken=token) == INVALID_PARAMETER


def test_a_token_is_valid_in_a_later_fake_on_the_same_file(tmp_path, unchecked_client_of):
    with FakeECR(tmp_path / "state.db") as first:
        first.seed(seed_of_images(10))
        token = unchecked_client_of(first).list_images(repositoryName="web", maxResults=8)["nextToken"]

    with FakeECR(tmp_path / "state.db") as second:
        page = unchecked_client_of(second).list_images(repositoryName="web", nextToken=token)

    assert [tag for _, tag in identifiers(page)] == ["build-9", "build-10"]


@given(token=st.text(max_size=64))
def test_any_text_is_refused_as_a_token(unchecked_client_of, token):
    with FakeECR() as ecr:
        ecr.push("web", "latest")

        assert code_of(unchecked_client_of(ecr).list_images, repositoryName="web", nextToken=token) == INVALID_PARAMETER


# --- The paginator -----------------------------------------------------------------------------------


@pytest.fixture
def paginate(ecr, client):
    """Seed 250 images; return the method paginate of a client's paginator of ListImages."""
    ecr.seed(seed_of_images(250))
    return client.get_paginator("list_images").paginate


def test_the_paginator_returns_every_image(paginate):
    tags = [image["imageTag"] for page in paginate(repositoryName="web") for image in page["imageIds"]]

    assert tags == [f"build-{n}" for n in range(1, 251)]


def test_the_paginator_requests_pages_of_the_configured_size(paginate):
    pages = paginate(repositoryName="web", PaginationConfig={"PageSize": 60})

    assert [len(page["imageIds"]) for page in pages] == [60, 60, 60, 60, 10]


def test_the_paginator_stops_at_max_items_and_resumes_at_the_starting_token(paginate):
    first = paginate(repositoryName="web", PaginationConfig={"PageSize": 60, "MaxItems": 75}).build_full_result()
    assert len(first["imageIds"]) == 75

    second = paginate(
        repositoryName="web", PaginationConfig={"PageSize": 60, "StartingToken": first["NextToken"]}
    ).build_full_result()

    assert [image["imageTag"] for image in first["imageIds"] + second["imageIds"]] == [
        f"build-{n}" for n in range(1, 251)
    ]


def test_the_paginator_searches_with_jmespath(paginate):
    assert len(list(paginate(repositoryName="web").search("imageIds[?imageTag=='build-101']"))) == 1


# --- Changes between pages ---------------------------------------------------------------------------

TAGS = st.sampled_from(["latest", "stable", "1.0", "1.1", "edge"])
DIGESTS = st.sampled_from([f"sha256:{n}{'0' * 63}" for n in range(6)])
FILTERS = st.sampled_from([{}, {"tagStatus": "TAGGED"}, {"tagStatus": "UNTAGGED"}, {"tagStatus": "ANY"}])


class Paging(RuleBasedStateMachine):
    """Pages are read while images are pushed and deleted and tags move, beside a model in plain Python.

    An identifier that exists from a listing's first page to its last is listed exactly once, and every identifier that
    is listed existed at some time in between.
    """

    listings = Bundle("listings")

    def __init__(self) -> None:
        super().__init__()
        self.ecr = FakeECR().start()
        self.client = unchecked(self.ecr)
        self.tags: dict[str, str] = {}
        self.digests: set[str] = set()
        self.open_listings: list[dict] = []
        self.push(tags=[], digest=f"sha256:{'f' * 64}")

    def teardown(self) -> None:
        self.ecr.stop()

    def identifiers(self, filters: dict) -> set[tuple[str, str | None]]:
        """Return the identifiers that match a filter, according to the model."""
        tagged = {(digest, tag) for tag, digest in self.tags.items()}
        untagged = {(digest, None) for digest in self.digests - set(self.tags.values())}
        return {"TAGGED": tagged, "UNTAGGED": untagged}.get(filters.get("tagStatus", "ANY"), tagged | untagged)

    @rule(tags=st.lists(TAGS, max_size=3, unique=True), digest=DIGESTS)
    def push(self, tags: list[str], digest: str) -> None:
        self.ecr.push("web", *tags, digest=digest)
        self.digests.add(digest)
        self.tags.update(dict.fromkeys(tags, digest))
        self._record_change()

    @rule(digest=DIGESTS)
    def delete(self, digest: str) -> None:
        with self.ecr._open().store.writing() as connection:
            connection.execute(sa.delete(Image).where(Image.digest == digest))
        self.digests.discard(digest)
        self.tags = {tag: holder for tag, holder in self.tags.items() if holder != digest}
        self._record_change()

    def _record_change(self) -> None:
        for listing in self.open_listings:
            current = self.identifiers(listing["filters"])
            listing["always"] &= current
            listing["ever"] |= current

    @rule(target=listings, filters=FILTERS, size=st.integers(1, 4))
    def begin_listing(self, filters: dict, size: int) -> dict:
        current = self.identifiers(filters)
        listing = {"filters": filters, "size": size, "always": set(current), "ever": set(current), "listed": []}
        self.open_listings.append(listing)
        self._read_page(listing, {})
        return listing

    @rule(listing=consumes(listings), size=st.integers(1, 4))
    def finish_listing(self, listing: dict, size: int) -> None:
        listing["size"] = size
        while listing["token"] is not None:
            self._read_page(listing, {"nextToken": listing["token"]})
        self._check(listing)

    @rule(listing=listings)
    def continue_listing(self, listing: dict) -> None:
        if listing["token"] is not None:
            self._read_page(listing, {"nextToken": listing["token"]})

    def _read_page(self, listing: dict, token: dict) -> None:
        page = self.client.list_images(
            repositoryName="web", filter=listing["filters"], maxResults=listing["size"], **token
        )
        listing["listed"] += identifiers(page)
        listing["token"] = page.get("nextToken")
        if listing["token"] is None:
            self._check(listing)
            self.open_listings = [other for other in self.open_listings if other is not listing]

    def _check(self, listing: dict) -> None:
        for identifier in listing["always"]:
            assert listing["listed"].count(identifier) == 1
        assert set(listing["listed"]) <= listing["ever"]

    @invariant()
    def a_new_listing_equals_the_model(self) -> None:
        listed = identifiers(self.client.list_images(repositoryName="web"))
        assert sorted(listed, key=repr) == sorted(self.identifiers({}), key=repr)


TestPagingWhileTagsMove = Paging.TestCase
TestPagingWhileTagsMove.settings = settings(max_examples=40, stateful_step_count=30)
