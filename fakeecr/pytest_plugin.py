"""FakeECR for pytest: the fixtures `fake_ecr` and `ecr_client`, two markers, four ini options, one flag.

Calls that no fake answers are guarded in every run, and fakes that a test leaves active are stopped.

pytest loads this module in every run, so it imports only pytest and the light front of fakeecr. That puts the hook into
botocore early enough for clients that the code under test makes when it is imported.
"""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fakeecr
from fakeecr.adapters import active
from fakeecr.settings import Settings, is_path

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

_REAL = "fakeecr_real"
_ARGUMENTS = ("seed", *(field.name for field in fields(Settings)))
_FAKE_OF_CLASS: pytest.StashKey[fakeecr.FakeECR] = pytest.StashKey()
# The fakes that a test's function and fixtures of its own have started.
_FAKES_OF_TEST: pytest.StashKey[list[active.Fake]] = pytest.StashKey()
# Those that fixtures for several tests have started.
_SHARED_FAKES: pytest.StashKey[weakref.WeakSet[active.Fake]] = pytest.StashKey()
_MARKER = f"fakeecr({', '.join(f'{name}=…' for name in _ARGUMENTS)})"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options and the flag."""
    parser.addini("fakeecr_seed", "A YAML file that seeds every fake_ecr, relative to the root directory.")
    parser.addini(
        "fakeecr_database",
        "Where every fake_ecr stores its state: a path relative to the root directory, or a URL.",
    )
    parser.addini("fakeecr_limits", 'The limits of every fake_ecr: "published" (default) or "installed".')
    parser.addini(
        "fakeecr_guard",
        'What to do with calls to ECR that no fake answers: "warn" (default), "error" to refuse them, or "off".',
        default="warn",
    )
    parser.getgroup("fakeecr").addoption(
        "--fakeecr-database",
        metavar="PATH_OR_URL",
        help="Where every fake_ecr stores its state, so that it lasts from run to run: a path relative to the working "
        "directory, or a URL. Overrides fakeecr_database.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and guard the calls of this run."""
    config.addinivalue_line("markers", f"{_REAL}: this test may call AWS: its calls to ECR are not guarded.")
    config.addinivalue_line(
        "markers",
        f"{_MARKER}: what the fixture fake_ecr of this test is made with: the arguments of FakeECR (the path of a "
        "database is relative to the root directory), and a seed, which is a mapping, or a path relative to the test "
        "file or the root directory. If there are several markers, each argument comes from the nearest one that has "
        "it.",
    )
    config.stash[_SHARED_FAKES] = weakref.WeakSet()
    action = config.getini("fakeecr_guard")
    try:
        guard = fakeecr.guard(action)
    except ValueError as error:
        raise pytest.UsageError(f"fakeecr_guard: {error}") from None
    guard.__enter__()
    config.add_cleanup(lambda: guard.__exit__(None, None, None))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the marker `fakeecr` use the fixture `fake_ecr`, after those for several tests and before a setup method."""
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is None or item.get_closest_marker("fakeecr") is None:
        return
    if "fake_ecr" in names:
        names.remove("fake_ecr")
    definitions = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    # pytest has sorted them by their scopes, the widest first.
    of_one_test = [name in definitions and definitions[name][-1].scope == "function" for name in names]
    names.insert(of_one_test.index(True) if True in of_one_test else len(names), "fake_ecr")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Do not guard the calls of a test that is marked `fakeecr_real`."""
    with fakeecr.guard("off") if item.get_closest_marker(_REAL) else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Start the fake of a test whose class is decorated with `@FakeECR()`, before any of its fixtures."""
    make_fake = getattr(getattr(item, "cls", None), "_make_fake_ecr", None)
    # A unittest.TestCase starts it itself.
    if make_fake is not None and not hasattr(item.cls, "_fake_ecr_in_run"):  # type: ignore[attr-defined]
        try:
            item.stash[_FAKE_OF_CLASS] = make_fake().start()
        except fakeecr.FakeECRError as error:
            raise _failure(str(error)) from None
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Remember the fakes that a fixture of one test starts, setup methods included."""
    if fixturedef.scope == "function":
        with _remembering_fakes(request.node):
            return (yield)
    # Its fakes may stay active for other tests, even if this test has asked for the fixture with getfixturevalue().
    before = active.all_fakes()
    result = yield
    request.config.stash[_SHARED_FAKES].update(fake for fake in active.all_fakes() if fake not in before)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Remember the fakes that a test starts."""
    with _remembering_fakes(item):
        return (yield)


@contextmanager
def _remembering_fakes(test: pytest.Item) -> Iterator[None]:
    before = active.all_fakes()
    try:
        yield
    finally:
        shared = test.config.stash[_SHARED_FAKES]
        started = [fake for fake in active.all_fakes() if fake not in before and fake not in shared]
        test.stash.setdefault(_FAKES_OF_TEST, []).extend(started)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Stop what a test left active: the fake of a decorated class, and with a warning those that it forgot."""
    try:
        result = yield
    finally:
        of_class = item.stash.get(_FAKE_OF_CLASS, None)
        if of_class is not None and of_class.is_open:
            of_class.stop()
        forgotten = [fake for fake in item.stash.get(_FAKES_OF_TEST, []) if fake in active.all_fakes()]
        for fake in forgotten:
            fake.stop()
        # The test lives until the end of the run, its fakes need not.
        item.stash.setdefault(_FAKES_OF_TEST, []).clear()
        if of_class is not None:
            del item.stash[_FAKE_OF_CLASS]
    if forgotten:
        warnings.warn(
            f"{item.nodeid} started a FakeECR and did not stop it; it was stopped now. Use `with FakeECR():`, the "
            "fixture `fake_ecr`, or stop() in a teardown.",
            fakeecr.UnstoppedFakeWarning,
            stacklevel=1,
        )
    return result


@pytest.fixture
def fake_ecr(request: pytest.FixtureRequest) -> Iterator[fakeecr.FakeECR]:
    """Return a FakeECR that is active for this test; see the marker `fakeecr` and the ini options.

    In a class that is decorated with `@FakeECR()`, it is the fake of the decorator.
    """
    of_class = request.node.stash.get(_FAKE_OF_CLASS, None)
    if of_class is not None:
        if request.node.get_closest_marker("fakeecr") is not None:
            raise _failure("This test has the marker fakeecr and a class decorated with @FakeECR(); use one of them.")
        yield of_class
        return
    arguments, seeds = _options_of(request)
    try:
        fake = fakeecr.FakeECR(**arguments)
    except (TypeError, ValueError) as error:
        raise _failure(f"The marker fakeecr or an ini option is wrong: {error}") from None
    with ExitStack() as stack:
        try:
            stack.enter_context(fake)
            if seeds:
                _seed(fake, seeds)
        except fakeecr.FakeECRError as error:
            raise _failure(str(error)) from None
        yield fake


@pytest.fixture
def ecr_client(fake_ecr: fakeecr.FakeECR) -> ECRClient:
    """Return a boto3 client of this test's fake_ecr."""
    return fake_ecr.client()


def _seed(fake: fakeecr.FakeECR, seeds: list[Any]) -> None:
    """Seed a new fake; the same seeds are read only once in a run."""
    # Imported here, because most tests have no seed.
    from fakeecr.seeds.copies import seed_new

    with fake._in_use() as gate:
        seed_new(gate.backend, seeds)


def _options_of(request: pytest.FixtureRequest) -> tuple[dict[str, Any], list[Any]]:
    """Return a test's arguments of FakeECR and its seeds: from its markers, else the flag, else the ini file."""
    config = request.config
    root = config.rootpath
    arguments = _merge_markers(request.node)

    seeds = []
    if config.getini("fakeecr_seed"):
        seeds.append(root / config.getini("fakeecr_seed"))
    if "seed" in arguments:
        seeds.append(_find_seed(arguments.pop("seed"), request.path, root))
    if "limits" not in arguments and config.getini("fakeecr_limits"):
        arguments["limits"] = config.getini("fakeecr_limits")
    if "database" in arguments:
        arguments["database"] = _resolve(arguments["database"], root)
    elif flag := config.getoption("--fakeecr-database"):
        arguments["database"] = _resolve(flag, config.invocation_params.dir)
    elif ini := config.getini("fakeecr_database"):
        arguments["database"] = _resolve(ini, root)
        if isinstance(arguments["database"], Path):
            # A fresh checkout does not have the directory, such as .state, which nobody commits.
            arguments["database"].parent.mkdir(parents=True, exist_ok=True)
    return arguments, seeds


def _merge_markers(test: pytest.Item) -> dict[str, Any]:
    """Return the keywords of a test's markers; a nearer marker overrides the ones further out.

    pytest's own search puts a base class's marker before its child's, and a function's before that of one of its
    parameters.
    """
    keywords: dict[str, Any] = {}
    for marker in [marker for node in test.listchain() for marker in node.own_markers if marker.name == "fakeecr"]:
        if marker.args:
            raise _failure(f"The marker fakeecr takes keywords only: {_MARKER}; got {marker.args[0]!r}.")
        for name in marker.kwargs:
            if name not in _ARGUMENTS:
                raise _failure(f"The marker fakeecr has no argument {name!r}; it is {_MARKER}.")
        keywords.update(marker.kwargs)
    return keywords


def _resolve(database: Any, directory: Path) -> Any:
    """Return a database with a relative path made absolute, because a test may change the working directory."""
    return directory / Path(database).expanduser() if is_path(database) else database


def _find_seed(seed: Any, test_file: Path, root: Path) -> Any:
    """Return a marker's seed; a path is looked up beside the test file, then in the root directory."""
    if isinstance(seed, Mapping):
        return seed
    if not isinstance(seed, str | os.PathLike):
        raise _failure(f"The seed of a marker fakeecr is a mapping or the path of a file; got {seed!r}.")
    for directory in (test_file.parent, root):
        if (directory / seed).exists():
            return directory / seed
    raise _failure(f"The seed {os.fspath(seed)!r} is neither beside {test_file} nor under {root}.")


def _failure(message: str) -> BaseException:
    """Build what fails a test with a message alone: it says what is wrong and where; a traceback would only hide it."""
    return pytest.fail.Exception(message, pytrace=False)
