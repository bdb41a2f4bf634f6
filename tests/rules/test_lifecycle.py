"""Which images a lifecycle policy acts on, beginning with the worked examples of AWS's user guide."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.rules.lifecycle_rules import (
    ARCHIVE,
    EXPIRE_OLD_UNTAGGED,
    KEEP_ONE,
    NOW,
    anything,
    days,
    decide,
    image,
    patterns,
    policy,
    rule,
    tagged,
    untagged,
)

EXAMPLE_1 = [image("A", ["beta-1", "prod-1"], 10), image("B", ["beta-2", "prod-2"], 9), image("C", ["beta-3"], 8)]
EXAMPLE_2 = [
    image("A", ["alpha-1"], 12), image("B", ["beta-1"], 11), image("C", ["alpha-2", "beta-2"], 10),
    image("D", ["alpha-3"], 4), image("E", ["beta-3"], 3), image("F", ["alpha-4", "beta-4"], 2),
]  # fmt: skip
EXAMPLE_3 = [
    image("A", ["alpha-1", "beta-1", "gamma-1"], 10),
    image("B", ["alpha-2", "beta-2"], 9),
    image("C", ["alpha-3", "beta-3", "gamma-2"], 8),
]
EXAMPLE_4 = [image("A", ["alpha-1"], 4), image("B", ["beta-1"], 3), image("C", [], 2), image("D", ["alpha-2"], 1)]
EXAMPLE_5 = [
    image("A", ["alpha-1", "beta-1"], 4), image("B", [], 3), image("C", ["alpha-2"], 2), image("D", ["git hash"], 1),
    image("E", [], 1),
]  # fmt: skip
# A policy, the images, and the names of those that it expires.
EXAMPLES = {
    "a rule of higher priority comes first": (
        policy(rule(1, tagged("prod", **KEEP_ONE)), rule(2, tagged("beta", **KEEP_ONE))),
        EXAMPLE_1,
        "A",
    ),
    "the priorities swapped": (
        policy(rule(1, tagged("beta", **KEEP_ONE)), rule(2, tagged("prod", **KEEP_ONE))),
        EXAMPLE_1,
        "AB",
    ),
    "several prefixes and an age": (policy(rule(1, tagged("alpha", "beta", **days(5)))), EXAMPLE_2, "C"),
    "several prefixes and a count": (policy(rule(1, tagged("alpha", "beta", **KEEP_ONE))), EXAMPLE_3, "AB"),
    "any tag status": (policy(rule(1, anything(**KEEP_ONE))), EXAMPLE_4, "ABC"),
    "tagged, untagged and any": (
        policy(rule(1, tagged("alpha", **KEEP_ONE)), rule(2, untagged(**days(1))), rule(3, anything(**KEEP_ONE))),
        EXAMPLE_5,
        "ABD",
    ),
}


@pytest.mark.parametrize(("text", "images", "expired"), EXAMPLES.values(), ids=EXAMPLES)
def test_a_policy_expires_the_images_that_the_user_guide_says(text, images, expired):
    assert "".join(sorted(decide(text, images))) == expired


# --- Tags ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wildcard", "matches"),
    [
        ("prod*", ["prod", "prod-1"]),
        ("*prod", ["prod", "a-prod"]),
        ("*o*1", ["prod-1"]),
        ("*r*d*1*", ["prod-1"]),
        ("p.od", []),
        ("*", ["prod", "prod-1", "a-prod", "PROD"]),
    ],
)
def test_a_pattern_is_a_wildcard_for_the_whole_tag(wildcard, matches):
    images = [image(tag, [tag], 9) for tag in ("prod", "prod-1", "a-prod", "PROD")]

    assert list(decide(policy(rule(1, patterns(wildcard, **days(1)))), images)) == matches


def test_a_star_in_a_prefix_is_literal():
    assert decide(policy(rule(1, tagged("a*c", **days(1)))), [image("A", ["abc"], 9)]) == {}


# --- Times -----------------------------------------------------------------------------------------


def test_since_image_pulled_counts_from_the_last_pull_push_or_restoration():
    images = [
        image("never pulled", ["a"], 40),
        image("pulled 31 days ago", ["a"], 90, pulled_at=NOW - timedelta(days=31)),
        image("pulled 30 days ago", ["a"], 90, pulled_at=NOW - timedelta(days=30)),
        image("restored today", ["a"], 90, pulled_at=NOW - timedelta(days=80), activated_at=NOW),
    ]

    text = policy(rule(1, anything(**days(30, "sinceImagePulled")), ARCHIVE))

    assert decide(text, images) == {"never pulled": "transition", "pulled 31 days ago": "transition"}


@pytest.mark.parametrize("number", [800_000, 2**31 - 1])
def test_an_age_beyond_the_calendar_is_never_reached(number):
    assert decide(policy(rule(1, anything(**days(number)))), [image("A", [], 9)]) == {}


def test_a_restored_image_is_as_old_as_its_restoration():
    images = [image("restored", [], 90, activated_at=NOW - timedelta(days=2)), image("pushed later", [], 9)]

    assert list(decide(policy(rule(1, anything(**days(5)))), images)) == ["pushed later"]
    assert list(decide(policy(rule(1, anything(**KEEP_ONE))), images)) == ["pushed later"]


def test_the_time_in_the_archive_counts_from_the_transition():
    def archived(name, age):
        return image(name, [], 500, storage_class="archive", archived_at=NOW - timedelta(days=age))

    images = [archived("archived for 91 days", 91), archived("archived for 90 days", 90), image("standard", [], 500)]

    text = policy(rule(1, untagged(storageClass="archive", **days(90, "sinceImageTransitioned"))))

    assert list(decide(text, images)) == ["archived for 91 days"]


# --- Manifest lists --------------------------------------------------------------------------------


def test_a_list_keeps_its_images():
    images = [image("child", [], 9), image("list", ["v1"], 9, children=["child"]), image("other", [], 9)]

    assert list(decide(EXPIRE_OLD_UNTAGGED, images)) == ["other"]


def test_a_list_that_expires_does_not_keep_its_images():
    images = [image("child", [], 9), image("list", [], 9, children=["child"])]

    assert list(decide(EXPIRE_OLD_UNTAGGED, images)) == ["child", "list"]


def test_a_list_keeps_the_images_of_the_lists_in_it():
    images = [
        image("child", [], 9),
        image("inner", [], 9, children=["child"]),
        image("outer", ["v1"], 9, children=["inner"]),
    ]

    assert decide(EXPIRE_OLD_UNTAGGED, images) == {}


def test_the_images_of_a_list_that_expires_can_be_archived():
    text = policy(rule(1, tagged("v", **days(1))), rule(2, untagged(**days(1)), ARCHIVE))
    images = [image("child", [], 9), image("list", ["v1"], 9, children=["child"])]

    assert decide(text, images) == {"child": "transition", "list": "expire"}


def test_the_images_of_an_archived_list_can_be_archived_but_not_expired():
    images = [image("child", [], 9), image("list", ["v1"], 9, children=["child"], storage_class="archive")]

    assert decide(policy(rule(1, untagged(**days(1)), ARCHIVE)), images) == {"child": "transition"}
    assert decide(EXPIRE_OLD_UNTAGGED, images) == {}


# --- Referrers -------------------------------------------------------------------------------------

ARCHIVE_OLD = policy(rule(1, anything(**days(5)), ARCHIVE))


def referrer_chain(tags=(), **attributes):
    """Build an old subject with these tags, its signature, the signature's referrer, and one whose subject is gone."""
    return [
        image("referrer of the signature", subject="signature"),
        image("signature", subject="subject"),
        image("subject", tags, 9, **attributes),
        image("orphan", [], 9, subject="gone"),
    ]


def test_referrers_expire_with_their_subject_and_not_before():
    assert list(decide(EXPIRE_OLD_UNTAGGED, referrer_chain(["v1"]))) == ["orphan"]
    assert len(decide(EXPIRE_OLD_UNTAGGED, referrer_chain())) == 4


def test_referrers_are_archived_with_their_subject_and_not_before():
    assert list(decide(ARCHIVE_OLD, referrer_chain(activated_at=NOW))) == ["orphan"]
    assert decide(ARCHIVE_OLD, referrer_chain()) == dict.fromkeys(
        ["referrer of the signature", "signature", "subject", "orphan"], "transition"
    )


def test_the_rule_of_the_subject_decides_for_its_referrers():
    images = [image("subject", ["v1"], 9), image("signature", [], 9, subject="subject")]

    expire_subject = policy(rule(1, tagged("v", **days(1))), rule(2, untagged(**days(1)), ARCHIVE))
    assert decide(expire_subject, images) == {"subject": "expire", "signature": "expire"}

    archive_subject = policy(rule(1, tagged("v", **days(1)), ARCHIVE), rule(2, untagged(**days(1))))
    assert decide(archive_subject, images) == {"subject": "transition", "signature": "transition"}


def test_a_referrer_of_an_archived_subject_can_be_archived_but_not_expired():
    images = [image("subject", [], 9, storage_class="archive"), image("signature", [], 9, subject="subject")]

    assert decide(ARCHIVE_OLD, images) == {"signature": "transition"}
    assert decide(EXPIRE_OLD_UNTAGGED, images) == {}


def test_an_archived_referrer_does_not_expire_while_its_subject_is_archived():
    images = [
        image("subject", ["v1"], 200),
        image("signature", [], 200, subject="subject", storage_class="archive", archived_at=NOW - timedelta(100)),
    ]
    text = policy(
        rule(1, tagged("v", **days(5)), ARCHIVE),
        rule(2, untagged(storageClass="archive", **days(90, "sinceImageTransitioned"))),
    )

    assert decide(text, images) == {"subject": "transition"}


def test_a_referrer_in_a_list_that_stays_does_not_expire_with_its_subject():
    images = [
        image("subject", [], 9),
        image("signature", [], 9, subject="subject"),
        image("fallback", ["sha256-1"], 9, children=["signature"]),
    ]

    assert decide(EXPIRE_OLD_UNTAGGED, images) == {"subject": "expire"}


def test_referrers_stay_with_a_subject_that_a_list_keeps():
    images = [*referrer_chain(), image("list", ["v1"], 9, children=["subject"])]

    assert list(decide(EXPIRE_OLD_UNTAGGED, images)) == ["orphan"]
