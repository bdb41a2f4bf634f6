"""Where a request was sent: the account and the region, as its signature and its host name them.

Signatures are not checked: any credentials will do.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# The credential scope of Signature Version 4: key, date, region, service. A region of the newer version 4A is a list.
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([a-z0-9-]{2,25})/[a-z0-9-]+/aws4_request")

# The hosts of ECR's registries and of its API, by these names and by any that end otherwise, such as in `.localhost`.
_HOST = re.compile(
    r"(?:(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?|(?:api\.)?ecr(?:-fips)?)"
    r"\.(?P<region>[a-z]+(?:-[a-z]+)+-\d+)\.(?P<suffix>[^:]+)(?::\d+)?"
)
_AWS_SUFFIXES = ("amazonaws.com", "amazonaws.com.cn", "on.aws", "api.aws")
_ACCOUNT = re.compile(r"\d{12}")


class Origin(NamedTuple):
    """The account and the region that a request was sent to, where they are known; and whether its host is AWS's."""

    account_id: str | None
    region: str | None
    is_aws: bool


def origin_of(authorization: str, host: str) -> Origin:
    """Return where a request was sent.

    The region is that of the signature, and else that of the host. The account is that of the host, and else the access
    key, if it consists of 12 digits.

    Args:
        authorization: its header Authorization, or an empty text.
        host: its header Host, or an empty text.
    """
    signed = _CREDENTIAL.search(authorization)
    named = _HOST.fullmatch(host.lower())
    key, region = signed.groups() if signed else ("", None)
    account_id = key if _ACCOUNT.fullmatch(key) else None
    if named is None:
        return Origin(account_id, region, False)
    is_aws = named["suffix"] in _AWS_SUFFIXES
    return Origin(named["account"] or account_id, region or named["region"], is_aws)
