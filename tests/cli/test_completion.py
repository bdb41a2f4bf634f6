"""Completion in shells."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from fakeecr import FakeECR
from tests.cli.conftest import run_process

COMPLETE_IN_BASH = """
eval "$(env _FAKEECR_COMPLETE=bash_source fakeecr)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_fakeecr_completion fakeecr
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(line, shell="fish", **environment):
    """Return what completes the last word of a line, as fish or zsh asks for it."""
    words = line.split(" ")
    variables = {"_FAKEECR_COMPLETE": f"{shell}_complete", "COMP_WORDS": " ".join(words), **environment}
    variables["COMP_CWORD"] = words[-1] if shell == "fish" else str(len(words) - 1)
    outcome = run_process(env={**os.environ, **variables})
    assert outcome.errors == ""
    if shell == "zsh":
        return outcome.output.splitlines()[1::3]
    lines = outcome.output.splitlines()
    return [each.partition(",")[2].partition("\t")[0] for each in lines if each.startswith("plain,")]


@pytest.fixture
def complete_in_bash(tmp_path, state):
    """Return a function that returns what completes the last of the words that bash makes of a line."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    program = tmp_path / "bin" / "fakeecr"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fakeecr "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"

    def complete_words(*words):
        done = subprocess.run(
            [bash, "--norc", "-c", COMPLETE_IN_BASH, "bash", *words],
            env={**os.environ, "PATH": path, "FAKEECR_DATABASE": str(state)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.split()

    return complete_words


def test_commands_are_completed():
    assert complete("fakeecr du") == ["dump"]


def test_options_are_completed():
    assert complete("fakeecr expire --dry") == ["--dry-run"]


@pytest.mark.parametrize("shell", ["fish", "zsh"])
def test_repositories_are_completed(state, shell):
    assert complete(f"fakeecr ls --database {state} te", shell) == ["team/web"]


def test_the_database_may_be_in_the_environment(state):
    assert complete("fakeecr expire ", FAKEECR_DATABASE=str(state)) == ["base", "multi", "team/web"]


def test_only_repositories_of_the_registry_are_completed(state):
    line = f"fakeecr ls --database {state} --region eu-west-1 --account-id 210987654321 "

    assert complete(line) == ["base"]


@pytest.mark.parametrize("shell", ["fish", "zsh"])
def test_tags_are_completed(state, shell):
    assert complete(f"fakeecr show --database {state} team/web:", shell) == ["team/web:1.0", "team/web:2.0"]


def test_digests_are_completed(state):
    with FakeECR(state) as ecr:
        digest = ecr.push("base", "latest").digest

    assert complete(f"fakeecr show --database {state} base@sha") == [f"base@{digest}"]


def test_the_tags_of_a_uri_are_completed(state):
    uri = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/base"

    assert complete(f"fakeecr show --database {state} {uri}:o") == [f"{uri}:old"]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["show", "te"], ["team/web"]),
        (["show", "team/web", ":"], ["1.0", "2.0"]),
        (["show", "team/web", ":", "2"], ["2.0"]),
        (["show", "team/web:2"], ["team/web:2.0"]),
        (["show", "te", ""], []),
    ],
)
def test_bash_completes_the_last_of_its_words(complete_in_bash, words, completed):
    assert complete_in_bash("fakeecr", *words) == completed


def test_bash_completes_after_a_url(complete_in_bash, state):
    words = ["fakeecr", "ls", "--database", "sqlite", ":", f"///{state}", "te"]

    assert complete_in_bash(*words) == ["team/web"]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["ls", "--region", "=", "eu-west-1", "--account-id", "=", "210987654321", ""], ["base"]),
        (["ls", "--account-id", "=", "210987654321", "--region=eu-west-1", "b"], ["base"]),
        (["serve", "--limits", "=", "pub"], ["published"]),
        (["serve", "--limits", "="], ["published", "installed"]),
    ],
)
def test_bash_completes_with_values_after_an_equals_sign(complete_in_bash, words, completed):
    assert complete_in_bash("fakeecr", *words) == completed


def test_bash_completes_with_a_database_after_an_equals_sign(complete_in_bash, tmp_path):
    with FakeECR(tmp_path / "other.db") as ecr:
        ecr.push("other", "1.0")

    assert complete_in_bash("fakeecr", "ls", "--database", "=", str(tmp_path / "other.db"), "ot") == ["other"]


# --- Safe ----------------------------------------------------------------------------------------


@pytest.fixture
def unusable(tmp_path):
    """Return a folder with files that are no state files, and one of which another program's writes are not finished."""
    (tmp_path / "text.db").write_text("no database")
    (tmp_path / "empty.db").touch()
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE repository (name)")
    (tmp_path / "folder.db").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", ["missing.db", "text.db", "empty.db", "other.db", "folder.db", "missing/x.db"])
def test_what_is_no_state_file_has_no_names_and_stays_as_it_is(unusable, name):
    before = {file: file.stat().st_mtime_ns for file in unusable.iterdir()}

    assert complete(f"fakeecr show --database {unusable / name} web:") == []
    assert {file: file.stat().st_mtime_ns for file in unusable.iterdir()} == before


@pytest.mark.parametrize("database", [":memory:", "postgresql+psycopg://nobody@127.0.0.1:1/none", "sqlite://", "\x01"])
def test_other_databases_are_not_opened(database):
    assert complete(f"fakeecr ls --database {database} we") == []


def test_a_file_that_a_process_uses_is_read_with_its_log(state):
    with FakeECR(state) as ecr:
        ecr.push("brand-new", "1.0")

        assert complete(f"fakeecr ls --database {state} brand") == ["brand-new"]


def test_a_file_of_a_killed_process_is_left_alone(tmp_path, state):
    with FakeECR(state) as ecr:
        ecr.push("brand-new", "1.0")
        for suffix in ("", "-wal"):
            shutil.copy(f"{state}{suffix}", f"{tmp_path / 'copy.db'}{suffix}")
    before = sorted(tmp_path.iterdir())

    assert complete(f"fakeecr ls --database {tmp_path / 'copy.db'} brand") == []
    assert sorted(tmp_path.iterdir()) == before


# --- Fast ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param(["--help"], {}, id="help"),
        pytest.param(
            [], {"_FAKEECR_COMPLETE": "fish_complete", "COMP_WORDS": "fakeecr ls", "COMP_CWORD": "x"}, id="completion"
        ),
    ],
)
def test_help_and_completion_load_nothing_that_takes_long(state, arguments, variables):
    script = (
        "import sys\nfrom fakeecr.cli import main\ntry:\n    main()\n"
        "finally:\n    print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "FAKEECR_DATABASE": str(state), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    loaded = {module.partition(".")[0] for module in done.stderr.split()}
    assert "click" in loaded
    assert loaded & {"sqlalchemy", "botocore", "boto3", "alembic", "yaml", "msgspec", "rich", "werkzeug"} == set()
    assert "fakeecr.fake" not in done.stderr.split()


def test_the_shells_are_told_how_to_complete():
    for shell in ("bash", "zsh", "fish"):
        outcome = run_process(env={**os.environ, "_FAKEECR_COMPLETE": f"{shell}_source"})

        assert outcome.exit_code == 0
        assert "_FAKEECR_COMPLETE=" in outcome.output
        assert Path(sys.executable).name not in outcome.output
