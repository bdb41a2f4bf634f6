"""The environment of a child process whose ECR calls are to reach a server."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from urllib.parse import urlsplit

from fakeecr.adapters.credentials import DUMMY_CREDENTIALS

# What would take precedence over the settings: a profile, a role, a session; and when earlier credentials expire.
_REMOVED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_ACCOUNT_ID",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)

_WITHOUT_PROXY = ("NO_PROXY", "no_proxy")


def environment(base: Mapping[str, str], url: str, region: str) -> dict[str, str]:
    """Return an environment in which the AWS SDKs and the AWS CLI send ECR's calls, and only those, to a server.

    Args:
        base: the environment that it is made from.
        url: the server's URL.
        region: the region of clients that name none.
    """
    made = {name: value for name, value in base.items() if name.upper() not in _REMOVED}
    made |= _settings(url, region)
    # Of the two names, which a program reads differs, so both get what either has.
    hosts = [host for name in _WITHOUT_PROXY for host in made.get(name, "").split(",") if host]
    return made | dict.fromkeys(_WITHOUT_PROXY, ",".join(dict.fromkeys([*hosts, *_hosts_of(url)])))


def shell_lines(url: str, region: str) -> list[str]:
    """Return the lines with which a POSIX shell makes its own environment such a one.

    Args:
        url: the server's URL.
        region: the region of clients that name none.
    """
    exports = [f"export {name}={shlex.quote(value)}" for name, value in _settings(url, region).items()]
    earlier = "".join(f"${{{name}:+${name},}}" for name in _WITHOUT_PROXY)
    without_proxy = f'export NO_PROXY="{earlier}{",".join(_hosts_of(url))}"'
    return [*exports, without_proxy, 'export no_proxy="$NO_PROXY"', f"unset {' '.join(_REMOVED)}"]


def _settings(url: str, region: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_ECR": url,
        # The SDKs read the first; botocore, and so the AWS CLI and boto3, the second.
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": DUMMY_CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": DUMMY_CREDENTIALS["aws_secret_access_key"],
        "AWS_EC2_METADATA_DISABLED": "true",
        # A file of configuration may say otherwise.
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
    }


def _hosts_of(url: str) -> list[str]:
    """Return the host that no proxy is to be asked for, in each form that programs expect."""
    host = urlsplit(url).hostname or ""
    return [host, f"[{host}]"] if ":" in host else [host]
