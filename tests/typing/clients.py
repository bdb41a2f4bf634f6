"""`client()` and `patch()`: clients, requests and responses have the types of boto3-stubs."""

from __future__ import annotations

from typing import assert_type

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from mypy_boto3_ecr import ECRClient
from mypy_boto3_ecr.paginator import ListImagesPaginator
from mypy_boto3_ecr.type_defs import BatchDeleteImageResponseTypeDef, ImageIdentifierTypeDef, ListImagesResponseTypeDef
from mypy_boto3_ecr.waiter import ImageScanCompleteWaiter

from fakeecr import FakeECR

ecr = FakeECR()

# --- client() ------------------------------------------------------------------------------------

assert_type(ecr.client(), ECRClient)
assert_type(ecr.client("eu-west-1"), ECRClient)
assert_type(ecr.client(region_name=None, config=Config(retries={"mode": "adaptive"}), use_ssl=False), ECRClient)
ecr.client(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.client("eu-west-1", "1.0")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

client = ecr.client()

# --- Responses -----------------------------------------------------------------------------------

response = client.list_images(repositoryName="web", filter={"tagStatus": "UNTAGGED"}, maxResults=100)
assert_type(response, ListImagesResponseTypeDef)
assert_type(response["imageIds"], list[ImageIdentifierTypeDef])
assert_type(response.get("nextToken"), str | None)
assert_type(response["ResponseMetadata"]["RetryAttempts"], int)
assert_type(
    client.batch_delete_image(repositoryName="web", imageIds=response["imageIds"]), BatchDeleteImageResponseTypeDef
)
assert_type([image["imageTag"] for image in response["imageIds"] if "imageTag" in image], list[str])

response["images"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]

# --- Requests ------------------------------------------------------------------------------------

client.list_image(repositoryName="web")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
client.list_images()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
client.list_images(repositoryName="web", maxResult=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
client.list_images(
    repositoryName="web",
    filter={"tagStatus": "NONE"},  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
)

# --- Paginators, waiters, errors -----------------------------------------------------------------

paginator = client.get_paginator("list_images")
assert_type(paginator, ListImagesPaginator)
for page in paginator.paginate(repositoryName="web", PaginationConfig={"PageSize": 10}):
    assert_type(page, ListImagesResponseTypeDef)
client.get_paginator("put_image")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]

assert_type(client.get_waiter("image_scan_complete"), ImageScanCompleteWaiter)

try:
    client.describe_images(repositoryName="missing")
except client.exceptions.RepositoryNotFoundException as error:
    assert_type(error, ClientError)
except client.exceptions.ClientError as error:
    assert_type(error, ClientError)

# --- patch() -------------------------------------------------------------------------------------

ecr.patch(client)
# boto3's stubs have an overload of client() for each of AWS's services, and those of most are not installed.
ecr.patch(boto3.client("ecr"))  # pyright: ignore[reportUnknownMemberType]
ecr.patch(boto3.Session())
ecr.patch(botocore.session.Session())
ecr.patch("ecr")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.patch(boto3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
