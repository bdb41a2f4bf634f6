"""The table of operations: names, functions and request members."""

from __future__ import annotations

import inspect
import re

import pytest

from fakeecr.operations import OPERATIONS, finding, paging
from fakeecr.protocol.model import operation_model, operation_names


def test_the_table_has_only_operations_of_the_installed_model():
    assert set(OPERATIONS) <= operation_names()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_function_of_an_operation_has_its_name_in_snake_case(operation):
    assert OPERATIONS[operation].function.__name__ == re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


# Operation → request members that the README lists as not modelled.
NOT_MODELLED = {"SetRepositoryPolicy": ["force"]}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_reads_every_member_of_its_request(operation):
    """A member is read by its name, in the operation's module or in a module that all operations share."""
    function = OPERATIONS[operation].function
    source = "".join(map(inspect.getsource, (inspect.getmodule(function), finding, paging)))
    members = operation_model(operation).input_shape.members

    assert [member for member in members if f'"{member}"' not in source] == NOT_MODELLED.get(operation, [])
