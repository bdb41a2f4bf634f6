"""FakeECR for pytest: the fixtures `fake_ecr` and `ecr_client`, the marker `fakeecr`, three ini options, one flag.

pytest loads this module in every run, so it imports nothing but pytest and the light front of fakeecr, which
puts the sleeping hook into botocore: clients that the code under test makes as it is imported are answered too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fakeecr

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

_ARGUMENTS = ("seed", "database", "account_id", "region", "limits", "require_layers", "expire_daily")
_MARKER = f"fakeecr({', '.join(f'{name}=…' for name in _ARGUMENTS)})"


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
        help="Where every fake_ecr keeps its state, so that it lasts from run to run: a path relative to the working "
        "directory, or a URL. Overrides fakeecr_database.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}: what the fixture fake_ecr of this test is made with: FakeECR's arguments (a database's path from "
        "the root directory), and a seed, which is a mapping, or a path from the test file or the root directory. "
        "The nearest of several markers wins, argument by argument.",
    )


@pytest.fixture
def fake_ecr(request: pytest.FixtureRequest) -> Iterator[fakeecr.FakeECR]:
    """Give a FakeECR that is active for this test; see the marker `fakeecr` and the ini options."""
    arguments, seeds = _asked_for(request)
    with ExitStack() as stack:
        try:
            fake = stack.enter_context(fakeecr.FakeECR(**arguments))
            for seed in seeds:
                fake.seed(seed)
        except fakeecr.FakeECRError as error:
            # Its message names the file, the line and the remedy; what called what in here would only hide it.
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        yield fake


@pytest.fixture
def ecr_client(fake_ecr: fakeecr.FakeECR) -> ECRClient:
    """Give a boto3 client of this test's fake_ecr."""
    return fake_ecr.client()


def _asked_for(request: pytest.FixtureRequest) -> tuple[dict[str, Any], list[Any]]:
    """Gather a test's arguments of FakeECR and its seeds: from its markers, else the flag, else the ini file."""
    config = request.config
    root = config.rootpath
    given = _marked(request.node)

    seeds = []
    if config.getini("fakeecr_seed"):
        seeds.append(root / config.getini("fakeecr_seed"))
    if "seed" in given:
        seeds.append(_seed(given.pop("seed"), request.path, root))
    if "limits" not in given and config.getini("fakeecr_limits"):
        given["limits"] = config.getini("fakeecr_limits")
    if "database" in given:
        given["database"] = _located(given["database"], root)
    elif flag := config.getoption("--fakeecr-database"):
        given["database"] = _located(flag, config.invocation_params.dir)
    elif ini := config.getini("fakeecr_database"):
        given["database"] = _located(ini, root)
    return given, seeds


def _marked(test: pytest.Item) -> dict[str, Any]:
    """Merge the keywords of a test's markers, the nearest last.

    pytest's own search would take a base class's marker before its child's, and a function's before that of
    one of its parameters.
    """
    given: dict[str, Any] = {}
    for marker in [marker for node in test.listchain() for marker in node.own_markers if marker.name == "fakeecr"]:
        if marker.args:
            pytest.fail(f"The marker fakeecr takes keywords only: {_MARKER}; got {marker.args[0]!r}.", pytrace=False)
        for name in marker.kwargs:
            if name not in _ARGUMENTS:
                pytest.fail(f"The marker fakeecr has no argument {name!r}; it is {_MARKER}.", pytrace=False)
        given.update(marker.kwargs)
    return given


def _located(database: Any, directory: Path) -> Any:
    """Fix a relative path, wherever the test may go; URLs and None are as they are."""
    from fakeecr.store.database import is_path

    return directory / Path(database).expanduser() if is_path(database) else database


def _seed(seed: Any, test_file: Path, root: Path) -> Any:
    """Find a marker's seed: beside the test file, or under the root directory."""
    if not isinstance(seed, str | os.PathLike):
        return seed
    for directory in (test_file.parent, root):
        if (directory / seed).exists():
            return directory / seed
    pytest.fail(f"The seed {os.fspath(seed)!r} is neither beside {test_file} nor under {root}.", pytrace=False)
