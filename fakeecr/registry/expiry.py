"""Lifecycle policies: stored, evaluated, and carried out by a daily run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from fakeecr import clock
from fakeecr.aws_errors import invalid_parameter
from fakeecr.registry import events
from fakeecr.registry.call import Backend, Call
from fakeecr.registry.hints import with_notes
from fakeecr.registry.kinds import LIFECYCLE_POLICY, StoredLifecyclePolicy
from fakeecr.rules import lifecycle
from fakeecr.rules.lifecycle import Candidate, Decision, LifecyclePolicy, Rule
from fakeecr.rules.policy_text import PolicyError
from fakeecr.store import images, pages, repositories
from fakeecr.store.repositories import RepositoryAddress

_DAY = timedelta(days=1)


def parse_policy(text: str) -> LifecyclePolicy:
    """Return a lifecycle policy from its text.

    Raises:
        ECRError: an InvalidParameterException that says what is wrong. [observed]
    """
    try:
        return lifecycle.parse(text)
    except PolicyError as error:
        refusal = invalid_parameter("LifecyclePolicyText", f"Lifecycle policy validation failure: {error}")
        raise with_notes(refusal, *error.notes) from None


def put_policy(connection: Connection, repository_key: int, text: str, now: datetime | None = None) -> None:
    """Store the text of a policy. If it replaces another text, it is evaluated when that would have been.

    Args:
        connection: the transaction.
        repository_key: the key of its repository.
        text: the text.
        now: the moment at which this happens. Default: the present one.
    """
    earlier = LIFECYCLE_POLICY.get(connection, repository_key)
    if earlier is None:
        _put(connection, repository_key, text, None, now or clock.now())
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


class Expiry(NamedTuple):
    """What a lifecycle policy does with the images of a repository."""

    repository: RepositoryAddress
    decisions: list[Decision]


def preview_policies(
    call: Call, now: datetime, repository_keys: Collection[int] | None = None, policy: LifecyclePolicy | None = None
) -> list[Expiry]:
    """Return what lifecycle policies would do now; nothing changes.

    Args:
        call: the call.
        now: the moment of the evaluation.
        repository_keys: the keys of repositories; None for all that have a policy.
        policy: what replaces the policies of the repositories, which must be given then.
    """
    if policy is not None:
        rules_by_key = dict.fromkeys(repository_keys or (), policy.rules)
    else:
        rules_by_key = {key: rules for key, _, rules in _policies(call, repository_keys)}
    return [
        Expiry(repositories.get_address(call.connection, key), decide(call.connection, key, rules, now))
        for key, rules in rules_by_key.items()
    ]


def carry_out_policies(call: Call, now: datetime, repository_keys: Collection[int] | None = None) -> list[Expiry]:
    """Carry out lifecycle policies, and return what they did.

    Args:
        call: the call.
        now: the moment of the evaluation.
        repository_keys: the keys of repositories; None for all of all registries.
    """
    expiries = []
    for key, text, rules in _policies(call, repository_keys):
        decisions = decide(call.connection, key, rules, now)
        _carry_out(call, key, decisions, now)
        _put(call.connection, key, text, now, now)
        expiries.append(Expiry(repositories.get_address(call.connection, key), decisions))
    return expiries


def _policies(call: Call, repository_keys: Collection[int] | None) -> Iterator[tuple[int, str, Sequence[Rule]]]:
    """Yield the key of each of these repositories that has a policy, with the policy's text and rules."""
    wanted = None if repository_keys is None else set(repository_keys)
    for key, policy in LIFECYCLE_POLICY.everywhere(call.connection):
        if wanted is None or key in wanted:
            yield key, policy["text"], lifecycle.parse(policy["text"]).rules


def _carry_out(call: Call, repository_key: int, decisions: Sequence[Decision], now: datetime) -> None:
    """Delete and archive images of one repository, as was decided."""
    if not decisions:
        return
    repository = repositories.get_address(call.connection, repository_key)
    digests = [decision.image.digest for decision in decisions]
    keys = {digest: image.key for digest, image in images.get_images(call.connection, repository_key, digests).items()}
    rows = pages.get_images(call.connection, list(keys.values()))
    local_call = call.in_region(repository.region)
    expired = []
    for image, rule in decisions:
        key = keys[image.digest]
        if rule.action == "expire":
            expired.append(key)
            tags: Sequence[str | None] = image.tags or [None]
            for tag in tags:
                events.deleted(local_call, repository, image.digest, rows[key], tag)
        else:
            images.set_status(call.connection, key, "ARCHIVED", now)
            events.storage_class_changed(local_call, repository, image.digest, rows[key], activated_at=None)
    images.delete_images(call.connection, expired)


class DailyRun:
    """The run of lifecycle policies that AWS makes every day, in all registries of a fake.

    Args:
        backend: the registries.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._next: datetime | None = None
        # How many snapshots had been restored when the next run was planned.
        self._restores = backend.store.restores

    def run(self) -> list[Decision]:
        """Carry out every lifecycle policy now, and return the decisions."""
        now = clock.now()
        self._next = now + _DAY
        with self._backend.writing() as call:
            return [decision for expiry in carry_out_policies(call, now) for decision in expiry.decisions]

    def run_if_due(self) -> None:
        """Carry out every lifecycle policy if 24 hours have passed since the last run, in any process."""
        now = clock.now()
        if self._next is None or now >= self._next or self._restores != self._backend.store.restores:
            with self._backend.reading() as call:
                self._restores = self._backend.store.restores
                self._next = (LIFECYCLE_POLICY.oldest_update(call.connection) or now) + _DAY
        if now >= self._next:
            self.run()
