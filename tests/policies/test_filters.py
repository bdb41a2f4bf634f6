"""Filters of names: wildcards, and the prefixes of rules and templates."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeecr.policies.filters import is_wildcard_of, nearest

WORDS = st.text("ab*", max_size=8)


@given(WORDS, st.text("ab", max_size=8))
def test_a_wildcard_fits_what_its_regular_expression_fits(wildcard, name):
    expected = re.fullmatch(wildcard.replace("*", ".*"), name)
    assert is_wildcard_of(wildcard, name) is (expected is not None)


def test_very_many_wildcards_are_told_at_once():
    assert not is_wildcard_of("*a" * 40 + "b", "a" * 256)
    assert is_wildcard_of("*a" * 40, "a" * 256)


@pytest.mark.parametrize(
    ("prefixes", "name", "expected"),
    [
        (["hub", "hub/library", "ROOT"], "hub/library/nginx", "hub/library"),
        (["hub/", "ROOT"], "hub/nginx", "hub/"),
        (["hub", "ROOT"], "hubs/nginx", "ROOT"),
        (["hub"], "hub", None),
        ([], "hub/nginx", None),
    ],
)
def test_the_nearest_prefix_is_the_longest(prefixes, name, expected):
    assert nearest(prefixes, name) == expected
