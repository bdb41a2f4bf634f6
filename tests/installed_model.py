"""Skips the tests that need more than the service model of ECR in an older botocore has.

The suite is written for the newest model. A client cannot send what its model lacks, so with an older botocore a test
that sends such a thing is skipped at that moment, and the reason names what the model lacks. The marker `newest_model`
is for the other tests that need the newest model: they read from a response what the older model lacks, or test a limit
that AWS has changed.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore import xform_name
from botocore.client import BaseClient
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from fakeecr.api.model import operation_names
from fakeecr.operations import OPERATIONS

# The implemented operations that the installed model has; a test that is parametrized by operation takes these.
INSTALLED_OPERATIONS = sorted(set(OPERATIONS) & operation_names())
MISSING_OPERATIONS = frozenset(OPERATIONS) - operation_names()
IS_NEWEST = not MISSING_OPERATIONS

# Values that the enums and patterns of older models do not allow.
_LATER_VALUES = {"CREATE_ON_PUSH", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION", "ROOT"}
# Shape and member: members that only older models require.
_NO_LONGER_REQUIRED = {("UpdatePullThroughCacheRuleRequest", "credentialArn")}


def skip_what_the_model_lacks(test: pytest.Item, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip a test that has the marker `newest_model`, and any other when its client sends what the model lacks."""
    marker = test.get_closest_marker("newest_model")
    if marker is not None:
        _skip(*marker.args)
    methods = {xform_name(operation) for operation in MISSING_OPERATIONS}
    get_attribute: Any = BaseClient.__getattr__  # type: ignore[attr-defined]
    emit_parameters: Any = BaseClient._emit_api_params  # type: ignore[attr-defined]

    def checked_attribute(client: BaseClient, name: str) -> Any:
        if name in methods:
            _skip(name)
        return get_attribute(client, name)

    def checked_parameters(client: BaseClient, api_params: Any, operation_model: OperationModel, context: Any) -> Any:
        if operation_model.service_model.service_name == "ecr":
            skip_what_a_request_lacks(operation_model, api_params)
        return emit_parameters(client, api_params, operation_model, context)

    monkeypatch.setattr(BaseClient, "__getattr__", checked_attribute)
    # Not _make_api_call: one more frame there, and fakeecr's warnings would no longer point to the test.
    monkeypatch.setattr(BaseClient, "_emit_api_params", checked_parameters)


def skip_what_a_request_lacks(operation_model: OperationModel, parameters: Any) -> None:
    """Skip the running test if the installed model does not allow the parameters of a call."""
    _check(operation_model.input_shape, parameters)


def _check(shape: Shape | None, value: Any) -> None:
    """Skip the running test if a request, or a part of one, has what its shape does not allow."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name in shape.required_members:
            if name not in value and (shape.name, name) in _NO_LONGER_REQUIRED:
                _skip(f"{shape.name} without {name}")
        for name, member in value.items():
            if name not in shape.members:
                _skip(name)
            _check(shape.members[name], member)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            _check(shape.member, item)
    elif shape and isinstance(value, str) and value in _LATER_VALUES and not _allows(shape.metadata, value):
        _skip(value)


def _allows(traits: dict[str, Any], value: str) -> bool:
    """Whether a shape's enum and pattern allow a value."""
    return value in traits.get("enum", [value]) and re.fullmatch(traits.get("pattern", ".*"), value) is not None


def _skip(name: str) -> None:
    pytest.skip(f"the installed service model has no {name}")
