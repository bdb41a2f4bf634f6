"""The pytest plugin in real inner sessions, each a process of its own."""

from __future__ import annotations

import re

import pytest

SEED = """\
registries:
  - repositories:
      - name: {name}
        images:
          - count: 250
            tags: ["build-{{n}}"]
"""


@pytest.fixture
def inner(pytester, monkeypatch):
    """Run pytest in a directory of its own; what it needs of the environment is nothing."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(*arguments, passed=0, failed=0, errors=0):
        result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", *arguments)
        result.assert_outcomes(passed=passed, failed=failed, errors=errors)
        return "\n".join(result.outlines + result.errlines)

    return run


def test_fixtures_and_marker(pytester, inner):
    (pytester.path / "seeds").mkdir()
    (pytester.path / "seeds" / "root.yaml").write_text(SEED.format(name="from-root"))
    (pytester.path / "unit").mkdir()
    (pytester.path / "unit" / "beside.yaml").write_text(SEED.format(name="from-beside"))
    (pytester.path / "code_under_test.py").write_text(
        "import boto3\nCLIENT = boto3.client('ecr', region_name='us-east-1')\n"
    )
    (pytester.path / "unit" / "test_it.py").write_text(
        """
import boto3
import pytest
from botocore.exceptions import ClientError

import fakeecr
from code_under_test import CLIENT

pytestmark = pytest.mark.fakeecr(region="eu-west-1")


def count(repository, client=None):
    pages = (client or boto3.client("ecr")).get_paginator("list_images").paginate(repositoryName=repository)
    return sum(len(page["imageIds"]) for page in pages)


@pytest.mark.parametrize("run", [1, 2])
def test_a_fake_for_each_test(fake_ecr, ecr_client, run):
    assert fakeecr.current() is fake_ecr
    assert fake_ecr.dump() == {"registries": []}
    fake_ecr.push("web", "latest")
    assert count("web") == count("web", ecr_client) == 1
    assert ecr_client.meta.region_name == "eu-west-1"


def test_a_client_made_at_import(fake_ecr):
    fake_ecr.push("web", "latest", region="us-east-1")
    assert count("web", CLIENT) == 1


def test_no_fake_without_the_fixture():
    assert not fakeecr.is_active()


@pytest.mark.fakeecr(seed={"registries": [{"repositories": [{"name": "mapped", "images": [{"count": 3}]}]}]})
def test_a_mapping(ecr_client):
    assert count("mapped") == 3


@pytest.mark.fakeecr(seed="beside.yaml")
def test_a_file_beside_the_test(ecr_client):
    assert count("from-beside") == 250


@pytest.mark.fakeecr(seed="seeds/root.yaml")
def test_a_file_under_the_root(ecr_client):
    assert count("from-root") == 250


@pytest.mark.fakeecr(account_id="012345678910", limits="installed", database="sqlite://", require_layers=True)
class TestMarkers:
    def test_merge(self, fake_ecr):
        assert (fake_ecr.account_id, fake_ecr.region) == ("012345678910", "eu-west-1")
        fake_ecr.push("my--repo", "latest")
        assert len(boto3.client("ecr").list_images(repositoryName="my--repo", maxResults=1000)["imageIds"]) == 1

    @pytest.mark.fakeecr(account_id="111111111111", limits="published")
    def test_the_nearest_wins(self, fake_ecr, ecr_client):
        assert fake_ecr.account_id == "111111111111"
        with pytest.raises(ClientError), pytest.warns(fakeecr.PublishedLimitWarning):
            ecr_client.list_images(repositoryName="web", maxResults=1000)
"""
    )
    inner("--strict-markers", "-W", "error", "-p", "no:asyncio", passed=9)


def test_what_is_wrong_is_said(pytester, inner):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.fakeecr(sed="x.yaml")
        def test_unknown(fake_ecr): ...

        @pytest.mark.fakeecr("x.yaml")
        def test_positional(fake_ecr): ...

        @pytest.mark.fakeecr(seed="missing.yaml")
        def test_missing(fake_ecr): ...

        @pytest.mark.fakeecr(seed="bad.yaml")
        def test_bad(fake_ecr): ...

        @pytest.mark.fakeecr(limits="none")
        def test_limits(fake_ecr): ...
        """
    )
    (pytester.path / "bad.yaml").write_text("registries:\n  - regio: x\n")
    said = inner(errors=5)
    for expected in (
        r"The marker fakeecr has no argument 'sed'; it is fakeecr\(seed=…, database=…",
        r"The marker fakeecr takes keywords only: .*; got 'x.yaml'",
        r"SeedError: .*missing.yaml: cannot be read: No such file",
        r"SeedError: .*bad.yaml, line 2: registries\[0\].regio: unknown key 'regio'; did you mean 'region'\?",
        r"ValueError: limits: expected 'published' or 'installed'; got 'none'",
    ):
        assert re.search(expected, said), expected


def test_ini_options(pytester, inner):
    pytester.makeini(
        "[pytest]\nfakeecr_seed = seeds/all.yaml\nfakeecr_database = state/ecr.db\nfakeecr_limits = installed\n"
    )
    for folder in ("seeds", "state", "deep"):
        (pytester.path / folder).mkdir()
    (pytester.path / "seeds" / "all.yaml").write_text(SEED.format(name="web"))
    (pytester.path / "deep" / "test_it.py").write_text(
        """
import pytest

def test_all_three(fake_ecr, ecr_client, request):
    assert len(ecr_client.list_images(repositoryName="web", maxResults=200)["imageIds"]) == 200
    assert str(request.config.rootpath / "state" / "ecr.db") in repr(fake_ecr)

@pytest.mark.fakeecr(database="sqlite://", limits="published", seed={"registries": [{"repositories": [{"name": "api"}]}]})
def test_the_marker_is_nearer_and_its_seed_comes_on_top(fake_ecr, ecr_client):
    assert " in sqlite://, active" in repr(fake_ecr)
    assert ecr_client.list_images(repositoryName="api")["imageIds"] == []
    assert len(ecr_client.list_images(repositoryName="web")["imageIds"]) == 100
"""
    )
    inner(passed=2)
    assert (pytester.path / "state" / "ecr.db").exists()


RUN = """
import os
from pathlib import Path

def test_pages(fake_ecr, ecr_client):
    token = Path("token")
    if not token.exists():
        for n in range(6):
            fake_ecr.push("web", f"v{n}")
        token.write_text(ecr_client.list_images(repositoryName="web", maxResults=4)["nextToken"])
        return
    rest = ecr_client.list_images(repositoryName="web", nextToken=token.read_text())["imageIds"]
    assert [image["imageTag"] for image in rest] == ["v4", "v5"]
    token.with_suffix(".used").touch()
"""


def test_state_lasts_from_run_to_run(pytester, inner):
    pytester.makepyfile(RUN)
    pytester.makeini("[pytest]\nfakeecr_database = not-this.db\n")
    for _ in range(2):
        inner("--fakeecr-database", "state.db", passed=1)
    assert (pytester.path / "token.used").exists()
    assert (pytester.path / "state.db").exists()
    assert not (pytester.path / "not-this.db").exists()


def test_workers_of_xdist_share_it(pytester, inner):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("n", range(20))
        def test_push(fake_ecr, ecr_client, n, worker_id):
            fake_ecr.push("web", f"image-{n}", "latest", f"of-{worker_id}")
            assert ecr_client.list_images(repositoryName="web")["imageIds"]
        """
    )
    inner("-n", "2", "--fakeecr-database", "state.db", passed=20)
    (pytester.path / "test_check.py").write_text(
        """
def test_everything_is_there(ecr_client):
    tags = {image.get("imageTag") for image in ecr_client.list_images(repositoryName="web")["imageIds"]}
    assert tags == {"latest", "of-gw0", "of-gw1"} | {f"image-{n}" for n in range(20)}
"""
    )
    inner("--fakeecr-database", "state.db", "test_check.py", passed=1)


def test_it_tells_of_itself_and_costs_nothing_unused(pytester, inner):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy_is_imported():
            heavy = {"sqlalchemy", "alembic", "msgspec", "yaml", "boto3", "botocore"}
            assert "fakeecr.pytest_plugin" in sys.modules
            assert heavy & set(sys.modules) == set()
        """
    )
    # The suite's other plugins have imports of their own.
    inner("-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:socket", passed=1)
    told = "".join(
        pytester.runpytest_subprocess(asked, "-p", "no:asyncio").stdout.str()
        for asked in ("--markers", "--help", "--fixtures")
    )
    for expected in (
        "@pytest.mark.fakeecr(seed=…, database=…, account_id=…, region=…, limits=…, require_layers=…): what the fixture",
        "--fakeecr-database=PATH_OR_URL",
        "fakeecr_seed (string):",
        "fakeecr_database (string):",
        "fakeecr_limits (string):",
        "fake_ecr -- ",
        "ecr_client -- ",
    ):
        assert expected in told
