"""Lifecycle policies of any kind agree with a second, naive implementation, and keep related images together."""

from __future__ import annotations

import json
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.lifecycle_rules import (
    ARCHIVE,
    EXPIRE,
    NOW,
    anything,
    days,
    decide,
    image,
    patterns,
    rule,
    tagged,
    untagged,
)


@st.composite
def policies(draw):
    """Draw a valid policy: at most one rule for untagged images, and one for any images at the end."""
    kinds = draw(st.lists(st.sampled_from(["tagged", "tagged", "patterns", "untagged"]), max_size=4))
    if kinds.count("untagged") > 1:
        kinds = [kind for kind in kinds if kind != "untagged"] + ["untagged"]
    prefixes = draw(st.permutations([["a"], ["b"], ["a", "b"], ["ab"]]))
    kinds = list(draw(st.permutations(kinds))) + ["any"] * draw(st.booleans())
    rules = []
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


def is_selected(candidate, selection):
    """Whether a rule's selection covers an image in standard storage: by its tags, without regard to count or age."""
    if candidate.storage_class == "archive":
        return False
    if selection["tagStatus"] == "untagged":
        return len(candidate.tags) == 0
    for prefix in selection.get("tagPrefixList", []):
        if not any(tag.startswith(prefix) for tag in candidate.tags):
            return False
    for pattern in selection.get("tagPatternList", []):
        if not any(
            tag.endswith(pattern[1:]) if pattern.startswith("*") else tag.startswith(pattern[:-1])
            for tag in candidate.tags
        ):
            return False
    return True


def is_due(candidate, selection, images):
    """Whether an image that a selection covers is too old, or has too many younger images beside it."""
    if selection["countType"] != "imageCountMoreThan":
        return NOW - candidate.pushed_at > timedelta(days=selection["countNumber"])
    younger = [
        other
        for number, other in enumerate(images)
        if is_selected(other, selection) and (other.pushed_at, number) > (candidate.pushed_at, images.index(candidate))
    ]
    return len(younger) >= selection["countNumber"]


def decide_naively(content, images):
    """Return the action for each image, one image at a time: the first rule that covers an image decides alone."""
    actions = {}
    for each in images:
        for candidate_rule in sorted(content["rules"], key=lambda rule: rule["rulePriority"]):
            selection = candidate_rule["selection"]
            if not is_selected(each, selection):
                continue
            if is_due(each, selection, images):
                actions[each.digest] = candidate_rule["action"]["type"]
            break
    return actions


@settings(max_examples=300)
@given(policies(), IMAGES)
def test_a_policy_agrees_with_a_naive_implementation(content, images):
    assert decide(json.dumps(content), images) == decide_naively(content, images)


@st.composite
def related_images(draw):
    """Draw images that list earlier images, or have an earlier image as their subject."""
    images = []
    for each in draw(IMAGES):
        earlier = [other.digest for other in images]
        lists = draw(st.sets(st.sampled_from(earlier), max_size=2)) if earlier else ()
        subject = draw(st.sampled_from([None, *earlier]))
        images.append(each._replace(children=sorted(lists), subject=subject))
    return images


@settings(max_examples=500)
@given(policies(), related_images())
def test_a_policy_keeps_lists_subjects_and_referrers_together(content, images):
    alone = decide_naively(content, images)

    actions = decide(json.dumps(content), images)

    by_digest = {each.digest: each for each in images}
    subjects = {each.digest: by_digest[each.subject] for each in images if each.subject}

    def prevents(guard, action):
        if action == "expire":
            return actions.get(guard.digest) != "expire"
        return guard.digest not in actions and guard.storage_class == "standard"

    for each in images:
        guards = [other for other in images if each.digest in other.children]
        subject = subjects.get(each.digest)
        if subject is not None:
            guards.append(subject)
        action = actions.get(each.digest)
        # An image does not go before a list of it or its subject; and nothing else holds it back.
        if action is not None:
            assert not any(prevents(guard, action) for guard in guards)
        elif subject is None and each.digest in alone:
            assert any(prevents(guard, alone[each.digest]) for guard in guards)
        # A referrer goes where its subject goes, unless a list keeps it or it is already archived.
        subject_action = None if subject is None else actions.get(subject.digest)
        if subject_action is not None and (subject_action == "expire" or each.storage_class == "standard"):
            assert action == subject_action or any(prevents(guard, subject_action) for guard in guards)
        if subject is None and action is not None:
            assert action == alone[each.digest]
