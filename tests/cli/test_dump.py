"""`fakeecr dump`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import yaml

from fakeecr import FakeECR


def test_a_dump_is_the_seed_of_the_same_state(fakeecr, state, tmp_path):
    with FakeECR(state) as ecr:
        dumped = ecr.dump()

    outcome = fakeecr("dump", "--database", state)

    (tmp_path / "seed.yaml").write_text(outcome.output)
    fakeecr("seed", tmp_path / "seed.yaml", "--database", tmp_path / "copy.db")
    with FakeECR(tmp_path / "copy.db") as ecr:
        assert ecr.dump() == dumped == yaml.safe_load(outcome.output)


def test_a_dump_in_json_is_a_seed_too(fakeecr, state, tmp_path):
    outcome = fakeecr("dump", "--json", "--database", state)

    (tmp_path / "seed.json").write_text(outcome.output)
    with FakeECR() as ecr, FakeECR(state) as original:
        ecr.seed(tmp_path / "seed.json")
        assert ecr.dump() == original.dump() == outcome.json


def test_a_file_is_written(fakeecr, state, tmp_path):
    printed = fakeecr("dump", "--database", state).output

    outcome = fakeecr("dump", "--database", state, "-o", tmp_path / "seed.yaml")

    assert (outcome.exit_code, outcome.output) == (0, "")
    assert (tmp_path / "seed.yaml").read_text() == printed


def test_a_file_that_cannot_be_written_is_a_problem(fakeecr, state, tmp_path):
    outcome = fakeecr("dump", "--database", state, "-o", tmp_path / "missing" / "seed.yaml")

    assert outcome.exit_code == 1
    assert "seed.yaml cannot be written: No such file or directory" in outcome.errors


def test_a_missing_database_leaves_the_file_alone(fakeecr, tmp_path):
    (tmp_path / "seed.yaml").write_text("precious")

    outcome = fakeecr("dump", "--database", tmp_path / "missing.db", "-o", tmp_path / "seed.yaml")

    assert outcome.exit_code == 2
    assert (tmp_path / "seed.yaml").read_text() == "precious"


def test_a_device_is_written_to_and_not_replaced(fakeecr, state):
    outcome = fakeecr("dump", "--database", state, "-o", os.devnull)

    assert outcome.exit_code == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
