"""Repositories: created, described, set and deleted, each through a real client."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import all_pages, check_paging, code_of, error_of
from tests.conftest import unchecked
from tests.manifests import image

ACCOUNT = "123456789012"


class TestCreateRepository:
    @freeze_time("2026-11-23 10:00:00.123")
    def test_gives_the_repository_as_aws_does(self, client):
        assert client.create_repository(repositoryName="team/web")["repository"] == {
            "repositoryArn": "arn:aws:ecr:us-east-1:123456789012:repository/team/web",
            "registryId": ACCOUNT,
            "repositoryName": "team/web",
            "repositoryUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/web",
            "createdAt": datetime(2026, 11, 23, 10, 0, 0, 123000, UTC),
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": False},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        }

    def test_keeps_every_setting(self, client):
        settings = {
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [
                {"filterType": "WILDCARD", "filter": "dev-*"},
                {"filterType": "WILDCARD", "filter": "latest"},
            ],
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfiguration": {
                "encryptionType": "KMS_DSSE",
                "kmsKey": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            },
        }
        tags = [{"Key": "team", "Value": "blue"}, {"Key": "empty", "Value": ""}]
        created = client.create_repository(repositoryName="web", tags=tags, **settings)["repository"]
        assert settings.items() <= created.items()
        assert client.describe_repositories()["repositories"] == [created]
        listed = client.list_tags_for_resource(resourceArn=created["repositoryArn"])["tags"]
        assert sorted(listed, key=str) == sorted(tags, key=str)

    @pytest.mark.parametrize(
        ("region", "arn", "uri"),
        [
            ("cn-north-1", "arn:aws-cn:ecr:cn-north-1:", "dkr.ecr.cn-north-1.amazonaws.com.cn/web"),
            ("us-gov-west-1", "arn:aws-us-gov:ecr:us-gov-west-1:", "dkr.ecr.us-gov-west-1.amazonaws.com/web"),
            ("eu-central-1", "arn:aws:ecr:eu-central-1:", "dkr.ecr.eu-central-1.amazonaws.com/web"),
        ],
    )
    def test_names_things_as_their_partition_does(self, ecr, region, arn, uri):
        client = unchecked(ecr, region_name=region)
        created = client.create_repository(repositoryName="web")["repository"]
        assert created["repositoryArn"].startswith(arn)
        assert created["repositoryUri"].endswith(uri)
        assert client.list_tags_for_resource(resourceArn=created["repositoryArn"])["tags"] == []

    @pytest.mark.parametrize(
        ("key", "arn"),
        [
            ("alias/mine", "arn:aws:kms:us-east-1:123456789012:alias/mine"),
            (
                "1234abcd-12ab-34cd-56ef-1234567890ab",
                "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
        ],
    )
    def test_gives_the_arn_of_a_key(self, client, key, arn):
        encryption = {"encryptionType": "KMS", "kmsKey": key}
        created = client.create_repository(repositoryName="web", encryptionConfiguration=encryption)["repository"]
        assert created["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": arn}

    def test_gives_the_arn_of_the_managed_key_where_none_is_named(self, client):
        keys = [
            client.create_repository(repositoryName=name, encryptionConfiguration={"encryptionType": "KMS"})[
                "repository"
            ]["encryptionConfiguration"]["kmsKey"]
            for name in ("one", "two")
        ]
        assert keys[0].startswith("arn:aws:kms:us-east-1:123456789012:key/")
        assert keys[0] == keys[1]

    @pytest.mark.parametrize(
        ("parameters", "code", "said"),
        [
            ({"repositoryName": "a"}, "InvalidParameterException", "'must have length greater than or equal to 2'"),
            ({"repositoryName": "A/b"}, "InvalidParameterException", "must satisfy regular expression"),
            ({"imageTagMutability": "LOOSE"}, "InvalidParameterException",
             "'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]'"),
            ({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}, "InvalidParameterException",
             "'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as "
             "MUTABLE_WITH_EXCLUSION'"),
            ({"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a"}]},
             "InvalidParameterException", "imageTagMutabilityExclusionFilters"),
            ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": []},
             "InvalidParameterException", "'Member must have length greater than or equal to 1'"),
            ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
              "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a"}] * 6},
             "InvalidParameterException", "'Member must have length less than or equal to 5'"),
            ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
              "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a*b*c*"}]},
             "InvalidParameterException", "imageTagMutabilityExclusionFilters"),
            ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
              "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a b"}]},
             "InvalidParameterException", "must satisfy regular expression"),
            ({"encryptionConfiguration": {}}, "InvalidParameterException", "'Member must not be null'"),
            ({"encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "alias/x"}},
             "InvalidParameterException", "kmsKey"),
            ({"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "no key"}}, "KmsException", "no key"),
            ({"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/" + "a" * 2040}}, "KmsException", ""),
            ({"encryptionConfiguration": {"encryptionType": "KMS",
              "kmsKey": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}},
             "KmsException", "eu-west-1"),
            ({"tags": [{"Key": "", "Value": "x"}]}, "InvalidTagParameterException", "Tag parameters are invalid"),
            ({"tags": [{"Key": "aws:x", "Value": "x"}]}, "InvalidTagParameterException", "Tag parameters are invalid"),
            ({"tags": [{"Key": "k" * 129, "Value": ""}]}, "InvalidTagParameterException", "Tag parameters are invalid"),
            ({"tags": [{"Key": "k", "Value": "v" * 257}]}, "InvalidTagParameterException", "Tag parameters are"),
            ({"tags": [{"Key": "k", "Value": "\0"}]}, "InvalidTagParameterException", "Tag parameters are invalid"),
            ({"tags": [{"Key": "k", "Value": "a"}, {"Key": "k", "Value": "b"}]}, "InvalidTagParameterException", ""),
            ({"tags": [{"Value": "x"}]}, "InvalidParameterException", "at 'tags.1.member.key'"),
            ({"tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "TooManyTagsException", "50"),
        ],
    )  # fmt: skip
    def test_refuses(self, client, parameters, code, said):
        found = error_of(client.create_repository, **{"repositoryName": "web", **parameters})
        assert (found[0], found[2]) == (code, 400)
        assert said in found[1]
        # Nothing is left of what was refused.
        assert client.describe_repositories()["repositories"] == []

    def test_tells_what_kms_said(self, client):
        with pytest.raises(ClientError) as caught:
            client.create_repository(
                repositoryName="web", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "?"}
            )
        assert caught.value.response["kmsError"] == "NotFoundException"

    def test_refuses_a_name_that_is_taken_in_this_registry_alone(self, client):
        client.create_repository(repositoryName="web")
        assert error_of(client.create_repository, repositoryName="web") == (
            "RepositoryAlreadyExistsException",
            "The repository with name 'web' already exists in the registry with id '123456789012'",
            400,
        )
        other = client.create_repository(repositoryName="web", registryId="999999999999")["repository"]
        assert other["registryId"] == "999999999999"

    def test_refuses_more_than_a_registry_may_have(self, ecr, client):
        ecr.seed({"registries": [{"repositories": [{"name": "first"}]}]})
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


class TestDescribeRepositories:
    @pytest.fixture
    def names(self, ecr):
        names = [f"repository-{n}" for n in range(7)]
        ecr.seed({"registries": [{"repositories": [{"name": name} for name in names]},
                                 {"region": "eu-west-1", "repositories": [{"name": "elsewhere"}]},
                                 {"id": "999999999999", "repositories": [{"name": "of-another"}]}]})  # fmt: skip
        return names

    def test_describes_all_of_the_registry_in_the_region(self, client, names):
        described = client.describe_repositories()["repositories"]
        assert [each["repositoryName"] for each in described] == names

    def test_pages(self, client, names):
        check_paging(client.describe_repositories, "repositories", "maxResults")

    def test_neither_loses_nor_repeats_what_is_there_throughout(self, client, names):
        first = client.describe_repositories(maxResults=3)
        client.delete_repository(repositoryName=names[0])
        client.delete_repository(repositoryName=names[4])
        client.create_repository(repositoryName="a-new-one")
        rest = all_pages(client.describe_repositories, "repositories", maxResults=3, nextToken=first["nextToken"])
        assert [each["repositoryName"] for page in rest for each in page] == [
            names[3], names[5], names[6], "a-new-one",
        ]  # fmt: skip

    def test_describes_those_named_in_the_order_of_the_request(self, client, names):
        asked = [names[5], names[1], names[5]]
        described = client.describe_repositories(repositoryNames=asked)["repositories"]
        assert [each["repositoryName"] for each in described] == [names[5], names[1]]

    def test_fails_for_one_unknown_name(self, client, names):
        assert error_of(client.describe_repositories, repositoryNames=[names[0], "unknown", "too"]) == (
            "RepositoryNotFoundException",
            "The repository with name 'unknown' does not exist in the registry with id '123456789012'",
            400,
        )

    def test_takes_no_token_from_before_a_reset(self, ecr, client):
        for _ in range(2):
            for name in ("aa", "bb"):
                client.create_repository(repositoryName=name)
            token = client.describe_repositories(maxResults=1)["nextToken"]
            ecr.reset()
        client.create_repository(repositoryName="cc")
        assert code_of(client.describe_repositories, nextToken=token) == "InvalidParameterException"

    @pytest.mark.parametrize("paging", [{"maxResults": 5}, {"nextToken": "x"}])
    def test_refuses_names_with_paging(self, client, names, paging):
        found = error_of(client.describe_repositories, repositoryNames=names, **paging)
        assert found[0] == "InvalidParameterException"
        assert next(iter(paging)) in found[1]

    @pytest.mark.parametrize(
        "parameters",
        [
            {"maxResults": 0},
            {"maxResults": 1001},
            {"nextToken": ""},
            {"nextToken": "made up"},
            {"repositoryNames": []},
            {"repositoryNames": [f"n{n:03}" for n in range(101)]},
            {"registryId": "1"},
        ],
    )
    def test_refuses(self, client, names, parameters):
        assert code_of(client.describe_repositories, **parameters) == "InvalidParameterException"

    def test_takes_no_token_of_another_registry_or_operation(self, ecr, client, names):
        token = client.describe_repositories(maxResults=1)["nextToken"]
        parameters = {"maxResults": 1, "nextToken": token}
        assert code_of(client.describe_repositories, registryId="999999999999", **parameters) == (
            "InvalidParameterException"
        )
        there = unchecked(ecr, region_name="eu-west-1")
        assert code_of(there.describe_repositories, **parameters) == "InvalidParameterException"
        assert code_of(client.list_images, repositoryName=names[0], **parameters) == "InvalidParameterException"

    def test_describes_another_registry(self, client, names):
        described = client.describe_repositories(registryId="999999999999")["repositories"]
        assert [each["repositoryName"] for each in described] == ["of-another"]
        assert described[0]["repositoryUri"].startswith("999999999999.dkr.ecr.")

    def test_a_registry_without_repositories_is_empty(self, client):
        response = client.describe_repositories(registryId="555555555555")
        assert response["repositories"] == []
        assert "nextToken" not in response


class TestDeleteRepository:
    def test_gives_what_it_deleted(self, client):
        created = client.create_repository(repositoryName="web")["repository"]
        assert client.delete_repository(repositoryName="web")["repository"] == created
        assert code_of(client.delete_repository, repositoryName="web") == "RepositoryNotFoundException"

    @pytest.mark.parametrize("force", [{}, {"force": False}])
    def test_refuses_one_with_images_whatever_their_status(self, ecr, client, force):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"status": "ARCHIVED"}]}]}]})
        assert error_of(client.delete_repository, repositoryName="web", **force) == (
            "RepositoryNotEmptyException",
            "The repository with name 'web' in registry with id '123456789012' cannot be deleted because it still "
            "contains images",
            400,
        )

    def test_deletes_all_that_is_in_it_by_force(self, database):
        with FakeECR(database) as ecr:
            client = unchecked(ecr)
            created = client.create_repository(repositoryName="web", tags=[{"Key": "a", "Value": "b"}])["repository"]
            client.put_image(repositoryName="web", imageManifest=image(), imageTag="v1")
            client.initiate_layer_upload(repositoryName="web")
            client.delete_repository(repositoryName="web", force=True)
            client.create_repository(repositoryName="web")
            assert client.list_images(repositoryName="web")["imageIds"] == []
            assert client.list_tags_for_resource(resourceArn=created["repositoryArn"])["tags"] == []

    def test_leaves_the_repository_of_another_registry(self, ecr, client):
        ecr.push("web", "v1")
        ecr.push("web", "v1", registry_id="999999999999")
        client.delete_repository(repositoryName="web", force=True, registryId="999999999999")
        assert len(client.list_images(repositoryName="web")["imageIds"]) == 1


class TestSettings:
    def test_tag_mutability_is_put(self, client):
        client.create_repository(repositoryName="web")
        filters = [{"filterType": "WILDCARD", "filter": "*-rel"}]
        response = client.put_image_tag_mutability(
            repositoryName="web",
            imageTagMutability="MUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=filters,
        )
        del response["ResponseMetadata"]
        assert response == {
            "registryId": ACCOUNT,
            "repositoryName": "web",
            "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": filters,
        }
        (described,) = client.describe_repositories()["repositories"]
        assert described["imageTagMutabilityExclusionFilters"] == filters
        response = client.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE")
        assert "imageTagMutabilityExclusionFilters" not in response
        (described,) = client.describe_repositories()["repositories"]
        assert described["imageTagMutability"] == "IMMUTABLE"
        assert "imageTagMutabilityExclusionFilters" not in described

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"imageTagMutability": "immutable"},
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
            {
                "imageTagMutability": "IMMUTABLE",
                "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a"}],
            },
        ],
    )
    def test_tag_mutability_is_refused(self, client, parameters):
        client.create_repository(repositoryName="web")
        assert code_of(client.put_image_tag_mutability, repositoryName="web", **parameters) == (
            "InvalidParameterException"
        )

    def test_scanning_is_put(self, client):
        client.create_repository(repositoryName="web")
        response = client.put_image_scanning_configuration(
            repositoryName="web", imageScanningConfiguration={"scanOnPush": True}
        )
        del response["ResponseMetadata"]
        assert response == {
            "registryId": ACCOUNT,
            "repositoryName": "web",
            "imageScanningConfiguration": {"scanOnPush": True},
        }
        assert client.describe_repositories()["repositories"][0]["imageScanningConfiguration"] == {"scanOnPush": True}
        response = client.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={})
        assert response["imageScanningConfiguration"] == {"scanOnPush": False}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("delete_repository", {}),
        ("put_image_tag_mutability", {"imageTagMutability": "IMMUTABLE"}),
        ("put_image_scanning_configuration", {"imageScanningConfiguration": {"scanOnPush": True}}),
        ("put_image", {"imageManifest": image()}),
        ("batch_get_image", {"imageIds": [{"imageTag": "a"}]}),
        ("batch_delete_image", {"imageIds": [{"imageTag": "a"}]}),
        ("describe_images", {}),
        ("list_image_referrers", {"subjectId": {"imageDigest": "sha256:" + "0" * 64}}),
        ("update_image_storage_class", {"imageId": {"imageTag": "a"}, "targetStorageClass": "ARCHIVE"}),
        ("initiate_layer_upload", {}),
        ("upload_layer_part", {"uploadId": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "partFirstByte": 0,
                               "partLastByte": 0, "layerPartBlob": b"x"}),
        ("complete_layer_upload", {"uploadId": "0" * 8 + "-0000-0000-0000-" + "0" * 12,
                                   "layerDigests": ["sha256:" + "0" * 64]}),
        ("batch_check_layer_availability", {"layerDigests": ["sha256:" + "0" * 64]}),
        ("get_download_url_for_layer", {"layerDigest": "sha256:" + "0" * 64}),
    ],
)  # fmt: skip
def test_every_operation_on_a_repository_honours_the_registry(ecr, client, operation, parameters):
    ecr.push("web", "a", registry_id="999999999999")
    assert error_of(getattr(client, operation), repositoryName="web", **parameters) == (
        "RepositoryNotFoundException",
        "The repository with name 'web' does not exist in the registry with id '123456789012'",
        400,
    )
    # It finds the repository, and may only then miss something in it.
    missing = {"UploadNotFoundException", "LayersNotFoundException", "RepositoryNotEmptyException"}
    with suppress(ClientError):
        response = getattr(client, operation)(repositoryName="web", registryId="999999999999", **parameters)
        assert response.get("registryId", "999999999999") == "999999999999"
        return
    assert code_of(getattr(client, operation), repositoryName="web", registryId="999999999999", **parameters) in missing
