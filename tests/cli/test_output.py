"""Where commands write to: files, and standard streams of every kind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import yaml

from fakeecr import FakeECR


def run_in_shell(script, **environment):
    """Run a script, in which $FAKEECR is the command."""
    variables = {**os.environ, "FAKEECR": f"{sys.executable} -m fakeecr", **environment}
    return subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, env=variables, text=True, timeout=60, check=False
    )


@pytest.fixture
def environment(state):
    """Return the environment that names the database."""
    return {"FAKEECR_DATABASE": str(state)}


def test_json_is_in_utf8_whatever_the_encoding_of_standard_output(tmp_path):
    with FakeECR(tmp_path / "state.db") as ecr:
        ecr.client().create_repository(repositoryName="web", tags=[{"Key": "команда", "Value": "x"}])

    done = run_in_shell(
        "$FAKEECR show web", PYTHONIOENCODING="cp1252", PYTHONUTF8="0", FAKEECR_DATABASE=str(tmp_path / "state.db")
    )

    assert done.returncode == 0, done.stderr
    assert "команда" in done.stdout


@pytest.mark.parametrize(
    ("command", "exit_code", "message"),
    [
        pytest.param("ls >&-", 1, "Error: standard output cannot be written: it is closed\n", id="closed output"),
        pytest.param("ls >/dev/full", 1, "Error: standard output cannot be written: No space left", id="full output"),
        pytest.param("dump >/dev/full", 1, "Error: standard output cannot be written: No space", id="full dump"),
        pytest.param("dump -o /dev/full", 1, "Error: /dev/full cannot be written: No space left", id="full file"),
        pytest.param("seed - <&-", 2, "The seed - is standard input, which is closed.", id="closed input"),
    ],
)
def test_a_stream_that_cannot_be_used_is_one_message(environment, command, exit_code, message):
    done = run_in_shell(f"$FAKEECR {command}", **environment)

    assert (done.returncode, done.stdout) == (exit_code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_nothing_is_needed_of_standard_error(environment):
    done = run_in_shell("$FAKEECR ls 2>&-", **environment)

    assert done.returncode == 0
    assert '"registries"' in done.stdout


def test_a_dump_goes_to_the_pipe_of_a_number(environment):
    done = run_in_shell("($FAKEECR dump -o /dev/fd/3 3>&1 >/dev/null) | cat", **environment)

    assert done.stderr == ""
    assert yaml.safe_load(done.stdout)["registries"]


def test_a_pipe_that_nobody_reads_any_more_is_no_message(environment):
    done = run_in_shell("$FAKEECR dump -o /dev/stdout | :", **environment)

    assert done.stderr == ""
