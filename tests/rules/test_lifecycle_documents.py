"""Which texts of lifecycle policies are accepted and how they are stored; which are refused, and with what message."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeecr.rules.lifecycle import parse
from fakeecr.rules.policy_text import PolicyError
from tests.rules.lifecycle_rules import ARCHIVE, KEEP_ONE, anything, days, patterns, policy, rule, tagged, untagged


def test_a_policy_is_stored_without_spaces_and_in_its_order():
    text = json.dumps({"rules": [rule(1, untagged(**days(14)), description="ä b")]}, indent=4)

    assert parse(text).text == (
        '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed",'
        '"countUnit":"days","countNumber":14},"action":{"type":"expire"},"description":"ä b"}]}'
    )


VALID = untagged(**days(1))


def wrong_type(given, allowed):
    return f'instance type ({given}) does not match any allowed primitive type (allowed: ["{allowed}"])'


# The text of a policy, and what the message must contain.
INVALID_POLICIES = {
    "text that is not JSON": ("{", "Could not map policyString into LifecyclePolicy."),
    "a list instead of an object": ("[]", "Could not map policyString into LifecyclePolicy."),
    "NaN": ('{"rules": NaN}', "Could not map policyString into LifecyclePolicy."),
    "deep nesting": ("[" * 30000, "Could not map policyString into LifecyclePolicy."),
    "no rules": ("{}", 'object has missing required properties (["rules"])'),
    "empty rules": ('{"rules": []}', "rules"),
    "51 rules": (policy(*[rule(n, tagged(f"p{n}", **KEEP_ONE)) for n in range(1, 52)]), "50"),
    "an unknown member of the policy": (
        '{"rules": [], "x": 1}',
        'object instance has properties which are not allowed by the schema: (["x"])',
    ),
    "rules that are not a list": ('{"rules": 1}', wrong_type("integer", "array")),
    "a rule that is not an object": ('{"rules": [1]}', wrong_type("integer", "object")),
    "a rule without a priority": ('{"rules": [{"selection": {}, "action": {}}]}', '(["rulePriority"])'),
    "a priority of 0": (
        policy(rule(0, VALID)),
        "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ),
    "a boolean as a priority": (policy(rule(True, VALID)), wrong_type("boolean", "integer")),
    "a duplicate priority": (policy(rule(1, VALID), rule(1, tagged("a", **KEEP_ONE))), "unique"),
    "a number as a description": (policy(rule(1, VALID, description=5)), wrong_type("integer", "string")),
    "an unknown tagStatus": (
        policy(rule(1, {"tagStatus": "all", **KEEP_ONE})),
        'instance value ("all") not found in enum (possible values: ["tagged","untagged","any"])',
    ),
    "an unknown countType": (policy(rule(1, untagged(countType="x", countNumber=1))), "not found in enum"),
    "a count of 0": (policy(rule(1, untagged(countType="imageCountMoreThan", countNumber=0))), "minimum: 1, found: 0"),
    "a count of 1.5": (
        policy(rule(1, untagged(countType="imageCountMoreThan", countNumber=1.5))),
        wrong_type("number", "integer"),
    ),
    "a count of 2**31": (
        policy(rule(1, untagged(countType="imageCountMoreThan", countNumber=2**31))),
        "numeric instance is greater than the required maximum (maximum: 2147483647, found: 2147483648)",
    ),
    "a unit with a count of images": (
        policy(rule(1, untagged(countUnit="days", **KEEP_ONE))),
        "(matched 0 out of 4)\n",
    ),
    "an age without a unit": (policy(rule(1, untagged(countType="sinceImagePushed", countNumber=1))), "0 out of 4)\n"),
    "an age in weeks": (policy(rule(1, untagged(**{**days(1), "countUnit": "weeks"}))), "not found in enum"),
    "an unknown action": (policy(rule(1, VALID, {"type": "burn"})), "not found in enum"),
    "a transition without a target": (policy(rule(1, VALID, {"type": "transition"})), "(matched 0 out of 2)\n"),
    "an expiry with a target": (policy(rule(1, VALID, {**ARCHIVE, "type": "expire"})), "(matched 0 out of 2)\n"),
    "a transition to null": (policy(rule(1, VALID, {**ARCHIVE, "targetStorageClass": None})), "0 out of 2)\n"),
    "two untagged rules": (
        policy(rule(1, VALID), rule(2, untagged(**days(2)))),
        "Only one rule can select Untagged images per storage class.",
    ),
    "two untagged rules for the archive": (
        policy(*(rule(n, untagged(storageClass="archive", **days(90, "sinceImageTransitioned"))) for n in (1, 2))),
        "Only one rule can select Untagged images per storage class.",
    ),
    "an any rule before another rule": (
        policy(rule(1, anything(**KEEP_ONE)), rule(2, VALID)),
        "Rule for tagStatus=ANY must have the lowest priority per storage class",
    ),
    "a tagged rule without a list of tags": (
        policy(rule(1, {"tagStatus": "tagged", **KEEP_ONE})),
        "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ),
    "a tagged rule with an empty list of tags": (
        policy(rule(1, tagged(**KEEP_ONE))),
        "Must specify tagPrefixList or tagPatternList",
    ),
    "prefixes and patterns": (policy(rule(1, {**tagged("a", **KEEP_ONE), "tagPatternList": ["b"]})), "both"),
    "an untagged rule with prefixes": (policy(rule(1, {**VALID, "tagPrefixList": ["a"]})), "tagPrefixList"),
    "a pattern with five wildcards": (policy(rule(1, patterns("*a*b*c*d*", **KEEP_ONE))), "4"),
    "a number as a prefix": (
        policy(rule(1, {**tagged(**KEEP_ONE), "tagPrefixList": [5]})),
        wrong_type("integer", "string"),
    ),
    "an empty prefix": (policy(rule(1, tagged("", **KEEP_ONE))), "at least one character"),
    "text instead of prefixes": (
        policy(rule(1, {**tagged(**KEEP_ONE), "tagPrefixList": "dev-"})),
        wrong_type("string", "array"),
    ),
    "null instead of patterns": (
        policy(rule(1, tagged("v", tagPatternList=None, **KEEP_ONE))),
        wrong_type("null", "array"),
    ),
    "null instead of prefixes and patterns": (
        policy(rule(1, anything(tagPrefixList=None, tagPatternList=None, **KEEP_ONE))),
        wrong_type("null", "array") + "\n" + wrong_type("null", "array"),
    ),
    "duplicate prefixes": (
        policy(rule(1, tagged("a", "b", **KEEP_ONE)), rule(2, tagged("b", "a", **days(1)))),
        "unique set",
    ),
    "an expiry by the last pull": (policy(rule(1, anything(**days(5, "sinceImagePulled")))), "sinceImagePulled"),
    "a count of archived images": (policy(rule(1, anything(storageClass="archive", **KEEP_ONE))), "0 out of 4)\n"),
    "an age in the archive for standard images": (
        policy(rule(1, anything(**days(90, "sinceImageTransitioned")))),
        "0 out of 4)\n",
    ),
    "an age of 89 days in the archive": (
        policy(rule(1, anything(storageClass="archive", **days(89, "sinceImageTransitioned")))),
        "minimum: 90",
    ),
    "a transition of archived images": (
        policy(rule(1, anything(storageClass="archive", **days(90, "sinceImageTransitioned")), ARCHIVE)),
        "0 out of 4)\n",
    ),
}


@pytest.mark.parametrize(("text", "message"), INVALID_POLICIES.values(), ids=INVALID_POLICIES)
def test_an_invalid_policy_is_refused(text, message):
    with pytest.raises(PolicyError) as refusal:
        parse(text)

    assert message in str(refusal.value)


def test_each_storage_class_can_have_an_untagged_and_an_any_rule():
    archived = {"storageClass": "archive", **days(90, "sinceImageTransitioned")}

    parse(
        policy(
            rule(1, VALID), rule(2, untagged(**archived)), rule(3, anything(**KEEP_ONE)), rule(4, anything(**archived))
        )
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 100) | st.sampled_from(["tagged", "any", "expire", "days", "x"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["rules", "rulePriority", "selection", "action", "type", "tagStatus", "countType",
                                       "countNumber", "tagPrefixList", "tagPatternList"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=300)
@given(st.fixed_dictionaries({"rules": st.lists(JSON, max_size=3)}) | JSON)
def test_any_json_is_accepted_or_refused_as_a_policy(content):
    with suppress(PolicyError):
        parse(json.dumps(content))
