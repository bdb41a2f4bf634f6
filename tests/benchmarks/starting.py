"""The start of a test run: one pytest process that runs one test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.benchmarks.measuring import Row, medians

WITH_FAKEECR = """
def test_push_and_list(fake_ecr, ecr_client):
    fake_ecr.push("web", "latest")
    images = ecr_client.list_images(repositoryName="web")["imageIds"]
    assert [image["imageTag"] for image in images] == ["latest"]
"""

WITH_MOTO = """
import boto3
from moto import mock_aws

MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}'


@mock_aws
def test_push_and_list():
    client = boto3.client("ecr", "us-east-1")
    client.create_repository(repositoryName="web")
    client.put_image(repositoryName="web", imageManifest=MANIFEST, imageTag="latest")
    images = client.list_images(repositoryName="web")["imageIds"]
    assert [image["imageTag"] for image in images] == ["latest"]
"""

# The plugins that the project's own suite uses, which a user of neither library needs.
WITHOUT = ("cacheprovider", "randomly", "xdist", "xdist.looponfail", "asyncio", "hypothesispytest", "socket")


def starting(rounds: int) -> list[Row]:
    """Compare one pytest process that pushes and lists in one test with the same with moto.

    Both sides have the same interpreter, options and plugins, fakeecr's own included, and compiled bytecode: the
    rounds that are not counted write it.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    options = ["-q", *(option for name in WITHOUT for option in ("-p", f"no:{name}"))]
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for name, text in (("test_fakeecr.py", WITH_FAKEECR), ("test_moto.py", WITH_MOTO)):
            (Path(folder) / name).write_text(text, encoding="utf-8")
            command = [sys.executable, "-m", "pytest", *options, name]
            runs.append(
                partial(subprocess.run, command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
            )
        ours, theirs = medians(*runs, rounds=rounds)
    return [Row("one pytest process, one test: push and list", ours, "the same with moto", theirs, "at most 1.05×")]
