"""`fakeecr seed`."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from fakeecr import FakeECR
from fakeecr.store.database import locate
from tests.cli.conftest import run_in_terminal

WEB = """
registries:
  - repositories:
      - name: web
        images:
          - tags: [latest]
"""
WORKER = WEB.replace("web", "worker")
TWICE = f"{WEB}          - tags: [latest]\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the working directory, with the seeds `web.yaml`, `worker.yaml` and `twice.yaml`, which is wrong."""
    for name, text in (("web", WEB), ("worker", WORKER), ("twice", TWICE)):
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAKEECR_DATABASE", raising=False)
    return tmp_path


def repositories(file):
    with FakeECR(file) as ecr:
        return [each["repositoryName"] for each in ecr.client().describe_repositories()["repositories"]]


def test_a_database_is_created_and_what_was_added_is_counted(fakeecr, folder):
    outcome = fakeecr("seed", "web.yaml", "worker.yaml", "--database", "state.db")

    everything = {"registries": 1, "repositories": 2, "images": 2}
    assert (outcome.exit_code, outcome.json) == (0, {"added": everything, "total": everything})
    assert repositories("state.db") == ["web", "worker"]


def test_the_file_of_a_url_is_the_one_that_every_command_opens(fakeecr, folder):
    url = "sqlite:///a%20b.db"

    outcome = fakeecr("seed", "web.yaml", "--database", url)

    assert outcome.exit_code == 0, outcome.errors
    assert [file.name for file in folder.glob("*.db")] == [locate(url).name]
    assert len(fakeecr("ls", "web", "--database", url).json["imageDetails"]) == 1


def test_a_url_with_options_is_refused_and_creates_nothing(fakeecr, folder):
    outcome = fakeecr("seed", "web.yaml", "--database", "sqlite:///state.db?timeout=3")

    assert outcome.exit_code == 1
    assert "fakeecr sets SQLite's options itself" in outcome.errors
    assert not list(folder.glob("*state*"))


def test_seeding_again_adds_nothing(fakeecr, folder):
    fakeecr("seed", "web.yaml", "--database", "state.db")

    outcome = fakeecr("seed", "web.yaml", "--database", "state.db")

    assert set(outcome.json["added"].values()) == {0}
    assert set(outcome.json["total"].values()) == {1}


def test_a_mistake_is_a_problem_with_file_line_and_key_path(fakeecr, folder):
    outcome = fakeecr("seed", "twice.yaml", "--database", "state.db")

    assert outcome.exit_code == 1
    assert outcome.errors == (
        "Error: twice.yaml, line 7: registries[0].repositories[0].images[1]: "
        "the tag 'latest' occurs twice in this repository\n"
    )


@pytest.mark.parametrize("files", [["web.yaml", "twice.yaml"], ["web.yaml", "missing.yaml"]])
def test_a_mistake_in_one_file_creates_no_database(fakeecr, folder, files):
    before = sorted(folder.iterdir())

    outcome = fakeecr("seed", *files, "--database", "state.db")

    assert outcome.exit_code == 1
    assert sorted(folder.iterdir()) == before


def test_a_mistake_in_one_file_changes_nothing_in_a_database(fakeecr, folder):
    fakeecr("seed", "worker.yaml", "--database", "state.db")

    outcome = fakeecr("seed", "web.yaml", "twice.yaml", "--database", "state.db")

    assert outcome.exit_code == 1
    assert repositories("state.db") == ["worker"]


def test_a_database_that_another_process_creates_meanwhile_is_seeded_too(fakeecr, folder, monkeypatch):
    from fakeecr.seeds import load

    def write_late(*arguments):
        monkeypatch.undo()
        monkeypatch.chdir(folder)
        FakeECR("state.db").push("base")
        load.write_seed(*arguments)

    monkeypatch.setattr(load, "write_seed", write_late)

    fakeecr("seed", "web.yaml", "--database", "state.db")

    assert repositories("state.db") == ["base", "web"]
    assert not list(folder.glob(".*"))


def test_termination_leaves_nothing_half_done(fakeecr, folder, monkeypatch):
    from fakeecr.seeds import load

    before = sorted(folder.iterdir())
    monkeypatch.setattr(load, "write_seed", lambda *_: signal.raise_signal(signal.SIGTERM))

    outcome = fakeecr("seed", "web.yaml", "--database", "state.db")

    assert outcome.exit_code == 130
    assert sorted(folder.iterdir()) == before


def test_a_full_disk_is_a_problem_of_the_file_that_was_named(folder):
    before = sorted(folder.iterdir())
    limited = f'ulimit -f 8; exec "{sys.executable}" -m fakeecr seed web.yaml --database state.db'

    done = subprocess.run(["/bin/sh", "-c", limited], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert f"{folder / 'state.db'} " in done.stderr
    assert ".tmp" not in done.stderr
    assert sorted(folder.iterdir()) == before


def test_standard_input_is_a_seed(folder):
    command = [sys.executable, "-m", "fakeecr", "seed", "-", "--database", "state.db"]

    done = subprocess.run(command, input=WEB, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert repositories("state.db") == ["web"]


def test_a_mistake_in_standard_input_has_its_line(folder):
    command = [sys.executable, "-m", "fakeecr", "seed", "-", "--database", "state.db"]

    done = subprocess.run(command, input=TWICE, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("Error: standard input, line 7: ")


def test_a_registry_without_id_and_region_is_the_one_of_the_options(fakeecr, folder):
    fakeecr("seed", "web.yaml", "--database", "state.db", "--account-id", "210987654321", "--region", "eu-west-1")

    (registry,) = fakeecr("ls", "--database", "state.db").json["registries"]

    assert (registry["registryId"], registry["region"]) == ("210987654321", "eu-west-1")


def test_a_name_that_only_the_published_limits_refuse_is_a_problem_with_a_plain_warning(fakeecr, folder, recwarn):
    (folder / "web.yaml").write_text(WEB.replace("web", "my--web"))

    outcome = fakeecr("seed", "web.yaml", "--database", "state.db")

    assert outcome.exit_code == 1
    assert "web.yaml, line 4: registries[0].repositories[0].name" in outcome.errors


def test_the_installed_limits_allow_more_names(fakeecr, folder):
    (folder / "web.yaml").write_text(WEB.replace("web", "my--web"))

    outcome = fakeecr("seed", "web.yaml", "--database", "state.db", "--limits", "installed")

    assert outcome.json["added"]["repositories"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["web.yaml"], "No database was given."),
        (["web.yaml", "--database", ":memory:"], "The database :memory: is in memory"),
        (["--database", "state.db"], "Missing argument 'FILE...'"),
    ],
)
def test_a_wrong_use_is_refused(fakeecr, folder, arguments, message):
    outcome = fakeecr("seed", *arguments)

    assert outcome.exit_code == 2
    assert message in outcome.errors


def test_a_directory_that_does_not_exist_is_a_problem(fakeecr, folder):
    outcome = fakeecr("seed", "web.yaml", "--database", "missing/state.db")

    assert outcome.exit_code == 1
    assert f"{folder / 'missing' / 'state.db'} cannot be created" in outcome.errors


def test_a_terminal_shows_a_sentence(folder):
    outcome = run_in_terminal("seed", "web.yaml", "--database", "state.db")

    assert outcome.output == ("Added 1 registry, 1 repository, 1 image. In all: 1 registry, 1 repository, 1 image.\n")
