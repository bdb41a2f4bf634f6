"""The pytest plugin, loaded by its entry point into runs of pytest that are separate processes."""

from __future__ import annotations

import inspect
import re

import pytest

from fakeecr import FakeECR
from tests.answers import identifiers

# Plugins of this suite that the runs do without; the one that forbids the network stays.
DISABLED_PLUGINS = ("asyncio", "hypothesispytest", "randomly", "cacheprovider")

SEED = """\
registries:
  - repositories:
      - name: {name}
        images:
          - count: 250
            tags: ["build-{{n}}"]
"""


@pytest.fixture
def run_pytest(pytester, monkeypatch):
    """Return a function that runs pytest in pytester's directory or one below it, and returns the output."""
    # Otherwise botocore looks for credentials on the network when a client is made without an active fake.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def run(*arguments, directory=".", **outcomes):
        monkeypatch.chdir(pytester.path / directory)
        disabled = [argument for name in DISABLED_PLUGINS for argument in ("-p", f"no:{name}")]
        result = pytester.runpytest_subprocess(
            "--strict-markers", "--disable-socket", "--allow-unix-socket", "-W", "error", *disabled, *arguments
        )
        if outcomes:
            result.assert_outcomes(**outcomes)
        return result.stdout.str() + result.stderr.str()

    return run


@pytest.fixture
def write_files(pytester):
    """Return a function that writes files below pytester's directory, given by their paths."""

    def write(files):
        for name, text in files.items():
            file = pytester.path / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")

    return write


def test_the_marker_uses_the_fixture_before_a_setup_method(write_files, run_pytest):
    write_files(
        {
            "test_example.py": """
import boto3, fakeecr, pytest

@pytest.mark.fakeecr(region="eu-west-1")
def test_without_the_fixture():
    assert fakeecr.current().region == "eu-west-1"

@pytest.mark.fakeecr(account_id="210987654321")
class TestClass:
    def setup_method(self):
        self.uri = boto3.client("ecr").create_repository(repositoryName="web")["repository"]["repositoryUri"]

    def test_in_a_class(self):
        assert self.uri.startswith("210987654321.")

    def test_with_the_fixture(self, fake_ecr):
        assert self.uri.startswith("210987654321.")

    @pytest.mark.parametrize("tag", ["one", "two"])
    def test_with_parameters(self, tag, ecr_client):
        assert self.uri.startswith("210987654321.")
"""
        }
    )

    run_pytest("test_example.py", passed=5)


def test_the_marker_uses_the_fixture_after_fixtures_for_several_tests(write_files, run_pytest):
    write_files(
        {
            "test_example.py": """
import fakeecr, pytest, unittest

@pytest.fixture(scope="module", autouse=True)
def of_module():
    assert not fakeecr.is_active()

@pytest.mark.fakeecr
def test_a_function():
    assert fakeecr.is_active()

@pytest.mark.fakeecr
class TestClass:
    def setup_class(self):
        assert not fakeecr.is_active()

    def test_a_method(self):
        assert fakeecr.is_active()

@pytest.mark.fakeecr
class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert not fakeecr.is_active()

    def setUp(self):
        assert fakeecr.is_active()

    def test_a_case(self):
        assert fakeecr.is_active()
"""
        }
    )

    run_pytest("test_example.py", passed=3)


def test_the_fixture_of_a_decorated_class_is_the_fake_of_the_decorator(write_files, run_pytest):
    write_files(
        {
            "test_example.py": """
import pytest
from fakeecr import FakeECR

@FakeECR(region="eu-west-1")
class TestClass:
    def setup_method(self):
        self.fake_ecr.push("web", "latest")

    def test_fixtures(self, fake_ecr, ecr_client):
        assert fake_ecr is self.fake_ecr
        assert len(ecr_client.list_images(repositoryName="web")["imageIds"]) == 1

    @pytest.mark.fakeecr(region="us-east-1")
    def test_both(self):
        pass
"""
        }
    )

    output = run_pytest("test_example.py", passed=1, errors=1)

    assert "This test has the marker fakeecr and a class decorated with @FakeECR(); use one of them." in output


def test_a_decorated_class_of_pytest_has_a_fake_in_its_setup_method(write_files, run_pytest):
    write_files(
        {
            "test_example.py": """
import boto3, pytest
from fakeecr import FakeECR, is_active

@FakeECR(region="eu-west-1")
class TestClass:
    def setup_method(self):
        self.fake_ecr.push("web", "latest")
        self.client = boto3.client("ecr")

    def teardown_method(self):
        assert self.fake_ecr.is_open

    @pytest.mark.parametrize("number", [1, 2])
    def test_each_test_has_a_new_fake(self, number):
        assert self.client.meta.region_name == "eu-west-1"
        assert len(self.client.list_images(repositoryName="web")["imageIds"]) == 1
        self.fake_ecr.push("web", "another")

@FakeECR(account_id="210987654321")
class TestSubclass(TestClass):
    def test_has_its_own_arguments(self):
        assert self.fake_ecr.account_id == "210987654321"
        assert self.fake_ecr.region == "us-east-1"

    test_each_test_has_a_new_fake = None

def test_no_fake_is_left():
    assert not is_active()
"""
        }
    )

    run_pytest("test_example.py", passed=4)


def test_the_directory_of_the_ini_database_is_created(write_files, run_pytest, pytester):
    write_files(
        {
            "pytest.ini": "[pytest]\nfakeecr_database = .state/deep/ecr.db\n",
            "test_example.py": "def test_push(fake_ecr):\n    fake_ecr.push('web', 'latest')\n",
        }
    )

    run_pytest("test_example.py", passed=1)

    assert (pytester.path / ".state" / "deep" / "ecr.db").is_file()


def test_fixtures_and_markers_work_in_a_run_from_another_directory(write_files, run_pytest, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    write_files(
        {
            "seeds/root.yaml": SEED.format(name="from-root"),
            "unit/beside.yaml": SEED.format(name="from-beside"),
            # The code under test, which pytest imports before a fake is active.
            "unit/service.py": "import boto3\nCLIENT = boto3.client('ecr')\n",
            "unit/test_example.py": """
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
def test_each_test_has_a_new_fake(fake_ecr, ecr_client, run):
    assert fakeecr.current() is fake_ecr
    assert fake_ecr.dump() == {"registries": []}
    fake_ecr.push("web", "latest")
    assert ecr_client.meta.region_name == "eu-west-1"
    assert count("web", ecr_client) == count("web", boto3.client("ecr", region_name="eu-west-1")) == 1


def test_a_client_made_at_import_is_answered(fake_ecr):
    fake_ecr.push("web", "latest", region="eu-central-1")
    assert count("web", CLIENT) == 1


def test_without_the_fixture_the_marker_starts_a_fake():
    assert fakeecr.current().region == "eu-west-1"


@pytest.mark.fakeecr(seed={"registries": [{"repositories": [{"name": "mapped", "images": [{"count": 3}]}]}]})
def test_a_seed_can_be_a_mapping(ecr_client):
    assert count("mapped", ecr_client) == 3


@pytest.mark.fakeecr(seed="beside.yaml")
def test_a_seed_can_be_a_file_beside_the_test(ecr_client):
    assert count("from-beside", ecr_client) == 250


@pytest.mark.fakeecr(seed="seeds/root.yaml")
def test_a_seed_can_be_a_file_under_the_root_directory(ecr_client):
    assert count("from-root", ecr_client) == 250


@pytest.mark.fakeecr(database="marked.db", require_layers=True)
def test_a_marker_can_set_a_database_and_require_layers(fake_ecr, request):
    assert repr(fake_ecr) == f"<FakeECR 123456789012 eu-west-1 in {request.config.rootpath / 'marked.db'}, active, 0 calls, 0 events>"


@pytest.mark.fakeecr(account_id="012345678910", limits="installed", seed="beside.yaml")
class TestMarkersMerge:
    def test_a_marker_adds_to_the_markers_around_it(self, fake_ecr, ecr_client):
        assert (fake_ecr.account_id, fake_ecr.region) == ("012345678910", "eu-west-1")
        assert len(ecr_client.list_images(repositoryName="from-beside", maxResults=250)["imageIds"]) == 250

    @pytest.mark.fakeecr(account_id="111111111111", limits="published", seed="seeds/root.yaml")
    def test_the_nearest_marker_takes_precedence(self, fake_ecr, ecr_client):
        [registry] = fake_ecr.dump()["registries"]
        assert registry["id"] == "111111111111"
        assert [repository["name"] for repository in registry["repositories"]] == ["from-root"]
        with pytest.raises(ClientError), pytest.warns(fakeecr.PublishedLimitWarning):
            ecr_client.list_images(repositoryName="from-root", maxResults=250)


@pytest.mark.fakeecr(account_id="222222222222")
class TestTheMarkerOfASubclassTakesPrecedence(TestMarkersMerge):
    def test_a_marker_adds_to_the_markers_around_it(self, fake_ecr):
        assert fake_ecr.account_id == "222222222222"


@pytest.mark.fakeecr(region="us-west-1")
@pytest.mark.parametrize("region", ["us-west-1", pytest.param("sa-east-1", marks=pytest.mark.fakeecr(region="sa-east-1"))])
def test_the_marker_of_a_parameter_takes_precedence(fake_ecr, region):
    assert fake_ecr.region == region
""",
        }
    )

    run_pytest("--rootdir", "..", "../unit", directory="seeds", passed=14)


def test_a_wrong_marker_is_reported_in_one_sentence(pytester, write_files, run_pytest):
    write_files(
        {
            "invalid.yaml": "registries:\n  - regio: x\n",
            "test_example.py": """
import pytest

@pytest.mark.fakeecr(sed="invalid.yaml")
def test_unknown_argument(fake_ecr): ...

@pytest.mark.fakeecr("invalid.yaml")
def test_positional_argument(fake_ecr): ...

@pytest.mark.fakeecr(seed="missing.yaml")
def test_missing_seed(fake_ecr): ...

@pytest.mark.fakeecr(seed="invalid.yaml")
def test_invalid_seed(fake_ecr): ...

@pytest.mark.fakeecr(seed={"registries": [{"repositories": [{"name": "No"}]}]})
def test_invalid_mapping(fake_ecr): ...

@pytest.mark.fakeecr(database="no/such.db")
def test_impossible_database(fake_ecr): ...

@pytest.mark.fakeecr(seed=["invalid.yaml"])
def test_seed_of_another_type(fake_ecr): ...

@pytest.mark.fakeecr(limits="none")
def test_unknown_limits(fake_ecr): ...

@pytest.mark.fakeecr(account_id=123456789012)
def test_account_id_of_another_type(fake_ecr): ...

@pytest.mark.fakeecr(database=print)
def test_database_of_another_type(fake_ecr): ...
""",
        }
    )

    output = run_pytest(errors=10)

    wrong = "The marker fakeecr or an ini option is wrong"
    folder = pytester.path
    for test, sentence in {
        "unknown_argument": r"The marker fakeecr has no argument 'sed'; it is fakeecr\(seed=…, .*\)\.",
        "positional_argument": r"The marker fakeecr takes keywords only: fakeecr\(seed=…, .*\); got 'invalid\.yaml'\.",
        "missing_seed": rf"The seed 'missing\.yaml' is neither beside {folder}/test_example\.py nor under {folder}\.",
        "invalid_seed": rf"{folder}/invalid\.yaml, line 2: registries\[0\]\.regio: unknown key 'regio'; did you mean 'region'\?",
        "invalid_mapping": r"seed: registries\[0\]\.repositories\[0\]\.name: .*",
        "impossible_database": rf"{folder}/no/such\.db cannot be created: the directory {folder}/no does not exist\. Create it first\.",
        "seed_of_another_type": r"The seed of a marker fakeecr is a mapping or the path of a file; got \['invalid\.yaml'\]\.",
        "unknown_limits": rf"{wrong}: limits: expected 'published' or 'installed'; got 'none'",
        "account_id_of_another_type": rf"{wrong}: account_id: expected an AWS account id of 12 digits; got 123456789012",
        "database_of_another_type": rf"{wrong}: database: expected None, a path, a URL or a snapshot; .*",
    }.items():
        assert re.search(rf"^_+ ERROR at setup of test_{test} _+\n{sentence}\n[_=]+ ", output, re.MULTILINE), output


def test_a_wrong_ini_option_is_reported_in_one_sentence(write_files, run_pytest):
    write_files(
        {
            "pytest.ini": "[pytest]\nfakeecr_limits = none\n",
            "test_example.py": "def test_unknown_limits(fake_ecr): ...\n",
        }
    )

    output = run_pytest(errors=1)

    sentence = "The marker fakeecr or an ini option is wrong: limits: expected 'published' or 'installed'; got 'none'"
    assert re.search(rf"^_+ ERROR at setup of test_unknown_limits _+\n{sentence}\n[_=]+ ", output, re.MULTILINE), output


def test_the_ini_options_set_seed_database_and_limits(write_files, run_pytest):
    write_files(
        {
            "pytest.ini": """
[pytest]
fakeecr_seed = seeds/all.yaml
fakeecr_database = state.db
fakeecr_limits = installed
""",
            "seeds/all.yaml": SEED.format(name="web"),
            "unit/test_example.py": """
import pytest
from botocore.exceptions import ClientError

from fakeecr import PublishedLimitWarning


def test_the_ini_options_apply(fake_ecr, ecr_client, request):
    assert len(ecr_client.list_images(repositoryName="web", maxResults=200)["imageIds"]) == 200
    assert f" in {request.config.rootpath / 'state.db'}, " in repr(fake_ecr)


@pytest.mark.fakeecr(database=None, limits="published", seed={"registries": [{"repositories": [{"name": "api"}]}]})
def test_a_marker_takes_precedence_and_its_seed_is_added(fake_ecr, ecr_client):
    assert " in memory, " in repr(fake_ecr)
    assert ecr_client.list_images(repositoryName="api")["imageIds"] == []
    with pytest.raises(ClientError), pytest.warns(PublishedLimitWarning):
        ecr_client.list_images(repositoryName="web", maxResults=200)
""",
        }
    )

    run_pytest("../unit", directory="seeds", passed=2)


def test_the_state_in_a_database_lasts_from_run_to_run(pytester, write_files, run_pytest):
    write_files(
        {
            "pytest.ini": "[pytest]\nfakeecr_database = overridden.db\n",
            "unit/test_example.py": """
from pathlib import Path

import pytest

TOKEN = Path(__file__).with_name("token")


def test_a_listing_can_span_two_runs(fake_ecr, ecr_client):
    if not TOKEN.exists():
        fake_ecr.push("web", *(f"v{number}" for number in range(6)))
        TOKEN.write_text(ecr_client.list_images(repositoryName="web", maxResults=4)["nextToken"])
    else:
        rest = ecr_client.list_images(repositoryName="web", nextToken=TOKEN.read_text())["imageIds"]
        assert [image["imageTag"] for image in rest] == ["v4", "v5"]
        TOKEN.unlink()


@pytest.mark.parametrize("database", [
    pytest.param("sqlite://", marks=pytest.mark.fakeecr(database="sqlite://")),
    pytest.param(":memory:", marks=pytest.mark.fakeecr(database=":memory:")),
])
def test_a_marker_takes_precedence_over_the_command_line(fake_ecr, database):
    assert f" in {database}, " in repr(fake_ecr)
    assert fake_ecr.dump() == {"registries": []}
""",
        }
    )

    run_pytest("--fakeecr-database", "state.db", directory="unit", passed=3)
    run_pytest("--fakeecr-database", f"sqlite:///{pytester.path}/unit/state.db", passed=3)

    assert [str(file.relative_to(pytester.path)) for file in pytester.path.rglob("*.db")] == ["unit/state.db"]
    assert not (pytester.path / "unit" / "token").exists(), "the second run did not continue the listing"


def test_the_workers_of_xdist_share_a_database(pytester, write_files, run_pytest):
    write_files(
        {
            "pytest.ini": "[pytest]\nfakeecr_seed = seed.yaml\n",
            "seed.yaml": SEED.format(name="seeded-by-each"),
            "unit/test_example.py": """
import pytest

@pytest.mark.parametrize("number", range(20))
def test_an_image_is_pushed(fake_ecr, ecr_client, number, worker_id):
    fake_ecr.push("web", f"image-{number}", "latest", f"of-{worker_id}")
    assert ecr_client.list_images(repositoryName="web")["imageIds"]
""",
        }
    )

    run_pytest("-n", "2", "--fakeecr-database", "state.db", directory="unit", passed=20)

    with FakeECR(pytester.path / "unit" / "state.db") as ecr:
        pushed = identifiers(ecr.client().list_images(repositoryName="web"))
        seeded = ecr.client().get_paginator("list_images").paginate(repositoryName="seeded-by-each").build_full_result()
    assert {tag for _, tag in pushed} - {None} == {f"image-{n}" for n in range(20)} | {"latest", "of-gw0", "of-gw1"}
    assert len({digest for digest, _ in pushed}) == 20
    assert len(seeded["imageIds"]) == 250


def test_pytest_lists_the_marker_fixtures_and_options_of_the_plugin(run_pytest):
    arguments = list(inspect.signature(FakeECR).parameters)
    marker = ", ".join(f"{name}=…" for name in ["seed", *arguments])
    assert f"@pytest.mark.fakeecr({marker}): what the fixture fake_ecr" in run_pytest("--markers")

    fixtures = run_pytest("--fixtures")
    assert re.search(r"^fake_ecr -- .*\n +Return a FakeECR that is active for this test", fixtures, re.MULTILINE)
    assert re.search(r"^ecr_client -- .*\n +Return a boto3 client of this test's fake_ecr", fixtures, re.MULTILINE)

    help_text = run_pytest("--help")
    for option in ("fakeecr_seed (string)", "fakeecr_database (string)", "fakeecr_limits (string)"):
        assert re.search(rf"^  {re.escape(option)}:\s+\w", help_text, re.MULTILINE), option
    assert re.search(r"^  --fakeecr-database=PATH_OR_URL\s+Where every fake_ecr stores", help_text, re.MULTILINE)


def test_the_plugin_imports_no_dependencies_until_it_is_used_and_can_be_disabled(write_files, run_pytest):
    write_files(
        {
            "test_example.py": """
import sys

def test_no_dependency_is_imported(request):
    names = {name.partition(".")[0] for name in sys.modules}
    assert names & {"sqlalchemy", "alembic", "msgspec", "yaml", "boto3", "botocore"} == set()
    assert ("fakeecr" in names) is not request.config.pluginmanager.is_blocked("fakeecr")
"""
        }
    )

    run_pytest(passed=1)
    run_pytest("-p", "no:fakeecr", passed=1)


# --- Seeds that are copied -------------------------------------------------------------------------

COUNTED = """
import fakeecr.seeds.load

read = fakeecr.seeds.load.read
files = []

def counting(file):
    files.append(file.name)
    return read(file)

fakeecr.seeds.load.read = counting
"""


def test_a_seed_is_read_once_for_all_tests_and_again_when_it_changes(write_files, run_pytest):
    write_files(
        {
            "pytest.ini": "[pytest]\nfakeecr_seed = all.yaml\n",
            "all.yaml": SEED.format(name="web"),
            "marked.yaml": SEED.format(name="api"),
            "conftest.py": COUNTED,
            "test_example.py": """
from pathlib import Path

import pytest
from conftest import files


@pytest.mark.parametrize("number", range(3))
def test_each_test_has_the_seed(ecr_client, fake_ecr, number):
    assert len(ecr_client.describe_repositories()["repositories"]) == 1
    assert len(ecr_client.describe_images(repositoryName="web", maxResults=100)["imageDetails"]) == 100
    assert " in memory, active" in repr(fake_ecr)
    fake_ecr.push("another", "latest")


@pytest.mark.fakeecr(seed="marked.yaml")
@pytest.mark.parametrize("number", range(3))
def test_the_seed_of_a_marker_is_added(ecr_client, number):
    assert len(ecr_client.describe_repositories()["repositories"]) == 2


def test_each_file_was_read_once_for_each_combination(fake_ecr):
    assert sorted(files) == ["all.yaml", "all.yaml", "marked.yaml"]
    file = Path(__file__).with_name("all.yaml")
    file.write_text(file.read_text().replace("web", "changed"))


def test_a_changed_file_is_read_again(ecr_client):
    (repository,) = ecr_client.describe_repositories()["repositories"]
    assert repository["repositoryName"] == "changed"


def test_a_fake_that_is_started_again_is_empty(fake_ecr):
    fake_ecr.stop()
    fake_ecr.start()
    assert fake_ecr.dump() == {"registries": []}
""",
        }
    )

    run_pytest("test_example.py", passed=9)


def test_a_marker_can_start_a_fake_from_a_snapshot(write_files, run_pytest):
    write_files(
        {
            "test_example.py": """
import pytest
from fakeecr import FakeECR

with FakeECR() as ecr:
    ecr.push("web", "of-the-snapshot")
    SNAPSHOT = ecr.snapshot()


@pytest.mark.fakeecr(database=SNAPSHOT)
@pytest.mark.parametrize("number", range(2))
def test_each_test_starts_from_it(fake_ecr, ecr_client, number):
    assert [each["imageTag"] for each in ecr_client.list_images(repositoryName="web")["imageIds"]] == ["of-the-snapshot"]
    assert " in memory, from a snapshot, active" in repr(fake_ecr)
    fake_ecr.push("web", "latest")


@pytest.mark.fakeecr(database=SNAPSHOT, seed={"registries": [{"repositories": [{"name": "web", "images": [{"tags": ["seeded"]}]}]}]})
@pytest.mark.parametrize("number", range(2))
def test_a_seed_is_added(fake_ecr, ecr_client, number):
    tags = [each["imageTag"] for each in ecr_client.list_images(repositoryName="web")["imageIds"]]
    assert tags == ["of-the-snapshot", "seeded"]
""",
        }
    )

    run_pytest("--fakeecr-database", "state.db", "test_example.py", passed=4)


# --- Calls that no fake answers --------------------------------------------------------------------

UNFAKED = """
import boto3, pytest

CLIENT = boto3.client("ecr", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")

def list_images():
    with pytest.raises(BaseException) as raised:
        CLIENT.list_images(repositoryName="web")
    return type(raised.value).__name__

def test_forgets_the_fixture():
    assert list_images() == {expected!r}

class TestClass:
    def setup_method(self):
        self.error = list_images()

    def test_forgets_it_too(self, fake_ecr):
        assert self.error == {expected!r}

@pytest.mark.fakeecr_real
def test_is_exempt():
    assert list_images() == "HTTPClientError"
"""


@pytest.mark.parametrize(
    ("ini", "expected"),
    [
        pytest.param("", "UnfakedCallWarning", id="by default, with warnings as errors"),
        pytest.param("fakeecr_guard = error", "UnfakedCallError", id="error"),
        pytest.param("fakeecr_guard = off", "HTTPClientError", id="off"),
    ],
)
def test_calls_that_no_fake_answers_are_guarded(write_files, run_pytest, ini, expected):
    write_files({"pytest.ini": f"[pytest]\n{ini}\n", "test_example.py": UNFAKED.format(expected=expected)})

    run_pytest("test_example.py", passed=3)


def test_a_call_site_whose_call_no_fake_answers_is_reported_once(write_files, run_pytest):
    write_files({"test_example.py": UNFAKED.format(expected="HTTPClientError")})

    output = run_pytest("-W", "default::fakeecr.UnfakedCallWarning", "test_example.py", passed=3)

    assert re.findall(r"test_example\.py:\d+: (UnfakedCallWarning: .*)", output) == [
        "UnfakedCallWarning: ListImages is called while no fake is active, and is sent to AWS "
        "(api.ecr.us-east-1.amazonaws.com) with the credentials of this machine. Use the fixture `fake_ecr`, "
        "`with FakeECR():` or `@FakeECR()` around it. Mark a test that is meant to call AWS with `fakeecr_real`."
    ]


def test_an_unknown_action_of_the_guard_is_refused(write_files, run_pytest):
    write_files({"pytest.ini": "[pytest]\nfakeecr_guard = loud\n", "test_example.py": "def test(): pass"})

    assert "ERROR: fakeecr_guard: expected 'warn', 'error' or 'off'; got 'loud'" in run_pytest()


# --- Fakes that are never stopped ------------------------------------------------------------------


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("def test_starts():\n    FakeECR().start()", id="in a test"),
        pytest.param(
            "class TestClass:\n    def setup_method(self):\n        FakeECR().start()\n    def test_starts(self):\n"
            "        pass",
            id="in a setup method",
        ),
        pytest.param(
            "class TestCase(unittest.TestCase):\n    def setUp(self):\n        FakeECR().start()\n"
            "    def test_starts(self):\n        pass",
            id="in unittest's setUp",
        ),
        pytest.param(
            "@pytest.fixture\ndef started():\n    FakeECR().start()\n\ndef test_starts(started):\n    pass",
            id="in a fixture",
        ),
    ],
)
def test_a_fake_that_a_test_leaves_active_is_reported_and_stopped(write_files, run_pytest, test):
    start = "import unittest, pytest, fakeecr\nfrom fakeecr import FakeECR\n\n"
    end = "\n\ndef test_afterwards():\n    assert not fakeecr.is_active()\n"
    write_files({"test_example.py": start + test + end})

    output = run_pytest("-W", "default::fakeecr.UnstoppedFakeWarning", "test_example.py", passed=2)

    assert re.findall(r"UnstoppedFakeWarning: test_example.py::\S*test_starts started a FakeECR and did not", output)


def test_a_fake_of_a_fixture_for_several_tests_that_a_test_asks_for_late_stays_active(write_files, run_pytest):
    write_files(
        {
            "test_example.py": """
import pytest, fakeecr

@pytest.fixture(scope="module")
def shared():
    with fakeecr.FakeECR() as ecr:
        yield ecr

@pytest.fixture
def late(request):
    return request.getfixturevalue("shared")

def test_in_a_test(request):
    request.getfixturevalue("shared").push("web", "latest")

def test_in_a_fixture(late):
    assert len(late.client().list_images(repositoryName="web")["imageIds"]) == 1
"""
        }
    )

    run_pytest("test_example.py", passed=2)


def test_a_fake_of_a_fixture_for_several_tests_stays_active(write_files, run_pytest):
    write_files(
        {
            "test_example.py": """
import pytest, fakeecr

@pytest.fixture(scope="module")
def shared():
    with fakeecr.FakeECR() as ecr:
        yield ecr

def test_one(shared):
    shared.push("web", "latest")

def test_two(shared):
    assert fakeecr.current() is shared
    assert len(shared.client().list_images(repositoryName="web")["imageIds"]) == 1
"""
        }
    )

    run_pytest("test_example.py", passed=2)
