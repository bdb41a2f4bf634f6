"""Random requests, valid or not: the answer is a response or an error of the model, and the database stays sound."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakeecr import FakeECR
from fakeecr.api.model import operation_model
from tests.answers import check_answers
from tests.conftest import unchecked
from tests.installed_model import INSTALLED_OPERATIONS
from tests.invariants import check_invariants, check_rows
from tests.manifests import digest_of, image, index, referrer
from tests.operations.helpers import seed_of
from tests.operations.samples import EXPIRE_OLD_UNTAGGED, POLICY_TEXT, SCANNER_ROLE, SECRET, SIGNING_PROFILE
from tests.rules.lifecycle_rules import anything, policy, rule

ONE, TWO = image("one"), image("two")
MANIFESTS = [ONE, TWO, index(ONE), index(ONE, TWO), index(index(ONE)), referrer(ONE), image(mediaType=None), "{}", ""]
DIGESTS = [digest_of(manifest) for manifest in MANIFESTS] + [digest_of("layer"), digest_of("{}"), "sha256:", "none"]
KEEP_ONE = policy(rule(1, anything(countType="imageCountMoreThan", countNumber=1), description="x" * 30))
UPLOADS = ["0" * 8 + "-0000-0000-0000-" + "0" * 11 + str(n) for n in range(2)]
# Name of a member → values that fit the registry below, and some that do not.
MEANINGFUL = {
    "repositoryName": ["web", "other", "empty", "new", "unknown", "A"],
    "registryId": ["123456789012", "999999999999", "1"],
    "imageTag": ["a", "b", "latest", "unknown", "a b"],
    "imageDigest": DIGESTS,
    "layerDigest": DIGESTS,
    "imageManifest": MANIFESTS,
    "uploadId": UPLOADS,
    "resourceArn": [f"arn:aws:ecr:us-east-1:123456789012:repository/{name}" for name in ("web", "unknown", "")],
    "kmsKey": ["alias/a", "none"],
    "filter": ["a*", "*", "***", "latest"],
    "nextToken": ["", "x", "A" * 32],
    "lifecyclePolicyText": [EXPIRE_OLD_UNTAGGED, KEEP_ONE, "{" * 100],
    "lifecyclePolicy": [KEEP_ONE],
    "policyText": [POLICY_TEXT, "{}"],
    "repositoryPolicy": [POLICY_TEXT],
    "region": ["us-east-1", "eu-west-1", "ap-south-1"],
    "prefix": ["web", "new", "ROOT"],
    "ecrRepositoryPrefix": ["web", "new", "ROOT"],
    "upstreamRepositoryPrefix": ["web", "ROOT"],
    "upstreamRegistryUrl": ["public.ecr.aws", "registry-1.docker.io"],
    "credentialArn": [SECRET],
    "customRoleArn": [SCANNER_ROLE],
    "principalArn": [SCANNER_ROLE, SCANNER_ROLE + "2"],
    "signingProfileArn": [SIGNING_PROFILE],
    "name": ["BLOB_MOUNTING", "BASIC_SCAN_TYPE_VERSION"],
    "value": ["ENABLED", "CLAIR"],
    "Key": ["team", ""],
}
JUNK = st.sampled_from(
    [None, "", "\0", "\ud800", "🐳", "a" * 400, -1, 0, 1, 2, 100, 1001, 2**31, 2**63, 2**70, 1.5, True, [], {}, [None]]
) | st.text(max_size=5)


def values(shape, name):
    """Return the strategy for the values of a member: most fit its shape, one in 25 is junk."""
    if isinstance(shape, StructureShape):
        members = {key: values(member, key) for key, member in shape.members.items()}
        required = {key: members[key] for key in shape.required_members}
        optional = {key: strategy for key, strategy in members.items() if key not in required}
        fitting = st.fixed_dictionaries(required, optional=optional)
    elif isinstance(shape, ListShape):
        item = values(shape.member, {"repositoryNames": "repositoryName", "layerDigests": "layerDigest",
                                    "registryIds": "registryId"}.get(name, name))  # fmt: skip
        fitting = st.lists(item, max_size=4) | item.map(lambda value: [value] * 101)
    elif shape.type_name == "string":
        texts = MEANINGFUL.get(name) or shape.metadata.get("enum") or ["a", "b"]
        fitting = st.sampled_from(texts)
    elif shape.type_name in ("integer", "long"):
        fitting = st.integers(0, 5)
    elif shape.type_name == "boolean":
        fitting = st.booleans()
    else:
        assert shape.type_name == "blob"
        fitting = st.sampled_from([b"", b"{}", b"layer"]).map(lambda content: b64encode(content).decode())
    return st.integers(0, 24).flatmap(lambda n: fitting if n else JUNK)


@st.composite
def requests(draw):
    """Return an operation and a request of it."""
    operation = draw(st.sampled_from(INSTALLED_OPERATIONS))
    return operation, draw(values(operation_model(operation).input_shape, ""))


@pytest.mark.parametrize("kind", ["memory", "postgresql"])
def test_any_requests_leave_the_database_sound(request, caplog, kind):
    database = request.getfixturevalue("new_postgresql")() if kind == "postgresql" else None
    seed = seed_of(
        {"name": "web", "images": [{"manifest": ONE, "tags": ["a"]}, {"tags": ["b"]}, {"status": "ARCHIVED"}],
         "layers": [{"content": "layer"}]},
        {"name": "other", "image_tag_mutability": "IMMUTABLE", "images": [{"tags": ["a"]}]},
        {"name": "empty"},
    ) | {"upstream": [{"url": "public.ecr.aws", "repositories": [
        {"name": "web", "images": [{"tags": ["a", "unknown"]}, {"manifest": ONE, "tags": ["latest"]}]},
        {"name": "new", "images": [{"tags": ["a"], "platforms": ["linux/amd64"]}]},
    ]}]}  # fmt: skip
    with FakeECR(database) as ecr:
        client = check_answers(unchecked(ecr))
        body = b""
        client.meta.events.register("before-call.ecr", lambda params, **_: params.update(body=body))

        @settings(max_examples=150 if kind == "memory" else 60, suppress_health_check=list(HealthCheck))
        @given(st.lists(requests(), min_size=5, max_size=25))
        def check(calls):
            nonlocal body
            ecr.reset()
            ecr.seed(seed)

            for operation, parameters in calls:
                body = json.dumps(parameters).encode()
                # The client fails if a response does not fit the model.
                with suppress(ClientError):
                    client._make_api_call(operation, {})
                assert "failed inside" not in caplog.text
                check_rows(ecr)
            ecr.expire()
            check_invariants(ecr)

        check()
