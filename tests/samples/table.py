"""Answers that AWS is on record for, in a table. To add a sample is to add a row.

A row's source says where the sample was published: the API reference (APIREF), recordings of another project's tests,
the user guide, or an issue that quotes AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.manifests import CONFIG, LAYER, OCI, blob, digest_of, image, index, referrer

DIGEST = "sha256:f1d4ae3f7261a72e98c6ebefe9985cf10a0ea5bd762585a43e0700ed99863807"
ACCOUNT = "012345678910"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/CodeDeployDemo"
PULL = ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"]
WEB = {"repositories": [{"name": "web"}]}
INVALID_MANIFEST = {
    "__type": "InvalidParameterException",
    "message": "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
}


class Sample(NamedTuple):
    """An answer of AWS.

    Attributes:
        source: where it was published.
        operation: the operation.
        request: the request.
        answer: members of the answer, with their values.
        state: a registry of a seed; what the registry had before.
        calls: calls that were made before.
        length: the bytes of the answer's body, if that is known.
        policy: the members of the answer's policyText in their order, if the sample is about it.
        needs: what an older service model lacks for it; empty if nothing.
    """

    source: str
    operation: str
    request: dict[str, Any]
    answer: Mapping[str, Any] = MappingProxyType({})
    state: Mapping[str, Any] = MappingProxyType({})
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    length: int | None = None
    policy: str | None = None
    needs: str = ""


def statement(**members: Any) -> dict[str, Any]:
    """Build a statement that allows pulls."""
    return {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", **members}


def set_policy(source: str, document: Any, **sample: Any) -> Sample:
    """Build a sample of SetRepositoryPolicy."""
    return Sample(
        source,
        "SetRepositoryPolicy",
        {"repositoryName": "web", "policyText": json.dumps(document)},
        state=WEB,
        **sample,
    )


def put_image(source: str, manifest: str) -> Sample:
    """Build a sample of a manifest that PutImage refuses."""
    return Sample(source, "PutImage", {"repositoryName": "web", "imageManifest": manifest}, INVALID_MANIFEST, state=WEB)


def refused(member: str, code: str = "InvalidParameterException") -> dict[str, Any]:
    """Build the answer of a refusal whose text is not on record, except for the member that it names."""
    return {"__type": code, "message": f"Invalid parameter at '{member}'"}


INVALID_POLICY = {
    "__type": "InvalidParameterException",
    "message": "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
}

SAMPLES = {
    "ListImages lists a tag": Sample(
        "APIREF ListImages, 2015-09-21",
        "ListImages",
        {"repositoryName": "amazonlinux"},
        {
            "imageIds": [
                {"imageDigest": DIGEST, "imageTag": "2016.09"},
                {"imageDigest": DIGEST, "imageTag": "latest"},
            ]
        },
        state={
            "repositories": [{"name": "amazonlinux", "images": [{"digest": DIGEST, "tags": ["2016.09", "latest"]}]}]
        },
        length=235,
    ),
    "a registry without repositories": Sample(
        "cloud-custodian, recorded answers of DescribeRepositories",
        "DescribeRepositories",
        {},
        {"repositories": []},
        length=19,
    ),
    "a repository without resource tags": Sample(
        "cloud-custodian, recorded answers of ListTagsForResource",
        "ListTagsForResource",
        {"resourceArn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/web"},
        {"tags": []},
        state=WEB,
        length=11,
    ),
    "a resource is tagged": Sample(
        "cloud-custodian, recorded answers of TagResource",
        "TagResource",
        {
            "resourceArn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/web",
            "tags": [{"Key": "team", "Value": "blue"}],
        },
        state=WEB,
        length=2,
    ),
    "a missing repository": Sample(
        "observed in many issues, e.g. concourse/registry-image-resource#268",
        "ListImages",
        {"repositoryName": "web"},
        {
            "__type": "RepositoryNotFoundException",
            "message": f"The repository with name 'web' does not exist in the registry with id '{ACCOUNT}'",
        },
    ),
    "a repository without a lifecycle policy": Sample(
        "cloud-custodian, recorded answers of GetLifecyclePolicy",
        "GetLifecyclePolicy",
        {"repositoryName": "c7n", "registryId": "644160558196"},
        {"__type": "LifecyclePolicyNotFoundException"},
        state={"id": "644160558196", "repositories": [{"name": "c7n"}]},
        length=163,
    ),
    "a policy's principal comes before its action": set_policy(
        "APIREF SetRepositoryPolicy",
        {
            "Version": "2008-10-17",
            "Statement": [
                {"Sid": "new statement", "Effect": "Allow", "Action": PULL, "Principal": {"AWS": ROLE}},
            ],
        },
        policy='"Version" "Statement" "Sid" "Effect" "Principal" "AWS" "Action"',
    ),
    "a policy's version comes before its id": set_policy(
        "cloud-custodian tests/data/placebo/test_cross_account_ecr",
        {"Id": "my policy", "Version": "2012-10-17", "Statement": [statement()]},
        policy='"Version" "Id" "Statement" "Sid" "Effect" "Principal" "Action"',
    ),
    "a list of one action becomes a text": set_policy(
        "cloud-custodian test_ecr_repo_modify_policy SetRepositoryPolicy_1",
        {"Version": "2008-10-17", "Statement": [statement(Action=["ecr:BatchGetImage"])]},
        answer={"policyText": '"Action" : "ecr:BatchGetImage"'},
    ),
    "a policy without a version gets the first one": set_policy(
        "cloud-custodian test_ecr_repo_modify_policy SetRepositoryPolicy_1",
        {"Statement": [statement()]},
        answer={"policyText": '"Version" : "2008-10-17"'},
    ),
    "an account id becomes the ARN of its root": set_policy(
        "crossplane-contrib/provider-aws#700, #701",
        {"Statement": [statement(Principal={"AWS": "123456789012"})]},
        answer={"policyText": '"AWS" : "arn:aws:iam::123456789012:root"'},
    ),
    "a longer list of actions keeps its order": set_policy(
        "hashicorp/terraform-provider-aws#19365, #22004",
        {"Statement": [statement(Action=PULL)]},
        answer={"policyText": f'"Action" : [ {", ".join(json.dumps(action) for action in PULL)} ]'},
    ),
    "a policy about another resource": set_policy(
        "aws/aws-cdk#24314, #24401", {"Statement": [statement(Resource="arn:aws:s3:::bucket")]}, answer=INVALID_POLICY
    ),
    "a policy with a malformed principal": Sample(
        "aws-cloudformation/aws-cloudformation-resource-providers-ecr aws-ecr-registrypolicy/inputs/inputs_1_invalid.json",
        "PutRegistryPolicy",
        {
            "policyText": json.dumps(
                {"Statement": [statement(Principal={"AWS": "arn:aws:iam::111111:root"}, Action="ecr:ReplicateImage")]}
            )
        },
        {
            "__type": "InvalidParameterException",
            "message": "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
            "'Invalid registry policy provided'",
        },
    ),
    "any action in a registry policy of the first scope": Sample(
        "hashicorp/terraform-provider-aws#40933, #40828",
        "PutRegistryPolicy",
        {"policyText": json.dumps({"Statement": [statement()]})},
        {
            "__type": "InvalidParameterException",
            "message": "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
            "'Invalid registry policy provided'",
        },
        calls=(("PutAccountSetting", {"name": "REGISTRY_POLICY_SCOPE", "value": "V1"}),),
    ),
    "a template with tags and no role": Sample(
        "APIREF CreateRepositoryCreationTemplate",
        "CreateRepositoryCreationTemplate",
        {"prefix": "eng", "appliedFor": ["REPLICATION"], "resourceTags": [{"Key": "environment", "Value": "test"}]},
        {"registryId": ACCOUNT},
    ),
    "an artifact type with a parameter": put_image(
        "aws/containers-roadmap#2306, sigstore/sigstore-js#1058",
        image(artifactType="application/vnd.dev.sigstore.bundle+json;version=0.2"),
    ),
    "a layer's media type with a parameter": put_image(
        "ko-build/ko#878, chainguard-dev/apko#450", image(layers=[blob("layer", media_type=f"{LAYER};version=1")])
    ),
    "a layer's media type without a slash": put_image(
        "sigstore/cosign#2479", image(layers=[blob("layer", media_type="spdx")])
    ),
    "annotations in the config": put_image(
        "falcosecurity/falcoctl#310", image(config={**blob("config", 10, CONFIG), "annotations": {"a": "b"}})
    ),
    "a platform in the subject": put_image(
        "dragonflyoss/nydus#1691",
        image(subject={"mediaType": OCI, "digest": digest_of("x"), "size": 1, "platform": {"os": "linux"}}),
    ),
    "neither a config nor layers": put_image("replayed against ECR's strict schema", image(config=None, layers=None)),
    "a config without a whole digest": put_image(
        "replayed against ECR's strict schema", image(config={**blob("config", 10, CONFIG), "digest": "sha256:abc"})
    ),
    "features of an operating system": put_image(
        "dragonflyoss/nydus#1692",
        json.dumps(
            {
                **json.loads(index(image())),
                "manifests": [
                    {
                        "mediaType": OCI,
                        "digest": digest_of(image()),
                        "size": 1,
                        "platform": {"os": "linux", "architecture": "amd64", "os.features": ["nydus"]},
                    }
                ],
            }
        ),
    ),
    "an artifact about an image": Sample(
        "OCI distribution specification 1.1; observed with ECR in many issues",
        "PutImage",
        {"repositoryName": "web", "imageManifest": referrer(image())},
        state=WEB,
    ),
    "an image that is being restored": Sample(
        "APIREF UpdateImageStorageClass, second sample, 2025-11",
        "UpdateImageStorageClass",
        {"repositoryName": "web", "imageId": {"imageTag": "old"}, "targetStorageClass": "STANDARD"},
        {"imageStatus": "ACTIVATING"},
        state={"repositories": [{"name": "web", "images": [{"tags": ["old"], "status": "ARCHIVED"}]}]},
        needs="UpdateImageStorageClass",
    ),
    "replication to a region that does not exist": Sample(
        "aws-cloudformation-resource-providers-ecr aws-ecr-replicationconfiguration/inputs/inputs_1_invalid.json",
        "PutReplicationConfiguration",
        {
            "replicationConfiguration": {
                "rules": [{"destinations": [{"region": "us-unkown-1", "registryId": "123456789012"}]}]
            }
        },
        refused("replicationConfiguration"),
    ),
    "a cache of another account without a role": Sample(
        "hashicorp/terraform-provider-aws, pull request 41933; user guide, pull-through-cache-private",
        "CreatePullThroughCacheRule",
        {
            "ecrRepositoryPrefix": "cache",
            "upstreamRegistryUrl": "999999999999.dkr.ecr.us-east-1.amazonaws.com",
        },
        refused("customRoleArn"),
    ),
    "a cache of everything with an upstream prefix": Sample(
        "lgallard/terraform-aws-ecr#212; user guide, pull-through-cache-private-wildcards",
        "CreatePullThroughCacheRule",
        {"ecrRepositoryPrefix": "ROOT", "upstreamRegistryUrl": "quay.io", "upstreamRepositoryPrefix": "team"},
        refused("upstreamRepositoryPrefix"),
        needs="ROOT",
    ),
    "enhanced scans by hand": Sample(
        "service model, RegistryScanningRule.scanFrequency",
        "PutRegistryScanningConfiguration",
        {
            "scanType": "ENHANCED",
            "rules": [{"scanFrequency": "MANUAL", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}],
        },
        refused("rules"),
    ),
}
