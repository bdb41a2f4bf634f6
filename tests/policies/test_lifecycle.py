"""Lifecycle policies: what AWS refuses, and what its user guide's worked examples decide."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeecr.policies.lifecycle import Candidate, evaluate, read
from fakeecr.policies.text import PolicyError

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
KEEP_ONE = {"countType": "imageCountMoreThan", "countNumber": 1}


def days(number, count_type="sinceImagePushed"):
    return {"countType": count_type, "countUnit": "days", "countNumber": number}


def rule(priority, selection, action=EXPIRE, **more):
    return {"rulePriority": priority, "selection": selection, "action": action, **more}


def tagged(*prefixes, **more):
    return {"tagStatus": "tagged", "tagPrefixList": list(prefixes), **more}


def patterns(*wildcards, **more):
    return {"tagStatus": "tagged", "tagPatternList": list(wildcards), **more}


def untagged(**more):
    return {"tagStatus": "untagged", **more}


def anything(**more):
    return {"tagStatus": "any", **more}


def policy(*rules):
    return json.dumps({"rules": list(rules)})


def image(name, tags=(), age=0, **more):
    return Candidate(name, tags, NOW - timedelta(days=age), **more)


def decided(text, images):
    return {decision.image.digest: decision.rule.action for decision in evaluate(read(text)[0], images, NOW)}


# --- Evaluated: the user guide's examples ------------------------------------------------------------

ONE = [image("A", ["beta-1", "prod-1"], 10), image("B", ["beta-2", "prod-2"], 9), image("C", ["beta-3"], 8)]
TWO = [
    image("A", ["alpha-1"], 12), image("B", ["beta-1"], 11), image("C", ["alpha-2", "beta-2"], 10),
    image("D", ["alpha-3"], 4), image("E", ["beta-3"], 3), image("F", ["alpha-4", "beta-4"], 2),
]  # fmt: skip
THREE = [
    image("A", ["alpha-1", "beta-1", "gamma-1"], 10),
    image("B", ["alpha-2", "beta-2"], 9),
    image("C", ["alpha-3", "beta-3", "gamma-2"], 8),
]
FOUR = [image("A", ["alpha-1"], 4), image("B", ["beta-1"], 3), image("C", [], 2), image("D", ["alpha-2"], 1)]
FIVE = [
    image("A", ["alpha-1", "beta-1"], 4), image("B", [], 3), image("C", ["alpha-2"], 2), image("D", ["git hash"], 1),
    image("E", [], 1),
]  # fmt: skip
WORKED = {
    "by priority": (policy(rule(1, tagged("prod", **KEEP_ONE)), rule(2, tagged("beta", **KEEP_ONE))), ONE, "A"),
    "by priority, swapped": (
        policy(rule(1, tagged("beta", **KEEP_ONE)), rule(2, tagged("prod", **KEEP_ONE))), ONE, "AB",
    ),
    "several prefixes, by age": (policy(rule(1, tagged("alpha", "beta", **days(5)))), TWO, "C"),
    "several prefixes, by count": (policy(rule(1, tagged("alpha", "beta", **KEEP_ONE))), THREE, "AB"),
    "everything": (policy(rule(1, anything(**KEEP_ONE))), FOUR, "ABC"),
    "all of these": (
        policy(rule(1, tagged("alpha", **KEEP_ONE)), rule(2, untagged(**days(1))), rule(3, anything(**KEEP_ONE))),
        FIVE, "ABD",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKED)
def test_a_worked_example_of_the_user_guide(name):
    text, images, expected = WORKED[name]
    assert "".join(sorted(decided(text, images))) == expected


@pytest.mark.parametrize(
    ("wildcard", "fits"),
    [("prod*", ["prod", "prod-1"]), ("*prod", ["prod", "a-prod"]), ("*o*1", ["prod-1"]), ("*r*d*1*", ["prod-1"]), ("p.od", []), ("*", [
        "prod", "prod-1", "a-prod", "PROD"])],
)  # fmt: skip
def test_a_pattern_is_a_wildcard_of_the_whole_tag(wildcard, fits):
    images = [image(tag, [tag], 9) for tag in ("prod", "prod-1", "a-prod", "PROD")]
    assert list(decided(policy(rule(1, patterns(wildcard, **days(1)))), images)) == fits


def test_a_star_in_a_prefix_is_a_star():
    assert decided(policy(rule(1, tagged("a*c", **days(1)))), [image("A", ["abc"], 9)]) == {}


class TestTime:
    def test_of_the_last_pull_counts_or_else_that_of_the_push(self):
        images = [
            image("never pulled", ["a"], 40),
            image("pulled long ago", ["a"], 90, pulled_at=NOW - timedelta(days=31)),
            image("pulled lately", ["a"], 90, pulled_at=NOW - timedelta(days=30)),
            image("restored lately", ["a"], 90, pulled_at=NOW - timedelta(days=80), activated_at=NOW),
        ]
        text = policy(rule(1, anything(**days(30, "sinceImagePulled")), ARCHIVE))
        assert decided(text, images) == {"never pulled": "transition", "pulled long ago": "transition"}

    @pytest.mark.parametrize("number", [800_000, 2**31 - 1])
    def test_longer_than_any_calendar_is_never_over(self, number):
        assert decided(policy(rule(1, anything(**days(number)))), [image("A", [], 9)]) == {}

    def test_of_the_restoration_counts_as_that_of_the_push(self):
        images = [image("restored", [], 90, activated_at=NOW - timedelta(days=2)), image("younger", [], 9)]
        assert list(decided(policy(rule(1, anything(**days(5)))), images)) == ["younger"]
        assert list(decided(policy(rule(1, anything(**KEEP_ONE))), images)) == ["younger"]

    def test_in_the_archive_counts_from_the_transition(self):
        def archived(name, age):
            return image(name, [], 500, storage_class="archive", archived_at=NOW - timedelta(days=age))

        images = [archived("long", 91), archived("not long enough", 90), image("not at all", [], 500)]
        text = policy(rule(1, untagged(storageClass="archive", **days(90, "sinceImageTransitioned"))))
        assert list(decided(text, images)) == ["long"]


class TestLists:
    EVERYTHING_OLD = policy(rule(1, untagged(**days(1))))

    def test_keep_their_images(self):
        images = [image("child", [], 9), image("list", ["v1"], 9, lists=["child"]), image("other", [], 9)]
        assert list(decided(self.EVERYTHING_OLD, images)) == ["other"]

    def test_keep_them_no_longer_than_themselves(self):
        images = [image("child", [], 9), image("list", [], 9, lists=["child"])]
        assert list(decided(self.EVERYTHING_OLD, images)) == ["child", "list"]

    def test_keep_also_the_images_of_lists_that_they_keep(self):
        images = [
            image("child", [], 9), image("inner", [], 9, lists=["child"]), image("outer", ["v1"], 9, lists=["inner"]),
        ]  # fmt: skip
        assert decided(self.EVERYTHING_OLD, images) == {}

    def test_that_expire_let_their_images_be_archived(self):
        text = policy(rule(1, tagged("v", **days(1))), rule(2, untagged(**days(1)), ARCHIVE))
        images = [image("child", [], 9), image("list", ["v1"], 9, lists=["child"])]
        assert decided(text, images) == {"child": "transition", "list": "expire"}

    def test_in_the_archive_let_their_images_follow_but_not_expire(self):
        images = [image("child", [], 9), image("list", ["v1"], 9, lists=["child"], storage_class="archive")]
        assert decided(policy(rule(1, untagged(**days(1)), ARCHIVE)), images) == {"child": "transition"}
        assert decided(self.EVERYTHING_OLD, images) == {}


class TestReferrers:
    EVERYTHING_OLD = TestLists.EVERYTHING_OLD
    ARCHIVE_OLD = policy(rule(1, anything(**days(5)), ARCHIVE))

    @staticmethod
    def chain(tags=(), **more):
        return [
            image("of the signature", subject="signature"), image("signature", subject="subject"),
            image("subject", tags, 9, **more), image("orphan", [], 9, subject="gone"),
        ]  # fmt: skip

    def test_expire_with_their_subject_and_not_before(self):
        assert list(decided(self.EVERYTHING_OLD, self.chain(["v1"]))) == ["orphan"]
        assert len(decided(self.EVERYTHING_OLD, self.chain())) == 4

    def test_are_archived_with_their_subject_and_not_before(self):
        lately = {"activated_at": NOW}
        assert list(decided(self.ARCHIVE_OLD, self.chain(**lately))) == ["orphan"]
        assert decided(self.ARCHIVE_OLD, self.chain()) == dict.fromkeys(
            ["of the signature", "signature", "subject", "orphan"], "transition"
        )

    def test_do_what_their_subject_does_whatever_rule_they_are_of_themselves(self):
        images = [image("subject", ["v1"], 9), image("signature", [], 9, subject="subject")]
        expire, archive = rule(1, tagged("v", **days(1))), rule(2, untagged(**days(1)), ARCHIVE)
        assert decided(policy(expire, archive), images) == {"subject": "expire", "signature": "expire"}
        archive, expire = rule(1, tagged("v", **days(1)), ARCHIVE), rule(2, untagged(**days(1)))
        assert decided(policy(archive, expire), images) == {"subject": "transition", "signature": "transition"}

    def test_of_an_archived_subject_are_archived_by_a_rule_of_their_own(self):
        images = [image("subject", [], 9, storage_class="archive"), image("signature", [], 9, subject="subject")]
        assert decided(self.ARCHIVE_OLD, images) == {"signature": "transition"}
        assert decided(self.EVERYTHING_OLD, images) == {}

    def test_in_the_archive_stay_with_a_subject_that_does(self):
        images = [
            image("subject", ["v1"], 200),
            image("signature", [], 200, subject="subject", storage_class="archive", archived_at=NOW - timedelta(100)),
        ]
        text = policy(
            rule(1, tagged("v", **days(5)), ARCHIVE),
            rule(2, untagged(storageClass="archive", **days(90, "sinceImageTransitioned"))),
        )
        assert decided(text, images) == {"subject": "transition"}

    def test_stay_where_a_list_of_theirs_does(self):
        images = [
            image("subject", [], 9), image("signature", [], 9, subject="subject"),
            image("fallback", ["sha256-1"], 9, lists=["signature"]),
        ]  # fmt: skip
        assert decided(self.EVERYTHING_OLD, images) == {"subject": "expire"}

    def test_stay_where_a_list_keeps_their_subject(self):
        images = [*self.chain(), image("list", ["v1"], 9, lists=["subject"])]
        assert list(decided(self.EVERYTHING_OLD, images)) == ["orphan"]


# --- Evaluated: agreement with a second, naive implementation -----------------------------------------


@st.composite
def policies(draw):
    rules, kinds = [], draw(st.lists(st.sampled_from(["tagged", "tagged", "patterns", "untagged"]), max_size=4))
    if kinds.count("untagged") > 1:
        kinds = [kind for kind in kinds if kind != "untagged"] + ["untagged"]
    prefixes = draw(st.permutations([["a"], ["b"], ["a", "b"], ["ab"]]))
    kinds = list(draw(st.permutations(kinds))) + ["any"] * draw(st.booleans())
    for number, kind in enumerate(kinds or ["any"], 1):
        count = draw(st.sampled_from([{"countType": "imageCountMoreThan", "countNumber": draw(st.integers(1, 3))},
                                      days(draw(st.integers(1, 4)))]))  # fmt: skip
        if kind == "tagged":
            selection = tagged(*prefixes.pop(), **count)
        elif kind == "patterns":
            selection = patterns(*draw(st.lists(st.sampled_from(["*a", "b*", "*"]), min_size=1)), **count)
        else:
            selection = untagged(**count) if kind == "untagged" else anything(**count)
        rules.append(rule(number * 10, selection, draw(st.sampled_from([EXPIRE, ARCHIVE]))))
    return {"rules": rules}


IMAGES = st.lists(
    st.tuples(st.sets(st.sampled_from(["a", "b", "ab", "ba", "c"])), st.integers(0, 6), st.booleans()), max_size=8
).map(
    lambda drawn: [
        image(str(number), sorted(tags), age, storage_class="archive" if archived else "standard")
        for number, (tags, age, archived) in enumerate(drawn)
    ]
)


def naive(content, images):
    """Decide image by image: the first rule that looks at it decides alone."""
    result = {}
    for each in images:
        if each.storage_class == "archive":
            continue
        for one in sorted(content["rules"], key=lambda rule: rule["rulePriority"]):
            s = one["selection"]

            def looks_at(other, s=s):
                if other.storage_class == "archive":
                    return False
                if s["tagStatus"] == "untagged":
                    return len(other.tags) == 0
                wanted = [(p, True) for p in s.get("tagPrefixList", [])] + [
                    (p, False) for p in s.get("tagPatternList", [])
                ]
                for word, is_prefix in wanted:
                    fitting = [
                        tag
                        for tag in other.tags
                        if (tag.startswith(word) if is_prefix else
                            tag.endswith(word[1:]) if word.startswith("*") else tag.startswith(word[:-1]))
                    ]  # fmt: skip
                    if not fitting:
                        return False
                return True

            if not looks_at(each):
                continue
            if s["countType"] == "imageCountMoreThan":
                younger = [
                    o for n, o in enumerate(images)
                    if looks_at(o) and (o.pushed_at, n) > (each.pushed_at, images.index(each))
                ]  # fmt: skip
                due = len(younger) >= s["countNumber"]
            else:
                due = NOW - each.pushed_at > timedelta(days=s["countNumber"])
            if due:
                result[each.digest] = one["action"]["type"]
            break
    return result


@settings(max_examples=300)
@given(policies(), IMAGES)
def test_it_agrees_with_a_naive_implementation(content, images):
    assert decided(json.dumps(content), images) == naive(content, images)


@st.composite
def related_images(draw):
    """Images that list, and are about, images before them."""
    images = []
    for each in draw(IMAGES):
        before = [other.digest for other in images]
        lists = draw(st.sets(st.sampled_from(before), max_size=2)) if before else ()
        subject = draw(st.sampled_from([None, *before]))
        images.append(each._replace(lists=sorted(lists), subject=subject))
    return images


@settings(max_examples=500)
@given(policies(), related_images())
def test_what_belongs_together_stays_together(content, images):
    alone, together = naive(content, images), decided(json.dumps(content), images)
    by_digest = {each.digest: each for each in images}
    subjects = {each.digest: by_digest[each.subject] for each in images if each.subject}

    def holds(guard, action):
        if action == "expire":
            return together.get(guard.digest) != "expire"
        return guard.digest not in together and guard.storage_class == "standard"

    for each in images:
        guards = [other for other in images if each.digest in other.lists]
        subject = subjects.get(each.digest)
        if subject is not None:
            guards.append(subject)
        action = together.get(each.digest)
        # Nothing goes before what lists it, or what it is about; and nothing is held back by anything else.
        if action is not None:
            assert not any(holds(guard, action) for guard in guards)
        elif subject is None and each.digest in alone:
            assert any(holds(guard, alone[each.digest]) for guard in guards)
        # What is about another shares its fate, but for what lists keep, and for what is archived already.
        fate = None if subject is None else together.get(subject.digest)
        if fate is not None and (fate == "expire" or each.storage_class == "standard"):
            assert action == fate or any(holds(guard, fate) for guard in guards)
        if subject is None and action is not None:
            assert action == alone[each.digest]


# --- Read --------------------------------------------------------------------------------------------


def test_it_keeps_the_text_without_spaces_in_the_order_it_came():
    text = json.dumps({"rules": [rule(1, untagged(**days(14)), description="ä b")]}, indent=4)
    assert read(text)[1] == (
        '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed",'
        '"countUnit":"days","countNumber":14},"action":{"type":"expire"},"description":"ä b"}]}'
    )


GOOD = untagged(**days(1))


def mistyped(given, allowed):
    return f'instance type ({given}) does not match any allowed primitive type (allowed: ["{allowed}"])'


REFUSED = {
    "no JSON": ("{", "Could not map policyString into LifecyclePolicy."),
    "no object": ("[]", "Could not map policyString into LifecyclePolicy."),
    "not a number": ('{"rules": NaN}', "Could not map policyString into LifecyclePolicy."),
    "deep": ("[" * 30000, "Could not map policyString into LifecyclePolicy."),
    "no rules": ("{}", 'object has missing required properties (["rules"])'),
    "empty rules": ('{"rules": []}', "rules"),
    "too many rules": (policy(*[rule(n, tagged(f"p{n}", **KEEP_ONE)) for n in range(1, 52)]), "50"),
    "more than rules": (
        '{"rules": [], "x": 1}', 'object instance has properties which are not allowed by the schema: (["x"])',
    ),
    "rules that are none": ('{"rules": 1}', mistyped("integer", "array")),
    "a rule that is none": ('{"rules": [1]}', mistyped("integer", "object")),
    "no priority": ('{"rules": [{"selection": {}, "action": {}}]}', '(["rulePriority"])'),
    "priority 0": (policy(rule(0, GOOD)), "numeric instance is lower than the required minimum (minimum: 1, found: 0)"),
    "priority true": (policy(rule(True, GOOD)), mistyped("boolean", "integer")),
    "the same priority twice": (policy(rule(1, GOOD), rule(1, tagged("a", **KEEP_ONE))), "unique"),
    "a description of 5": (policy(rule(1, GOOD, description=5)), mistyped("integer", "string")),
    "an unknown tagStatus": (
        policy(rule(1, {"tagStatus": "all", **KEEP_ONE})),
        'instance value ("all") not found in enum (possible values: ["tagged","untagged","any"])',
    ),
    "an unknown countType": (policy(rule(1, untagged(countType="x", countNumber=1))), "not found in enum"),
    "a count of 0": (policy(rule(1, untagged(countType="imageCountMoreThan", countNumber=0))), "minimum: 1, found: 0"),
    "a count of 1.5": (policy(rule(1, untagged(countType="imageCountMoreThan", countNumber=1.5))), mistyped("number", "integer")),
    "a count beyond 31 bits": (
        policy(rule(1, untagged(countType="imageCountMoreThan", countNumber=2**31))),
        "numeric instance is greater than the required maximum (maximum: 2147483647, found: 2147483648)",
    ),
    "a unit for a count": (policy(rule(1, untagged(countUnit="days", **KEEP_ONE))), "(matched 0 out of 4)\n"),
    "no unit for days": (policy(rule(1, untagged(countType="sinceImagePushed", countNumber=1))), "0 out of 4)\n"),
    "weeks": (policy(rule(1, untagged(**{**days(1), "countUnit": "weeks"}))), "not found in enum"),
    "an unknown action": (policy(rule(1, GOOD, {"type": "burn"})), "not found in enum"),
    "a transition to nowhere": (policy(rule(1, GOOD, {"type": "transition"})), "(matched 0 out of 2)\n"),
    "an expiry to somewhere": (policy(rule(1, GOOD, {**ARCHIVE, "type": "expire"})), "(matched 0 out of 2)\n"),
    "a transition to null": (policy(rule(1, GOOD, {**ARCHIVE, "targetStorageClass": None})), "0 out of 2)\n"),
    "two untagged rules": (
        policy(rule(1, GOOD), rule(2, untagged(**days(2)))),
        "Only one rule can select Untagged images per storage class.",
    ),
    "two untagged rules of the archive": (
        policy(*(rule(n, untagged(storageClass="archive", **days(90, "sinceImageTransitioned"))) for n in (1, 2))),
        "Only one rule can select Untagged images per storage class.",
    ),
    "any before others": (
        policy(rule(1, anything(**KEEP_ONE)), rule(2, GOOD)),
        "Rule for tagStatus=ANY must have the lowest priority per storage class",
    ),
    "tagged without tags": (
        policy(rule(1, {"tagStatus": "tagged", **KEEP_ONE})),
        "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ),
    "tagged with no tags": (policy(rule(1, tagged(**KEEP_ONE))), "Must specify tagPrefixList or tagPatternList"),
    "both lists": (policy(rule(1, {**tagged("a", **KEEP_ONE), "tagPatternList": ["b"]})), "both"),
    "untagged with tags": (policy(rule(1, {**GOOD, "tagPrefixList": ["a"]})), "tagPrefixList"),
    "five wildcards": (policy(rule(1, patterns("*a*b*c*d*", **KEEP_ONE))), "4"),
    "a tag of 5": (policy(rule(1, {**tagged(**KEEP_ONE), "tagPrefixList": [5]})), mistyped("integer", "string")),
    "an empty tag": (policy(rule(1, tagged("", **KEEP_ONE))), "at least one character"),
    "a text for a list": (
        policy(rule(1, {**tagged(**KEEP_ONE), "tagPrefixList": "dev-"})), mistyped("string", "array"),
    ),
    "null for a list": (
        policy(rule(1, tagged("v", tagPatternList=None, **KEEP_ONE))), mistyped("null", "array"),
    ),
    "null for both": (
        policy(rule(1, anything(tagPrefixList=None, tagPatternList=None, **KEEP_ONE))),
        mistyped("null", "array") + "\n" + mistyped("null", "array"),
    ),
    "the same prefixes twice": (
        policy(rule(1, tagged("a", "b", **KEEP_ONE)), rule(2, tagged("b", "a", **days(1)))), "unique set",
    ),
    "pulled and expired": (policy(rule(1, anything(**days(5, "sinceImagePulled")))), "sinceImagePulled"),
    "the archive by count": (policy(rule(1, anything(storageClass="archive", **KEEP_ONE))), "0 out of 4)\n"),
    "transitioned in standard": (policy(rule(1, anything(**days(90, "sinceImageTransitioned")))), "0 out of 4)\n"),
    "archived for too short": (
        policy(rule(1, anything(storageClass="archive", **days(89, "sinceImageTransitioned")))), "minimum: 90",
    ),
    "archived twice": (
        policy(rule(1, anything(storageClass="archive", **days(90, "sinceImageTransitioned")), ARCHIVE)),
        "0 out of 4)\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(name):
    text, message = REFUSED[name]
    with pytest.raises(PolicyError) as caught:
        read(text)
    assert message in str(caught.value)


def test_each_storage_class_has_its_own_untagged_and_any_rule():
    archived = {"storageClass": "archive", **days(90, "sinceImageTransitioned")}
    read(
        policy(
            rule(1, GOOD), rule(2, untagged(**archived)), rule(3, anything(**KEEP_ONE)), rule(4, anything(**archived))
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
def test_whatever_it_is_given_it_reads_or_refuses(content):
    with suppress(PolicyError):
        read(json.dumps(content))
