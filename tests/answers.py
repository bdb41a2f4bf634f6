"""Calls and checks for every test that has a client."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator
from mypy_boto3_ecr import ECRClient

from fakeecr.http import Request
from tests.installed_model import IS_NEWEST

# Errors that any operation may return although the model does not declare them.
FRAMEWORK_ERRORS = {"SerializationException", "NotImplementedByFakeECR", "ServerException"}


def check_answers(client: ECRClient) -> ECRClient:
    """Check each answer that a client receives against the model: its output shape and its declared errors."""

    def check(http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
        check_answer(http_response.content, parsed, model)

    client.meta.events.register("after-call.ecr", check)
    return client


def check_answer(content: bytes, parsed: dict[str, Any], model: OperationModel) -> None:
    """Check an answer against the model of its operation.

    Args:
        content: the body of the response.
        parsed: what botocore's parser made of it.
        model: the model.
    """
    if "Error" in parsed:
        declared = {shape.name for shape in model.error_shapes}
        assert parsed["Error"]["Code"] in declared | FRAMEWORK_ERRORS
        return
    assert model.output_shape is not None
    answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    if IS_NEWEST:  # an older model lacks some members of the response
        # botocore's parser has already dropped null members and members that are not in the model.
        assert list(unexpected_members(json.loads(content), model.output_shape)) == []
    report = ParamValidator().validate(answer, model.output_shape).generate_report()
    # The model limits the length of ImageIdentifierList, also a request's shape; in an answer it may be empty.
    assert [line for line in report.splitlines() if not line.startswith("Invalid length")] == []


def unexpected_members(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Yield the path of each member of an answer's JSON that is null or not in its shape."""
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            if name in shape.members and member is not None:
                yield from unexpected_members(member, shape.members[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(shape, ListShape):
        for item in value:
            yield from unexpected_members(item, shape.member, f"{path}[]")


def api_request(operation: str, body: bytes, region: str | None = None) -> Request:
    """Build the HTTP request that an SDK sends for an operation of ECR."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AmazonEC2ContainerRegistry_V20150921.{operation}",
    }
    return Request("POST", "/", headers, body, region)


def send_instead(client: ECRClient, body: bytes) -> ECRClient:
    """Replace the body of every request of a client, to send what botocore itself cannot write."""
    client.meta.events.register("before-call.ecr", lambda params, **_: params.update(body=body))
    return client


def error_of(call: Callable[..., Any], **parameters: Any) -> tuple[str, str, int]:
    """Make a call that must fail; return the code, message and HTTP status of the error."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    response = error.value.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    """Make a call that must fail; return the code of the error."""
    return error_of(call, **parameters)[0]


def notes_of(call: Callable[..., Any], **parameters: Any) -> str:
    """Make a call of a client that must fail; return the notes on the error, one a line."""
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return "\n".join(getattr(raised.value, "__notes__", []))


# Arguments of a client that needs no settings of the machine, and tries a call once.
ONCE: dict[str, Any] = {
    "aws_access_key_id": "x",
    "aws_secret_access_key": "y",
    "config": Config(retries={"total_max_attempts": 1}),
}


def reaches_for_the_network(call: Callable[..., Any], **parameters: Any) -> bool:
    """Whether a call tries to open a socket, which the suite forbids; fail if it does not."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A test tried to use socket", UserWarning)
        with pytest.raises(HTTPClientError, match="A test tried to use socket"):
            call(**parameters)
    return True


def identifiers(response: Any) -> list[tuple[str, str | None]]:
    """Return the digest and tag of each identifier of a page."""
    return [(each["imageDigest"], each.get("imageTag")) for each in response["imageIds"]]


def listed_tags(client: ECRClient, repository: str = "web") -> list[str | None]:
    """Return the tag of each identifier on the first page of a repository's listing."""
    return [tag for _, tag in identifiers(client.list_images(repositoryName=repository))]


def all_pages(call: Callable[..., Any], key: str, **parameters: Any) -> list[list[Any]]:
    """Follow nextToken to the end; return what each page has under a key."""
    pages = []
    response = call(**parameters)
    while True:
        pages.append(response[key])
        if "nextToken" not in response:
            return pages
        response = call(**{**parameters, "nextToken": response["nextToken"]})


def check_paging(call: Callable[..., Any], key: str, size_parameter: str, **parameters: Any) -> None:
    """Check a paged operation: for every page size, the pages together are the whole list.

    Every page except the last is full, and no page is empty unless it is the only one.
    """
    whole = [item for page in all_pages(call, key, **parameters) for item in page]
    for size in {1, 2, 3, max(1, len(whole) - 1), max(1, len(whole)), len(whole) + 1}:
        pages = all_pages(call, key, **{size_parameter: size}, **parameters)
        assert [item for page in pages for item in page] == whole
        assert all(len(page) == size for page in pages[:-1])
        assert 0 < len(pages[-1]) <= size or whole == []
