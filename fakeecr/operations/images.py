"""Operations on images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr.operations.call import Call
from fakeecr.operations.paging import seal, unseal
from fakeecr.operations.repositories import find_repository
from fakeecr.store import pages

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ListImagesRequestTypeDef, ListImagesResponseTypeDef

# What a page holds where maxResults is absent (reference).
_DEFAULT_PAGE = 100


def list_images(call: Call, request: ListImagesRequestTypeDef) -> ListImagesResponseTypeDef:
    """List the image identifiers of a repository, oldest first.

    One identifier for each tag, and one without a tag for an image that has none. AWS promises no order;
    this one is that of the keyset, in which what comes and goes between two pages disturbs nothing.
    """
    repository_id = find_repository(call, request["repositoryName"], request.get("registryId"))
    shown = _filter(request)
    listing = ("ListImages", repository_id, *shown)
    page = pages.identifiers(
        call.connection,
        repository_id,
        shown,
        after=unseal(call, listing, request.get("nextToken")),
        size=request.get("maxResults", _DEFAULT_PAGE),
    )
    response: ListImagesResponseTypeDef = {
        "imageIds": [
            {"imageDigest": digest} if tag is None else {"imageDigest": digest, "imageTag": tag}
            for digest, tag, _ in page.rows
        ],
        "ResponseMetadata": call.metadata,
    }
    if page.last_key is not None:
        response["nextToken"] = seal(call, listing, page.last_key)
    return response


def _filter(request: ListImagesRequestTypeDef) -> pages.Filter:
    """Read a request's filter: without an imageStatus only ACTIVE images are shown (model)."""
    given = request.get("filter", {})
    status = given.get("imageStatus", "ACTIVE")
    tag_status = given.get("tagStatus", "ANY")
    return pages.Filter(
        status=None if status == "ANY" else status,
        tagged=None if tag_status == "ANY" else tag_status == "TAGGED",
    )
