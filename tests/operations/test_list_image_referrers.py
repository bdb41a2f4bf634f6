"""ListImageReferrers: the artifacts whose manifest has an image as subject."""

from __future__ import annotations

import pytest

from tests.answers import check_paging, code_of
from tests.manifests import OCI, OCI_INDEX, digest_of, image, index, referrer
from tests.operations.helpers import archive_image, put_image

ONE, TWO = image("one"), image("two")
SUBJECT = {"imageDigest": digest_of(ONE)}
SBOM, SIGNATURE = "application/vnd.example.sbom", "application/vnd.example.signature"


@pytest.fixture(autouse=True)
def subject(client, web):
    """Push the subject, ONE, with the tag v1 to the repository "web"."""
    put_image(client, ONE, "v1")


def push_referrers(client, *artifact_types):
    """Push a referrer of each artifact type to ONE; return their manifests."""
    manifests = [
        referrer(ONE, artifact_type, annotations={"n": str(n)}) for n, artifact_type in enumerate(artifact_types)
    ]
    for manifest in manifests:
        put_image(client, manifest)
    return manifests


def list_referrers(client, **parameters):
    """Return the referrers on the first page of ListImageReferrers, those of ONE unless another subject is given."""
    parameters = {"repositoryName": "web", "subjectId": SUBJECT, **parameters}
    return client.list_image_referrers(**parameters)["referrers"]


def test_list_image_referrers_describes_the_artifacts_of_an_image(client):
    (manifest,) = push_referrers(client, SBOM)
    put_image(client, referrer(TWO))

    assert list_referrers(client) == [
        {
            "digest": digest_of(manifest),
            "mediaType": OCI,
            "artifactType": SBOM,
            "size": len(manifest),
            "annotations": {"n": "0"},
            "artifactStatus": "ACTIVE",
        }
    ]


def test_a_referrer_without_an_artifact_type_has_the_media_type_of_its_config(client):
    subject = {"mediaType": OCI, "digest": digest_of(ONE), "size": 1}
    config = {"mediaType": SIGNATURE, "digest": digest_of("config"), "size": 1}
    put_image(client, image(subject=subject, config=config))
    put_image(client, index(subject=subject))

    referrers = list_referrers(client)

    assert [(artifact["mediaType"], artifact.get("artifactType")) for artifact in referrers] == [
        (OCI, SIGNATURE), (OCI_INDEX, None),
    ]  # fmt: skip
    assert "annotations" not in referrers[0]


@pytest.mark.parametrize(
    ("artifact_types", "count"),
    [
        pytest.param([], 5, id="no type"),
        pytest.param([SBOM], 3, id="one type"),
        pytest.param([SBOM, SIGNATURE], 5, id="two types"),
        pytest.param(["other", "\0"], 0, id="unknown types"),
        pytest.param([SIGNATURE] * 5, 2, id="one type five times"),
        pytest.param(["\0"], 0, id="NUL"),
    ],
)
def test_referrers_are_filtered_by_artifact_type(client, artifact_types, count):
    push_referrers(client, SBOM, SIGNATURE, SBOM, SIGNATURE, SBOM)
    parameters = {"repositoryName": "web", "subjectId": SUBJECT, "filter": {"artifactTypes": artifact_types}}

    assert len(client.list_image_referrers(**parameters)["referrers"]) == count
    check_paging(client.list_image_referrers, "referrers", "maxResults", **parameters)


def test_an_artifact_type_with_a_nul_does_not_match_one_with_a_space(ecr, client):
    ecr.push("web", manifest=referrer(ONE, "a b"))

    assert list_referrers(client, filter={"artifactTypes": ["a\0b"]}) == []


def test_a_referrer_has_only_the_annotations_that_are_strings(client):
    put_image(client, referrer(ONE, annotations={"a": 1, "b": "c"}))

    (artifact,) = list_referrers(client)

    assert artifact["annotations"] == {"b": "c"}


def test_referrers_are_filtered_by_status(client):
    manifests = push_referrers(client, SBOM, SBOM)
    archive_image(client, imageDigest=digest_of(manifests[0]))

    counts = {
        status: len(list_referrers(client, filter={"artifactStatus": status} if status else {}))
        for status in (None, "ACTIVE", "ARCHIVED", "ACTIVATING", "ANY")
    }

    assert counts == {None: 1, "ACTIVE": 1, "ARCHIVED": 1, "ACTIVATING": 0, "ANY": 2}


def test_a_page_of_referrers_has_twenty_by_default_and_fifty_at_most(client):
    push_referrers(client, *[SBOM] * 51)

    sizes = {size: len(list_referrers(client, **({"maxResults": size} if size else {}))) for size in (None, 1, 50)}

    assert sizes == {None: 20, 1: 1, 50: 50}


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"maxResults": 0}, id="maxResults 0"),
        pytest.param({"maxResults": 51}, id="maxResults 51"),
        pytest.param({"nextToken": "made up"}, id="an invalid token"),
        pytest.param({"subjectId": {}}, id="an empty subject"),
        pytest.param({"subjectId": {"imageDigest": "none"}}, id="a malformed subject"),
        pytest.param({"filter": {"artifactTypes": [SBOM] * 6}}, id="six artifact types"),
        pytest.param({"filter": {"artifactTypes": [""]}}, id="an empty artifact type"),
        pytest.param({"filter": {"artifactTypes": ["a" * 256]}}, id="an artifact type of 256 characters"),
        pytest.param({"filter": {"artifactStatus": "GONE"}}, id="an unknown status"),
    ],
)
def test_list_image_referrers_refuses_invalid_parameters(client, parameters):
    request = {"repositoryName": "web", "subjectId": SUBJECT, **parameters}

    assert code_of(client.list_image_referrers, **request) == "InvalidParameterException"


def test_a_token_of_another_subject_or_filter_of_referrers_is_refused(client):
    push_referrers(client, *[SBOM] * 3)
    token = client.list_image_referrers(repositoryName="web", subjectId=SUBJECT, maxResults=1)["nextToken"]

    for parameters in (
        {"subjectId": {"imageDigest": digest_of(TWO)}},
        {"subjectId": SUBJECT, "filter": {"artifactTypes": [SBOM]}},
        {"subjectId": SUBJECT, "filter": {"artifactStatus": "ANY"}},
    ):
        code = code_of(client.list_image_referrers, repositoryName="web", nextToken=token, **parameters)
        assert code == "InvalidParameterException"


def test_an_unknown_subject_has_no_referrers(client):
    assert list_referrers(client, subjectId={"imageDigest": digest_of("unknown")}) == []
