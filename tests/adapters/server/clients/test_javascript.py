"""The AWS SDK for JavaScript, version 3, on Node.js."""

from __future__ import annotations

import pytest

from tests.adapters.server.clients.children import run_javascript
from tests.manifests import digest_of, image

pytestmark = pytest.mark.clients


def test_a_paginator_follows_the_pages_on_one_connection(ecr, web, server, connections):
    result = run_javascript(
        server,
        """
        const result = [];
        for await (const page of sdk.paginateListImages({client, pageSize: 2}, {repositoryName: "web"}))
          result.push(page.imageIds.map(image => image.imageTag));
        """,
    )

    assert result == [["v0", "v1"], ["v2", "v3"], ["v4"]]
    assert [call.parameters.get("maxResults") for call in ecr.calls] == [2, 2, 2]
    assert len(connections) == 1


def test_an_error_has_its_class_its_message_and_its_metadata(server):
    result = run_javascript(
        server,
        """
        const result = await client.send(new sdk.ListImagesCommand({repositoryName: "web"})).catch(error => [
          error instanceof sdk.RepositoryNotFoundException,
          error.name,
          error.message,
          error.$fault,
          error.$metadata.httpStatusCode,
          error.$metadata.attempts,
          error.$metadata.requestId.length,
        ]);
        """,
    )

    message = "The repository with name 'web' does not exist in the registry with id '123456789012'"
    assert result == [True, "RepositoryNotFoundException", message, "client", 400, 1, 36]


@pytest.mark.parametrize("error", ["ServerException", "ThrottlingException", "ConnectionClosedError"])
def test_a_request_that_fails_is_tried_again(ecr, web, server, error):
    ecr.fail("ListImages", error)

    result = run_javascript(
        server,
        """
        const response = await client.send(new sdk.ListImagesCommand({repositoryName: "web"}));
        const result = [response.imageIds.length, response.$metadata.attempts];
        """,
    )

    assert result == [5, 2]
    assert [call.error for call in ecr.calls] == [error, None]


def test_a_waiter_waits_for_the_end_of_a_scan(ecr, web, server):
    ecr.set_findings("web", [{"name": "CVE-2024-3094", "severity": "CRITICAL"}], tag="v1", in_progress=1)

    result = run_javascript(
        server,
        """
        const image = {repositoryName: "web", imageId: {imageTag: "v1"}};
        await client.send(new sdk.StartImageScanCommand(image));
        const waited = await sdk.waitUntilImageScanComplete({client, maxWaitTime: 30, minDelay: 1, maxDelay: 1}, image);
        const findings = await client.send(new sdk.DescribeImageScanFindingsCommand(image));
        const result = [waited.state, findings.imageScanFindings.findingSeverityCounts];
        """,
    )

    assert result == ["SUCCESS", {"CRITICAL": 1}]


def test_what_it_pushes_is_there(ecr, server):
    manifest = image("pushed")

    result = run_javascript(
        server,
        f"""
        const {{repository}} = await client.send(new sdk.CreateRepositoryCommand({{repositoryName: "web"}}));
        const pushed = await client.send(
          new sdk.PutImageCommand({{repositoryName: "web", imageTag: "v1", imageManifest: {manifest!r}}}));
        const result = [repository.repositoryArn, repository.createdAt instanceof Date, pushed.image.imageId];
        """,
    )

    assert result == [
        "arn:aws:ecr:us-east-1:123456789012:repository/web",
        True,
        {"imageDigest": digest_of(manifest), "imageTag": "v1"},
    ]
    ecr.assert_called("PutImage", times=1, repositoryName="web", imageManifest=manifest)


def test_a_layer_is_uploaded_and_read_by_its_url(server):
    result = run_javascript(
        server,
        """
        import {createHash, randomBytes} from "node:crypto";
        const web = {repositoryName: "web"}, content = randomBytes(100_000);
        await client.send(new sdk.CreateRepositoryCommand(web));
        const {uploadId} = await client.send(new sdk.InitiateLayerUploadCommand(web));
        await client.send(new sdk.UploadLayerPartCommand(
          {...web, uploadId, partFirstByte: 0, partLastByte: content.length - 1, layerPartBlob: content}));
        const layerDigest = "sha256:" + createHash("sha256").update(content).digest("hex");
        await client.send(new sdk.CompleteLayerUploadCommand({...web, uploadId, layerDigests: [layerDigest]}));
        await client.send(new sdk.PutImageCommand({...web, imageTag: "v1", imageManifest: JSON.stringify({
          schemaVersion: 2,
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          config: {mediaType: "application/vnd.oci.empty.v1+json", digest: layerDigest, size: content.length},
          layers: [{mediaType: "application/octet-stream", digest: layerDigest, size: content.length}],
        })}));
        const {downloadUrl} = await client.send(new sdk.GetDownloadUrlForLayerCommand({...web, layerDigest}));
        const whole = await fetch(downloadUrl);
        const part = await fetch(downloadUrl, {headers: {Range: "bytes=-10"}});
        const result = [
          whole.status, content.equals(Buffer.from(await whole.arrayBuffer())),
          part.status, content.subarray(-10).equals(Buffer.from(await part.arrayBuffer())),
        ];
        """,
    )

    assert result == [200, True, 206, True]


def test_many_requests_at_once_are_answered(web, server, connections):
    result = run_javascript(
        server,
        """
        const listings = Array.from({length: 200}, () => client.send(new sdk.ListImagesCommand({repositoryName: "web"})));
        const result = (await Promise.all(listings)).every(page => page.imageIds.length === 5);
        """,
    )

    assert result is True
    assert 1 < len(connections) <= 50  # as many as the SDK opens at once


def test_the_region_is_that_of_the_client_and_the_endpoint_is_of_ecr_alone(server):
    result = run_javascript(
        server,
        """
        const other = new sdk.ECRClient({region: "eu-west-1"});
        const {repository} = await other.send(new sdk.CreateRepositoryCommand({repositoryName: "web"}));
        const result = [repository.repositoryArn, process.env.AWS_ENDPOINT_URL ?? null];
        """,
    )

    assert result == ["arn:aws:ecr:eu-west-1:123456789012:repository/web", None]


@pytest.mark.parametrize(
    "line",
    [
        None,
        "ignore_configured_endpoint_urls = true",
        "use_fips_endpoint = true",
        "use_dualstack_endpoint = true",
    ],
)
def test_neither_variables_nor_a_configuration_lead_elsewhere(misleading, web, server, line):
    if line is not None:
        misleading.write_text(f"[default]\n{line}\n", encoding="utf-8")

    result = run_javascript(
        server,
        """
        const {imageIds} = await client.send(new sdk.ListImagesCommand({repositoryName: "web"}));
        const result = [imageIds.length, await client.config.region()];
        """,
    )

    assert result == [5, "us-east-1"]
