"""The structure of the package: which modules may import which, and what a fake loads when it is first used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


# In a process of its own: import-linter disables every logger that exists, also those that other tests read.
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def test_the_import_contracts_of_pyproject_are_kept():
    done = subprocess.run([sys.executable, "-c", LINT], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


# What a test author who pushes and lists should not wait for.
LISTING = """
import sys
import fakeecr
with fakeecr.FakeECR() as ecr:
    ecr.push("web", "latest")
    assert ecr.client().list_images(repositoryName="web")["imageIds"]
print("\\n".join(sys.modules))
"""
NOT_NEEDED_FOR_A_LISTING = [
    "alembic",
    "boto3",
    "s3transfer",
    "yaml",
    "difflib",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.mysql",
    "sqlalchemy.ext.asyncio",
    "psycopg",
    "fakeecr.decorators",
    "fakeecr.pytest_plugin",
    "fakeecr.rules.json_problems",
    "fakeecr.seeds.load",
    "fakeecr.seeds.dump",
    "fakeecr.seeds.schema",
    "fakeecr.operations.authorization",
    "fakeecr.operations.layers",
    "fakeecr.operations.lifecycle",
    "fakeecr.operations.policies",
    "fakeecr.operations.pull_through_caches",
    "fakeecr.operations.registry",
    "fakeecr.operations.replication",
    "fakeecr.operations.repositories",
    "fakeecr.operations.scanning",
    "fakeecr.operations.signing",
    "fakeecr.operations.tags",
    "fakeecr.operations.templates",
]


@pytest.fixture(scope="module")
def modules_of_a_listing():
    """Return the modules that a process has loaded after one push and one listing."""
    command = [sys.executable, "-c", LISTING]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", NOT_NEEDED_FOR_A_LISTING)
def test_a_push_and_a_listing_do_not_load(modules_of_a_listing, module):
    assert "fakeecr.operations.images" in modules_of_a_listing
    assert module not in modules_of_a_listing


# What every run of pytest loads with the plugin, whether or not a test uses fakeecr.
PLUGIN = "import sys, fakeecr.pytest_plugin; print('\\n'.join(sys.modules))"


@pytest.mark.parametrize("module", ["boto3", "botocore", "sqlalchemy", "msgspec", "fakeecr.fake", "fakeecr.store"])
def test_the_plugin_does_not_load_before_a_fixture_is_used(module):
    done = subprocess.run([sys.executable, "-c", PLUGIN], capture_output=True, text=True, check=True)

    assert module not in done.stdout.split()
