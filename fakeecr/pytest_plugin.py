"""FakeECR for pytest: the fixtures `fake_ecr` and `ecr_client`, the marker `fakeecr`, three ini options, one flag.

pytest loads this module in every run, so it imports nothing but pytest and the light front of fakeecr, which
puts the sleeping hook into botocore: clients that the code under test makes as it is imported are answered too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fakeecr

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

_MARKER = "fakeecr(seed=…, database=…, account_id=…, region=…, limits=…, require_layers=…)"
_ARGUMENTS = ("seed", "database", "account_id", "region", "limits", "require_layers")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options and the flag."""
    parser.addini("fakeecr_seed", "A YAML file that seeds every fake_ecr, relative to the root directory.")
    parser.addini(
        "fakeecr_database",
        "Where every fake_ecr keeps its state: a path relative to the root directory, or a URL.",
    )
    parser.addini("fakeecr_limits", 'The limits of every fake_ecr: "published" (default) or "installed".')
    parser.getgroup("fakeecr").addoption(
        "--fakeecr-database",
        metavar="PATH_OR_URL",
        help="Where every fake_ecr keeps its state, so that it lasts from run to run. Overrides fakeecr_database.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}: what the fixture fake_ecr of this test is made with: FakeECR's arguments, and a seed, a mapping "
        "or a path relative to the test file or the root directory.",
    )


@pytest.fixture
def fake_ecr(request: pytest.FixtureRequest) -> Iterator[fakeecr.FakeECR]:
    """Give a FakeECR that is active for this test; see the marker `fakeecr` and the ini options."""
    arguments = _arguments(request)
    seeds = arguments.pop("seeds")
    with fakeecr.FakeECR(**arguments) as fake:
        for seed in seeds:
            fake.seed(seed)
        yield fake


@pytest.fixture
def ecr_client(fake_ecr: fakeecr.FakeECR) -> ECRClient:
    """Give a boto3 client of this test's fake_ecr."""
    return fake_ecr.client()


def _arguments(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Gather what a test's fake is made with: its markers, the nearest first, then the flag, then the ini file."""
    config = request.config
    root = config.rootpath
    given: dict[str, Any] = {}
    for marker in request.node.iter_markers("fakeecr"):
        _check_marker(marker)
        given = {**marker.kwargs, **given}

    seeds = []
    if config.getini("fakeecr_seed"):
        seeds.append(root / config.getini("fakeecr_seed"))
    if "seed" in given:
        seeds.append(_seed(given.pop("seed"), request.path, root))
    if "limits" not in given and config.getini("fakeecr_limits"):
        given["limits"] = config.getini("fakeecr_limits")
    if "database" not in given:
        flag = config.getoption("--fakeecr-database")
        ini = config.getini("fakeecr_database")
        if flag:
            given["database"] = _located(flag, config.invocation_params.dir)
        elif ini:
            given["database"] = _located(ini, root)
    return {**given, "seeds": seeds}


def _check_marker(marker: pytest.Mark) -> None:
    if marker.args:
        raise pytest.UsageError(f"The marker fakeecr takes keywords only: {_MARKER}; got {marker.args[0]!r}.")
    for name in marker.kwargs:
        if name not in _ARGUMENTS:
            raise pytest.UsageError(f"The marker fakeecr has no argument {name!r}; it is {_MARKER}.")


def _located(database: str, directory: Path) -> str | Path:
    return database if "://" in database else directory / database


def _seed(seed: Any, test_file: Path, root: Path) -> Any:
    """Find a marker's seed: beside the test file, or under the root directory."""
    if not isinstance(seed, str | Path):
        return seed
    beside = test_file.parent / seed
    return beside if beside.exists() else root / seed
