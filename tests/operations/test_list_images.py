"""ListImages to the letter of the published reference: its parameters, its filter, its answer, its errors."""

from __future__ import annotations

import json

import pytest

from fakeecr import FakeECR, PublishedLimitWarning
from tests.answers import error_of, identifiers, send_instead
from tests.conftest import unchecked

DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64


def refusal(name: str, constraint: str) -> tuple[str, str, int]:
    message = f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'"
    return "InvalidParameterException", message, 400


def not_found(name: str, registry_id: str) -> tuple[str, str, int]:
    message = f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'"
    return "RepositoryNotFoundException", message, 400


def wrong_type(message: str) -> tuple[str, str, int]:
    return "SerializationException", message, 400


PATTERN = "(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*"
BAD_NAME = refusal("repositoryName", f"must satisfy regular expression '{PATTERN}'")
BAD_REGISTRY = refusal("registryId", "must satisfy regular expression [0-9]{12}")
ENUM = "Member must satisfy enum value set: "
BAD_TAG_STATUS = refusal("filter.tagStatus", ENUM + "[TAGGED, UNTAGGED, ANY]")
BAD_IMAGE_STATUS = refusal("filter.imageStatus", ENUM + "[ACTIVE, ARCHIVED, ACTIVATING, ANY]")

REFUSED = {
    # repositoryName: required, 2 to 256, the reference's pattern, matched whole
    "no repositoryName": ({"repositoryName": None}, refusal("repositoryName", "must not be null")),
    "a repositoryName of 1": (
        {"repositoryName": "a"},
        refusal("repositoryName", "must have length greater than or equal to 2"),
    ),
    "an empty repositoryName": (
        {"repositoryName": ""},
        refusal("repositoryName", "must have length greater than or equal to 2"),
    ),
    "a repositoryName of 257": (
        {"repositoryName": "a" * 257},
        refusal("repositoryName", "must have length less than or equal to 256"),
    ),
    "a trailing newline": ({"repositoryName": "web\n"}, BAD_NAME),
    "a capital": ({"repositoryName": "Web"}, BAD_NAME),
    "a leading dash": ({"repositoryName": "-web"}, BAD_NAME),
    "a trailing dot": ({"repositoryName": "web."}, BAD_NAME),
    "an empty part": ({"repositoryName": "team//web"}, BAD_NAME),
    "a leading slash": ({"repositoryName": "/web"}, BAD_NAME),
    "a trailing slash": ({"repositoryName": "web/"}, BAD_NAME),
    "two separators": ({"repositoryName": "my..repo"}, BAD_NAME),
    "a space": ({"repositoryName": "my repo"}, BAD_NAME),
    "a letter that is not ASCII": ({"repositoryName": "wéb"}, BAD_NAME),
    "a digit that is not ASCII": ({"repositoryName": "web\u0661"}, BAD_NAME),
    "a number for a name": (
        {"repositoryName": 12},
        wrong_type("NUMBER_VALUE can not be converted to a String"),
    ),
    "true for a name": (
        {"repositoryName": True},
        wrong_type("TRUE_VALUE can not be converted to a String"),
    ),
    "a list for a name": ({"repositoryName": ["web"]}, wrong_type("Start of list found where not expected")),
    "a structure for a name": (
        {"repositoryName": {}},
        wrong_type("Start of structure or map found where not expected."),
    ),
    # registryId: 12 digits
    "a registryId of 11": (
        {"registryId": "1" * 11},
        BAD_REGISTRY,
    ),
    "a registryId of 13": (
        {"registryId": "1" * 13},
        BAD_REGISTRY,
    ),
    "a registryId with a letter": (
        {"registryId": "12345678901a"},
        BAD_REGISTRY,
    ),
    "a registryId and a newline": (
        {"registryId": "123456789012\n"},
        BAD_REGISTRY,
    ),
    "an empty registryId": ({"registryId": ""}, BAD_REGISTRY),
    "a number for a registryId": (
        {"registryId": 123456789012},
        wrong_type("NUMBER_VALUE can not be converted to a String"),
    ),
    "a registryId nobody has": ({"registryId": "999999999999"}, not_found("web", "999999999999")),
    # maxResults: 1 to 100
    "maxResults 0": ({"maxResults": 0}, refusal("maxResults", "Member must have value greater than or equal to 1")),
    "maxResults -1": ({"maxResults": -1}, refusal("maxResults", "Member must have value greater than or equal to 1")),
    "maxResults 101": ({"maxResults": 101}, refusal("maxResults", "Member must have value less than or equal to 100")),
    "maxResults 10^12": (
        {"maxResults": 10**12},
        refusal("maxResults", "Member must have value less than or equal to 100"),
    ),
    "maxResults '5'": ({"maxResults": "5"}, wrong_type("STRING_VALUE can not be converted to an Integer")),
    "maxResults 1.5": ({"maxResults": 1.5}, wrong_type("NUMBER_VALUE can not be converted to an Integer")),
    "maxResults 1.0": ({"maxResults": 1.0}, wrong_type("NUMBER_VALUE can not be converted to an Integer")),
    "maxResults true": ({"maxResults": True}, wrong_type("TRUE_VALUE can not be converted to an Integer")),
    "maxResults false": ({"maxResults": False}, wrong_type("FALSE_VALUE can not be converted to an Integer")),
    "maxResults [1]": ({"maxResults": [1]}, wrong_type("Start of list found where not expected")),
    # filter
    "a tagStatus of its own": (
        {"filter": {"tagStatus": "NONE"}},
        BAD_TAG_STATUS,
    ),
    "a tagStatus in lower case": (
        {"filter": {"tagStatus": "tagged"}},
        BAD_TAG_STATUS,
    ),
    "an empty tagStatus": ({"filter": {"tagStatus": ""}}, BAD_TAG_STATUS),
    "an imageStatus of its own": (
        {"filter": {"imageStatus": "DELETED"}},
        BAD_IMAGE_STATUS,
    ),
    "a text for a filter": ({"filter": "TAGGED"}, wrong_type("Expected null")),
    "a list for a filter": ({"filter": []}, wrong_type("Start of list found where not expected")),
    "a number for a tagStatus": (
        {"filter": {"tagStatus": 1}},
        wrong_type("NUMBER_VALUE can not be converted to a String"),
    ),
    # several at once
    "a wrong type before a wrong value": (
        {"repositoryName": "Web", "maxResults": "5"},
        wrong_type("STRING_VALUE can not be converted to an Integer"),
    ),
    "a repository that is not there": ({"repositoryName": "nobody"}, not_found("nobody", "123456789012")),
}


@pytest.mark.filterwarnings("ignore::fakeecr.PublishedLimitWarning")
@pytest.mark.parametrize(("parameters", "error"), REFUSED.values(), ids=REFUSED)
def test_refuses(ecr, client, parameters, error):
    ecr.push("web", "latest")
    request = {"repositoryName": "web", **parameters}
    sent = {name: value for name, value in request.items() if value is not None}
    # As bytes, because botocore cannot write a list where its model has a structure.
    send_instead(client, json.dumps(sent).encode())
    assert error_of(client.list_images) == error


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 256, "web", "team/web", "a.b-c_d/e.f", "0/1", "amazonlinux", "a/b/c/d"],
)
def test_takes_every_name_of_the_reference(ecr, client, name):
    image = ecr.push(name, "latest")
    assert identifiers(client.list_images(repositoryName=name)) == [(image.digest, "latest")]


def test_null_is_as_good_as_absent(ecr, client):
    ecr.push("web", "latest")
    nulls = b'"registryId": null, "maxResults": null, "nextToken": null, "filter": {"tagStatus": null}'
    send_instead(client, b'{"repositoryName": "web", %b}' % nulls)
    assert len(client.list_images()["imageIds"]) == 1


def test_passes_over_a_member_that_it_does_not_know(ecr, client):
    ecr.push("web", "latest")
    send_instead(client, b'{"repositoryName": "web", "surprise": {"maxResults": "5"}}')
    assert len(client.list_images()["imageIds"]) == 1


class TestRegistryId:
    def test_absent_means_the_default_registry(self, any_ecr):
        mine = any_ecr.push("web", "mine")
        any_ecr.push("web", "theirs", registry_id="012345678910")
        client = unchecked(any_ecr)
        assert identifiers(client.list_images(repositoryName="web")) == [(mine.digest, "mine")]
        assert client.list_images(repositoryName="web", registryId="123456789012")["imageIds"] == [
            {"imageDigest": mine.digest, "imageTag": "mine"}
        ]

    def test_lists_another_registry_of_the_fake(self, any_ecr):
        any_ecr.push("web", "mine")
        theirs = any_ecr.push("web", "theirs", registry_id="012345678910")
        listed = unchecked(any_ecr).list_images(repositoryName="web", registryId="012345678910")
        assert identifiers(listed) == [(theirs.digest, "theirs")]

    def test_each_region_has_its_own(self, any_ecr):
        any_ecr.push("web", "there", region="eu-west-1")
        here, there = unchecked(any_ecr), unchecked(any_ecr, region_name="eu-west-1")
        assert error_of(here.list_images, repositoryName="web") == not_found("web", "123456789012")
        assert [tag for _, tag in identifiers(there.list_images(repositoryName="web"))] == ["there"]

    def test_a_repository_elsewhere_is_hinted_at_in_the_log(self, ecr, client, caplog):
        ecr.push("web", "there", region="eu-west-1")
        error_of(client.list_images, repositoryName="web")
        assert "this fake has one in registry 123456789012 in eu-west-1" in caplog.text


class TestImageIds:
    def test_has_one_entry_for_each_tag(self, any_ecr):
        image = any_ecr.push("amazonlinux", "2016.09", "latest")
        listed = unchecked(any_ecr).list_images(repositoryName="amazonlinux")["imageIds"]
        assert listed == [
            {"imageDigest": image.digest, "imageTag": "2016.09"},
            {"imageDigest": image.digest, "imageTag": "latest"},
        ]
        assert [list(entry) for entry in listed] == [["imageDigest", "imageTag"]] * 2

    def test_has_an_untagged_image_once_and_without_the_key(self, any_ecr):
        image = any_ecr.push("web")
        assert unchecked(any_ecr).list_images(repositoryName="web")["imageIds"] == [{"imageDigest": image.digest}]

    def test_is_empty_for_an_empty_repository(self, any_ecr):
        any_ecr.seed({"registries": [{"repositories": [{"name": "empty"}]}]})
        response = unchecked(any_ecr).list_images(repositoryName="empty")
        assert response["imageIds"] == []
        assert "nextToken" not in response

    def test_follows_a_tag_that_moves(self, any_ecr):
        client = unchecked(any_ecr)
        old = any_ecr.push("web", "latest", digest=DIGEST)
        new = any_ecr.push("web", "latest", digest=OTHER_DIGEST)
        assert sorted(identifiers(client.list_images(repositoryName="web"))) == [
            (old.digest, None),
            (new.digest, "latest"),
        ]

    def test_keeps_the_other_tags_of_an_image_that_loses_one(self, any_ecr):
        client = unchecked(any_ecr)
        any_ecr.push("web", "1.0", "latest", digest=DIGEST)
        any_ecr.push("web", "latest", digest=OTHER_DIGEST)
        assert identifiers(client.list_images(repositoryName="web")) == [(DIGEST, "1.0"), (OTHER_DIGEST, "latest")]

    def test_shows_an_untagged_image_by_the_tag_it_is_given(self, any_ecr):
        any_ecr.push("web", digest=DIGEST)
        any_ecr.push("web", "found", digest=DIGEST)
        assert identifiers(unchecked(any_ecr).list_images(repositoryName="web")) == [(DIGEST, "found")]


STATUSES = ("ACTIVE", "ARCHIVED", "ACTIVATING")
EVERYTHING = {
    "registries": [
        {
            "repositories": [
                {
                    "name": "web",
                    "images": [
                        {"status": status, "tags": tags, "digest": f"sha256:{s}{t}{'0' * 62}"}
                        for s, status in enumerate(STATUSES)
                        for t, tags in enumerate(([], [f"{status.lower()}-tag", f"{status.lower()}-2"]))
                    ],
                }
            ]
        }
    ]
}


class TestFilter:
    @pytest.mark.parametrize("tag_status", [None, "TAGGED", "UNTAGGED", "ANY"])
    @pytest.mark.parametrize("image_status", [None, *STATUSES, "ANY"])
    def test_shows_what_it_names(self, any_ecr, tag_status, image_status):
        any_ecr.seed(EVERYTHING)
        asked = {"tagStatus": tag_status, "imageStatus": image_status}
        given = {name: value for name, value in asked.items() if value is not None}
        listed = unchecked(any_ecr).list_images(repositoryName="web", **({"filter": given} if given else {}))
        expected = [
            (image["digest"], tag)
            for image in EVERYTHING["registries"][0]["repositories"][0]["images"]
            if image_status == "ANY" or image["status"] == (image_status or "ACTIVE")
            for tag in image["tags"] or [None]
            if tag_status in (None, "ANY") or (tag_status == "TAGGED") == (tag is not None)
        ]
        assert identifiers(listed) == expected

    def test_an_empty_one_shows_what_none_shows(self, ecr, client):
        ecr.seed(EVERYTHING)
        whole = client.list_images(repositoryName="web")["imageIds"]
        assert client.list_images(repositoryName="web", filter={})["imageIds"] == whole


class TestInstalledLimits:
    def test_take_what_the_installed_botocore_allows(self):
        with FakeECR(limits="installed") as ecr:
            client = unchecked(ecr)
            ecr.seed(
                {"registries": [{"repositories": [{"name": "my--repo", "images": [{"count": 1200, "tags": ["{n}"]}]}]}]}
            )
            assert len(client.list_images(repositoryName="my--repo", maxResults=1000)["imageIds"]) == 1000
            assert len(client.list_images(repositoryName="my--repo")["imageIds"]) == 100
            assert error_of(client.list_images, repositoryName="my--repo", maxResults=1001) == refusal(
                "maxResults", "Member must have value less than or equal to 1000"
            )

    @pytest.mark.parametrize(
        "parameters", [{"repositoryName": "web", "maxResults": 101}, {"repositoryName": "my--repo"}]
    )
    def test_are_named_in_a_warning_where_only_the_published_ones_refuse(self, ecr, client, parameters):
        with pytest.warns(
            PublishedLimitWarning, match=r'only by the published limits .* FakeECR\(limits="installed"\)'
        ):
            assert error_of(client.list_images, **parameters)[0] == "InvalidParameterException"

    @pytest.mark.parametrize(
        "parameters",
        [
            {"repositoryName": "web", "maxResults": 1001},
            {"repositoryName": "Web"},
            {"repositoryName": "my--repo", "maxResults": 0},
        ],
    )
    def test_are_not_named_where_they_refuse_as_well(self, ecr, client, parameters):
        # A warning would be an error here.
        assert error_of(client.list_images, **parameters)[0] == "InvalidParameterException"
