"""One call, as an operation sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ResponseMetadataTypeDef


@dataclass(slots=True)
class Call:
    """What an operation is given beside its request.

    Attributes:
        connection: the transaction of this one operation.
        account_id: the default registry's account.
        region: the region that the call was made to.
        secret: what seals the tokens of this database.
        metadata: what the HTTP response says of itself; an operation hands it back in its own response,
            which is how boto3's types have it.
    """

    connection: Connection
    account_id: str
    region: str
    secret: bytes
    metadata: ResponseMetadataTypeDef
