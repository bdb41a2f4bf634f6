"""The table of operations: names, functions and request members."""

from __future__ import annotations

import inspect
import re

import pytest

from fakeecr.api.model import operation_model, operation_names
from fakeecr.operations import OPERATIONS, find_function, paging
from fakeecr.registry import creation
from tests.installed_model import INSTALLED_OPERATIONS


@pytest.mark.newest_model("operation that AWS added later")
def test_the_table_has_only_operations_of_the_installed_model():
    assert set(OPERATIONS) <= operation_names()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_function_of_an_operation_has_its_name_in_snake_case(operation):
    assert find_function(operation).__name__ == re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


# Operation → request members that are documented as not modelled.
NOT_MODELLED = {"SetRepositoryPolicy": ["force"]}


@pytest.mark.parametrize("operation", INSTALLED_OPERATIONS)
def test_an_operation_reads_every_member_of_its_request(operation):
    """A member is read by its name, in the operation's module or in one of those that several operations share."""
    modules = (inspect.getmodule(find_function(operation)), paging, creation)
    source = "".join(map(inspect.getsource, modules))
    members = operation_model(operation).input_shape.members

    assert [member for member in members if f'"{member}"' not in source] == NOT_MODELLED.get(operation, [])
