"""ListImages as the published reference describes it: its parameters, filter, response and errors."""

from __future__ import annotations

import json

import pytest

from fakeecr import FakeECR, PublishedLimitWarning
from tests.answers import error_of, identifiers, send_instead
from tests.operations.helpers import seed_of

DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64


@pytest.fixture
def client(ecr, unchecked_client_of):
    """Return a client of `ecr` of each kind."""
    return unchecked_client_of(ecr)


def invalid(name: str, constraint: str) -> tuple[str, str, int]:
    """Return the error of a parameter that fails a constraint."""
    message = f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'"
    return "InvalidParameterException", message, 400


def not_found(name: str, registry_id: str) -> tuple[str, str, int]:
    """Return the error of a repository that the registry does not have."""
    message = f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'"
    return "RepositoryNotFoundException", message, 400


def wrong_type(message: str) -> tuple[str, str, int]:
    """Return the error of a JSON value of the wrong type."""
    return "SerializationException", message, 400


PATTERN = "(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*"
INVALID_NAME = invalid("repositoryName", f"must satisfy regular expression '{PATTERN}'")
INVALID_REGISTRY = invalid("registryId", "must satisfy regular expression [0-9]{12}")
ENUM = "Member must satisfy enum value set: "
INVALID_TAG_STATUS = invalid("filter.tagStatus", ENUM + "[TAGGED, UNTAGGED, ANY]")
INVALID_IMAGE_STATUS = invalid("filter.imageStatus", ENUM + "[ACTIVE, ARCHIVED, ACTIVATING, ANY]")

REFUSED = {
    # repositoryName: required, 2 to 256 characters, the pattern matches the whole name
    "no repositoryName": ({"repositoryName": None}, invalid("repositoryName", "must not be null")),
    "a repositoryName of 1": (
        {"repositoryName": "a"},
        invalid("repositoryName", "must have length greater than or equal to 2"),
    ),
    "an empty repositoryName": (
        {"repositoryName": ""},
        invalid("repositoryName", "must have length greater than or equal to 2"),
    ),
    "a repositoryName of 257": (
        {"repositoryName": "a" * 257},
        invalid("repositoryName", "must have length less than or equal to 256"),
    ),
    "a repositoryName with a trailing newline": ({"repositoryName": "web\n"}, INVALID_NAME),
    "a repositoryName with a capital": ({"repositoryName": "Web"}, INVALID_NAME),
    "a repositoryName with a leading dash": ({"repositoryName": "-web"}, INVALID_NAME),
    "a repositoryName with a trailing dot": ({"repositoryName": "web."}, INVALID_NAME),
    "a repositoryName with an empty part": ({"repositoryName": "team//web"}, INVALID_NAME),
    "a repositoryName with a leading slash": ({"repositoryName": "/web"}, INVALID_NAME),
    "a repositoryName with a trailing slash": ({"repositoryName": "web/"}, INVALID_NAME),
    "a repositoryName with two separators": ({"repositoryName": "my..repo"}, INVALID_NAME),
    "a repositoryName with a space": ({"repositoryName": "my repo"}, INVALID_NAME),
    "a repositoryName with a letter outside ASCII": ({"repositoryName": "wéb"}, INVALID_NAME),
    "a repositoryName with a digit outside ASCII": ({"repositoryName": "web\u0661"}, INVALID_NAME),
    "a number as repositoryName": (
        {"repositoryName": 12},
        wrong_type("NUMBER_VALUE can not be converted to a String"),
    ),
    "true as repositoryName": (
        {"repositoryName": True},
        wrong_type("TRUE_VALUE can not be converted to a String"),
    ),
    "a list as repositoryName": ({"repositoryName": ["web"]}, wrong_type("Start of list found where not expected")),
    "a structure as repositoryName": (
        {"repositoryName": {}},
        wrong_type("Start of structure or map found where not expected."),
    ),
    # registryId: 12 digits
    "a registryId of 11": ({"registryId": "1" * 11}, INVALID_REGISTRY),
    "a registryId of 13": ({"registryId": "1" * 13}, INVALID_REGISTRY),
    "a registryId with a letter": ({"registryId": "12345678901a"}, INVALID_REGISTRY),
    "a registryId with a trailing newline": ({"registryId": "123456789012\n"}, INVALID_REGISTRY),
    "an empty registryId": ({"registryId": ""}, INVALID_REGISTRY),
    "a number as registryId": (
        {"registryId": 123456789012},
        wrong_type("NUMBER_VALUE can not be converted to a String"),
    ),
    "a registryId without the repository": ({"registryId": "999999999999"}, not_found("web", "999999999999")),
    # maxResults: 1 to 100
    "maxResults 0": ({"maxResults": 0}, invalid("maxResults", "Member must have value greater than or equal to 1")),
    "maxResults -1": ({"maxResults": -1}, invalid("maxResults", "Member must have value greater than or equal to 1")),
    "maxResults 101": ({"maxResults": 101}, invalid("maxResults", "Member must have value less than or equal to 100")),
    "maxResults 10^12": (
        {"maxResults": 10**12},
        invalid("maxResults", "Member must have value less than or equal to 100"),
    ),
    "maxResults '5'": ({"maxResults": "5"}, wrong_type("STRING_VALUE can not be converted to an Integer")),
    "maxResults 1.5": ({"maxResults": 1.5}, wrong_type("NUMBER_VALUE can not be converted to an Integer")),
    "maxResults 1.0": ({"maxResults": 1.0}, wrong_type("NUMBER_VALUE can not be converted to an Integer")),
    "maxResults true": ({"maxResults": True}, wrong_type("TRUE_VALUE can not be converted to an Integer")),
    "maxResults false": ({"maxResults": False}, wrong_type("FALSE_VALUE can not be converted to an Integer")),
    "maxResults [1]": ({"maxResults": [1]}, wrong_type("Start of list found where not expected")),
    # filter
    "an unknown tagStatus": ({"filter": {"tagStatus": "NONE"}}, INVALID_TAG_STATUS),
    "a tagStatus in lower case": ({"filter": {"tagStatus": "tagged"}}, INVALID_TAG_STATUS),
    "an empty tagStatus": ({"filter": {"tagStatus": ""}}, INVALID_TAG_STATUS),
    "an unknown imageStatus": pytest.param(
        {"filter": {"imageStatus": "DELETED"}},
        INVALID_IMAGE_STATUS,
        marks=pytest.mark.newest_model("imageStatus"),
    ),
    "a string as filter": ({"filter": "TAGGED"}, wrong_type("Expected null")),
    "a list as filter": ({"filter": []}, wrong_type("Start of list found where not expected")),
    "a number as tagStatus": (
        {"filter": {"tagStatus": 1}},
        wrong_type("NUMBER_VALUE can not be converted to a String"),
    ),
    # several errors; an unknown repository
    "a wrong type and an invalid value": (
        {"repositoryName": "Web", "maxResults": "5"},
        wrong_type("STRING_VALUE can not be converted to an Integer"),
    ),
    "an unknown repository": ({"repositoryName": "nobody"}, not_found("nobody", "123456789012")),
}


@pytest.mark.filterwarnings("ignore::fakeecr.PublishedLimitWarning")
@pytest.mark.parametrize(("parameters", "error"), REFUSED.values(), ids=REFUSED)
def test_list_images_refuses_an_invalid_request(ecr, client, parameters, error):
    ecr.push("web", "latest")
    request = {"repositoryName": "web", **parameters}
    body = {name: value for name, value in request.items() if value is not None}
    # As bytes, because botocore cannot serialize a list where its model has a structure.
    send_instead(client, json.dumps(body).encode())

    assert error_of(client.list_images) == error


@pytest.mark.parametrize(
    "repository",
    [
        "ab",
        pytest.param("a" * 256, id="256 characters"),
        "web",
        "team/web",
        "a.b-c_d/e.f",
        "0/1",
        "amazonlinux",
        "a/b/c/d",
    ],
)
def test_list_images_accepts_every_valid_repository_name(ecr, client, repository):
    image = ecr.push(repository, "latest")

    assert identifiers(client.list_images(repositoryName=repository)) == [(image.digest, "latest")]


def test_a_null_member_of_a_request_is_ignored(ecr, client):
    ecr.push("web", "latest")
    nulls = b'"registryId": null, "maxResults": null, "nextToken": null, "filter": {"tagStatus": null}'
    send_instead(client, b'{"repositoryName": "web", %b}' % nulls)

    assert len(client.list_images()["imageIds"]) == 1


def test_an_unknown_member_of_a_request_is_ignored(ecr, client):
    ecr.push("web", "latest")
    send_instead(client, b'{"repositoryName": "web", "surprise": {"maxResults": "5"}}')

    assert len(client.list_images()["imageIds"]) == 1


# --- registryId --------------------------------------------------------------------------------------


def test_list_images_without_a_registry_id_lists_the_default_registry(any_ecr, unchecked_client_of):
    own = any_ecr.push("web", "own")
    any_ecr.push("web", "theirs", registry_id="012345678910")
    client = unchecked_client_of(any_ecr)

    assert identifiers(client.list_images(repositoryName="web")) == [(own.digest, "own")]
    assert client.list_images(repositoryName="web", registryId="123456789012")["imageIds"] == [
        {"imageDigest": own.digest, "imageTag": "own"}
    ]


def test_list_images_with_a_registry_id_lists_that_registry_of_the_fake(any_ecr, unchecked_client_of):
    any_ecr.push("web", "own")
    theirs = any_ecr.push("web", "theirs", registry_id="012345678910")

    response = unchecked_client_of(any_ecr).list_images(repositoryName="web", registryId="012345678910")

    assert identifiers(response) == [(theirs.digest, "theirs")]


def test_each_region_has_its_own_repositories(any_ecr, unchecked_client_of):
    any_ecr.push("web", "western", region="eu-west-1")
    client, west_client = unchecked_client_of(any_ecr), unchecked_client_of(any_ecr, region_name="eu-west-1")

    assert error_of(client.list_images, repositoryName="web") == not_found("web", "123456789012")
    assert [tag for _, tag in identifiers(west_client.list_images(repositoryName="web"))] == ["western"]


def test_the_log_names_another_region_that_has_the_missing_repository(ecr, client, caplog):
    ecr.push("web", "western", region="eu-west-1")

    error_of(client.list_images, repositoryName="web")

    assert "this fake has one in registry 123456789012 in eu-west-1" in caplog.text


# --- imageIds ----------------------------------------------------------------------------------------


def test_an_image_with_two_tags_has_two_image_ids(any_ecr, unchecked_client_of):
    image = any_ecr.push("amazonlinux", "2016.09", "latest")

    image_ids = unchecked_client_of(any_ecr).list_images(repositoryName="amazonlinux")["imageIds"]

    assert image_ids == [
        {"imageDigest": image.digest, "imageTag": "2016.09"},
        {"imageDigest": image.digest, "imageTag": "latest"},
    ]
    assert [list(image_id) for image_id in image_ids] == [["imageDigest", "imageTag"]] * 2


def test_an_untagged_image_has_one_image_id_without_image_tag(any_ecr, unchecked_client_of):
    image = any_ecr.push("web")

    assert unchecked_client_of(any_ecr).list_images(repositoryName="web")["imageIds"] == [{"imageDigest": image.digest}]


def test_the_image_ids_of_an_empty_repository_are_an_empty_list(any_ecr, unchecked_client_of):
    any_ecr.seed(seed_of({"name": "empty"}))

    response = unchecked_client_of(any_ecr).list_images(repositoryName="empty")

    assert response["imageIds"] == []
    assert "nextToken" not in response


def test_an_image_that_loses_its_only_tag_is_listed_untagged(any_ecr, unchecked_client_of):
    old = any_ecr.push("web", "latest", digest=DIGEST)
    new = any_ecr.push("web", "latest", digest=OTHER_DIGEST)

    response = unchecked_client_of(any_ecr).list_images(repositoryName="web")

    assert sorted(identifiers(response)) == [(old.digest, None), (new.digest, "latest")]


def test_an_image_that_loses_a_tag_is_listed_with_its_other_tags(any_ecr, unchecked_client_of):
    any_ecr.push("web", "1.0", "latest", digest=DIGEST)
    any_ecr.push("web", "latest", digest=OTHER_DIGEST)

    response = unchecked_client_of(any_ecr).list_images(repositoryName="web")

    assert identifiers(response) == [(DIGEST, "1.0"), (OTHER_DIGEST, "latest")]


def test_an_untagged_image_that_is_tagged_is_listed_with_its_tag_only(any_ecr, unchecked_client_of):
    any_ecr.push("web", digest=DIGEST)
    any_ecr.push("web", "tagged", digest=DIGEST)

    response = unchecked_client_of(any_ecr).list_images(repositoryName="web")

    assert identifiers(response) == [(DIGEST, "tagged")]


# --- filter ------------------------------------------------------------------------------------------

STATUSES = ("ACTIVE", "ARCHIVED", "ACTIVATING")
# An untagged image and one with two tags, of each status.
IMAGES = [
    {"status": status, "tags": tags, "digest": f"sha256:{s}{t}{'0' * 62}"}
    for s, status in enumerate(STATUSES)
    for t, tags in enumerate(([], [f"{status.lower()}-tag", f"{status.lower()}-2"]))
]


@pytest.mark.parametrize("tag_status", [None, "TAGGED", "UNTAGGED", "ANY"])
@pytest.mark.parametrize("image_status", [None, *STATUSES, "ANY"])
def test_list_images_returns_the_images_that_match_the_filter(any_ecr, tag_status, image_status, unchecked_client_of):
    any_ecr.seed(seed_of({"name": "web", "images": IMAGES}))
    members = {"tagStatus": tag_status, "imageStatus": image_status}
    filters = {name: value for name, value in members.items() if value is not None}
    expected = [
        (image["digest"], tag)
        for image in IMAGES
        if image_status == "ANY" or image["status"] == (image_status or "ACTIVE")
        for tag in image["tags"] or [None]
        if tag_status in (None, "ANY") or (tag_status == "TAGGED") == (tag is not None)
    ]

    response = unchecked_client_of(any_ecr).list_images(
        repositoryName="web", **({"filter": filters} if filters else {})
    )

    assert identifiers(response) == expected


def test_an_empty_filter_is_the_same_as_no_filter(ecr, client):
    ecr.seed(seed_of({"name": "web", "images": IMAGES}))
    unfiltered = client.list_images(repositoryName="web")["imageIds"]

    assert client.list_images(repositoryName="web", filter={})["imageIds"] == unfiltered


# --- Published and installed limits ------------------------------------------------------------------


@pytest.mark.newest_model("repositoryName with two dashes")
def test_with_installed_limits_list_images_accepts_what_the_installed_botocore_does(unchecked_client_of):
    with FakeECR(limits="installed") as ecr:
        client = unchecked_client_of(ecr)
        ecr.seed(seed_of({"name": "my--repo", "images": [{"count": 1200, "tags": ["{n}"]}]}))

        assert len(client.list_images(repositoryName="my--repo", maxResults=1000)["imageIds"]) == 1000
        assert len(client.list_images(repositoryName="my--repo")["imageIds"]) == 100
        assert error_of(client.list_images, repositoryName="my--repo", maxResults=1001) == invalid(
            "maxResults", "Member must have value less than or equal to 1000"
        )


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"repositoryName": "web", "maxResults": 101}, id="maxResults 101"),
        pytest.param(
            {"repositoryName": "my--repo"},
            id="a repositoryName with two dashes",
            marks=pytest.mark.newest_model("repositoryName with two dashes"),
        ),
    ],
)
def test_a_request_that_only_the_published_limits_refuse_causes_a_warning(ecr, client, parameters):
    warning = r'only by the published limits .* FakeECR\(limits="installed"\)'

    with pytest.warns(PublishedLimitWarning, match=warning):
        code, _, _ = error_of(client.list_images, **parameters)

    assert code == "InvalidParameterException"


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"repositoryName": "web", "maxResults": 1001}, id="maxResults 1001"),
        pytest.param({"repositoryName": "Web"}, id="a repositoryName with a capital"),
        pytest.param({"repositoryName": "my--repo", "maxResults": 0}, id="two dashes and maxResults 0"),
    ],
)
def test_a_request_that_both_limits_refuse_causes_no_warning(ecr, client, parameters):
    # The suite turns a warning into an error.
    assert error_of(client.list_images, **parameters)[0] == "InvalidParameterException"
