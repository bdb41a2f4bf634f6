"""`push()`, `set_findings()`, `set_preview()` and `set_replication()`: their options are known by name and type, and so is what a push returns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from mypy_boto3_ecr.type_defs import ImageScanFindingTypeDef

from fakeecr import FakeECR, PushedImage

ecr = FakeECR()

# --- push() --------------------------------------------------------------------------------------

assert_type(ecr.push("web"), PushedImage)
assert_type(ecr.push("web", "1.0", "latest"), PushedImage)
tags = ["1.0", "latest"]
assert_type(ecr.push("web", *tags, region="eu-west-1", registry_id="012345678910"), PushedImage)
ecr.push("web", manifest='{"schemaVersion": 2}', media_type="application/vnd.oci.image.manifest.v1+json", size=5)
ecr.push("web", manifest=b"{}", pushed_at="2026-01-01")
ecr.push("web", digest=f"sha256:{0:064}", pushed_at=datetime(2026, 1, 1, tzinfo=UTC))
ecr.push("web", platforms=("linux/amd64", "linux/arm64"))
ecr.push("web", layers=[b"one", Path("two.tar")])
# None means that an option is not given.
ecr.push("web", digest=None, manifest=None, media_type=None, size=None, pushed_at=None, registry_id=None, region=None)
ecr.push("web", layers=None)

ecr.push()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ecr.push("web", 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.push("web", tags)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.push("web", tag="latest")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ecr.push("web", media_typ="text/plain")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ecr.push("web", size="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.push("web", manifest={"schemaVersion": 2})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.push("web", layers=b"one")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.push("web", layers=["one"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
ecr.push("web", platforms=[1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
ecr.push("web", platforms=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.push("web", pushed_at=0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# --- PushedImage ---------------------------------------------------------------------------------

image = ecr.push("web", "latest", platforms=["linux/amd64"])
assert_type(image.registry_id, str)
assert_type(image.region, str)
assert_type(image.repository, str)
assert_type(image.digest, str)
assert_type(image.tags, tuple[str, ...])
assert_type(image.platforms, Mapping[str, str])
assert_type({image: image.tags}, dict[PushedImage, tuple[str, ...]])

image.tag  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
image.digest = ""  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
image.platforms["linux/arm64"] = ""  # type: ignore[index]  # pyright: ignore[reportIndexIssue]

# --- set_findings() ------------------------------------------------------------------------------

ecr.set_findings("web", [], tag="latest")
ecr.set_findings("web", [{"name": "CVE-2026-1234", "severity": "HIGH", "attributes": []}], digest=image.digest)
finding: ImageScanFindingTypeDef = {"name": "CVE-2026-1234", "severity": "HIGH"}
ecr.set_findings("web", (finding,), tag="latest", region="eu-west-1", registry_id="012345678910")

ecr.set_findings("web", tag="latest")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ecr.set_findings("web", ["CVE-2026-1234"], tag="latest")  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
ecr.set_findings("web", finding, tag="latest")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.set_findings("web", [], tags=["latest"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ecr.set_findings("web", [], tag=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.set_findings("web", [], tag="latest", in_progress=2, status="FAILED")
ecr.set_findings("web", [], tag="latest", status="failed")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# --- set_preview() and set_replication() ---------------------------------------------------------

ecr.set_preview("web")
ecr.set_preview("web", in_progress=2, status="EXPIRED", region="eu-west-1", registry_id="012345678910")
ecr.set_replication("web", in_progress=2, status="FAILED", region="eu-west-1", registry_id="012345678910")

ecr.set_preview("web", in_progress="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.set_preview("web", tag="latest")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ecr.set_replication("web", status="EXPIRED")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
