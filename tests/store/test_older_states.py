"""State files that earlier revisions wrote open, and nothing of them is lost."""

from __future__ import annotations

import shutil
import sqlite3
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


@pytest.fixture
def ecr(tmp_path):
    """Give a fake on a copy of the file that fakeecr wrote at revision 0001."""
    shutil.copy(STATES / "revision-0001.db", tmp_path / "state.db")
    with FakeECR(tmp_path / "state.db") as fake:
        yield fake


def details(client, **image_id):
    (found,) = client.describe_images(repositoryName="web", imageIds=[image_id])["imageDetails"]
    return found


def test_a_state_of_every_earlier_revision_is_here():
    known = [script.revision for script in ScriptDirectory(str(migrations.scripts())).walk_revisions()]
    files = [f"revision-{revision}.db" for revision in known if revision != migrations.HEAD]
    assert sorted(files) == sorted(file.name for file in STATES.iterdir())


def test_it_is_brought_up_to_date(ecr, tmp_path):
    check_invariants(ecr)
    with sa.create_engine(f"sqlite:///{tmp_path / 'state.db'}").connect() as connection:
        assert migrations.revision(connection, "state.db") == migrations.HEAD


def test_everything_is_there(ecr):
    client = unchecked(ecr)
    assert [each["repositoryName"] for each in client.describe_repositories()["repositories"]] == ["web", "empty"]
    tags = {tag for _, tag in identifiers(client.list_images(repositoryName="web", filter=ANY))}
    assert tags == {"by-digest", "odd", "old", "build-1", "build-2", "build-3", "pushed", "moved", "multi", None}
    there = unchecked(ecr, region_name="us-west-2")
    listed = there.list_images(repositoryName="amazonlinux", registryId="012345678910")
    assert [tag for _, tag in identifiers(listed)] == ["2016.09", "latest"]


def test_repositories_have_the_settings_that_they_had_by_silence(ecr):
    (repository, _) = unchecked(ecr).describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": False}
    assert repository["encryptionConfiguration"] == {"encryptionType": "AES256"}


def test_what_the_manifests_say_is_known(ecr):
    client = unchecked(ecr)
    multi = details(client, imageTag="multi")
    assert multi["imageManifestMediaType"] == OCI_INDEX
    assert multi["imageSizeInBytes"] == 2100
    moved = details(client, imageTag="moved")
    assert (moved["imageManifestMediaType"], moved["artifactMediaType"]) == (OCI, CONFIG)
    assert moved["imageSizeInBytes"] == 3100
    assert details(client, imageTag="pushed")["imageSizeInBytes"] == 2
    assert details(client, imageTag="odd")["imageSizeInBytes"] == 0
    assert details(client, imageTag="by-digest")["imageSizeInBytes"] == 0


def test_lists_referrers_and_layers_hold_together(ecr):
    client = unchecked(ecr)
    (got,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "multi"}])["images"]
    child = got["imageManifest"].split('"digest": "')[1].split('"')[0]
    response = client.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": child}])
    assert [each["failureCode"] for each in response["failures"]] == ["ImageReferencedByManifestList"]
    (referrer,) = client.list_image_referrers(repositoryName="web", subjectId={"imageDigest": child})["referrers"]
    assert referrer["artifactType"] == "application/vnd.example.sbom"
    (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[digest_of("layer")])["layers"]
    assert layer["layerAvailability"] == "UNAVAILABLE"


def test_a_number_of_a_repository_that_is_gone_is_not_given_again(tmp_path):
    """Their table is built anew; an old token would list the new repository of an old number."""
    file = tmp_path / "state.db"
    shutil.copy(STATES / "revision-0001.db", file)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        (last,) = connection.execute("SELECT max(id) FROM repository").fetchone()
        connection.execute("DELETE FROM repository WHERE id = ?", [last])
    connection.close()
    with FakeECR(file) as ecr:
        unchecked(ecr).create_repository(repositoryName="new")
        with ecr._open().store.reading() as connection:
            assert connection.exec_driver_sql("SELECT max(id) FROM repository").scalar() == last + 1


DIGEST = "sha256:" + "1" * 64
ODD = {
    "half a character": ('{"mediaType":"\\ud800"}', OCI),
    "half a character in a digest": ('{"layers":[{"digest":"\\ud800"}]}', OCI),
    "half a character in a config": (f'{{"config":{{"digest":"{DIGEST}","mediaType":"\\ud800"}}}}', OCI),
    "more than there is": (f'{{"layers":[{{"digest":"{DIGEST}","size":{2**62}}}]}}', OCI),
    "a digest as long as a book": ('{"layers":[{"digest":"a:%s"}]}' % ("0" * 9000), OCI),
    "a NUL": ('{"artifactType":"a\\u0000"}', OCI),
    "a media type of something else": ('{"mediaType":"text/plain"}', OCI),
    "a subject that is none": ('{"subject":{"digest":"none"}}', OCI),
    "a list of no media type": (f'{{"manifests":[{{"digest":"{DIGEST}"}}]}}', OCI_INDEX),
    "layers that are none": ('{"layers":5}', OCI),
    "old layers that are none": ('{"fsLayers":[5]}', OCI),
    "deep": ("[" * 100_000, OCI),
    "go's null": ('{"layers":null,"manifests":null}', OCI_INDEX),
}


@pytest.mark.parametrize("name", ODD)
def test_a_manifest_that_is_none_stops_nothing_and_says_nothing(tmp_path, name):
    manifest, media_type = ODD[name]
    file = tmp_path / "state.db"
    shutil.copy(STATES / "revision-0001.db", file)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(
            "UPDATE image SET manifest = ?, digest = ? WHERE digest IN (SELECT digest FROM image_identifier "
            "WHERE tag = 'odd')",
            [manifest.encode(), digest_of(manifest)],
        )
    connection.close()
    with FakeECR(file) as ecr:
        found = details(unchecked(ecr), imageTag="odd")
        assert (found["imageManifestMediaType"], found["imageSizeInBytes"]) == (media_type, 0)
        assert "subjectManifestDigest" not in found
        # As it would be described if it came today.
        ecr.push("web", "today", manifest=manifest + " ")
        today = details(unchecked(ecr), imageTag="today")
        assert today["imageManifestMediaType"] == media_type
        with FakeECR() as other:
            other.seed(ecr.dump())


def test_it_dumps_and_seeds_again(ecr):
    dumped = ecr.dump()
    with FakeECR() as other:
        other.seed(dumped)
        assert other.dump() == dumped


# --- Revision 0002 ---------------------------------------------------------------------------------


@pytest.fixture
def previewed(tmp_path):
    """Give a fake on a copy of the file that fakeecr wrote at revision 0002: with a policy, its preview and more."""
    shutil.copy(STATES / "revision-0002.db", tmp_path / "state.db")
    with FakeECR(tmp_path / "state.db") as fake:
        check_invariants(fake)
        yield fake


def test_a_preview_is_there_with_its_results(previewed):
    preview = unchecked(previewed).get_lifecycle_policy_preview(repositoryName="web")
    assert preview["summary"] == {
        "expiringImageTotalCount": 3,
        "transitioningImageTotalCounts": [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 2}],
    }
    shown = [(each["imageTags"], each["appliedRulePriority"]) for each in preview["previewResults"]]
    assert shown == [(["old-0"], 2), (["old-1"], 2), ([], 1), ([], 1), ([], 1)]
    assert {each["imagePushedAt"] for each in preview["previewResults"]} == {datetime(2024, 3, 1, tzinfo=UTC)}
    assert {each["storageClass"] for each in preview["previewResults"]} == {"STANDARD"}
    assert [each["action"]["type"] for each in preview["previewResults"]] == ["TRANSITION"] * 2 + ["EXPIRE"] * 3


def test_what_was_configured_still_acts(previewed):
    client = unchecked(previewed)
    assert len(previewed.expire()) == 5
    previewed.push("web", "again")
    there = unchecked(previewed, region_name="us-west-2")
    assert {tag for _, tag in identifiers(there.list_images(repositoryName="web"))} == {"here-and-there", "again"}
    found = client.describe_image_scan_findings(repositoryName="web", imageId={"imageTag": "here-and-there"})
    assert found["imageScanFindings"]["findings"] == [{"name": "CVE-2024-1", "severity": "HIGH"}]
