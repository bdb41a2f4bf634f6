"""`fakeecr serve`, as a real process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fakeecr import FakeECR
from fakeecr.adapters.server.environment import environment
from tests.cli.conftest import run_process

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@contextmanager
def started(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server as a process, and yield it with its URL once it has printed what to export."""
    command = [sys.executable, "-m", "fakeecr", "serve", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(13)]
            url = re.search(r"http://\S+:\d+", lines[0])
            assert url is not None, (lines, process.stderr and process.stderr.read())
            process.exports = "".join(lines)  # type: ignore[attr-defined]
            yield process, url[0]
        finally:
            process.kill()


def post(url: str, operation: str, body: bytes) -> bytes:
    headers = {"X-Amz-Target": f"AmazonEC2ContainerRegistry_V20150921.{operation}"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as response:
        return response.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_loses_nothing(tmp_path, number):
    database = tmp_path / "state.db"
    with started("--database", database) as (process, url):
        post(url, "CreateRepository", b'{"repositoryName":"web"}')

        process.send_signal(number)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 0
    assert re.fullmatch(r"\d\d:\d\d:\d\d CreateRepository 200 [\d.]+ ms\n", errors)
    with FakeECR(database) as ecr:
        assert [row["repositoryName"] for row in ecr.client().describe_repositories()["repositories"]] == ["web"]
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]


def test_an_error_and_its_note_are_in_the_log(tmp_path):
    seed = tmp_path / "seed.yaml"
    seed.write_text("registries: [{repositories: [{name: web}]}]")
    with started("--seed", seed) as (process, url):
        with pytest.raises(urllib.error.HTTPError) as error:
            post(url, "ListImages", b'{"repositoryName":"wep"}')
        error.value.close()

        process.terminate()
        _, errors = process.communicate(timeout=60)

    assert "ListImages 400 RepositoryNotFoundException" in errors
    assert errors.count("has the repository 'web'") == 1


def test_a_shell_that_runs_what_it_prints_has_the_environment_of_a_child_process(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("NO_PROXY", "example.com")
    with started() as (process, url):
        script = process.exports + f'"{sys.executable}" -c "import json, os; print(json.dumps(dict(os.environ)))"'
        shell = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True, timeout=60)

    in_shell = json.loads(shell.stdout)
    expected = environment(os.environ, url, "us-east-1")
    assert {name: in_shell.get(name) for name in expected if name != "_"} == {
        name: value for name, value in expected.items() if name != "_"
    }
    assert "AWS_PROFILE" not in in_shell
    assert in_shell["NO_PROXY"] == "example.com,127.0.0.1"


def test_an_invalid_seed_creates_no_database(tmp_path):
    seed = tmp_path / "seed.yaml"
    seed.write_text("registries: [{repositories: [{name: web, images: [{tags: 1}]}]}]")

    outcome = run_process("serve", "--port", "0", "--seed", seed, "--database", tmp_path / "state.db")

    assert outcome.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["seed.yaml"]


def test_quiet_logs_nothing():
    with started("-q") as (process, url):
        post(url, "DescribeRepositories", b"{}")

        process.terminate()

        assert process.communicate(timeout=60) == ("", "")


def test_an_address_of_every_machine_warns():
    with started("--host", "0.0.0.0") as (process, _):  # noqa: S104 - this is the point
        process.terminate()
        _, errors = process.communicate(timeout=60)

    assert errors.startswith("Warning: This fake of ECR listens at 0.0.0.0, port ")


def test_a_port_that_is_in_use_is_a_problem():
    with FakeECR() as ecr, ecr.serve() as server:
        outcome = run_process("serve", "--port", server.registry.rpartition(":")[2])

    assert outcome.exit_code == 1
    assert "Give another port" in outcome.errors


def test_a_seed_that_is_invalid_is_a_problem_and_nothing_is_served(tmp_path):
    seed = tmp_path / "seed.yaml"
    seed.write_text("registries: [{repositories: [{nam: web}]}]")

    outcome = run_process("serve", "--port", "0", "--seed", seed)

    assert outcome.exit_code == 1
    assert f"{seed}, line 1" in outcome.errors
    assert outcome.output == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--port", "x"], "'x' is not a valid integer range", id="port"),
        pytest.param(["--account-id", "12"], "account_id: ", id="account"),
        pytest.param(["--limits", "none"], "'none' is not one of", id="limits"),
    ],
)
def test_a_wrong_option_is_a_wrong_use(fakeecr, arguments, message):
    outcome = fakeecr("serve", *arguments)

    assert outcome.exit_code == 2
    assert message in outcome.errors
