"""One call, as an operation sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ResponseMetadataTypeDef

    from fakeecr.protocol.partitions import Partition


@dataclass(slots=True)
class Call:
    """What an operation is given beside its request.

    Attributes:
        connection: the transaction of this one operation.
        account_id: the default registry's account.
        region: the region that the call was made to.
        partition: the partition of that region.
        secret: what seals the tokens of this database.
        require_layers: whether an image needs its layers uploaded before.
        metadata: what the HTTP response says of itself; an operation hands it back in its own response,
            which is how boto3's types have it.
    """

    connection: Connection
    account_id: str
    region: str
    partition: Partition
    secret: bytes
    require_layers: bool
    metadata: ResponseMetadataTypeDef

    def account_of(self, request: Mapping[str, object]) -> str:
        """Give the account of the registry that a request means."""
        return str(request.get("registryId") or self.account_id)

    def in_region(self, region: str) -> Call:
        """Give the same call as one that was made to another region of the partition."""
        return replace(self, region=region)
