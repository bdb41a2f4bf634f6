"""The types that a user's type checker sees: mypy checks this file, and it is never run."""

from __future__ import annotations

from typing import Any, assert_type

from mypy_boto3_ecr import ECRClient
from mypy_boto3_ecr.type_defs import ListImagesResponseTypeDef

import fakeecr
from fakeecr import FakeECR, PushedImage

with FakeECR("state.db", account_id="012345678910", region="us-west-2", limits="installed") as ecr:
    assert_type(ecr, FakeECR)
    assert_type(ecr.client(), ECRClient)
    assert_type(ecr.client("eu-west-1").list_images(repositoryName="web"), ListImagesResponseTypeDef)
    assert_type(ecr.push("web", "latest", manifest="{}"), PushedImage)
    assert_type(ecr.push("web").tags, tuple[str, ...])
    assert_type(ecr.dump(), dict[str, Any])
    assert_type(ecr.expire(), list[str])
    ecr.set_findings("web", [{"name": "CVE-2026-1234", "severity": "HIGH"}], tag="latest")

assert_type(fakeecr.current(), FakeECR)
assert_type(fakeecr.is_active(), bool)

FakeECR(limits="other")  # type: ignore[arg-type]


@FakeECR()
def function(number: int) -> str:
    return str(number)


@FakeECR()
async def coroutine() -> int:
    return 1


assert_type(function(1), str)
