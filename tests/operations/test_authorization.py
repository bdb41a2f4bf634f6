"""GetAuthorizationToken."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from tests.answers import code_of
from tests.conftest import unchecked


@freeze_time("2026-11-23 10:00:00.5")
def test_an_authorization_token_is_a_user_and_a_password_for_twelve_hours(client):
    (authorization,) = client.get_authorization_token()["authorizationData"]

    expires_at = datetime(2026, 11, 23, 22, 0, 0, 500_000, UTC)
    assert authorization["expiresAt"] == expires_at
    assert authorization["proxyEndpoint"] == "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"
    user, _, password = b64decode(authorization["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert json.loads(b64decode(password))["expiration"] == int(expires_at.timestamp())


def test_the_expiry_of_an_authorization_token_follows_the_real_clock(client):
    before = datetime.now(UTC)

    (authorization,) = client.get_authorization_token()["authorizationData"]

    assert timedelta(hours=11, minutes=59) < authorization["expiresAt"] - before < timedelta(hours=12, minutes=1)


def test_get_authorization_token_returns_one_token_per_registry(ecr):
    client = unchecked(ecr, region_name="cn-north-1")
    registry_ids = ["999999999999", "111111111111", "999999999999"]

    authorizations = client.get_authorization_token(registryIds=registry_ids)["authorizationData"]

    assert [authorization["proxyEndpoint"] for authorization in authorizations] == [
        "https://999999999999.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "https://111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn",
    ]
    assert len({authorization["authorizationToken"] for authorization in authorizations}) == 2


@pytest.mark.parametrize(
    "registry_ids",
    [
        pytest.param([], id="no registry"),
        pytest.param(["1"], id="a malformed registry id"),
        pytest.param(["123456789012"] * 11, id="eleven registries"),
    ],
)
def test_get_authorization_token_refuses_invalid_registry_ids(client, registry_ids):
    assert code_of(client.get_authorization_token, registryIds=registry_ids) == "InvalidParameterException"
