"""The service model of ECR in the installed botocore."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from fakeecr.rules.messages import suggestion

TARGET_PREFIX = "AmazonEC2ContainerRegistry_V20150921."


@functools.cache
def _description() -> dict[str, Any]:
    description: dict[str, Any] = Loader().load_service_model("ecr", "service-2")
    return description


@functools.cache
def service_model() -> ServiceModel:
    """Return the model, which is loaded once in a process."""
    return ServiceModel(_description(), "ecr")


@functools.cache
def operation_names() -> frozenset[str]:
    """Return the name of every operation of the installed model."""
    return frozenset(service_model().operation_names)


def operation_model(name: str) -> OperationModel:
    """Return the model of one operation of :func:`operation_names`."""
    return service_model().operation_model(name)


def check_operation(name: Any, *, any_allowed: bool = False) -> None:
    """Check a name that a test author gives.

    Args:
        name: the name of an operation.
        any_allowed: whether it may be ``"*"``, which stands for every operation.

    Raises:
        ValueError: there is no such operation; the message has the closest name.
    """
    if not isinstance(name, str) or (name not in operation_names() and not (any_allowed and name == "*")):
        raise ValueError(f"ECR has no operation {name!r}.{suggestion(str(name), operation_names())}")


def check_parameters(operation: str, parameters: Mapping[str, Any], arguments: Iterable[str] = ()) -> None:
    """Check parameters that a test author expects of requests: their names, and the types of their values.

    Args:
        operation: the operation that has them; ``"*"`` for any.
        parameters: the parameters.
        arguments: what else may have been meant: the other arguments of the function that takes the parameters.

    Raises:
        ValueError: there is no such parameter, and the message has the closest name; or no request can have this value.
    """
    for name, value in parameters.items():
        shapes = _parameters(operation)
        if name not in shapes:
            subject = "ECR" if operation == "*" else operation
            raise ValueError(f"{subject} has no parameter {name!r}.{suggestion(name, [*shapes, *arguments])}")
        problems = ParamValidator().validate({name: value}, _Structure({name: shapes[name]})).generate_report()
        for problem in problems.splitlines():
            # A request may well have a value that is out of range, and is refused for it.
            if problem.startswith(("Invalid type", "Unknown parameter")):
                raise ValueError(f"No request can have this value. {problem}")


class _Structure(StructureShape):
    """A structure with these members."""

    def __init__(self, members: Mapping[str, Shape]) -> None:
        super().__init__("Parameters", {"type": "structure", "members": {}})
        self.members = members  # type: ignore[assignment] # computed from a service model otherwise


@functools.cache
def _parameters(operation: str) -> Mapping[str, Shape]:
    """Return the shapes of an operation's parameters by their names."""
    operations = operation_names() if operation == "*" else [operation]
    shapes = [operation_model(name).input_shape for name in operations]
    return {name: member for shape in shapes if shape is not None for name, member in shape.members.items()}


class ErrorModel(NamedTuple):
    """An error that may answer a call: its usual message and its HTTP status."""

    message: str | None
    status: int


# Errors that any AWS service may answer with and that no service's model declares. The texts and statuses were
# observed at ECR, or are those of AWS's page of common errors. [observed, documented]
COMMON_ERRORS = {
    "AccessDeniedException": ErrorModel("User is not authorized to perform this action", 400),
    "ExpiredTokenException": ErrorModel("The security token included in the request is expired", 400),
    "IncompleteSignature": ErrorModel("The request signature does not conform to AWS standards", 400),
    "InternalFailure": ErrorModel(
        "The request processing has failed because of an unknown error, exception or failure", 500
    ),
    "InvalidSignatureException": ErrorModel(
        "The request signature we calculated does not match the signature you provided", 400
    ),
    "InvalidAction": ErrorModel("The action or operation requested is invalid", 400),
    "InvalidClientTokenId": ErrorModel(
        "The X.509 certificate or AWS access key ID provided does not exist in our records", 403
    ),
    "MissingAuthenticationTokenException": ErrorModel("Missing Authentication Token", 400),
    "NotAuthorized": ErrorModel("You do not have permission to perform this action", 400),
    "OptInRequired": ErrorModel("The AWS access key ID needs a subscription for the service", 403),
    "RequestExpired": ErrorModel("The request is expired", 400),
    "RequestTimeoutException": ErrorModel("The request timed out", 408),
    "ServiceUnavailable": ErrorModel("The request has failed due to a temporary failure of the server", 503),
    "ThrottlingException": ErrorModel("Rate exceeded", 400),
    "SerializationException": ErrorModel(None, 400),
    "UnknownOperationException": ErrorModel(None, 400),
    "ValidationError": ErrorModel("The input fails to satisfy the constraints specified by an AWS service", 400),
    "UnrecognizedClientException": ErrorModel("The security token included in the request is invalid", 400),
}


@functools.cache
def known_errors() -> dict[str, ErrorModel]:
    """Return every error that ECR may answer with, by its name: those of the model and the common ones."""
    modelled = {
        name: ErrorModel(
            " ".join(re.sub(r"<[^>]*>", "", shape.get("documentation", "")).split()) or None,
            # botocore's own view of a shape leaves this mark out.
            500 if shape.get("fault") else 400,
        )
        for name, shape in _description()["shapes"].items()
        if shape.get("exception")
    }
    return {**COMMON_ERRORS, **modelled}
