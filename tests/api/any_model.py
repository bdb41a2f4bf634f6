"""Send a small valid request for every operation of the installed service model; print the outcomes as JSON.

The tests run it in a process whose home directory has an older or newer service model of ECR than botocore's own.
"""

from __future__ import annotations

import json
import sys

from botocore.config import Config
from botocore.exceptions import ClientError

from fakeecr import FakeECR
from fakeecr.api.model import operation_names
from tests.operations.every_operation import REQUESTS, build, request_for


def outcome_of(operation: str) -> str:
    """Return "answered", or the code of the error."""
    with FakeECR() as ecr:
        client = ecr.client(config=Config(retries={"total_max_attempts": 1}))
        world = build(ecr, client)
        # Images with times that an older model cannot return.
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [
            {"tags": ["old"], "archived_at": "2026-01-01T00:00:00Z", "pulled_at": "2026-01-01T00:00:00Z"}]}]}]})  # fmt: skip
        request = request_for(operation, world) if operation in REQUESTS else {}
        try:
            client._make_api_call(operation, request)  # type: ignore[attr-defined]
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "answered"


if __name__ == "__main__":
    json.dump({operation: outcome_of(operation) for operation in operation_names()}, sys.stdout)
