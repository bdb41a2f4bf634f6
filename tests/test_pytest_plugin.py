"""The pytest plugin, as the installed entry point loads it into inner sessions, each a process of its own."""

from __future__ import annotations

import inspect
import re

import pytest

from fakeecr import FakeECR
from tests.answers import identifiers

# What the suite's other plugins do is not of interest here, but for the one that forbids the network.
OTHERS = ("asyncio", "hypothesispytest", "randomly", "cacheprovider")

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
    """Run pytest where pytester is, or in a directory below it, and give what it printed."""
    # Else botocore looks for credentials on the network, for a client that is made while no fake is active.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def run(*arguments, directory=".", **outcomes):
        monkeypatch.chdir(pytester.path / directory)
        without = [argument for name in OTHERS for argument in ("-p", f"no:{name}")]
        result = pytester.runpytest_subprocess(
            "--strict-markers", "--disable-socket", "--allow-unix-socket", "-W", "error", *without, *arguments
        )
        if outcomes:
            result.assert_outcomes(**outcomes)
        return result.stdout.str() + result.stderr.str()

    return run


@pytest.fixture
def write(pytester):
    """Write files, given by their paths."""

    def write(files):
        for name, text in files.items():
            file = pytester.path / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")

    return write


def test_fixtures_and_markers(write, inner, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    write(
        {
            "seeds/root.yaml": SEED.format(name="from-root"),
            "unit/beside.yaml": SEED.format(name="from-beside"),
            # The code under test, which pytest imports before there is any fake.
            "unit/service.py": "import boto3\nCLIENT = boto3.client('ecr')\n",
            "unit/test_it.py": """
import boto3
import pytest
from botocore.exceptions import ClientError

import fakeecr
from service import CLIENT

pytestmark = pytest.mark.fakeecr(region="eu-west-1")


def count(repository, client):
    pages = client.get_paginator("list_images").paginate(repositoryName=repository)
    return sum(len(page["imageIds"]) for page in pages)


@pytest.mark.parametrize("run", [1, 2])
def test_a_fake_for_each_test(fake_ecr, ecr_client, run):
    assert fakeecr.current() is fake_ecr
    assert fake_ecr.dump() == {"registries": []}
    fake_ecr.push("web", "latest")
    assert ecr_client.meta.region_name == "eu-west-1"
    assert count("web", ecr_client) == count("web", boto3.client("ecr", region_name="eu-west-1")) == 1


def test_a_client_made_at_import(fake_ecr):
    fake_ecr.push("web", "latest", region="eu-central-1")
    assert count("web", CLIENT) == 1


def test_no_fake_without_a_fixture():
    assert not fakeecr.is_active()


@pytest.mark.fakeecr(seed={"registries": [{"repositories": [{"name": "mapped", "images": [{"count": 3}]}]}]})
def test_a_seed_that_is_a_mapping(ecr_client):
    assert count("mapped", ecr_client) == 3


@pytest.mark.fakeecr(seed="beside.yaml")
def test_a_seed_beside_the_test(ecr_client):
    assert count("from-beside", ecr_client) == 250


@pytest.mark.fakeecr(seed="seeds/root.yaml")
def test_a_seed_under_the_root_directory(ecr_client):
    assert count("from-root", ecr_client) == 250


@pytest.mark.fakeecr(database="marked.db", require_layers=True)
def test_a_database_and_require_layers(fake_ecr, request):
    assert repr(fake_ecr) == f"<FakeECR 123456789012 eu-west-1 in {request.config.rootpath / 'marked.db'}, active>"


@pytest.mark.fakeecr(account_id="012345678910", limits="installed", seed="beside.yaml")
class TestMarkersMerge:
    def test_with_those_further_away(self, fake_ecr, ecr_client):
        assert (fake_ecr.account_id, fake_ecr.region) == ("012345678910", "eu-west-1")
        assert len(ecr_client.list_images(repositoryName="from-beside", maxResults=250)["imageIds"]) == 250

    @pytest.mark.fakeecr(account_id="111111111111", limits="published", seed="seeds/root.yaml")
    def test_and_the_nearest_wins(self, fake_ecr, ecr_client):
        [registry] = fake_ecr.dump()["registries"]
        assert registry["id"] == "111111111111"
        assert [repository["name"] for repository in registry["repositories"]] == ["from-root"]
        with pytest.raises(ClientError), pytest.warns(fakeecr.PublishedLimitWarning):
            ecr_client.list_images(repositoryName="from-root", maxResults=250)


@pytest.mark.fakeecr(account_id="222222222222")
class TestAChildIsNearerThanItsBase(TestMarkersMerge):
    def test_with_those_further_away(self, fake_ecr):
        assert fake_ecr.account_id == "222222222222"


@pytest.mark.fakeecr(region="us-west-1")
@pytest.mark.parametrize("region", ["us-west-1", pytest.param("sa-east-1", marks=pytest.mark.fakeecr(region="sa-east-1"))])
def test_a_parameter_is_nearer_than_its_test(fake_ecr, region):
    assert fake_ecr.region == region
""",
        }
    )
    # Where pytest is called matters to no marker.
    inner("--rootdir", "..", "../unit", directory="seeds", passed=14)


def test_what_is_wrong_is_said_in_one_sentence(pytester, write, inner):
    write(
        {
            "bad.yaml": "registries:\n  - regio: x\n",
            "test_it.py": """
import pytest

@pytest.mark.fakeecr(sed="bad.yaml")
def test_unknown(fake_ecr): ...

@pytest.mark.fakeecr("bad.yaml")
def test_positional(fake_ecr): ...

@pytest.mark.fakeecr(seed="missing.yaml")
def test_missing(fake_ecr): ...

@pytest.mark.fakeecr(seed="bad.yaml")
def test_bad(fake_ecr): ...

@pytest.mark.fakeecr(seed={"registries": [{"repositories": [{"name": "No"}]}]})
def test_bad_mapping(fake_ecr): ...

@pytest.mark.fakeecr(database="no/such.db")
def test_database(fake_ecr): ...

@pytest.mark.fakeecr(limits="none")
def test_limits(fake_ecr): ...
""",
        }
    )
    said = inner(errors=7)
    here = pytester.path
    for test, sentence in {
        "unknown": r"The marker fakeecr has no argument 'sed'; it is fakeecr\(seed=…, .*\)\.",
        "positional": r"The marker fakeecr takes keywords only: fakeecr\(seed=…, .*\); got 'bad\.yaml'\.",
        "missing": rf"The seed 'missing\.yaml' is neither beside {here}/test_it\.py nor under {here}\.",
        "bad": rf"{here}/bad\.yaml, line 2: registries\[0\]\.regio: unknown key 'regio'; did you mean 'region'\?",
        "bad_mapping": r"seed: registries\[0\]\.repositories\[0\]\.name: .*",
        "database": rf"{here}/no/such\.db cannot be created: the directory {here}/no does not exist\. Create it first\.",
    }.items():
        assert re.search(rf"^_+ ERROR at setup of test_{test} _+\n{sentence}\n[_=]+ ", said, re.MULTILINE), said
    assert "ValueError: limits: expected 'published' or 'installed'; got 'none'" in said


def test_ini_options(write, inner):
    write(
        {
            "pytest.ini": "[pytest]\nfakeecr_seed = seeds/all.yaml\nfakeecr_database = state.db\nfakeecr_limits = installed\n",
            "seeds/all.yaml": SEED.format(name="web"),
            "unit/test_it.py": """
import pytest
from botocore.exceptions import ClientError

from fakeecr import PublishedLimitWarning


def test_all_three(fake_ecr, ecr_client, request):
    assert len(ecr_client.list_images(repositoryName="web", maxResults=200)["imageIds"]) == 200
    assert f" in {request.config.rootpath / 'state.db'}, " in repr(fake_ecr)


@pytest.mark.fakeecr(database=None, limits="published", seed={"registries": [{"repositories": [{"name": "api"}]}]})
def test_a_marker_is_nearer_and_its_seed_comes_on_top(fake_ecr, ecr_client):
    assert " in memory, " in repr(fake_ecr)
    assert ecr_client.list_images(repositoryName="api")["imageIds"] == []
    with pytest.raises(ClientError), pytest.warns(PublishedLimitWarning):
        ecr_client.list_images(repositoryName="web", maxResults=200)
""",
        }
    )
    inner("../unit", directory="seeds", passed=2)


def test_state_lasts_from_run_to_run(pytester, write, inner):
    write(
        {
            "pytest.ini": "[pytest]\nfakeecr_database = not-this.db\n",
            "unit/test_it.py": """
from pathlib import Path

import pytest

TOKEN = Path(__file__).with_name("token")


def test_a_listing_that_takes_two_runs(fake_ecr, ecr_client):
    if not TOKEN.exists():
        fake_ecr.push("web", *(f"v{number}" for number in range(6)))
        TOKEN.write_text(ecr_client.list_images(repositoryName="web", maxResults=4)["nextToken"])
    else:
        rest = ecr_client.list_images(repositoryName="web", nextToken=TOKEN.read_text())["imageIds"]
        assert [image["imageTag"] for image in rest] == ["v4", "v5"]
        TOKEN.unlink()


@pytest.mark.parametrize("memory", [
    pytest.param("sqlite://", marks=pytest.mark.fakeecr(database="sqlite://")),
    pytest.param(":memory:", marks=pytest.mark.fakeecr(database=":memory:")),
])
def test_a_marker_is_nearer_than_the_flag(fake_ecr, memory):
    assert f" in {memory}, " in repr(fake_ecr)
    assert fake_ecr.dump() == {"registries": []}
""",
        }
    )
    inner("--fakeecr-database", "state.db", directory="unit", passed=3)
    inner("--fakeecr-database", f"sqlite:///{pytester.path}/unit/state.db", passed=3)
    assert [str(file.relative_to(pytester.path)) for file in pytester.path.rglob("*.db")] == ["unit/state.db"]
    assert not (pytester.path / "unit" / "token").exists(), "the second run did not carry on"


def test_the_workers_of_xdist_share_it(pytester, write, inner):
    write(
        {
            "pytest.ini": "[pytest]\nfakeecr_seed = seed.yaml\n",
            "seed.yaml": SEED.format(name="seeded-by-each"),
            "unit/test_it.py": """
import pytest

@pytest.mark.parametrize("number", range(20))
def test_push(fake_ecr, ecr_client, number, worker_id):
    fake_ecr.push("web", f"image-{number}", "latest", f"of-{worker_id}")
    assert ecr_client.list_images(repositoryName="web")["imageIds"]
""",
        }
    )
    inner("-n", "2", "--fakeecr-database", "state.db", directory="unit", passed=20)
    with FakeECR(pytester.path / "unit" / "state.db") as ecr:
        pushed = identifiers(ecr.client().list_images(repositoryName="web"))
        seeded = ecr.client().get_paginator("list_images").paginate(repositoryName="seeded-by-each").build_full_result()
    assert {tag for _, tag in pushed} - {None} == {f"image-{n}" for n in range(20)} | {"latest", "of-gw0", "of-gw1"}
    assert len({digest for digest, _ in pushed}) == 20
    assert len(seeded["imageIds"]) == 250


def test_it_tells_of_itself(inner):
    arguments = list(inspect.signature(FakeECR).parameters)
    marker = ", ".join(f"{name}=…" for name in ["seed", *arguments])
    assert f"@pytest.mark.fakeecr({marker}): what the fixture fake_ecr" in inner("--markers")

    fixtures = inner("--fixtures")
    assert re.search(r"^fake_ecr -- .*\n +Give a FakeECR that is active for this test", fixtures, re.MULTILINE)
    assert re.search(r"^ecr_client -- .*\n +Give a boto3 client of this test's fake_ecr", fixtures, re.MULTILINE)

    told = inner("--help")
    for option in ("fakeecr_seed (string)", "fakeecr_database (string)", "fakeecr_limits (string)"):
        assert re.search(rf"^  {re.escape(option)}:\s+\w", told, re.MULTILINE), option
    assert re.search(r"^  --fakeecr-database=PATH_OR_URL\s+Where every fake_ecr keeps", told, re.MULTILINE)


def test_unused_it_imports_nothing_heavy_and_it_can_be_left_out(write, inner):
    write(
        {
            "test_it.py": """
import sys

def test_imports(request):
    names = {name.partition(".")[0] for name in sys.modules}
    assert names & {"sqlalchemy", "alembic", "msgspec", "yaml", "boto3", "botocore"} == set()
    assert ("fakeecr" in names) is not request.config.pluginmanager.is_blocked("fakeecr")
"""
        }
    )
    inner(passed=1)
    inner("-p", "no:fakeecr", passed=1)
