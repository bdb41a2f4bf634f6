"""Lifecycle policies: stored, evaluated, and carried out by a daily run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from fakeecr import clock
from fakeecr.aws_errors import invalid_parameter
from fakeecr.registry.kinds import LIFECYCLE_POLICY, StoredLifecyclePolicy
from fakeecr.rules import lifecycle
from fakeecr.rules.lifecycle import Candidate, Decision, LifecyclePolicy, Rule
from fakeecr.rules.policy_text import PolicyError
from fakeecr.store import images
from fakeecr.store.database import Store

_DAY = timedelta(days=1)


def parse_policy(text: str) -> LifecyclePolicy:
    """Return a lifecycle policy from its text.

    Raises:
        ECRError: an InvalidParameterException that says what is wrong. [observed]
    """
    try:
        return lifecycle.parse(text)
    except PolicyError as error:
        raise invalid_parameter("LifecyclePolicyText", f"Lifecycle policy validation failure: {error}") from None


def put_policy(connection: Connection, repository_key: int, text: str) -> None:
    """Store the text of a policy. If it replaces another text, it is evaluated when that would have been."""
    earlier = LIFECYCLE_POLICY.get(connection, repository_key)
    if earlier is None:
        _put(connection, repository_key, text, None, clock.now())
    elif earlier.content["text"] != text:
        _put(connection, repository_key, text, None, earlier.updated_at)


def _put(
    connection: Connection, repository_key: int, text: str, evaluated_at: datetime | None, waiting_since: datetime
) -> None:
    """Store a policy, whose next daily run is due 24 hours after `waiting_since`."""
    content: StoredLifecyclePolicy = {
        "text": text,
        "evaluated": None if evaluated_at is None else evaluated_at.timestamp(),
    }
    LIFECYCLE_POLICY.put(connection, repository_key, content, waiting_since)


def evaluated_at(policy: StoredLifecyclePolicy) -> datetime:
    """Return when a policy was last evaluated; 1970 if never [documented]."""
    return datetime.fromtimestamp(policy["evaluated"] or 0, UTC)


def decide(connection: Connection, repository_key: int, rules: Sequence[Rule], now: datetime) -> list[Decision]:
    """Return what rules do with the images of a repository at this moment."""
    candidates = [
        Candidate(
            digest=image.digest,
            tags=image.tags,
            pushed_at=image.pushed_at,
            storage_class="standard" if image.status == "ACTIVE" else "archive",
            pulled_at=image.pulled_at,
            archived_at=image.archived_at,
            activated_at=image.activated_at,
            children=image.children,
            subject=image.subject,
        )
        for image in images.all_with_relations(connection, repository_key)
    ]
    return lifecycle.evaluate(rules, candidates, now)


def carry_out_policies(connection: Connection, now: datetime) -> list[Decision]:
    """Carry out the lifecycle policies of all registries, and return the decisions."""
    decisions: list[Decision] = []
    for repository_key, policy in LIFECYCLE_POLICY.everywhere(connection):
        decided = decide(connection, repository_key, lifecycle.parse(policy["text"]).rules, now)
        stored = images.get_images(connection, repository_key, [decision.image.digest for decision in decided])
        expired = [decision.image.digest for decision in decided if decision.rule.action == "expire"]
        images.delete_images(connection, [stored[digest].key for digest in expired])
        for decision in decided:
            if decision.rule.action == "transition":
                images.set_status(connection, stored[decision.image.digest].key, "ARCHIVED", now)
        _put(connection, repository_key, policy["text"], now, now)
        decisions += decided
    return decisions


class DailyRun:
    """The run of lifecycle policies that AWS makes every day, on one database.

    Args:
        store: the database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next: datetime | None = None

    def run(self) -> list[Decision]:
        """Carry out every lifecycle policy now, and return the decisions."""
        now = clock.now()
        self._next = now + _DAY
        with self._store.writing() as connection:
            return carry_out_policies(connection, now)

    def run_if_due(self) -> None:
        """Carry out every lifecycle policy if 24 hours have passed since the last run, in any process."""
        now = clock.now()
        if self._next is None or now >= self._next:
            with self._store.reading() as connection:
                self._next = (LIFECYCLE_POLICY.oldest_update(connection) or now) + _DAY
        if now >= self._next:
            self.run()
