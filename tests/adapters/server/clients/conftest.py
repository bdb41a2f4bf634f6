"""Fixtures of the tests of real clients, which run as processes of their own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from fakeecr import FakeECR
from fakeecr.adapters.server.listener import Listener
from tests.adapters.server.clients.children import TAGS


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list that gets the address of each client which connects to a server."""
    addresses: list[object] = []

    def verify_request(_: Listener, request: object, address: object) -> bool:
        addresses.append(address)
        return True

    monkeypatch.setattr(Listener, "verify_request", verify_request)
    return addresses


@pytest.fixture
def web(ecr: FakeECR) -> None:
    """Push an image for each of `TAGS` to the repository `web`."""
    for tag in TAGS:
        ecr.push("web", tag)


# --- Where else the environment or a file might lead ---------------------------------------------

# What must not be used: nothing listens there.
NOWHERE = "http://127.0.0.1:9"
CONFIG = f"""
[default]
region = eu-central-1
endpoint_url = {NOWHERE}
services = elsewhere
s3 =
    addressing_style = path

[profile work]
region = ap-south-1
role_arn = arn:aws:iam::222222222222:role/deploy
source_profile = default
endpoint_url = {NOWHERE}
services = elsewhere

[services elsewhere]
ecr =
    endpoint_url = {NOWHERE}
"""
VARIABLES = {
    "AWS_PROFILE": "work",
    "AWS_DEFAULT_PROFILE": "work",
    "AWS_ENDPOINT_URL": NOWHERE,
    "AWS_ENDPOINT_URL_ECR": NOWHERE,
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_SESSION_TOKEN": "token",
    "AWS_ROLE_ARN": "arn:aws:iam::222222222222:role/deploy",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_REGION": "eu-north-1",
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "http_proxy": NOWHERE,
    "https_proxy": NOWHERE,
    "all_proxy": NOWHERE,
    "NO_PROXY": "",
}


@pytest.fixture
def misleading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set variables and write files that lead elsewhere; return the path of the configuration file."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(CONFIG, encoding="utf-8")
    credentials.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n", encoding="utf-8")
    for name, value in {
        **VARIABLES,
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
    }.items():
        monkeypatch.setenv(name, value)
    return config


# As with the tests of async clients in this process: what is not installed is not tested.
collect_ignore = [] if importlib.util.find_spec("aiobotocore") else ["test_aiobotocore.py"]
