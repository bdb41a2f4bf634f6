"""Repositories are created, configured and deleted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import code_of, error_of
from tests.conftest import unchecked
from tests.operations.helpers import content, only_repository, put_image, seed_of
from tests.operations.samples import KMS_KEY, OTHER_ACCOUNT

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"


def create(client, **parameters):
    """Create the repository "web"; return it as the response has it."""
    return client.create_repository(repositoryName="web", **parameters)["repository"]


# --- CreateRepository --------------------------------------------------------------------------------


@freeze_time("2026-11-23 10:00:00.123")
def test_create_repository_returns_the_repository_with_default_settings(client):
    assert client.create_repository(repositoryName="team/web")["repository"] == {
        "repositoryArn": "arn:aws:ecr:us-east-1:123456789012:repository/team/web",
        "registryId": "123456789012",
        "repositoryName": "team/web",
        "repositoryUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/web",
        "createdAt": datetime(2026, 11, 23, 10, 0, 0, 123000, UTC),
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


def test_create_repository_stores_every_setting(client):
    settings = {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [
            {"filterType": "WILDCARD", "filter": "dev-*"},
            {"filterType": "WILDCARD", "filter": "latest"},
        ],
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS_DSSE", "kmsKey": KMS_KEY},
    }
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "empty", "Value": ""}]

    created = create(client, tags=tags, **settings)

    assert settings.items() <= created.items()
    assert client.describe_repositories()["repositories"] == [created]
    stored_tags = client.list_tags_for_resource(resourceArn=created["repositoryArn"])["tags"]
    assert sorted(stored_tags, key=str) == sorted(tags, key=str)


@pytest.mark.parametrize(
    ("region", "arn", "uri"),
    [
        pytest.param("cn-north-1", "arn:aws-cn:ecr:cn-north-1:", "dkr.ecr.cn-north-1.amazonaws.com.cn/web", id="China"),
        pytest.param(
            "us-gov-west-1",
            "arn:aws-us-gov:ecr:us-gov-west-1:",
            "dkr.ecr.us-gov-west-1.amazonaws.com/web",
            id="GovCloud",
        ),
        pytest.param(
            "eu-central-1", "arn:aws:ecr:eu-central-1:", "dkr.ecr.eu-central-1.amazonaws.com/web", id="Europe"
        ),
    ],
)
def test_the_arn_and_the_uri_of_a_repository_have_its_partition_and_region(ecr, region, arn, uri):
    client = unchecked(ecr, region_name=region)

    created = create(client)

    assert created["repositoryArn"].startswith(arn)
    assert created["repositoryUri"].endswith(uri)
    assert client.list_tags_for_resource(resourceArn=created["repositoryArn"])["tags"] == []


@pytest.mark.parametrize(
    ("key", "arn"),
    [
        pytest.param("alias/mine", "arn:aws:kms:us-east-1:123456789012:alias/mine", id="alias"),
        pytest.param(KEY_ID, f"arn:aws:kms:us-east-1:123456789012:key/{KEY_ID}", id="key id"),
    ],
)
def test_a_repository_has_the_arn_of_its_kms_key(client, key, arn):
    created = create(client, encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key})

    assert created["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": arn}


def test_a_repository_without_a_named_kms_key_has_the_managed_key_of_the_registry(client):
    encryption = {"encryptionType": "KMS"}

    keys = [
        client.create_repository(repositoryName=name, encryptionConfiguration=encryption)["repository"][
            "encryptionConfiguration"
        ]["kmsKey"]
        for name in ("one", "two")
    ]

    assert keys[0].startswith("arn:aws:kms:us-east-1:123456789012:key/")
    assert keys[0] == keys[1]


# For each invalid request: its parameters, the code of the error, and a part of its message.
INVALID_REPOSITORIES = {
    "a repositoryName of 1":
        ({"repositoryName": "a"}, "InvalidParameterException", "'must have length greater than or equal to 2'"),
    "a repositoryName with a capital":
        ({"repositoryName": "A/b"}, "InvalidParameterException", "must satisfy regular expression"),
    "an unknown mutability":
        pytest.param(
            {"imageTagMutability": "LOOSE"}, "InvalidParameterException",
            "'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]'",
            marks=pytest.mark.newest_model("MUTABLE_WITH_EXCLUSION")),
    "exclusion without filters":
        ({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}, "InvalidParameterException",
         "'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as "
         "MUTABLE_WITH_EXCLUSION'"),
    "filters without exclusion":
        ({"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a"}]},
         "InvalidParameterException", "imageTagMutabilityExclusionFilters"),
    "no filters":
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": []},
         "InvalidParameterException", "'Member must have length greater than or equal to 1'"),
    "six filters":
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
          "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a"}] * 6},
         "InvalidParameterException", "'Member must have length less than or equal to 5'"),
    "a filter with three asterisks":
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
          "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a*b*c*"}]},
         "InvalidParameterException", "imageTagMutabilityExclusionFilters"),
    "a filter with a space":
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
          "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a b"}]},
         "InvalidParameterException", "must satisfy regular expression"),
    "no encryptionType":
        ({"encryptionConfiguration": {}}, "InvalidParameterException", "'Member must not be null'"),
    "a KMS key with AES256":
        ({"encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "alias/x"}},
         "InvalidParameterException", "kmsKey"),
    "a malformed KMS key":
        ({"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "no key"}}, "KmsException", "no key"),
    "a long KMS alias":
        ({"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/" + "a" * 2040}}, "KmsException", ""),
    "a KMS key of another region":
        ({"encryptionConfiguration": {"encryptionType": "KMS",
          "kmsKey": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}},
         "KmsException", "eu-west-1"),
    "a tag with an empty key":
        ({"tags": [{"Key": "", "Value": "x"}]}, "InvalidTagParameterException", "Tag parameters are invalid"),
    "a tag with a reserved key":
        ({"tags": [{"Key": "aws:x", "Value": "x"}]}, "InvalidTagParameterException", "Tag parameters are invalid"),
    "a tag key of 129 characters":
        ({"tags": [{"Key": "k" * 129, "Value": ""}]}, "InvalidTagParameterException", "Tag parameters are invalid"),
    "a tag value of 257 characters":
        ({"tags": [{"Key": "k", "Value": "v" * 257}]}, "InvalidTagParameterException", "Tag parameters are"),
    "NUL as tag value":
        ({"tags": [{"Key": "k", "Value": "\0"}]}, "InvalidTagParameterException", "Tag parameters are invalid"),
    "a tag key twice":
        ({"tags": [{"Key": "k", "Value": "a"}, {"Key": "k", "Value": "b"}]}, "InvalidTagParameterException", ""),
    "a tag without a key":
        ({"tags": [{"Value": "x"}]}, "InvalidParameterException", "at 'tags.1.member.key'"),
    "51 tags":
        ({"tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "TooManyTagsException", "50"),
}  # fmt: skip


@pytest.mark.parametrize(("parameters", "code", "message"), INVALID_REPOSITORIES.values(), ids=INVALID_REPOSITORIES)
def test_create_repository_with_an_invalid_parameter_creates_nothing(client, parameters, code, message):
    error = error_of(client.create_repository, **{"repositoryName": "web", **parameters})

    assert (error[0], error[2]) == (code, 400)
    assert message in error[1]
    assert client.describe_repositories()["repositories"] == []


def test_a_kms_exception_has_the_error_of_kms(client):
    with pytest.raises(ClientError) as caught:
        create(client, encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "?"})

    assert caught.value.response["kmsError"] == "NotFoundException"


def test_a_second_repository_of_the_same_name_in_the_same_registry_is_refused(client, web):
    assert error_of(client.create_repository, repositoryName="web") == (
        "RepositoryAlreadyExistsException",
        "The repository with name 'web' already exists in the registry with id '123456789012'",
        400,
    )

    assert create(client, registryId=OTHER_ACCOUNT)["registryId"] == OTHER_ACCOUNT


def test_a_registry_has_at_most_a_hundred_thousand_repositories(ecr, client):
    ecr.seed(seed_of({"name": "first"}))
    with ecr._open().store.writing() as connection:
        connection.execute(
            sa.text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999) "
                "INSERT INTO repository (registry_id, name, created_at) SELECT 1, 'more' || i, 0 FROM n"
            )
        )

    code, message, _ = error_of(client.create_repository, repositoryName="one-too-many")

    assert code == "LimitExceededException"
    assert "100000" in message


# --- DeleteRepository --------------------------------------------------------------------------------


def test_delete_repository_returns_the_deleted_repository(client):
    created = create(client)

    assert client.delete_repository(repositoryName="web")["repository"] == created
    assert code_of(client.delete_repository, repositoryName="web") == "RepositoryNotFoundException"


@pytest.mark.parametrize("force", [pytest.param({}, id="absent"), pytest.param({"force": False}, id="false")])
def test_a_repository_with_an_image_of_any_status_is_not_deleted_without_force(ecr, client, force):
    ecr.seed(seed_of({"name": "web", "images": [{"status": "ARCHIVED"}]}))

    assert error_of(client.delete_repository, repositoryName="web", **force) == (
        "RepositoryNotEmptyException",
        "The repository with name 'web' in registry with id '123456789012' cannot be deleted because it still "
        "contains images",
        400,
    )


def test_delete_repository_with_force_deletes_everything_in_the_repository(database):
    with FakeECR(database) as ecr:
        client = unchecked(ecr)
        created = create(client, tags=[{"Key": "a", "Value": "b"}])
        put_image(client, tag="v1")
        client.initiate_layer_upload(repositoryName="web")

        client.delete_repository(repositoryName="web", force=True)

        client.create_repository(repositoryName="web")
        assert client.list_images(repositoryName="web")["imageIds"] == []
        assert client.list_tags_for_resource(resourceArn=created["repositoryArn"])["tags"] == []


def test_delete_repository_keeps_the_repository_of_the_same_name_in_another_registry(ecr, client):
    ecr.push("web", "v1")
    ecr.push("web", "v1", registry_id=OTHER_ACCOUNT)

    client.delete_repository(repositoryName="web", force=True, registryId=OTHER_ACCOUNT)

    assert len(client.list_images(repositoryName="web")["imageIds"]) == 1


# --- PutImageTagMutability and PutImageScanningConfiguration -----------------------------------------


def test_put_image_tag_mutability_replaces_the_mutability_and_its_filters(client, web):
    filters = [{"filterType": "WILDCARD", "filter": "*-rel"}]

    response = client.put_image_tag_mutability(
        repositoryName="web",
        imageTagMutability="MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=filters,
    )
    assert content(response) == {
        "registryId": "123456789012",
        "repositoryName": "web",
        "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters,
    }
    assert only_repository(client)["imageTagMutabilityExclusionFilters"] == filters

    response = client.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE")
    assert "imageTagMutabilityExclusionFilters" not in response
    repository = only_repository(client)
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert "imageTagMutabilityExclusionFilters" not in repository


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({}, id="no mutability"),
        pytest.param({"imageTagMutability": "immutable"}, id="an unknown mutability"),
        pytest.param({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}, id="exclusion without filters"),
        pytest.param(
            {
                "imageTagMutability": "IMMUTABLE",
                "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a"}],
            },
            id="filters without exclusion",
        ),
    ],
)
def test_put_image_tag_mutability_refuses_an_invalid_mutability(client, web, parameters):
    code = code_of(client.put_image_tag_mutability, repositoryName="web", **parameters)

    assert code == "InvalidParameterException"


def test_put_image_scanning_configuration_sets_scan_on_push(client, web):
    response = client.put_image_scanning_configuration(
        repositoryName="web", imageScanningConfiguration={"scanOnPush": True}
    )
    assert content(response) == {
        "registryId": "123456789012",
        "repositoryName": "web",
        "imageScanningConfiguration": {"scanOnPush": True},
    }
    assert client.describe_repositories()["repositories"][0]["imageScanningConfiguration"] == {"scanOnPush": True}

    response = client.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={})
    assert response["imageScanningConfiguration"] == {"scanOnPush": False}
