"""Every published sample is answered as AWS answered it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakeecr import FakeECR
from tests.answers import api_request
from tests.samples.table import ACCOUNT, SAMPLES, Sample


def answer(ecr: FakeECR, operation: str, request: dict[str, Any]) -> bytes:
    """Return the body that a fake answers a request with."""
    return ecr.answer(api_request(operation, json.dumps(request).encode())).body


def marks(sample: Sample) -> list[pytest.MarkDecorator]:
    """Return the mark of a sample that an older service model of ECR lacks something for."""
    return [pytest.mark.newest_model(sample.needs)] if sample.needs else []


@pytest.mark.parametrize(
    "sample", [pytest.param(sample, id=name, marks=marks(sample)) for name, sample in SAMPLES.items()]
)
def test_a_published_sample_is_answered_as_aws_answered_it(sample):
    with FakeECR(account_id=ACCOUNT) as ecr:
        ecr.seed({"registries": [dict(sample.state)]})
        for operation, request in sample.calls:
            answer(ecr, operation, request)

        body = answer(ecr, sample.operation, sample.request)

    content = json.loads(body)
    assert "__type" in sample.answer or "__type" not in content
    for member, value in sample.answer.items():
        # A text may be known only in part.
        assert content[member] == value or (isinstance(value, str) and value in content[member])
    if sample.length is not None:
        assert len(body) == sample.length
    if sample.policy is not None:
        positions = [content["policyText"].index(f"{name} :") for name in sample.policy.split()]
        assert positions == sorted(positions)
