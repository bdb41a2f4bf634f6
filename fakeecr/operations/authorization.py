"""Operations on authorization tokens.

Differences from AWS:
    - **A token** has the form of AWS's and expires like it, but no Docker client can sign in with it.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.operations.envelopes import EMPTY
from fakeecr.registry.call import Call
from fakeecr.rules.arns import registry_host

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import GetAuthorizationTokenRequestTypeDef, GetAuthorizationTokenResponseTypeDef

_LIFETIME = timedelta(hours=12)  # [documented]


def get_authorization_token(
    call: Call, request: GetAuthorizationTokenRequestTypeDef
) -> GetAuthorizationTokenResponseTypeDef:
    """Return a token for each registry that the request names, or else for the default registry."""
    expires_at = clock.now() + _LIFETIME
    return {
        "authorizationData": [
            {
                "authorizationToken": b64encode(b"AWS:" + _password(expires_at)).decode("ascii"),
                "expiresAt": expires_at,
                "proxyEndpoint": f"https://{registry_host(call.region, account_id)}",
            }
            for account_id in dict.fromkeys(request.get("registryIds") or [call.account_id()])
        ],
        **EMPTY,
    }


def _password(expires_at: datetime) -> bytes:
    """Make the password of a token, in the form of AWS [observed]; nothing checks it."""
    return b64encode(
        json.dumps(
            {
                "payload": secrets.token_urlsafe(48),
                "datakey": secrets.token_urlsafe(48),
                "version": "2",
                "type": "DATA_KEY",
                "expiration": int(expires_at.timestamp()),
            }
        ).encode()
    )
