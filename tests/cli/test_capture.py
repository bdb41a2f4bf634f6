"""`fakeecr capture`: what it writes, what it prints, and how it fails."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading

import botocore.session
import pytest
import yaml

from fakeecr import FakeECR
from fakeecr.cli import capture
from tests.cli.conftest import run_process
from tests.test_capturing import MANIFEST, digest_of

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


def environment(**others):
    return {**os.environ, **CREDENTIALS, **others}


@pytest.mark.newest_model("imageStatus")
def test_a_registry_is_written_to_standard_output(ecr, fakeecr):
    image = ecr.push("web", "latest")

    outcome = fakeecr("capture")

    (registry,) = yaml.safe_load(outcome.output)["registries"]
    assert (outcome.exit_code, outcome.errors) == (0, "Captured repositories: 1, images: 1\n")
    assert registry["repositories"][0]["images"][0]["digest"] == image.digest


def test_a_captured_file_is_the_same_after_seeding_and_capturing(ecr, fakeecr, tmp_path):
    ecr.push("web", "latest", platforms=["linux/amd64", "linux/arm64"])
    ecr.push("api", "1.10")

    first = fakeecr("capture", "-o", tmp_path / "first.yaml")
    with FakeECR() as other:
        other.seed(tmp_path / "first.yaml")
        second = fakeecr("capture", "-o", tmp_path / "second.yaml")

    assert (first.exit_code, first.output, second.exit_code, second.output) == (0, "", 0, "")
    assert (tmp_path / "second.yaml").read_bytes() == (tmp_path / "first.yaml").read_bytes()


@pytest.mark.newest_model("imageStatus")
def test_what_was_left_out_is_reported(ecr, fakeecr):
    ecr.push("my/web")
    ecr.push("my/api")
    ecr.fail("ListTagsForResource", "AccessDeniedException", times=None)

    outcome = fakeecr("capture", "--repository", "my/*")

    assert outcome.exit_code == 0
    assert outcome.errors == (
        "Captured repositories: 2, images: 2\n"
        "Left out:\n"
        "  what ListTagsForResource would tell of a repository: access is denied (2 times)\n"
    )


def test_regions_are_given_by_name_and_each_only_once(ecr, fakeecr):
    for region in ("us-west-2", "eu-west-1"):
        ecr.client(region_name=region).create_repository(repositoryName="web")

    outcome = fakeecr("capture", "--region", "us-west-2", "--region", "eu-west-1", "--region", "us-west-2")

    registries = yaml.safe_load(outcome.output)["registries"]
    assert [registry["region"] for registry in registries] == ["eu-west-1", "us-west-2"]


def test_throttled_requests_are_tried_again(ecr, fakeecr):
    ecr.push("web")
    ecr.fail("BatchGetImage", "ThrottlingException", times=4)

    assert fakeecr("capture").exit_code == 0
    assert len(ecr.calls.of("BatchGetImage")) == 5


@pytest.mark.parametrize(
    ("operation", "error", "message"),
    [
        ("DescribeRepositories", "AccessDeniedException", "when calling the DescribeRepositories operation: .* capture needs ecr:Describe"),
        ("DescribeImages", "ExpiredTokenException", "when calling the DescribeImages operation.* Log in again"),
        ("BatchGetImage", "ServerException", "when calling the BatchGetImage operation"),
        ("BatchGetImage", "ThrottlingException", "reached max retries: 4.* Try again later"),
        ("DescribeImages", "EndpointConnectionError", "Could not connect to the endpoint URL.* Check the network"),
        ("DescribeImages", "ReadTimeoutError", "Read timeout on endpoint URL.* Check the network"),
    ],
)  # fmt: skip
def test_a_call_that_fails_is_one_line_that_says_what_to_do(ecr, fakeecr, tmp_path, operation, error, message):
    ecr.push("web")
    ecr.fail(operation, error, times=None)
    path = tmp_path / "registries.yaml"
    path.write_text("precious")

    outcome = fakeecr("capture", "-o", path)

    assert outcome.exit_code == 1
    (line,) = outcome.errors.splitlines()
    assert line.startswith("Error: ")
    assert re.search(message, line)
    assert (path.read_text(), [file.name for file in tmp_path.iterdir()]) == ("precious", ["registries.yaml"])


def test_an_interrupted_capture_leaves_no_file(ecr, fakeecr, tmp_path, monkeypatch):
    ecr.push("web")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("fakeecr.capturing.describe_image", interrupt)
    outcome = fakeecr("capture", "-o", tmp_path / "registries.yaml")

    assert outcome.exit_code == 130
    assert list(tmp_path.iterdir()) == []


def test_a_program_for_credentials_that_does_not_exist_is_no_fault_of_the_output(fakeecr, tmp_path, monkeypatch):
    configuration = tmp_path / "config"
    configuration.write_text("[default]\ncredential_process = /no/such/program\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))

    outcome = fakeecr("capture", "-o", tmp_path / "registries.yaml")

    assert outcome.exit_code == 1
    assert outcome.errors.startswith("Error: AWS's configuration cannot be used: ")
    assert "/no/such/program" in outcome.errors


def test_a_repository_that_does_not_exist_is_an_error(ecr, fakeecr, tmp_path):
    ecr.push("web")

    outcome = fakeecr("capture", "--repository", "wab", "--repository", "w*", "-o", tmp_path / "registries.yaml")

    assert (outcome.exit_code, outcome.errors) == (1, "Error: No repository matches 'wab'.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pattern", ["team/?", "", "Web", "[a]*"])
def test_what_could_match_no_repository_is_refused_before_aws_is_asked(ecr, fakeecr, pattern):
    outcome = fakeecr("capture", "--repository", pattern)

    assert outcome.exit_code == 2
    assert "only * is a wildcard" in outcome.errors
    assert not ecr.calls


def test_pull_times_are_left_out(ecr, fakeecr):
    image = ecr.push("web", "1.0")
    ecr.client().batch_get_image(repositoryName="web", imageIds=[{"imageDigest": image.digest}])

    assert "pulled_at" in fakeecr("capture").output
    assert "pulled_at" not in fakeecr("capture", "--no-pull-times").output


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        pytest.param(["--region", "us-east-1"], 1, "Unable to locate credentials. Log in with", id="no credentials"),
        pytest.param([], 1, "You must specify a region. Give one with --region", id="no region"),
        pytest.param(["--profile", "wrong"], 1, "The config profile (wrong) could not be found. `aws configure list-profiles`", id="no such profile"),
        pytest.param(["--region", "us-east-1", "--endpoint-url", "localhost"], 2, "Invalid endpoint: localhost", id="no URL"),
        pytest.param(["--region", "US EAST"], 2, "US EAST", id="no region name"),
        pytest.param(["-o", "/no/such/folder/x.yaml", "--region", "us-east-1"], 1, "/no/such/folder/x.yaml", id="no such folder"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_an_error(fakeecr, monkeypatch, arguments, exit_code, message):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    outcome = fakeecr("capture", *arguments)

    assert outcome.exit_code == exit_code
    assert message in outcome.errors
    assert outcome.output == ""


def test_the_advice_is_for_errors_that_botocore_or_aws_has():
    names = {name for name in capture._ADVICE if not name.endswith("Exception")}
    codes = {"AccessDenied", "ExpiredToken", "RequestExpired", "InvalidClientTokenId"}
    later = {"LoginError"}

    assert names - codes - later <= set(vars(botocore.exceptions))


# --- As a real process ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto_server():
    """Yield the URL of moto's server, a process of its own with a registry that another process has filled."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )
    try:
        url = url_of(process)
        subprocess.run(
            [sys.executable, "-c", FILL, url, MANIFEST, digest_of(MANIFEST.encode())],
            check=True,
            env=environment(),
            timeout=60,
        )
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def url_of(process):
    """Return the URL that a server prints; what it prints afterwards is read by a thread, so that it never waits."""
    urls = queue.SimpleQueue()

    def read():
        with process.stdout as lines:
            for line in lines:
                if "Running on http" in line:
                    urls.put(line.split()[-1])

    threading.Thread(target=read, daemon=True).start()
    return urls.get(timeout=60)


FILL = """
import sys, boto3
_, url, manifest, digest = sys.argv
ecr = boto3.client("ecr", endpoint_url=url)
for name in ("team/web", "api"):
    ecr.create_repository(repositoryName=name)
ecr.put_image(repositoryName="team/web", imageManifest=manifest, imageTag="latest", imageDigest=digest)
"""


@pytest.mark.newest_model("imageStatus")
def test_a_process_captures_another_fake_by_its_endpoint(moto_server, tmp_path):
    path = tmp_path / "registries.yaml"

    outcome = run_process("capture", "--endpoint-url", moto_server, "-o", path, env=environment())

    assert outcome == (0, "", "Captured repositories: 2, images: 1\n")
    with FakeECR() as ecr:
        ecr.seed(path)
        (pulled,) = ecr.client().batch_get_image(repositoryName="team/web", imageIds=[{"imageTag": "latest"}])["images"]
    assert pulled["imageManifest"] == MANIFEST


def test_secrets_are_not_written(moto_server):
    outcome = run_process("capture", "--endpoint-url", moto_server, env=environment(AWS_SESSION_TOKEN="token-of-mine"))

    assert outcome.exit_code == 0
    assert not any(secret in outcome.output for secret in ("secret", "token-of-mine", "X-Amz"))


def test_output_that_nobody_reads_is_no_traceback(moto_server):
    reader, writer = os.pipe()
    os.close(reader)

    command = [sys.executable, "-m", "fakeecr", "capture", "--endpoint-url", moto_server]
    done = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, env=environment(), timeout=60
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, "")
