"""State files that earlier schema revisions wrote can be opened, and nothing in them is lost."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from fakeecr import FakeECR
from fakeecr.store import migrations
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.invariants import check_invariants
from tests.manifests import CONFIG, OCI, OCI_INDEX, digest_of

STATES = Path(__file__).parent / "states"
ANY = {"imageStatus": "ANY"}


def copy_state(revision: str, path: Path) -> Path:
    shutil.copy(STATES / f"revision-{revision}.db", path)
    return path


@contextmanager
def modifying(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a state file that enforces foreign keys; commit and close it afterwards."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


def describe_image(client, **image_id):
    (details,) = client.describe_images(repositoryName="web", imageIds=[image_id])["imageDetails"]
    return details


def test_there_is_a_state_file_of_every_earlier_revision():
    revisions = [script.revision for script in ScriptDirectory(str(migrations.scripts())).walk_revisions()]

    expected = [f"revision-{revision}.db" for revision in revisions if revision != migrations.HEAD]
    assert sorted(expected) == sorted(file.name for file in STATES.iterdir())


# --- Revision 0001 ---------------------------------------------------------------------------------


@pytest.fixture
def ecr(tmp_path):
    """Yield a fake on a copy of the file that fakeecr wrote at revision 0001."""
    with FakeECR(copy_state("0001", tmp_path / "state.db")) as fake:
        yield fake


def test_a_file_of_revision_0001_is_migrated_to_the_newest_revision(ecr, tmp_path):
    check_invariants(ecr)
    with sa.create_engine(f"sqlite:///{tmp_path / 'state.db'}").connect() as connection:
        assert migrations.revision(connection, "state.db") == migrations.HEAD


def test_a_file_of_revision_0001_keeps_its_repositories_and_tags(ecr):
    client = unchecked(ecr)
    assert [each["repositoryName"] for each in client.describe_repositories()["repositories"]] == ["web", "empty"]
    tags = {tag for _, tag in identifiers(client.list_images(repositoryName="web", filter=ANY))}
    assert tags == {"by-digest", "odd", "old", "build-1", "build-2", "build-3", "pushed", "moved", "multi", None}

    other_region = unchecked(ecr, region_name="us-west-2")
    listed = other_region.list_images(repositoryName="amazonlinux", registryId="012345678910")
    assert [tag for _, tag in identifiers(listed)] == ["2016.09", "latest"]


def test_a_repository_of_revision_0001_has_the_default_settings(ecr):
    (repository, _) = unchecked(ecr).describe_repositories()["repositories"]

    assert repository["imageTagMutability"] == "MUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": False}
    assert repository["encryptionConfiguration"] == {"encryptionType": "AES256"}


def test_the_migration_reads_media_types_and_sizes_from_manifests(ecr):
    client = unchecked(ecr)

    multi = describe_image(client, imageTag="multi")
    assert multi["imageManifestMediaType"] == OCI_INDEX
    assert multi["imageSizeInBytes"] == 2100
    moved = describe_image(client, imageTag="moved")
    assert (moved["imageManifestMediaType"], moved["artifactMediaType"]) == (OCI, CONFIG)
    assert moved["imageSizeInBytes"] == 3100
    assert describe_image(client, imageTag="pushed")["imageSizeInBytes"] == 2
    assert describe_image(client, imageTag="odd")["imageSizeInBytes"] == 0
    assert describe_image(client, imageTag="by-digest")["imageSizeInBytes"] == 0


def test_the_migration_reads_children_referrers_and_layers_from_manifests(ecr):
    client = unchecked(ecr)
    (multi,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "multi"}])["images"]
    child = multi["imageManifest"].split('"digest": "')[1].split('"')[0]

    response = client.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": child}])
    assert [each["failureCode"] for each in response["failures"]] == ["ImageReferencedByManifestList"]

    (referrer,) = client.list_image_referrers(repositoryName="web", subjectId={"imageDigest": child})["referrers"]
    assert referrer["artifactType"] == "application/vnd.example.sbom"

    (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[digest_of("layer")])["layers"]
    assert layer["layerAvailability"] == "UNAVAILABLE"


def test_the_key_of_a_repository_deleted_before_the_migration_is_not_reused(tmp_path):
    """The migration rebuilds the table; with a reused key an old token would list another repository."""
    path = copy_state("0001", tmp_path / "state.db")
    with modifying(path) as connection:
        (last_key,) = connection.execute("SELECT max(id) FROM repository").fetchone()
        connection.execute("DELETE FROM repository WHERE id = ?", [last_key])

    with FakeECR(path) as ecr:
        unchecked(ecr).create_repository(repositoryName="new")

        with ecr._open().store.reading() as connection:
            assert connection.exec_driver_sql("SELECT max(id) FROM repository").scalar() == last_key + 1


DIGEST = "sha256:" + "1" * 64
INVALID_MANIFESTS = {
    "a lone surrogate": ('{"mediaType":"\\ud800"}', OCI),
    "a lone surrogate in a digest": ('{"layers":[{"digest":"\\ud800"}]}', OCI),
    "a lone surrogate in a config": (f'{{"config":{{"digest":"{DIGEST}","mediaType":"\\ud800"}}}}', OCI),
    "a layer of 4 exabytes": (f'{{"layers":[{{"digest":"{DIGEST}","size":{2**62}}}]}}', OCI),
    "a digest of 9000 characters": ('{"layers":[{"digest":"a:%s"}]}' % ("0" * 9000), OCI),
    "a NUL": ('{"artifactType":"a\\u0000"}', OCI),
    "a media type that is not of a manifest": ('{"mediaType":"text/plain"}', OCI),
    "a subject without a valid digest": ('{"subject":{"digest":"none"}}', OCI),
    "a list without a media type": (f'{{"manifests":[{{"digest":"{DIGEST}"}}]}}', OCI_INDEX),
    "layers that are not a list": ('{"layers":5}', OCI),
    "fsLayers that are not mappings": ('{"fsLayers":[5]}', OCI),
    "deep nesting": ("[" * 100_000, OCI),
    "null for lists, as Go writes": ('{"layers":null,"manifests":null}', OCI_INDEX),
}


@pytest.mark.parametrize(("manifest", "media_type"), INVALID_MANIFESTS.values(), ids=INVALID_MANIFESTS)
def test_the_migration_accepts_an_invalid_manifest_and_reads_nothing_from_it(tmp_path, manifest, media_type):
    path = copy_state("0001", tmp_path / "state.db")
    with modifying(path) as connection:
        connection.execute(
            "UPDATE image SET manifest = ?, digest = ? WHERE digest IN (SELECT digest FROM image_identifier "
            "WHERE tag = 'odd')",
            [manifest.encode(), digest_of(manifest)],
        )

    with FakeECR(path) as ecr:
        migrated = describe_image(unchecked(ecr), imageTag="odd")
        assert (migrated["imageManifestMediaType"], migrated["imageSizeInBytes"]) == (media_type, 0)
        assert "subjectManifestDigest" not in migrated
        # A push of such a manifest is described in the same way.
        ecr.push("web", "today", manifest=manifest + " ")
        pushed = describe_image(unchecked(ecr), imageTag="today")
        assert pushed["imageManifestMediaType"] == media_type
        with FakeECR() as other:
            other.seed(ecr.dump())


def test_the_dump_of_a_migrated_file_can_be_seeded(ecr):
    dumped = ecr.dump()

    with FakeECR() as other:
        other.seed(dumped)
        assert other.dump() == dumped


# --- Revision 0002 ---------------------------------------------------------------------------------


@pytest.fixture
def ecr_0002(tmp_path):
    """Yield a fake on a copy of the file that fakeecr wrote at revision 0002: with a policy, its preview and more."""
    with FakeECR(copy_state("0002", tmp_path / "state.db")) as fake:
        check_invariants(fake)
        yield fake


@pytest.mark.newest_model("transitioningImageTotalCounts")
def test_a_file_of_revision_0002_keeps_a_preview_with_its_results(ecr_0002):
    preview = unchecked(ecr_0002).get_lifecycle_policy_preview(repositoryName="web")

    assert preview["summary"] == {
        "expiringImageTotalCount": 3,
        "transitioningImageTotalCounts": [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 2}],
    }
    results = preview["previewResults"]
    assert [(each["imageTags"], each["appliedRulePriority"]) for each in results] == [
        (["old-0"], 2),
        (["old-1"], 2),
        ([], 1),
        ([], 1),
        ([], 1),
    ]
    assert {each["imagePushedAt"] for each in results} == {datetime(2024, 3, 1, tzinfo=UTC)}
    assert {each["storageClass"] for each in results} == {"STANDARD"}
    assert [each["action"]["type"] for each in results] == ["TRANSITION"] * 2 + ["EXPIRE"] * 3


def test_lifecycle_policy_replication_and_findings_of_revision_0002_still_apply(ecr_0002):
    client = unchecked(ecr_0002)

    assert len(ecr_0002.expire()) == 5

    ecr_0002.push("web", "again")
    other_region = unchecked(ecr_0002, region_name="us-west-2")
    assert {tag for _, tag in identifiers(other_region.list_images(repositoryName="web"))} == {
        "here-and-there",
        "again",
    }

    scan = client.describe_image_scan_findings(repositoryName="web", imageId={"imageTag": "here-and-there"})
    assert scan["imageScanFindings"]["findings"] == [{"name": "CVE-2024-1", "severity": "HIGH"}]
