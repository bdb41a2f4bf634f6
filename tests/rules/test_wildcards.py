"""Filters of names: wildcards, and the prefixes of rules and templates."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeecr.rules.wildcards import longest_prefix, matches

WILDCARDS = st.text("ab*", max_size=8)
NAMES = st.text("ab", max_size=8)


@given(WILDCARDS, NAMES)
def test_a_wildcard_matches_what_its_regular_expression_matches(wildcard, name):
    match = re.fullmatch(wildcard.replace("*", ".*"), name)

    assert matches(wildcard, name) is (match is not None)


def test_a_wildcard_with_40_stars_is_matched_without_backtracking():
    assert not matches("*a" * 40 + "b", "a" * 256)
    assert matches("*a" * 40, "a" * 256)


@pytest.mark.parametrize(
    ("prefixes", "name", "expected"),
    [
        pytest.param(["hub", "hub/library", "ROOT"], "hub/library/nginx", "hub/library", id="the longest of two"),
        pytest.param(["hub/", "ROOT"], "hub/nginx", "hub/", id="a prefix with a slash"),
        pytest.param(["hub", "ROOT"], "hubs/nginx", "ROOT", id="ROOT for a name without a prefix"),
        pytest.param(["hub"], "hub", None, id="a prefix that is the whole name"),
        pytest.param([], "hub/nginx", None, id="no prefixes"),
    ],
)
def test_the_nearest_prefix_of_a_name_is_the_longest(prefixes, name, expected):
    assert longest_prefix(prefixes, name) == expected
