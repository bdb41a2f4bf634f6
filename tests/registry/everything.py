"""A state that has something of everything that a database can hold."""

from __future__ import annotations

import json

from fakeecr import FakeECR
from tests.conftest import unchecked
from tests.manifests import image, index, referrer
from tests.operations.helpers import (
    begin_upload,
    configure_replication,
    put_image,
    replication_rule,
    scanning_rules,
    seed_of,
    send_part,
    upload_layer,
)
from tests.operations.samples import WEST

ONE, TWO = image("1"), image("2")
INDEX = index(ONE, TWO)
LIFECYCLE_POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
                "action": {"type": "expire"},
            }
        ]
    }
)


def fill(ecr: FakeECR) -> None:
    """Fill a fake with a repository "web", its replicas, and everything else."""
    client = unchecked(ecr)
    ecr.seed(
        seed_of(
            # Older botocores have no exclusion filters and no archive.
            {
                "name": "web",
                "image_tag_mutability": "IMMUTABLE_WITH_EXCLUSION",
                "image_tag_mutability_exclusion_filters": ["dev-*"],
                "tags": {"team": "a"},
                "images": [{"manifest": image("4"), "tags": ["old"], "status": "ARCHIVED"}],
            },
            {"name": "seeded", "images": [{"count": 20, "tags": ["{n}"]}, {"digest": "sha256:" + "0" * 64, "size": 5}]},
        )
        | {"upstream": [{"url": "public.ecr.aws", "repositories": [{"name": "nginx", "images": [{"tags": ["a"]}]}]}]}
    )
    client.put_registry_scanning_configuration(scanType="BASIC", rules=scanning_rules("*"))
    client.create_pull_through_cache_rule(ecrRepositoryPrefix="public", upstreamRegistryUrl="public.ecr.aws")
    configure_replication(client, replication_rule(WEST))
    for manifest in (ONE, TWO):
        put_image(client, manifest)
    put_image(client, INDEX, "multi")
    put_image(client, image("3"), "dev-1")
    ecr.push("web", "sized", manifest=image("5"), size=7)
    ecr.push("web", "broken", manifest="no manifest")
    ecr.push("web", "platforms", platforms=["linux/amd64", "linux/arm64"])
    ecr.push("web", "layers", layers=[b"a layer", b"another"])
    ecr.push("web")
    ecr.push("web")
    put_image(client, referrer(ONE), "referrer")
    upload_layer(client, b"x" * 5 * 1024 * 1024, b"the last part")
    send_part(client, begin_upload(client), 0, b"unfinished")
    ecr.set_findings("web", tag="dev-1", findings=[{"name": "CVE-2024-1", "severity": "HIGH"}])
    client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=LIFECYCLE_POLICY)
    client.start_lifecycle_policy_preview(repositoryName="web")
    client.batch_get_image(repositoryName="public/nginx", imageIds=[{"imageTag": "a"}])
