"""`fakeecr check`: whatever is damaged in a database is named with its place, and nothing is changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from fakeecr import FakeECR
from fakeecr.registry import kinds
from fakeecr.registry.checking import CONTENTS
from fakeecr.store.documents import Kind
from tests.manifests import digest_of, image, referrer
from tests.registry.everything import INDEX, ONE, TWO, fill
from tests.store.test_older_states import copy_state
from tests.store.test_opening import (
    make_damaged_state,
    make_foreign_database,
    make_newer_state,
    make_text_file,
    names_in,
)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """Return a state file that has something of everything."""
    path = tmp_path_factory.mktemp("healthy") / "state.db"
    with FakeECR(path) as ecr:
        fill(ecr)
    return path


@pytest.fixture
def state(healthy, tmp_path):
    """Return a copy of that file, to be damaged."""
    return Path(shutil.copy(healthy, tmp_path / "state.db"))


def damage(path: Path, *statements: str) -> None:
    """Change a file with everything turned off that would prevent it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement


# --- Healthy states -------------------------------------------------------------------------------


def test_a_healthy_state_has_no_problem(fakeecr, state):
    outcome = fakeecr("check", "--database", state)

    assert outcome.json["problems"] == []
    assert outcome.exit_code == 0
    assert outcome.json["more"] == 0
    assert outcome.json["checked"].keys() == {"registries", "repositories", "images", "tags", "layers", "documents"}
    assert min(outcome.json["checked"].values()) > 1


def test_a_healthy_state_on_a_server_has_no_problem(fakeecr, new_postgresql):
    url = new_postgresql()
    with FakeECR(url) as ecr:
        fill(ecr)

    outcome = fakeecr("check", "--database", url.render_as_string(hide_password=False))

    assert outcome.json["problems"] == []
    assert outcome.exit_code == 0


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_an_upgraded_state_has_no_problem(fakeecr, tmp_path, revision):
    path = copy_state(revision, tmp_path / "state.db")
    fakeecr("upgrade", "--database", path)

    assert fakeecr("check", "--database", path).json["problems"] == []


def test_the_healthy_state_has_every_table(healthy):
    with closing(sqlite3.connect(healthy)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert [name for name in names if not connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]] == []


def test_the_contents_of_every_kind_of_document_are_checked():
    assert set(CONTENTS) == {value for value in vars(kinds).values() if isinstance(value, Kind)}


# --- Damage ---------------------------------------------------------------------------------------

WEB = "(SELECT p.id FROM repository p JOIN registry g ON g.id = p.registry_id WHERE name = 'web' AND region = 'us-east-1')"
SEEDED = WEB.replace("'web'", "'seeded'")


def of_image(digest: str) -> str:
    return f"digest = '{digest}' AND repository_id = {WEB}"


def key_of(digest: str) -> str:
    return f"(SELECT id FROM image WHERE {of_image(digest)})"


ONE_DIGEST, INDEX_DIGEST, TAGGED = digest_of(ONE), digest_of(INDEX), digest_of(image("3"))
OTHER = "sha256:" + "e" * 64
REFERRER = digest_of(referrer(ONE))
MADE_UP = f"(SELECT min(id) FROM image WHERE made_from IS NOT NULL AND repository_id = {WEB})"
LAYER = (
    f"(SELECT min(layer_id) FROM layer_part JOIN layer ON id = layer_id WHERE first_byte > 0 AND repository_id = {WEB})"
)
LONGEST = 253402300800000000

# The damage; a part of the rule; a part of the problem; and the digest of the image that must be named, if it is one's.
DAMAGE = {
    # Digests and manifests
    "another manifest": (
        f"UPDATE image SET manifest = CAST(manifest || ' ' AS BLOB) WHERE {of_image(ONE_DIGEST)}",
        "digest of an image", "the digest of the manifest is sha256:", ONE_DIGEST),
    "other words of a made-up image": (
        f"UPDATE image SET made_from = 'web#99' WHERE id = {MADE_UP}",
        "digest of an image", "the digest of the manifest is sha256:", None),
    "a digest that is none": (
        "UPDATE image SET digest = 'sha256:0' WHERE digest LIKE 'sha256:000%'",
        "digest of an image", "expected a digest", None),
    "another media type": (
        f"UPDATE image SET media_type = 'text/plain' WHERE {of_image(ONE_DIGEST)}",
        "columns of an image", "media_type is 'text/plain', and the manifest says", ONE_DIGEST),
    "another media type of the config": (
        f"UPDATE image SET artifact_media_type = NULL WHERE {of_image(ONE_DIGEST)}",
        "columns of an image", "artifact_media_type is", ONE_DIGEST),
    "another artifact type": (
        f"UPDATE image SET artifact_type = 'a/b' WHERE {of_image(ONE_DIGEST)}",
        "columns of an image", "artifact_type is", ONE_DIGEST),
    "another subject": (
        f"UPDATE image SET subject = NULL WHERE {of_image(REFERRER)}",
        "columns of an image", "subject is", REFERRER),
    "a made-up image with a media type": (
        f"UPDATE image SET media_type = 'a/b' WHERE id = {MADE_UP}",
        "columns of an image", "media_type is", None),
    "no size": (
        f"UPDATE image SET size = NULL WHERE {of_image(ONE_DIGEST)}",
        "columns of an image", "size is missing", ONE_DIGEST),
    "an impossible size": (
        f"UPDATE image SET size = -1 WHERE {of_image(ONE_DIGEST)}", "columns of an image", "size is -1", ONE_DIGEST),
    "a manifest that is garbage": (
        f"UPDATE image SET manifest = x'ff00' WHERE {of_image(ONE_DIGEST)}",
        "columns of an image", "and the manifest says nothing", ONE_DIGEST),
    # References
    "a missing reference": (
        f"DELETE FROM image_reference WHERE image_id = {key_of(ONE_DIGEST)} AND digest LIKE 'sha256:%'",
        "references of an image", "is missing, and 1 more", ONE_DIGEST),
    "a reference too many": (
        f"INSERT INTO image_reference VALUES ({key_of(ONE_DIGEST)}, '{OTHER}', {WEB}, 1, NULL)",
        "references of an image", "is not in it", ONE_DIGEST),
    "a reference of another kind": (
        f"UPDATE image_reference SET is_layer = 0 WHERE image_id = {key_of(ONE_DIGEST)}",
        "references of an image", "is missing", ONE_DIGEST),
    "a reference of another repository": (
        f"UPDATE image_reference SET repository_id = {SEEDED} WHERE image_id = {key_of(ONE_DIGEST)}",
        "belongs to an image of the same repository", "belongs to another repository", None),
    "a reference of no image": (
        f"INSERT INTO image_reference VALUES (999, '{OTHER}', {WEB}, 1, NULL)",
        "what a row refers to exists", "refers to image 999", None),
    "an index without one of its images": (
        f"DELETE FROM image WHERE {of_image(digest_of(TWO))}; DELETE FROM image_identifier WHERE {of_image(digest_of(TWO))}",
        "the repository of an index has its images", f"names the image {digest_of(TWO)}", INDEX_DIGEST),
    # Identifiers
    "no identifier": (
        f"DELETE FROM image_identifier WHERE {of_image(TAGGED)}",
        "identifier for each tag", "the image is tagged, and has 0 identifiers", TAGGED),
    "an identifier of another digest": (
        f"UPDATE image_identifier SET digest = '{OTHER}' WHERE {of_image(TAGGED)}",
        "agrees with its image", "another digest", OTHER),
    "an identifier of another status": (
        f"UPDATE image_identifier SET image_status = 'ARCHIVED' WHERE {of_image(TAGGED)}",
        "agrees with its image", "another status", TAGGED),
    "an identifier of another repository": (
        f"UPDATE image_identifier SET repository_id = {SEEDED} WHERE {of_image(TAGGED)}",
        "agrees with its image", "another repository", None),
    "a flag without its tag": (
        f"UPDATE image SET tagged = 0 WHERE {of_image(TAGGED)}",
        "identifier for each tag", "the image is untagged, and has 1 identifiers, 1 of them", TAGGED),
    "an identifier of no image": (
        f"DELETE FROM image WHERE {of_image(TAGGED)}", "what a row refers to exists", "refers to image", TAGGED),
    "a tag that two images have": (
        f"""CREATE TABLE copy AS SELECT * FROM image_identifier; DROP TABLE image_identifier;
        ALTER TABLE copy RENAME TO image_identifier;
        UPDATE image_identifier SET tag = 'multi' WHERE {of_image(TAGGED)}""",
        "what must be unique", "has the same repository_id and tag", None),
    "a tag that is none": (
        f"UPDATE image_identifier SET tag = '' WHERE {of_image(TAGGED)}", "have their form", "expected a tag", TAGGED),
    # Layers
    "other bytes of a layer": (
        f"UPDATE layer_part SET content = 'bytes' WHERE layer_id = {LAYER} AND first_byte > 0; "
        "UPDATE layer_part SET content = CAST(content AS BLOB)",
        "digest of a layer", "the digest of the bytes of the layer sha256:", None),
    "another size of a layer": (
        f"UPDATE layer SET size = size + 1 WHERE id = {LAYER}", "size of a layer", "and its parts have", None),
    "a gap between parts": (
        f"UPDATE layer_part SET first_byte = first_byte + 1 WHERE layer_id = {LAYER} AND first_byte > 0",
        "begins where the last one ended", "begins at byte 5242881", None),
    "a layer that lost its digest": (
        f"UPDATE layer SET digest = NULL WHERE id = {LAYER}", "is an open upload", "neither a digest nor", None),
    "parts of no layer": (
        f"DELETE FROM layer WHERE id = {LAYER}", "what a row refers to exists", "refers to layer", None),
    # Documents and previews
    "a document that is no JSON": (
        "UPDATE image_document SET content = '{' WHERE kind = 'findings'",
        "a document is of a known kind", "the document 'findings' cannot be read", TAGGED),
    "a document with other content": (
        "UPDATE repository_document SET content = '[]' WHERE kind = 'lifecycle'",
        "a document is of a known kind", "Expected `object`, got `array`", None),
    "a document of an unknown kind": (
        "UPDATE repository_document SET kind = 'horoscope' WHERE kind = 'lifecycle'",
        "a document is of a known kind", "the kind 'horoscope' is unknown", None),
    "a preview that lost an image": (
        "DELETE FROM previewed_image WHERE id = (SELECT min(id) FROM previewed_image)",
        "the last preview", "it counts 1 to expire and 0 to archive, and has 0 and 0", None),
    "a preview that is missing": (
        "DELETE FROM repository_document WHERE kind = 'lifecycle preview'",
        "the last preview", "in a preview that does not exist", None),
    "a preview with tags that are no list": (
        "UPDATE previewed_image SET tags = 'a'", "the last preview", "as a JSON list", None),
    "a preview with another flag": (
        "UPDATE previewed_image SET tagged = NOT tagged", "tagged if it has tags", "contradicts its tags", None),
    "a preview with another action": (
        "UPDATE previewed_image SET action = 'KEEP'", "what lifecycle policies can do", "the action KEEP", None),
    # Registries and repositories
    "an account that is none": (
        "UPDATE registry SET account_id = '12' WHERE region = 'us-east-1'",
        "have their form", "expected an AWS account id", None),
    "a repository name that is none": (
        f"UPDATE repository SET name = 'Web!' WHERE id = {WEB}", "have their form", "expected a repository name", None),
    "filters that are no list": (
        f"UPDATE repository SET exclusion_filters = 'dev-*' WHERE id = {WEB}", "have their form", "JSON list", None),
    "a repository of no registry": (
        "DELETE FROM registry WHERE region = 'us-east-1'", "what a row refers to exists", "refers to registry", None),
    "a mutability that does not exist": (
        f"UPDATE repository SET tag_mutability = 'SOME' WHERE id = {WEB}",
        "constraints of its table", "ck_repository_tag_mutability", None),
    "two manifests": (
        f"UPDATE image SET made_from = 'web#1' WHERE {of_image(ONE_DIGEST)}",
        "constraints of its table", "ck_image_one_manifest", ONE_DIGEST),
    # Types
    "a text for a number": (
        f"UPDATE image SET size = 'large' WHERE {of_image(ONE_DIGEST)}",
        "values of its type", "size: expected a whole number, or NULL; got another value, of the type text", ONE_DIGEST),
    "a text for bytes": (
        f"UPDATE image SET manifest = 'text' WHERE {of_image(ONE_DIGEST)}",
        "values of its type", "manifest: expected bytes", ONE_DIGEST),
    "a text for a part's bytes": (
        f"UPDATE layer_part SET content = 'text' WHERE layer_id = {LAYER}",
        "values of its type", "content: expected bytes", None),
    "bytes for a digest": (
        f"UPDATE image SET digest = x'ff' WHERE {of_image(ONE_DIGEST)}", "values of its type", "digest: expected", None),
    "a moment that no calendar has": (
        f"UPDATE image SET pushed_at = {LONGEST} WHERE {of_image(ONE_DIGEST)}",
        "values of its type", "pushed_at: expected microseconds", ONE_DIGEST),
    "a flag of 2": (
        f"UPDATE image SET tagged = 2 WHERE {of_image(ONE_DIGEST)}",
        "values of its type", "tagged: expected 0 or 1", ONE_DIGEST),
    "a text that is not UTF-8": (
        f"UPDATE image SET media_type = CAST(x'ff' AS TEXT) WHERE {of_image(ONE_DIGEST)}",
        "columns of an image", "media_type is", ONE_DIGEST),
    # The database itself
    "no secret": ("DELETE FROM secret", "has a secret", "none is there", None),
    "a secret that is none": ("UPDATE secret SET value = 'x'", "has a secret", "not 64 hexadecimal digits", None),
    "forgotten keys": (
        "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'image'", "a key is never given twice", "noted is 1", None),
    "a missing index": ("DROP INDEX ix_image_subject", "tables are those", "ix_image_subject is missing", None),
    "a missing table": ("DROP TABLE previewed_image", "tables are those", "the table previewed_image is missing", None),
    "a missing column": (
        "ALTER TABLE image DROP COLUMN pulled_at", "tables are those", "image.pulled_at is missing", None),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "rule", "problem", "digest"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named(fakeecr, state, statements, rule, problem, digest):
    damage(state, *statements.split(";"))

    outcome = fakeecr("check", "--database", state)

    assert outcome.exit_code == 1, outcome.errors
    problems = [each for each in outcome.json["problems"] if rule in each["rule"] and problem in each["problem"]]
    assert problems, outcome.output
    if digest is not None:
        assert (digest, "web") in {(each["imageDigest"], each["repositoryName"]) for each in problems}


def test_a_problem_names_registry_repository_and_image(fakeecr, state):
    damage(state, f"UPDATE image SET size = -1 WHERE {of_image(ONE_DIGEST)}")

    assert fakeecr("check", "--database", state).json["problems"] == [
        {
            "registryId": "123456789012",
            "region": "us-east-1",
            "repositoryName": "web",
            "imageDigest": ONE_DIGEST,
            "rule": "the columns of an image say what its manifest says",
            "problem": "size is -1",
        }
    ]


def test_of_very_many_problems_the_first_are_shown_and_all_are_counted(fakeecr, tmp_path):
    path = tmp_path / "state.db"
    with FakeECR(path) as ecr:
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 1500}]}]}]})
    damage(path, "UPDATE image SET size = -1", "UPDATE secret SET value = ''")

    report = fakeecr("check", "--database", path).json

    assert len(report["problems"]) == 1001
    assert report["more"] == 500


def test_damage_of_a_database_on_a_server_is_named(fakeecr, new_postgresql):
    url = new_postgresql()
    with FakeECR(url) as ecr:
        fill(ecr)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE image SET size = -1 WHERE {of_image(ONE_DIGEST)}")
        connection.exec_driver_sql("DROP TABLE previewed_image")
        connection.exec_driver_sql("UPDATE repository_document SET content = '{'")
    engine.dispose()

    outcome = fakeecr("check", "--database", url.render_as_string(hide_password=False))

    assert outcome.exit_code == 1
    problems = " ".join(each["problem"] for each in outcome.json["problems"])
    assert "size is -1" in problems
    assert "the table previewed_image is missing" in problems
    assert "this could not be checked to the end" in problems
    assert "the document 'lifecycle' cannot be read" in problems


# --- Damaged pages --------------------------------------------------------------------------------


def overwrite_pages(path: Path, table: str) -> None:
    """Overwrite the first page of a table or index with garbage."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = b"\xa5" * size
    path.write_bytes(content)


TABLES = ["image", "image_identifier", "image_reference", "layer_part", "repository", "secret", "ix_image_subject"]


@pytest.mark.parametrize("table", TABLES)
def test_damaged_pages_are_problems_and_all_else_is_checked(fakeecr, state, table):
    damage(state, "UPDATE registry_document SET kind = 'horoscope' WHERE kind = 'scanning'")
    overwrite_pages(state, table)
    before = state.read_bytes()

    outcome = fakeecr("check", "--database", state)

    assert outcome.exit_code == 1
    assert outcome.errors == ""
    rules = {each["rule"] for each in outcome.json["problems"]}
    assert "SQLite finds no damage" in rules
    assert "a document is of a known kind, and holds what its kind holds" in rules
    assert state.read_bytes() == before


@pytest.mark.parametrize("kept", [200, 4096, 50_000])
def test_a_truncated_file_is_refused_or_has_problems(fakeecr, state, kept):
    with state.open("rb+") as file:
        file.truncate(kept)

    outcome = fakeecr("check", "--database", state)

    assert outcome.exit_code == 1
    assert "fault of fakeecr" not in outcome.errors


# --- What is refused ------------------------------------------------------------------------------

REFUSED = {
    "a newer file": (make_newer_state, "Upgrade fakeecr"),
    "an older file": (lambda path: copy_state("0002", path), "`fakeecr upgrade` brings it up to date"),
    "a database of another program": (make_foreign_database, "not one of fakeecr's"),
    "a text file": (make_text_file, "file is not a database"),
    "a damaged file": (make_damaged_state, "cannot be used"),
    "an empty file": (Path.touch, "is empty"),
    "a directory": (Path.mkdir, "is not a file"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_state_file_is_refused(fakeecr, tmp_path, make, message):
    path = tmp_path / "state.db"
    make(path)

    outcome = fakeecr("check", "--database", path)

    assert outcome.exit_code == 1
    assert message in outcome.errors
    assert outcome.output == ""
    assert names_in(tmp_path) == ["state.db"]


def test_an_older_database_on_a_server_is_refused(fakeecr, new_postgresql):
    url = new_postgresql()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE fakeecr_schema SET version_num = '0002'")
    engine.dispose()

    outcome = fakeecr("check", "--database", url.render_as_string(hide_password=False))

    assert outcome.exit_code == 1
    assert "fakeecr upgrade" in outcome.errors


def test_a_missing_file_is_a_wrong_use(fakeecr, tmp_path):
    assert fakeecr("check", "--database", tmp_path / "missing.db").exit_code == 2
    assert names_in(tmp_path) == []


# --- Nothing is changed ---------------------------------------------------------------------------


def test_nothing_is_changed_in_a_file_or_beside_it(fakeecr, state):
    before, changed_at = state.read_bytes(), state.stat().st_mtime_ns

    fakeecr("check", "--database", state)

    assert (state.read_bytes(), state.stat().st_mtime_ns) == (before, changed_at)
    assert names_in(state.parent) == ["state.db"]


def test_a_file_in_use_is_checked_with_its_log(fakeecr, tmp_path):
    path = tmp_path / "state.db"
    with FakeECR(path) as ecr:
        ecr.push("web", "only-in-the-log")

        outcome = fakeecr("check", "--database", path)
        assert outcome.json["checked"]["tags"] == 1

        ecr.push("web", "afterwards")
        assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 2


def test_the_log_of_a_killed_program_is_read_and_stays(fakeecr, tmp_path):
    path, used = tmp_path / "state.db", tmp_path / "used.db"
    with FakeECR(used) as ecr:
        ecr.push("web", "only-in-the-log")
        for suffix in ("", "-wal"):
            shutil.copy(f"{used}{suffix}", f"{path}{suffix}")
    log = path.with_name("state.db-wal")
    before = path.read_bytes(), log.read_bytes()

    outcome = fakeecr("check", "--database", path)

    assert outcome.json["problems"] == []
    assert outcome.json["checked"]["tags"] == 1
    assert (path.read_bytes(), log.read_bytes()) == before


def test_a_writer_is_not_waited_for(fakeecr, state):
    with closing(sqlite3.connect(state, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM image")

        assert fakeecr("check", "--database", state).json["problems"] == []


def test_a_file_that_cannot_be_written_is_checked(fakeecr, state, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)

    assert fakeecr("check", "--database", state).json["problems"] == []
    assert names_in(state.parent) == ["state.db"]


def test_a_link_to_a_file_in_use_is_checked_with_the_log_of_the_file(fakeecr, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path, link = tmp_path / "elsewhere" / "state.db", tmp_path / "link.db"
    link.symlink_to(path)
    with FakeECR(path) as ecr:
        ecr.push("web", "only-in-the-log")

        assert fakeecr("check", "--database", link).json["checked"]["tags"] == 1
    assert names_in(path.parent) == ["state.db"]


def test_ctrl_c_ends_the_check(fakeecr, state, monkeypatch):
    def press_ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fakeecr.store.sqlite_file._STEPS", 100)
    monkeypatch.setattr("fakeecr.cli.output.Progress.advance", press_ctrl_c)

    outcome = fakeecr("check", "--database", state)

    assert (outcome.exit_code, outcome.output) == (130, "")
    assert names_in(state.parent) == ["state.db"]


# --- For people -----------------------------------------------------------------------------------


def test_a_terminal_reads_the_problems_of_each_repository(fakeecr, state, monkeypatch):
    damage(state, f"UPDATE image SET size = -1 WHERE {of_image(ONE_DIGEST)}", "DELETE FROM secret")
    monkeypatch.setattr("fakeecr.cli.check.is_json", lambda as_json: False)
    monkeypatch.setenv("COLUMNS", "200")

    lines = fakeecr("check", "--database", state).output.splitlines()

    assert lines[0] == str(state)
    assert lines[1] == "  of its page tokens none is there"
    assert lines[3] == f"123456789012 us-east-1 web {ONE_DIGEST}"
    assert lines[4:6] == ["  size is -1", "    The rule: the columns of an image say what its manifest says."]
    assert lines[6].startswith(f"{state}: 2 problems. Checked: 3 registries, 5 repositories, ")


def test_a_terminal_reads_that_there_is_no_problem(fakeecr, state, monkeypatch):
    monkeypatch.setattr("fakeecr.cli.check.is_json", lambda as_json: False)

    assert ": no problem. Checked: " in fakeecr("check", "--database", state).output
