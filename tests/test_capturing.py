"""What a capture reads of a registry is a seed, and seeding it makes a registry of which the same is captured."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import boto3
import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from fakeecr import FakeECR
from fakeecr.capturing import Capture
from fakeecr.rules.manifests import digest_of
from fakeecr.seeds.writer import write_yaml
from tests.seeds.test_dump import OPTIONAL_KEYS, repositories

EXAMPLE = Path(__file__).parents[1] / "examples" / "registries.yaml"
ONCE = Config(retries={"total_max_attempts": 1})
KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/json", "digest": "sha256:" + "a" * 64, "size": 7},
        "layers": [],
    }
)


def text_of(capture):
    stream = io.StringIO()
    write_yaml(capture.content(), stream)
    return stream.getvalue()


def captured(*clients, **options):
    """Return a finished capture, and the seed that it led to."""
    capture = Capture(clients, **options)
    return capture, yaml.safe_load(text_of(capture))


def repositories_of(seed):
    return {
        repository["name"]: repository for registry in seed["registries"] for repository in registry["repositories"]
    }


def captured_again(text, **options):
    """Seed a new fake with a capture, and return what is captured of that."""
    with tempfile.TemporaryDirectory() as folder, FakeECR(limits="installed") as other:
        path = Path(folder) / "captured.yaml"
        path.write_text(text, encoding="utf-8")
        other.seed(path)
        return text_of(Capture([other.client()], **options))


# --- Laws ----------------------------------------------------------------------------------------

SETTINGS = {
    **OPTIONAL_KEYS,
    "image_tag_mutability": st.sampled_from(["MUTABLE", "IMMUTABLE"]),
}
SEEDS = repositories(SETTINGS).map(lambda drawn: {"registries": [{"repositories": drawn}]})


def comparable(repository):
    """Return what a dump and a capture of a repository have in common, in one order."""
    images = []
    for image in repository["images"]:
        kept = {key: value for key, value in image.items() if key not in ("manifest", "media_type", "size")}
        if "tags" in image:
            kept["tags"] = sorted(image["tags"])
        if image.get("status", "ACTIVE") == "ACTIVE":
            kept["manifest"] = image.get("manifest")
        images.append(kept)
    others = {key: value for key, value in repository.items() if key not in ("images", "layers")}
    return {**others, "images": sorted(images, key=lambda image: (image["pushed_at"], image["digest"]))}


@pytest.mark.newest_model("imageStatus")
@settings(max_examples=20)
@given(SEEDS)
def test_a_capture_that_is_seeded_and_captured_is_the_same_file(seed):
    with FakeECR(limits="installed") as original:
        original.seed(seed)
        dumped = original.dump()
        text = text_of(Capture([original.client()], with_findings=True))

    assert captured_again(text, with_findings=True) == text
    content = repositories_of(yaml.safe_load(text))
    assert list(content) == sorted(content)
    assert {name: comparable(repository) for name, repository in content.items()} == {
        name: comparable(repository) for name, repository in repositories_of(dumped).items()
    }


REFUSED_OR_NOT = {
    "tags": st.lists(st.sampled_from(["team", "aws:stack", "aws:id", ""]), unique=True, max_size=3),
    "filters": st.lists(st.sampled_from(["dev-*", "no spaces", "", "latest"]), unique=True, max_size=3),
}


@pytest.mark.newest_model("imageTagMutabilityExclusionFilters")
@settings(max_examples=20)
@given(**REFUSED_OR_NOT)
def test_a_capture_without_what_a_seed_refuses_is_the_same_file_after_seeding(tags, filters):
    def answer_tags(parsed, **_):
        parsed["tags"] = [{"Key": key, "Value": "x"} for key in tags]

    def answer_filters(parsed, **_):
        parsed["repositories"][0]["imageTagMutability"] = "IMMUTABLE_WITH_EXCLUSION"
        parsed["repositories"][0]["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": each} for each in filters
        ]

    with FakeECR() as original:
        client = original.client()
        client.create_repository(repositoryName="web")
        client.meta.events.register("after-call.ecr.ListTagsForResource", answer_tags)
        client.meta.events.register("after-call.ecr.DescribeRepositories", answer_filters)
        text = text_of(Capture([client]))

    assert captured_again(text) == text


@pytest.mark.parametrize(("account_id", "region"), [("012345678910", "us-west-2"), ("123456789012", "us-east-1")])
def test_the_examples_are_the_same_file_when_they_are_captured_seeded_and_captured(account_id, region):
    with FakeECR(account_id=account_id, region=region) as ecr:
        ecr.seed(EXAMPLE)
        text = text_of(Capture([ecr.client()]))
    with FakeECR(account_id=account_id, region=region) as other:
        other.seed(yaml.safe_load(text))
        assert text_of(Capture([other.client()])) == text


# --- What is read ---------------------------------------------------------------------------------


@pytest.mark.newest_model("imageTagMutabilityExclusionFilters")
def test_every_setting_of_a_repository_is_captured(ecr, client):
    client.create_repository(
        repositoryName="team/service",
        tags=[{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": ""}],
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": KEY},
    )

    _, seed = captured(ecr.client())

    repository = repositories_of(seed)["team/service"]
    assert seed["registries"][0]["id"] == "123456789012"
    assert seed["registries"][0]["region"] == "us-east-1"
    assert list(repository["tags"].items()) == [("cost", ""), ("team", "blue")]
    assert repository["image_tag_mutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository["image_tag_mutability_exclusion_filters"] == ["dev-*"]
    assert repository["scan_on_push"] is True
    assert (repository["encryption_type"], repository["kms_key"]) == ("KMS", KEY)


def test_an_index_is_captured_with_its_images_and_can_be_pulled_after_seeding(ecr):
    index = ecr.push("web", "latest", platforms=["linux/amd64", "linux/arm64"])

    _, seed = captured(ecr.client())

    with FakeECR() as other:
        other.seed(seed)
        client = other.client()
        (pulled,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])["images"]
        children = [{"imageDigest": child["digest"]} for child in json.loads(pulled["imageManifest"])["manifests"]]
        response = client.batch_get_image(repositoryName="web", imageIds=children)
    assert pulled["imageId"]["imageDigest"] == index.digest
    assert (len(response["images"]), response["failures"]) == (2, [])


@pytest.mark.newest_model("imageStatus")
def test_an_archived_image_is_kept_by_its_digest(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [
        {"tags": ["old"], "status": "ARCHIVED", "archived_at": "2026-01-03T00:00:00Z", "manifest": MANIFEST},
    ]}]}]})  # fmt: skip

    capture, seed = captured(ecr.client())

    (image,) = repositories_of(seed)["web"]["images"]
    assert (image["digest"], image["tags"], image["status"]) == (digest_of(MANIFEST.encode()), ["old"], "ARCHIVED")
    assert (image["archived_at"], image["size"]) == ("2026-01-03T00:00:00Z", 7)
    assert "manifest" not in image
    assert dict(capture.left_out) == {"web: the manifest of an archived image": 1}


@pytest.mark.newest_model("imageStatus")
def test_an_image_that_cannot_be_pulled_is_kept_by_its_digest_and_reported(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"digest": "sha256:" + "a" * 64}]}]}]})

    capture, seed = captured(ecr.client())

    assert repositories_of(seed)["web"]["images"][0]["digest"] == "sha256:" + "a" * 64
    assert dict(capture.left_out) == {"web: the manifest of an image (ImageInaccessible)": 1}


def test_findings_are_read_only_if_they_are_asked_for(ecr):
    ecr.push("web", "latest")
    findings = [{"name": "CVE-2", "severity": "LOW"}, {"name": "CVE-1", "severity": "HIGH"}]
    ecr.set_findings("web", findings, tag="latest")

    _, without = captured(ecr.client())
    calls = len(ecr.calls.of("DescribeImageScanFindings"))
    _, with_findings = captured(ecr.client(), with_findings=True)

    assert calls == 0
    assert "findings" not in repositories_of(without)["web"]["images"][0]
    assert repositories_of(with_findings)["web"]["images"][0]["findings"] == [
        {"name": "CVE-1", "severity": "HIGH"},
        {"name": "CVE-2", "severity": "LOW"},
    ]


def test_only_operations_that_read_are_called(ecr):
    ecr.push("web", "latest", platforms=["linux/amd64"])

    captured(ecr.client(), with_findings=True)

    assert {call.operation for call in ecr.calls} == {
        "DescribeRepositories",
        "ListTagsForResource",
        "GetRepositoryPolicy",
        "GetLifecyclePolicy",
        "DescribeImages",
        "BatchGetImage",
        "DescribeImageScanFindings",
    }


def test_images_are_pulled_by_digest_in_batches_of_at_most_100(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 250, "tags": ["v{n}"]}]}]}]})

    captured(ecr.client())

    batches = [call.parameters["imageIds"] for call in ecr.calls.of("BatchGetImage")]
    assert [len(batch) for batch in batches] == [100, 100, 50]
    assert all(image_id.keys() == {"imageDigest"} for batch in batches for image_id in batch)


def test_images_are_sorted_by_the_time_of_their_push_and_then_by_digest(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [
        {"tags": [tag], "pushed_at": moment, "digest": f"sha256:{tag * 64}"}
        for tag, moment in (("a", "2026-01-02"), ("c", "2026-01-01"), ("b", "2026-01-01"))
    ]}]}]})  # fmt: skip

    _, seed = captured(ecr.client())

    assert [image["tags"] for image in repositories_of(seed)["web"]["images"]] == [["b"], ["c"], ["a"]]


def test_images_are_written_while_others_are_still_to_be_read(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 1_000}]}]}]})
    client, stream, lengths = ecr.client(), io.StringIO(), []
    client.meta.events.register("before-call.ecr.BatchGetImage", lambda **_: lengths.append(len(stream.getvalue())))

    write_yaml(Capture([client]).content(), stream)

    assert lengths[1] > 10_000
    assert lengths == sorted(set(lengths))


# --- Which repositories ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        pytest.param([], ["team/a", "team/b/c", "web"], id="all"),
        pytest.param(["team/*"], ["team/a", "team/b/c"], id="a pattern"),
        pytest.param(["web"], ["web"], id="a name"),
        pytest.param(["web", "*a", "web"], ["team/a", "web"], id="names and patterns"),
    ],
)
def test_repositories_are_chosen_by_name_or_pattern(ecr, patterns, expected):
    for name in ("web", "team/b/c", "team/a"):
        ecr.push(name)

    capture, seed = captured(ecr.client(), patterns=patterns)

    assert list(repositories_of(seed)) == expected
    assert capture.unmatched == []


def test_a_name_needs_no_permission_to_list_all_repositories(ecr):
    ecr.push("web")
    ecr.push("api")

    captured(ecr.client(), patterns=["web"])

    assert [call.parameters for call in ecr.calls.of("DescribeRepositories")] == [{"repositoryNames": ["web"]}]


def test_a_pattern_without_a_repository_is_known_before_anything_is_read(ecr):
    ecr.push("web")

    capture = Capture([ecr.client()], ["web", "wab", "team/*"])

    assert capture.unmatched == ["wab", "team/*"]
    assert {call.operation for call in ecr.calls} == {"DescribeRepositories"}


@pytest.mark.newest_model("imageStatus")
def test_regions_are_captured_in_the_order_of_their_names(ecr):
    clients = [ecr.client(region_name=region) for region in ("us-west-2", "eu-west-1", "ap-south-1")]
    for client in clients[:2]:
        client.create_repository(repositoryName="web")

    capture, seed = captured(*clients)

    assert [registry["region"] for registry in seed["registries"]] == ["eu-west-1", "us-west-2"]
    assert dict(capture.left_out) == {"ap-south-1: it has no repositories to capture": 1}


# --- Faults ---------------------------------------------------------------------------------------


@pytest.mark.newest_model("imageStatus")
@pytest.mark.parametrize(
    ("operation", "key"),
    [("ListTagsForResource", "tags"), ("GetRepositoryPolicy", "policy"), ("GetLifecyclePolicy", "lifecycle_policy")],
)
def test_what_an_optional_operation_may_not_tell_is_left_out_and_reported_once(ecr, operation, key):
    policy = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}'
    rules = '{"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}}]}'
    ecr.seed({"registries": [{"repositories": [
        {"name": name, "tags": {"a": "b"}, "policy": policy, "lifecycle_policy": rules} for name in ("api", "web")
    ]}]})  # fmt: skip
    ecr.fail(operation, "AccessDeniedException", times=None)

    capture, seed = captured(ecr.client())

    for repository in repositories_of(seed).values():
        assert {"tags", "policy", "lifecycle_policy"} - repository.keys() == {key}
    assert dict(capture.left_out) == {f"what {operation} would tell of a repository: access is denied": 2}


@pytest.mark.newest_model("imageStatus")
@pytest.mark.parametrize("code", ["UnsupportedImageTypeException", "ValidationException"])
def test_an_image_whose_findings_cannot_be_told_is_captured_without(ecr, code):
    ecr.push("web", "1.0")
    ecr.push("web", "2.0")
    ecr.fail("DescribeImageScanFindings", code, times=1)

    capture, seed = captured(ecr.client(), with_findings=True)

    assert capture.left_out == {f"web: what DescribeImageScanFindings would tell: {code}": 1}
    assert len(repositories_of(seed)["web"]["images"]) == 2


@pytest.mark.parametrize("code", ["ThrottlingException", "ExpiredTokenException", "ServerException"])
def test_an_optional_operation_that_fails_as_others_would_is_an_error(ecr, code):
    ecr.push("web")
    ecr.fail("GetRepositoryPolicy", code, times=None)

    with pytest.raises(ClientError, match=code):
        captured(ecr.client(config=ONCE))


def test_two_captures_without_pull_times_are_the_same_file(ecr):
    ecr.push("web")

    first, second = (text_of(Capture([ecr.client()], with_pull_times=False)) for _ in range(2))

    assert "pulled_at" not in first
    assert first == second
    assert "pulled_at" in text_of(Capture([ecr.client()]))


@pytest.mark.newest_model("imageStatus")
def test_findings_that_are_denied_are_asked_for_once_in_a_repository(ecr):
    for _ in range(3):
        ecr.push("web")
    ecr.fail("DescribeImageScanFindings", "AccessDeniedException", times=None)

    capture, _ = captured(ecr.client(), with_findings=True)

    assert len(ecr.calls.of("DescribeImageScanFindings")) == 1
    assert dict(capture.left_out) == {"what DescribeImageScanFindings would tell of a repository: access is denied": 1}


@pytest.mark.parametrize("operation", ["DescribeImages", "BatchGetImage"])
def test_a_required_operation_that_is_denied_is_an_error_that_names_it(ecr, operation):
    ecr.push("web")
    ecr.fail(operation, "AccessDeniedException", times=None)

    with pytest.raises(ClientError, match=f"AccessDeniedException.*{operation}"):
        captured(ecr.client())


def test_a_page_that_fails_in_the_middle_is_an_error(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 1_001}]}]}]})
    ecr.fail("DescribeImages", "ServerException", after=1, times=None)

    with pytest.raises(ClientError, match="ServerException"):
        captured(ecr.client(config=ONCE))


@pytest.mark.newest_model("imageStatus")
def test_a_repository_that_is_deleted_before_its_images_are_listed_is_left_out(ecr):
    for name in ("api", "web"):
        ecr.push(name)
    ecr.fail("DescribeImages", "RepositoryNotFoundException", repositoryName="api")

    capture, seed = captured(ecr.client())

    assert list(repositories_of(seed)) == ["web"]
    assert dict(capture.left_out) == {"api: it was deleted while it was read": 1}


@pytest.mark.newest_model("imageStatus")
def test_the_images_of_a_repository_that_is_deleted_while_they_are_read_are_left_out(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 150}]}]}]})
    ecr.fail("BatchGetImage", "RepositoryNotFoundException", after=1)

    capture, seed = captured(ecr.client())

    assert len(repositories_of(seed)["web"]["images"]) == 100
    assert dict(capture.left_out) == {"web: images, because it was deleted while it was read": 50}


@pytest.mark.newest_model("imageStatus")
def test_an_image_that_is_deleted_after_it_was_listed_is_left_out(ecr):
    kept = ecr.push("web", "kept")
    deleted = ecr.push("web", "deleted")
    client, other = ecr.client(), ecr.client()

    def delete(**_):
        other.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": deleted.digest}])

    client.meta.events.register("before-call.ecr.BatchGetImage", delete)
    capture, seed = captured(client)

    assert [image["digest"] for image in repositories_of(seed)["web"]["images"]] == [kept.digest]
    assert dict(capture.left_out) == {"web: an image that was deleted while it was read": 1}


def test_a_tag_that_moves_between_two_pages_belongs_to_one_image(ecr, change_answers):
    ecr.push("web", "a")
    ecr.push("web", "b")

    def give_both_a_tag(parsed):
        for detail in parsed["imageDetails"]:
            detail["imageTags"].append("latest")

    client = change_answers(ecr.client(), "DescribeImages", give_both_a_tag)
    _, seed = captured(client)

    assert [image["tags"] for image in repositories_of(seed)["web"]["images"]] in (
        [["a"], ["b", "latest"]],
        [["b", "latest"], ["a"]],
    )


# --- What a seed cannot have ----------------------------------------------------------------------


@pytest.fixture
def change_answers():
    """Return a function that lets a client's responses of an operation be changed before the client returns them."""

    def change(client, operation, function):
        client.meta.events.register(f"after-call.ecr.{operation}", lambda parsed, **_: function(parsed))
        return client

    return change


def add_aws_tag(parsed):
    parsed["tags"] = [{"Key": "aws:cloudformation:stack-name", "Value": "x"}, {"Key": "team", "Value": "blue"}]


def set_policy(parsed):
    parsed["policyText"] = '{"Statement": []}'


def forget_key(parsed):
    parsed["repositories"][0]["encryptionConfiguration"] = {"encryptionType": "KMS"}


def forget_filters(parsed):
    parsed["repositories"][0]["imageTagMutability"] = "IMMUTABLE_WITH_EXCLUSION"


@pytest.mark.newest_model("imageStatus")
@pytest.mark.parametrize(
    ("operation", "change", "left_out", "removed"),
    [
        pytest.param(
            "ListTagsForResource", add_aws_tag, "web: tags.aws:cloudformation:stack-name: ", "-", id="a tag of AWS"
        ),
        pytest.param(
            "GetRepositoryPolicy",
            set_policy,
            "web: policy: expected a policy as JSON: it has no statements",
            "policy",
            id="a policy",
        ),
        pytest.param("DescribeRepositories", forget_key, "web: encryption_type: ", "encryption_type", id="no key"),
        pytest.param(
            "DescribeRepositories",
            forget_filters,
            "web: image_tag_mutability: ",
            "image_tag_mutability",
            id="no filters",
        ),
    ],
)
def test_a_setting_that_a_seed_refuses_is_left_out_and_reported(
    ecr, change_answers, operation, change, left_out, removed
):
    ecr.seed(
        {
            "registries": [
                {
                    "repositories": [
                        {
                            "name": "web",
                            "policy": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}',
                        }
                    ]
                }
            ]
        }
    )

    capture, seed = captured(change_answers(ecr.client(), operation, change))

    assert [what.startswith(left_out) for what in capture.left_out] == [True]
    repository = repositories_of(seed)["web"]
    assert removed not in repository
    assert repository.get("tags", {"team": "blue"}) == {"team": "blue"}
    with FakeECR() as other:
        other.seed(seed)


def test_policies_in_another_form_are_captured_as_they_are_after_seeding(ecr, change_answers):
    rules = '{"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}}]}'
    policy = '{"Statement":[{"Action":"ecr:*","Principal":"*","Effect":"Allow"}]}'
    ecr.seed({"registries": [{"repositories": [{"name": "web", "policy": policy, "lifecycle_policy": rules}]}]})
    client = change_answers(ecr.client(), "GetRepositoryPolicy", lambda parsed: parsed.update(policyText=policy))
    change_answers(client, "GetLifecyclePolicy", lambda parsed: parsed.update(lifecyclePolicyText=rules))

    text = text_of(Capture([client]))

    assert captured_again(text) == text


@pytest.mark.newest_model("imageStatus")
def test_a_manifest_whose_digest_is_another_one_is_left_out_and_reported(ecr, change_answers):
    digest = ecr.push("web", "latest").digest

    def change(parsed):
        parsed["images"][0]["imageManifest"] += "\ud800"

    capture, seed = captured(change_answers(ecr.client(), "BatchGetImage", change))

    (image,) = repositories_of(seed)["web"]["images"]
    assert (image["digest"], "manifest" in image) == (digest, False)
    assert dict(capture.left_out) == {"web: the manifest of an image whose digest is that of another text": 1}


def test_an_image_whose_digest_no_seed_can_have_is_left_out_and_reported(ecr, change_answers):
    ecr.push("web", "latest")

    def change(parsed):
        parsed["imageDetails"][0]["imageDigest"] = "sha512:" + "a" * 128

    client = change_answers(ecr.client(), "DescribeImages", change)
    capture, seed = captured(change_answers(client, "BatchGetImage", lambda parsed: parsed["failures"].clear()))

    assert repositories_of(seed)["web"]["images"] == []
    assert any(what.startswith("web: an image: digest: ") for what in capture.left_out)


@pytest.mark.newest_model("imageStatus")
def test_a_tag_that_no_seed_can_have_is_left_out_and_reported(ecr, change_answers):
    ecr.push("web", "latest")

    def change(parsed):
        parsed["imageDetails"][0]["imageTags"] = ["a{n}", "b", "ü"]

    capture, seed = captured(change_answers(ecr.client(), "DescribeImages", change))

    assert repositories_of(seed)["web"]["images"][0]["tags"] == ["b"]
    assert [(what[:24], count) for what, count in capture.left_out.items()] == [("web: a tag of an image: ", 2)]


@pytest.mark.newest_model("imageStatus")
def test_names_that_only_the_installed_limits_allow_are_counted():
    with FakeECR(limits="installed") as ecr:
        ecr.push("my--repo")
        ecr.push("web")
        capture, _ = captured(ecr.client())

    assert capture.newer_names == 1


# --- Another fake ---------------------------------------------------------------------------------


@pytest.mark.newest_model("imageStatus")
@mock_aws
def test_a_registry_of_moto_is_captured():
    client = boto3.client("ecr", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    client.create_repository(
        repositoryName="team/web", imageScanningConfiguration={"scanOnPush": True}, tags=[{"Key": "a", "Value": "b"}]
    )
    for tag in ("1.0", "latest"):
        client.put_image(
            repositoryName="team/web", imageManifest=MANIFEST, imageTag=tag, imageDigest=digest_of(MANIFEST.encode())
        )

    capture, seed = captured(client, with_findings=True)

    repository = repositories_of(seed)["team/web"]
    (image,) = repository["images"]
    assert seed["registries"][0]["id"] == "123456789012"
    assert (repository["scan_on_push"], repository["tags"]) == (True, {"a": "b"})
    assert (image["digest"], image["tags"], image["manifest"]) == (
        digest_of(MANIFEST.encode()),
        ["1.0", "latest"],
        MANIFEST,
    )
    assert dict(capture.left_out) == {}
    with FakeECR() as other:
        other.seed(seed)


@pytest.mark.newest_model("imageStatus")
@mock_aws
def test_manifests_of_moto_whose_digests_are_not_theirs_are_left_out():
    client = boto3.client("ecr", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    client.create_repository(repositoryName="web")
    digest = client.put_image(repositoryName="web", imageManifest=MANIFEST, imageTag="a")["image"]["imageId"][
        "imageDigest"
    ]

    capture, seed = captured(client)

    assert [(image["digest"], image["tags"]) for image in repositories_of(seed)["web"]["images"]] == [(digest, ["a"])]
    assert dict(capture.left_out) == {"web: the manifest of an image whose digest is that of another text": 1}
