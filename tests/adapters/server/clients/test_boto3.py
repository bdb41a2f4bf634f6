"""boto3 in child processes, which know nothing of fakeecr but the environment that a server provides."""

from __future__ import annotations

import sys

import pytest

from tests.adapters.server.clients.children import TAGS, run_boto3, run_child
from tests.manifests import digest_of, image


def test_a_paginator_follows_the_pages_on_one_connection(web, server, connections):
    result = run_boto3(
        server,
        """
        pages = client.get_paginator("list_images").paginate(repositoryName="web", PaginationConfig={"PageSize": 2})
        result = [[image["imageTag"] for image in page["imageIds"]] for page in pages]
        """,
    )

    assert result == [["v0", "v1"], ["v2", "v3"], ["v4"]]
    assert len(connections) == 1


def test_a_page_is_resumed_in_another_process(web, server):
    first = run_boto3(server, 'result = client.list_images(repositoryName="web", maxResults=3)')

    second = run_boto3(
        server, f'result = client.list_images(repositoryName="web", maxResults=3, nextToken={first["nextToken"]!r})'
    )

    assert [image["imageTag"] for page in (first, second) for image in page["imageIds"]] == TAGS
    assert "nextToken" not in second


def test_an_error_has_its_type_its_message_and_its_status(server):
    result = run_boto3(
        server,
        """
        try:
            client.list_images(repositoryName="web")
        except client.exceptions.RepositoryNotFoundException as error:
            response = error.response
            result = [response["Error"], response["ResponseMetadata"]["HTTPStatusCode"]]
        """,
    )

    message = "The repository with name 'web' does not exist in the registry with id '123456789012'"
    assert result == [{"Code": "RepositoryNotFoundException", "Message": message}, 400]


@pytest.mark.parametrize("error", ["ServerException", "ThrottlingException", "ConnectionClosedError"])
def test_a_request_that_fails_is_tried_again(ecr, web, server, error):
    fault = ecr.fail("ListImages", error)

    result = run_boto3(
        server,
        """
        response = client.list_images(repositoryName="web")
        result = [len(response["imageIds"]), response["ResponseMetadata"]["RetryAttempts"]]
        """,
    )

    assert result == [5, 1]
    assert fault.hits == 1
    assert [call.error for call in ecr.calls] == [error, None]


def test_a_client_runs_into_its_timeout(ecr, web, server):
    ecr.delay("ListImages", 30)

    result = run_boto3(
        server,
        """
        from botocore.config import Config
        from botocore.exceptions import ReadTimeoutError

        hasty = boto3.client("ecr", config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}))
        try:
            result = hasty.list_images(repositoryName="web")
        except ReadTimeoutError as error:
            result = type(error).__name__
        """,
    )

    assert result == "ReadTimeoutError"


def test_a_waiter_waits_for_the_end_of_a_scan(ecr, web, server):
    ecr.set_findings("web", [{"name": "CVE-2024-3094", "severity": "CRITICAL"}], tag="v1", in_progress=2)

    result = run_boto3(
        server,
        """
        image = {"repositoryName": "web", "imageId": {"imageTag": "v1"}}
        client.start_image_scan(**image)
        client.get_waiter("image_scan_complete").wait(**image, WaiterConfig={"Delay": 0})
        result = client.describe_image_scan_findings(**image)["imageScanFindings"]["findingSeverityCounts"]
        """,
    )

    assert result == {"CRITICAL": 1}
    ecr.assert_called("DescribeImageScanFindings", times=4)


def test_what_a_child_pushes_is_there(ecr, server):
    manifest = image("pushed")

    result = run_boto3(
        server,
        f"""
        client.create_repository(repositoryName="web")
        image = client.put_image(repositoryName="web", imageManifest={manifest!r}, imageTag="v1")["image"]
        result = image["imageId"]["imageDigest"]
        """,
    )

    assert result == digest_of(manifest)
    ecr.assert_called("PutImage", times=1, repositoryName="web", imageManifest=manifest)
    assert [event["detail-type"] for event in ecr.events] == ["ECR Image Action"]


def test_a_layer_that_a_child_uploads_in_parts_can_be_downloaded(server):
    result = run_boto3(
        server,
        """
        import hashlib, os, urllib3

        client.create_repository(repositoryName="web")
        upload = client.initiate_layer_upload(repositoryName="web")
        size = upload["partSize"]
        content = os.urandom(size + 7)
        for first in (0, size):
            part = content[first : first + size]
            client.upload_layer_part(
                repositoryName="web",
                uploadId=upload["uploadId"],
                partFirstByte=first,
                partLastByte=first + len(part) - 1,
                layerPartBlob=part,
            )
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        client.complete_layer_upload(repositoryName="web", uploadId=upload["uploadId"], layerDigests=[digest])
        client.put_image(
            repositoryName="web",
            imageTag="v1",
            imageManifest=json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest, "size": len(content)},
                    "layers": [{"mediaType": "application/octet-stream", "digest": digest, "size": len(content)}],
                }
            ),
        )
        url = client.get_download_url_for_layer(repositoryName="web", layerDigest=digest)["downloadUrl"]
        result = urllib3.request("GET", url).data == content
        """,
    )

    assert result is True


def test_the_region_and_the_account_are_those_of_the_client(server):
    result = run_boto3(
        server,
        """
        other = boto3.client("ecr", "eu-west-1", aws_access_key_id="222222222222", aws_secret_access_key="secret")
        result = [
            each.create_repository(repositoryName="web")["repository"]["repositoryArn"] for each in (client, other)
        ]
        """,
    )

    assert result == [
        "arn:aws:ecr:us-east-1:123456789012:repository/web",
        "arn:aws:ecr:eu-west-1:222222222222:repository/web",
    ]


SPAWNING = """
import json
import multiprocessing
import boto3

def tags(page_size):
    pages = boto3.client("ecr").get_paginator("list_images").paginate(
        repositoryName="web", PaginationConfig={"PageSize": page_size}
    )
    return [image["imageTag"] for page in pages for image in page["imageIds"]]

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(json.dumps(pool.map(tags, [1, 3, 100])))
"""


def test_processes_that_a_child_spawns_reach_the_server_too(web, server, tmp_path):
    script = tmp_path / "spawning.py"
    script.write_text(SPAWNING, encoding="utf-8")

    assert run_child(server, [sys.executable, script]).json == [TAGS] * 3


def test_threads_of_a_child_have_a_connection_each(web, server, connections):
    result = run_boto3(
        server,
        """
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            pages = list(pool.map(lambda _: client.list_images(repositoryName="web")["imageIds"], range(40)))
        result = [len(page) for page in pages]
        """,
    )

    assert result == [5] * 40
    assert 1 <= len(connections) <= 8


# --- Where else the environment or a file might lead ---------------------------------------------


def test_neither_variables_nor_a_configuration_lead_elsewhere(misleading, ecr, web, server):
    result = run_boto3(
        server, 'result = [len(client.list_images(repositoryName="web")["imageIds"]), client.meta.region_name]'
    )

    assert result == [5, "us-east-1"]
    ecr.assert_called("ListImages", times=1)


@pytest.mark.parametrize(
    "line",
    [
        "ignore_configured_endpoint_urls = true",
        "use_fips_endpoint = true",
        "use_dualstack_endpoint = true",
    ],
)
def test_a_configuration_that_makes_sdks_ignore_endpoints_is_ignored(misleading, web, server, line):
    misleading.write_text(f"[default]\n{line}\n", encoding="utf-8")

    result = run_boto3(server, 'result = len(client.list_images(repositoryName="web")["imageIds"])')

    assert result == 5


def test_expired_credentials_of_the_parent_are_not_passed_on(monkeypatch, web, server):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "expired")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")

    result = run_boto3(server, 'result = len(client.list_images(repositoryName="web")["imageIds"])')

    assert result == 5


def test_other_services_are_not_led_to_the_server(server):
    result = run_boto3(server, 'result = boto3.client("sts").meta.endpoint_url')

    # Older releases have one endpoint for all regions.
    assert result in ("https://sts.us-east-1.amazonaws.com", "https://sts.amazonaws.com")
