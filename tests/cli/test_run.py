"""`fakeecr run`, as a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from fakeecr import FakeECR
from tests.cli.conftest import run_process

SEED = "registries: [{repositories: [{name: web, images: [{tags: [latest]}]}]}]"
LIST = "import boto3; print(boto3.client('ecr').list_images(repositoryName='web')['imageIds'][0]['imageTag'])"


@pytest.fixture
def seed(tmp_path):
    path = tmp_path / "seed.yaml"
    path.write_text(SEED)
    return path


def test_a_command_uses_the_fake(seed):
    outcome = run_process("run", "--seed", seed, "--", sys.executable, "-c", LIST)

    assert outcome == (0, "latest\n", "")


def test_what_the_command_starts_uses_the_fake_too(seed):
    script = f'"{sys.executable}" -c "{LIST}" && "{sys.executable}" -c "{LIST}"'

    outcome = run_process("run", "--seed", seed, "--", "sh", "-c", script)

    assert outcome == (0, "latest\nlatest\n", "")


def test_what_the_command_writes_is_in_the_database(tmp_path):
    database = tmp_path / "state.db"
    with FakeECR(database):
        pass
    script = "import boto3; boto3.client('ecr').create_repository(repositoryName='web')"

    outcome = run_process("run", "--database", database, "--log", "--", sys.executable, "-c", script)

    assert outcome.exit_code == 0
    assert "CreateRepository 200" in outcome.errors
    with FakeECR(database) as ecr:
        assert len(ecr.client().describe_repositories()["repositories"]) == 1


def test_the_options_of_the_command_are_its_own():
    outcome = run_process("run", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--seed", "x", "--", "-h")

    assert outcome == (0, "['--seed', 'x', '--', '-h']\n", "")


@pytest.mark.parametrize(
    ("command", "exit_code", "message"),
    [
        pytest.param(["sh", "-c", "exit 7"], 7, "", id="of the command"),
        pytest.param(["sh", "-c", "kill -TERM $$"], 143, "", id="ended by a signal"),
        pytest.param(["no-such-program"], 127, "Error: no-such-program cannot be run: No such file or directory.", id="missing"),
        pytest.param([os.devnull], 126, "Error: /dev/null cannot be run: Permission denied.", id="no program"),
    ],
)  # fmt: skip
def test_the_exit_code_is_that_of_the_command(command, exit_code, message):
    outcome = run_process("run", "--", *command)

    assert (outcome.exit_code, outcome.errors.strip()) == (exit_code, message)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_reaches_the_command_which_decides(number):
    script = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "fakeecr", "run", "--", sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        process.send_signal(number)

        assert process.wait(timeout=60) == 5


def test_the_environment_has_no_other_endpoint_and_no_profile():
    script = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('AWS_')}))"

    outcome = run_process(
        "run", "--region", "eu-west-1", "--", sys.executable, "-c", script,
        env={**os.environ, "AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "secret"},
    )  # fmt: skip

    environment = json.loads(outcome.output)
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_ENDPOINT_URL_ECR"].startswith("http://127.0.0.1:")
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} & environment.keys()


def test_a_database_that_does_not_exist_is_a_wrong_use(fakeecr, tmp_path):
    outcome = fakeecr("run", "--database", tmp_path / "missing.db", "--", "true")

    assert outcome.exit_code == 2
    assert "does not exist" in outcome.errors


@pytest.mark.parametrize("database", ["", ":memory:"])
def test_an_empty_database_is_one_in_memory(tmp_path, database):
    outcome = run_process(
        "run", "--", sys.executable, "-c", "pass", env={**os.environ, "FAKEECR_DATABASE": database}, cwd=tmp_path
    )

    assert outcome == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_it_is_a_wrong_use(fakeecr):
    outcome = fakeecr("run")

    assert outcome.exit_code == 2
    assert "Missing argument '-- COMMAND…'" in outcome.errors
