"""What each operation does: one module a resource, one function an operation.

A function takes the call and the request, which is valid, and gives the response; both are boto3-stubs' types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fakeecr.operations.call import Call
from fakeecr.operations.images import list_images

__all__ = ["OPERATIONS", "Call", "Operation"]


class Operation(NamedTuple):
    """An operation that fakeecr answers.

    Attributes:
        function: what answers it.
        writes: whether it needs a transaction that writes.
    """

    function: Callable[[Call, Any], Mapping[str, Any]]
    writes: bool = False


OPERATIONS: Mapping[str, Operation] = {
    "ListImages": Operation(list_images),
}
