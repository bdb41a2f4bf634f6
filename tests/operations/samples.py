"""ARNs, documents and requests that several tests of operations use."""

from __future__ import annotations

from typing import Any

from tests.rules.lifecycle_rules import days, policy, rule, untagged

OTHER_ACCOUNT = "999999999999"
# Destinations of replication: another region, and another account.
WEST = {"region": "eu-west-1", "registryId": "123456789012"}
CROSS_ACCOUNT = {"region": "us-east-1", "registryId": OTHER_ACCOUNT}

SCANNER_ROLE = "arn:aws:iam::123456789012:role/scanner"
CREATOR_ROLE = "arn:aws:iam::123456789012:role/creator"
KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/mine-AbCdEf"  # noqa: S105 - an ARN
SIGNING_PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/mine"

# A request of CreatePullThroughCacheRule whose upstream needs no credentials.
PUBLIC_RULE = {"ecrRepositoryPrefix": "ecr-public", "upstreamRegistryUrl": "public.ecr.aws"}

# A lifecycle policy that expires untagged images 14 days after their push.
EXPIRE_OLD_UNTAGGED = policy(
    rule(1, untagged(**days(14)), description="a description that makes it a hundred characters long")
)

# A repository or registry policy, and its text as AWS stores it.
POLICY = {
    "Version": "2008-10-17",
    "Statement": [
        {"Sid": "allow public pull", "Effect": "Allow", "Principal": "*",
         "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"], "Condition": {}},
    ],
}  # fmt: skip
POLICY_TEXT = """{
  "Version" : "2008-10-17",
  "Statement" : [ {
    "Sid" : "allow public pull",
    "Effect" : "Allow",
    "Principal" : "*",
    "Action" : [ "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage" ],
    "Condition" : { }
  } ]
}"""


def signing_configuration(*wildcards: str, profile: str = SIGNING_PROFILE) -> dict[str, Any]:
    """Build a signing configuration of one rule, for the repositories that match the wildcards or for all."""
    signing_rule: dict[str, Any] = {"signingProfileArn": profile}
    if wildcards:
        signing_rule["repositoryFilters"] = [
            {"filter": wildcard, "filterType": "WILDCARD_MATCH"} for wildcard in wildcards
        ]
    return {"rules": [signing_rule]}
