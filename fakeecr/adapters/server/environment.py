"""The environment of a child process whose ECR calls are to reach a server."""

from __future__ import annotations

from collections.abc import Mapping

from fakeecr.adapters.credentials import DUMMY_CREDENTIALS

# What would take precedence over the variables that are set: a profile, a role, a session; what makes SDKs ignore
# endpoints.
_REMOVED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)


def environment(base: Mapping[str, str], url: str, host: str, region: str) -> dict[str, str]:
    """Return an environment in which the AWS SDKs and the AWS CLI send ECR's calls, and only those, to a server.

    Args:
        base: the environment that it is made from.
        url: the server's URL.
        host: its host, which no proxy is asked for.
        region: the region of clients that name none.
    """
    made = {name: value for name, value in base.items() if name.upper() not in _REMOVED}
    made["AWS_ENDPOINT_URL_ECR"] = url
    made["AWS_REGION"] = made["AWS_DEFAULT_REGION"] = region
    made["AWS_ACCESS_KEY_ID"] = DUMMY_CREDENTIALS["aws_access_key_id"]
    made["AWS_SECRET_ACCESS_KEY"] = DUMMY_CREDENTIALS["aws_secret_access_key"]
    made["AWS_EC2_METADATA_DISABLED"] = "true"
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [part for part in made.get(name, "").split(",") if part]
        made[name] = ",".join(hosts if host in hosts or "*" in hosts else [*hosts, host])
    return made
