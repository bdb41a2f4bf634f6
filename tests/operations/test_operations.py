"""The table of operations, as a whole."""

from __future__ import annotations

import inspect
import re

import pytest

from fakeecr.operations import OPERATIONS, finding, paging
from fakeecr.protocol.model import operation_model, operation_names


def test_it_holds_operations_of_the_installed_model():
    assert set(OPERATIONS) <= operation_names()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_function_is_named_as_its_operation(name):
    assert OPERATIONS[name].function.__name__ == re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


# What the README says is not modelled.
NOT_MODELLED = {"SetRepositoryPolicy": ["force"]}


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_field_is_overlooked(name):
    """Each is read by name in the module of its operation, or where fields are read that many have."""
    function = OPERATIONS[name].function
    source = "".join(map(inspect.getsource, (inspect.getmodule(function), finding, paging)))
    fields = operation_model(name).input_shape.members
    assert [field for field in fields if f'"{field}"' not in source] == NOT_MODELLED.get(name, [])
