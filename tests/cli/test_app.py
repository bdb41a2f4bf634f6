"""The command line as a whole: exit codes, messages, and what is loaded."""

from __future__ import annotations

import pytest

from fakeecr.cli.app import _COMMANDS
from tests.cli.conftest import run_process


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_without_a_command_it_shows_every_command(fakeecr, arguments):
    outcome = fakeecr(*arguments)

    assert outcome.exit_code == 0
    for name in _COMMANDS:
        assert f"\n  {name} " in outcome.output


def test_it_is_also_a_module():
    outcome = run_process("--version")

    assert outcome.exit_code == 0
    assert outcome.output.startswith("fakeecr, version ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["lss"], "No such command 'lss'", id="unknown command"),
        pytest.param(["--wrong"], "No such option", id="unknown option"),
    ],
)
def test_a_wrong_use_ends_with_exit_code_2(fakeecr, arguments, message):
    outcome = fakeecr(*arguments)

    assert outcome.exit_code == 2
    assert message in outcome.errors
    assert outcome.output == ""
