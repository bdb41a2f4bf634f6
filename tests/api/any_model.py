"""Sends every operation of the botocore of this process a minimal request; prints what came of each as JSON.

Run as a process of its own, whose home has a service model of ECR that is older or newer than the installed one.
"""

from __future__ import annotations

import json
import sys

from botocore.config import Config
from botocore.exceptions import ClientError

from fakeecr import FakeECR
from fakeecr.api.model import operation_names
from tests.operations.every_operation import REQUESTS, build, request_for


def answer_to(operation: str) -> str:
    with FakeECR() as ecr:
        client = ecr.client(config=Config(retries={"total_max_attempts": 1}))
        world = build(ecr, client, operation_names().__contains__)
        # Members of images that not every model has: moments that nobody may be told of.
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [
            {"tags": ["old"], "archived_at": "2026-01-01T00:00:00Z", "pulled_at": "2026-01-01T00:00:00Z"}]}]}]})  # fmt: skip
        request = request_for(operation, world) if operation in REQUESTS else {}
        try:
            client._make_api_call(operation, request)  # type: ignore[attr-defined]
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "answered"


if __name__ == "__main__":
    json.dump({operation: answer_to(operation) for operation in operation_names()}, sys.stdout)
