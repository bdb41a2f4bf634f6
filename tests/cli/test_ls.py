"""`fakeecr ls`."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from fakeecr import FakeECR
from tests.cli.conftest import run_in_terminal, run_process


def names(outcome):
    return [
        (registry["registryId"], [repository["repositoryName"] for repository in registry["repositories"]])
        for registry in outcome.json["registries"]
    ]


def test_all_registries_are_listed_with_their_repositories(fakeecr, state):
    outcome = fakeecr("ls", "--database", state)

    assert names(outcome) == [("123456789012", ["team/web", "multi"]), ("210987654321", ["base"])]
    assert (outcome.exit_code, outcome.errors) == (0, "")


def test_a_repository_is_listed_as_it_is_described_and_with_its_images(fakeecr, state):
    with FakeECR(state) as ecr:
        (described,) = ecr.client().describe_repositories(repositoryNames=["multi"])["repositories"]

    (_, multi) = fakeecr("ls", "--database", state).json["registries"][0]["repositories"]

    assert multi["repositoryArn"] == described["repositoryArn"]
    assert multi["imageCount"] == 3
    assert multi["imageSizeInBytes"] == 4  # the index has no size of its own


@pytest.mark.parametrize(
    ("options", "accounts"),
    [
        (["--account-id", "210987654321"], ["210987654321"]),
        (["--region", "us-east-1"], ["123456789012"]),
        (["--account-id", "210987654321", "--region", "us-east-1"], []),
    ],
)
def test_an_account_and_a_region_select_registries(fakeecr, state, options, accounts):
    outcome = fakeecr("ls", "--database", state, *options)

    assert [account for account, _ in names(outcome)] == accounts


@pytest.mark.parametrize("command", ["ls", "show", "expire", "seed"])
@pytest.mark.parametrize("option", ["--account-id", "--region"])
def test_an_empty_account_or_region_is_a_wrong_use(fakeecr, state, command, option):
    outcome = fakeecr(command, "team/web", option, "", "--database", state)

    assert outcome.exit_code == 2
    assert "expected a value; got an empty text" in outcome.errors


def test_upstream_registries_are_not_listed(fakeecr, state):
    with FakeECR(state) as ecr:
        ecr.seed({"upstream": [{"url": "public.ecr.aws", "repositories": [{"name": "alpine", "images": []}]}]})

    assert len(fakeecr("ls", "--database", state).json["registries"]) == 2


def test_the_images_of_a_repository_are_listed_as_they_are_described(fakeecr, state):
    with FakeECR(state) as ecr:
        described = ecr.client().describe_images(repositoryName="team/web")["imageDetails"]

    listed = fakeecr("ls", "team/web", "--database", state).json["imageDetails"]

    assert [image["imageDigest"] for image in listed] == [image["imageDigest"] for image in described]
    assert listed[0]["imageTags"] == ["1.0"]
    assert listed[0]["imagePushedAt"] == "2024-05-01T10:00:00Z"


def test_images_of_every_status_and_of_many_pages_are_listed(fakeecr, tmp_path):
    with FakeECR(tmp_path / "state.db") as ecr:
        images = [{"tags": [f"v{number}"]} for number in range(2001)]
        images[5]["status"] = "ARCHIVED"
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})

    listed = fakeecr("ls", "web", "--database", tmp_path / "state.db").json["imageDetails"]

    assert [image["imageTags"] for image in listed] == [[f"v{number}"] for number in range(2001)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["base", "--account-id", "210987654321", "--region", "eu-west-1"],
        ["210987654321.dkr.ecr.eu-west-1.amazonaws.com/base"],
    ],
)
def test_the_repository_of_another_registry_is_found(fakeecr, state, arguments):
    assert fakeecr("ls", *arguments, "--database", state).json["imageDetails"][0]["imageTags"] == ["old"]


def test_a_missing_repository_is_a_problem_with_the_closest_name(fakeecr, state):
    outcome = fakeecr("ls", "team/wbe", "--database", state)

    assert outcome.exit_code == 1
    assert "Did you mean 'team/web'?" in outcome.errors
    assert outcome.output == ""


def test_a_repository_of_another_registry_is_named_once(fakeecr, state):
    outcome = fakeecr("ls", "base", "--database", state)

    assert outcome.errors.count("registry 210987654321 in eu-west-1") == 1


def test_an_image_cannot_be_listed(fakeecr, state):
    outcome = fakeecr("ls", "team/web:1.0", "--database", state)

    assert outcome.exit_code == 2
    assert "`fakeecr show team/web:1.0` shows it." in outcome.errors


@pytest.mark.parametrize(
    ("database", "message"),
    [
        (None, "No database was given."),
        ("missing.db", "The database missing.db does not exist."),
        ("sqlite:///missing.db", "The database sqlite:///missing.db does not exist."),
        (":memory:", "The database :memory: is in memory"),
        ("sqlite://", "The database sqlite:// is in memory"),
    ],
)
def test_a_database_that_does_not_exist_is_a_wrong_use(fakeecr, tmp_path, monkeypatch, database, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAKEECR_DATABASE", raising=False)

    outcome = fakeecr("ls", *(["--database", database] if database else []))

    assert outcome.exit_code == 2
    assert message in outcome.errors
    assert list(tmp_path.iterdir()) == []


def test_the_database_may_be_in_the_environment(fakeecr, state, monkeypatch):
    monkeypatch.setenv("FAKEECR_DATABASE", f"sqlite:///{state}")

    assert fakeecr("ls").exit_code == 0


def test_a_file_that_is_no_state_file_is_a_problem(fakeecr, tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, but a text")

    outcome = fakeecr("ls", "--database", tmp_path / "notes.txt")

    assert outcome.exit_code == 1
    assert "notes.txt cannot be used: file is not a database" in outcome.errors


def test_a_wrong_account_is_a_wrong_use(fakeecr, state):
    outcome = fakeecr("ls", "--database", state, "--account-id", "12")

    assert outcome.exit_code == 2
    assert "expected an AWS account id of 12 digits" in outcome.errors


# --- In a terminal -------------------------------------------------------------------------------


def test_a_terminal_shows_a_table_for_each_registry(state):
    lines = run_in_terminal("ls", "--database", state).lines

    assert lines[0] == "123456789012 us-east-1: 2 repositories"
    assert lines[1].split() == ["REPOSITORY", "IMAGES", "SIZE", "CREATED", "(UTC)"]
    assert lines[2].split()[:2] == ["team/web", "2"]
    assert "210987654321 eu-west-1: 1 repository" in lines


def test_a_terminal_shows_a_table_of_images(state):
    lines = run_in_terminal("ls", "multi", "--database", state).lines

    assert lines[0].split() == ["TAGS", "DIGEST", "SIZE", "PUSHED", "(UTC)"]
    assert lines[-1].split()[0] == "1.0"
    assert lines[-1].split()[-1] == "index"
    assert lines[1].split()[0] == "-"


def test_a_table_is_coloured_unless_no_color_is_set(state):
    assert "\x1b[36m" in run_in_terminal("ls", "--database", state).output
    assert "\x1b[36m" not in run_in_terminal("ls", "--database", state, NO_COLOR="1").output


def test_a_table_is_not_wider_than_the_terminal(state):
    outcome = run_in_terminal("ls", "team/web", "--database", state, columns=40)

    assert max(map(len, outcome.lines)) <= 40


def test_the_columns_of_a_long_table_stay_where_they_are(tmp_path):
    with FakeECR(tmp_path / "state.db") as ecr:
        images = [{"tags": [f"v{number}"]} for number in range(450)]
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})

    outcome = run_in_terminal("ls", "web", "--database", tmp_path / "state.db")

    rows = outcome.lines[1:]
    assert len(rows) == 450
    assert len({row.index("sha256:") for row in rows}) == 1


def test_json_is_printed_to_a_terminal_if_it_is_asked_for(state):
    assert run_in_terminal("ls", "--json", "--database", state).json["registries"]


# --- As a process --------------------------------------------------------------------------------


def test_the_output_can_be_piped_into_a_program_that_stops_reading(state):
    command = f"'{sys.executable}' -m fakeecr ls --database '{state}' | head -n 1"

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.stderr) == ("{\n", "")


def test_rich_is_not_imported_for_json(state):
    script = "import sys; from fakeecr.cli.app import run; run(sys.argv[1:]); sys.exit('rich' in sys.modules)"

    command = [sys.executable, "-c", script, "ls", "team/web", "--database", str(state)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)

    assert done.returncode == 0


def contents(file):
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def test_listing_changes_nothing(state):
    before = contents(state)

    outcome = run_process("ls", "team/web", "--database", state)

    assert outcome.exit_code == 0
    assert contents(state) == before
