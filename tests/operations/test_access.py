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
def test_a_token_is_a_user_and_a_password_for_twelve_hours(client):
    (data,) = client.get_authorization_token()["authorizationData"]
    expires = datetime(2026, 11, 23, 22, 0, 0, 500_000, UTC)
    assert data["expiresAt"] == expires
    assert data["proxyEndpoint"] == "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"
    user, _, password = b64decode(data["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert json.loads(b64decode(password))["expiration"] == int(expires.timestamp())


def test_it_runs_by_the_real_clock_otherwise(client):
    before = datetime.now(UTC)
    (data,) = client.get_authorization_token()["authorizationData"]
    assert timedelta(hours=11, minutes=59) < data["expiresAt"] - before < timedelta(hours=12, minutes=1)


def test_each_registry_has_an_entry(ecr):
    client = unchecked(ecr, region_name="cn-north-1")
    ids = ["999999999999", "111111111111", "999999999999"]
    data = client.get_authorization_token(registryIds=ids)["authorizationData"]
    assert [each["proxyEndpoint"] for each in data] == [
        "https://999999999999.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "https://111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn",
    ]
    assert len({each["authorizationToken"] for each in data}) == 2


@pytest.mark.parametrize("ids", [[], ["1"], ["123456789012"] * 11])
def test_it_refuses(client, ids):
    assert code_of(client.get_authorization_token, registryIds=ids) == "InvalidParameterException"
