"""Lifecycle policies: parsed and checked as AWS does, and evaluated.

Evaluation follows the user guide: every rule looks at all images, then the rules apply by priority. An image that a
rule selects by its tags is not acted on by any later rule, though later rules still count it. So at most one rule acts
on an image.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from fakeecr.rules import policy_text, quotas
from fakeecr.rules.messages import closest
from fakeecr.rules.policy_text import PolicyError
from fakeecr.rules.wildcards import matches_parts

StorageClass = Literal["standard", "archive"]

_SHORTEST_ARCHIVE = 90  # days an image stays in the archive at least [documented]
_LARGEST_INTEGER = 2**31 - 1
_COUNT_TYPES = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")


class Rule(NamedTuple):
    """A rule of a policy.

    Attributes:
        priority: the rule with the lowest number comes first.
        tag_status: ``tagged``, ``untagged`` or ``any``.
        patterns: tag patterns, each split at its wildcards; a tagged image is selected if every pattern matches
            one of its tags.
        storage_class: the class of the images it selects.
        count_type: what it counts, such as ``imageCountMoreThan``.
        count_number: a number of images, or of days.
        action: ``expire``, or ``transition`` (into the archive).
    """

    priority: int
    tag_status: str
    patterns: tuple[tuple[str, ...], ...]
    storage_class: StorageClass
    count_type: str
    count_number: int
    action: str

    def selects(self, image: Candidate) -> bool:
        """Whether an image has the storage class and the tags that this rule selects by."""
        if image.storage_class != self.storage_class:
            return False
        if self.tag_status == "untagged":
            return not image.tags
        return all(any(matches_parts(pattern, tag) for tag in image.tags) for pattern in self.patterns)


class Candidate(NamedTuple):
    """An image as policies see it. Of two images pushed at the same moment, the later one in a sequence is the younger.

    Attributes:
        digest: its digest.
        tags: its tags.
        pushed_at, pulled_at, archived_at, activated_at: when that last happened; None if never.
        storage_class: its storage class.
        children: the digests of the images that it lists.
        subject: the digest of the image that it refers to.
    """

    digest: str
    tags: Sequence[str]
    pushed_at: datetime
    storage_class: StorageClass = "standard"
    pulled_at: datetime | None = None
    archived_at: datetime | None = None
    activated_at: datetime | None = None
    children: Collection[str] = ()
    subject: str | None = None


class Decision(NamedTuple):
    """What a policy does with an image."""

    image: Candidate
    rule: Rule


# --- Evaluated -----------------------------------------------------------------------------------


def evaluate(rules: Sequence[Rule], images: Sequence[Candidate], now: datetime) -> list[Decision]:
    """Decide what a policy does with the images of a repository, oldest first.

    Args:
        rules: the rules of the policy.
        images: all images of the repository, oldest first.
        now: the moment of the evaluation.

    Returns:
        A decision for each image that is acted on. An image of a list expires or is archived with the list or later,
        and so does a referrer with its subject; a referrer always goes with its subject. [documented]
    """
    rule_by_digest: dict[str, Rule] = {}
    selected_before: set[str] = set()
    for rule in sorted(rules):
        selected = [image for image in images if rule.selects(image)]
        for image in _due(rule, selected, now):
            if image.digest not in selected_before:
                rule_by_digest[image.digest] = rule
        selected_before |= {image.digest for image in selected}
    _respect_relations(rule_by_digest, images)
    return [Decision(image, rule_by_digest[image.digest]) for image in images if image.digest in rule_by_digest]


def _due(rule: Rule, images: Sequence[Candidate], now: datetime) -> Sequence[Candidate]:
    """Return the images, of those that a rule selects, on which it acts now."""
    if rule.count_type == "imageCountMoreThan":
        oldest_first = sorted(images, key=lambda image: image.activated_at or image.pushed_at)
        return oldest_first[: max(0, len(images) - rule.count_number)]
    allowed = timedelta(days=min(rule.count_number, timedelta.max.days))
    return [image for image in images if now - _since(rule.count_type, image) > allowed]


def _since(count_type: str, image: Candidate) -> datetime:
    """Return the moment from which a rule counts days."""
    if count_type == "sinceImageTransitioned":
        return image.archived_at or image.pushed_at
    # A restored image counts as pushed at the moment it was restored.
    since = image.activated_at or image.pushed_at
    if count_type == "sinceImagePulled" and image.pulled_at is not None:
        since = max(image.pulled_at, image.activated_at or image.pulled_at)
    return since


def _respect_relations(rule_by_digest: dict[str, Rule], images: Sequence[Candidate]) -> None:
    """Add the referrers of images that go, and drop images that a remaining list or subject still needs."""
    by_digest = {image.digest: image for image in images}
    # The images that an image may not go before: the lists that contain it, and its subject.
    guards: dict[str, list[Candidate]] = {}
    referrers: dict[str, list[Candidate]] = {}
    for image in images:
        for child in image.children:
            guards.setdefault(child, []).append(image)
        if image.subject in by_digest:
            guards.setdefault(image.digest, []).append(by_digest[image.subject])
            referrers.setdefault(image.subject, []).append(image)

    # Subjects come before their referrers, which may have referrers of their own: the list grows while it is read.
    subjects_first = [image for image in images if image.subject not in by_digest]
    for image in subjects_first:
        rule = rule_by_digest.get(image.digest)
        for referrer in referrers.get(image.digest, ()):
            if rule is not None and (rule.action == "expire" or referrer.storage_class == "standard"):
                rule_by_digest[referrer.digest] = rule
            subjects_first.append(referrer)

    def forbids(guard: Candidate, action: str) -> bool:
        rule = rule_by_digest.get(guard.digest)
        if action == "expire":
            return rule is None or rule.action != "expire"
        return rule is None and guard.storage_class == "standard"

    # An image that stays may guard others, so repeat until nothing changes.
    while kept := [
        digest
        for digest, rule in rule_by_digest.items()
        if any(forbids(guard, rule.action) for guard in guards.get(digest, ()))
    ]:
        for digest in kept:
            del rule_by_digest[digest]


# --- Parsed --------------------------------------------------------------------------------------


class LifecyclePolicy(NamedTuple):
    """A valid policy: its rules, and its text as AWS stores it, without spaces."""

    rules: Sequence[Rule]
    text: str


def parse(text: str) -> LifecyclePolicy:
    """Return a policy's rules and its normalized text.

    Raises:
        PolicyError: it is not a valid lifecycle policy.
    """
    try:
        content = policy_text.parse(text)
    except PolicyError as problem:
        raise PolicyError("Could not map policyString into LifecyclePolicy.", *problem.notes) from None
    if not isinstance(content, dict):
        raise PolicyError("Could not map policyString into LifecyclePolicy.")
    _members(content, {"rules"}, set())
    documents = _typed(content["rules"], "array")
    if not 1 <= len(documents) <= quotas.RULES_PER_LIFECYCLE_POLICY:
        raise PolicyError(f"rules must be a list of 1 to {quotas.RULES_PER_LIFECYCLE_POLICY} rules")
    rules = []
    for index, document in enumerate(documents):
        try:
            rules.append(_rule(document))
        except PolicyError as error:
            error.notes.append(f"It is in rules[{index}].")
            raise
    _check_together(rules, documents)
    return LifecyclePolicy(rules, json.dumps(content, separators=(",", ":"), ensure_ascii=False))


_TYPES = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


def _typed(value: Any, allowed: str) -> Any:
    """Return a value of the allowed type [observed]."""
    actual = _TYPES.get(type(value), "object")
    if actual != allowed:
        raise PolicyError(
            f'instance type ({actual}) does not match any allowed primitive type (allowed: ["{allowed}"])'
        )
    return value


def _members(value: Any, required: Collection[str], optional: Collection[str]) -> Mapping[str, Any]:
    """Return an object that has the required members and no unknown ones [texts from another fake]."""
    _typed(value, "object")
    missing = sorted(required - value.keys())
    unknown = sorted(value.keys() - required - set(optional))
    if missing:
        meant = next((f"Did you mean {missing[0]!r} by {name!r}?" for name in unknown if closest(name, missing)), "")
        raise PolicyError(f"object has missing required properties ({_json_list(missing)})", meant)
    if unknown:
        raise PolicyError(
            f"object instance has properties which are not allowed by the schema: ({_json_list(unknown)})"
        )
    members: Mapping[str, Any] = value
    return members


def _json_list(values: Sequence[str]) -> str:
    return json.dumps(list(values), separators=(",", ":"))


def _one_of(value: Any, allowed: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise PolicyError(
            f"instance value ({json.dumps(value)}) not found in enum (possible values: {_json_list(allowed)})"
        )
    return value


def _number(value: Any, minimum: int) -> int:
    number: int = _typed(value, "integer")
    if number < minimum:
        raise _too_low(minimum, number)
    if number > _LARGEST_INTEGER:
        raise PolicyError(
            f"numeric instance is greater than the required maximum (maximum: {_LARGEST_INTEGER}, found: {number})"
        )
    return number


def _too_low(minimum: int, number: int) -> PolicyError:
    return PolicyError(f"numeric instance is lower than the required minimum (minimum: {minimum}, found: {number})")


def _rule(value: Any) -> Rule:
    rule = _members(value, {"rulePriority", "selection", "action"}, {"description"})
    priority = _number(rule["rulePriority"], 1)
    _typed(rule.get("description", ""), "string")
    selection = _members(
        rule["selection"],
        {"tagStatus", "countType", "countNumber"},
        {"tagPrefixList", "tagPatternList", "storageClass", "countUnit"},
    )
    tag_status = _one_of(selection["tagStatus"], ("tagged", "untagged", "any"))
    count_type = _one_of(selection["countType"], _COUNT_TYPES)
    storage_class = _one_of(selection.get("storageClass", "standard"), ("standard", "archive"))
    count_number = _number(selection["countNumber"], 1)
    action = _action(rule["action"])
    is_archive = storage_class == "archive"
    if ("countUnit" in selection) is (count_type == "imageCountMoreThan"):
        raise _no_matching_schema(4)
    _one_of(selection.get("countUnit", "days"), ("days",))
    if is_archive is not (count_type == "sinceImageTransitioned") or (is_archive and action == "transition"):
        raise _no_matching_schema(4)
    if count_type == "sinceImagePulled" and action == "expire":
        raise PolicyError("countType sinceImagePulled can only be used with the action transition")
    if is_archive and count_number < _SHORTEST_ARCHIVE:
        raise _too_low(_SHORTEST_ARCHIVE, count_number)
    return Rule(
        priority=priority,
        tag_status=tag_status,
        patterns=_patterns(selection, tag_status),
        storage_class="archive" if is_archive else "standard",
        count_type=count_type,
        count_number=count_number,
        action=action,
    )


def _no_matching_schema(schemas: int) -> PolicyError:
    """Build the error of a rule that fits none of AWS's schemas [observed, including the line break]."""
    return PolicyError(f"instance failed to match exactly one schema (matched 0 out of {schemas})\n")


def _action(value: Any) -> str:
    action = _members(value, {"type"}, {"targetStorageClass"})
    action_type = _one_of(action["type"], ("expire", "transition"))
    has_target = "targetStorageClass" in action
    if has_target is not (action_type == "transition") or (has_target and action["targetStorageClass"] != "archive"):
        raise _no_matching_schema(2)
    return action_type


def _patterns(selection: Mapping[str, Any], tag_status: str) -> tuple[tuple[str, ...], ...]:
    """Return the split tag patterns of a rule; a rule for tagged images has either prefixes or patterns."""
    lists: dict[str, list[str]] = {}
    problems = []
    for name in ("tagPrefixList", "tagPatternList"):
        try:
            lists[name] = _pattern_list(selection.get(name, []))
        except PolicyError as error:
            problems.append(str(error))
    if problems:
        # Each problem is on a line of its own. [observed]
        raise PolicyError("\n".join(sorted(problems)))
    given = [name for name, patterns in lists.items() if patterns]
    if tag_status != "tagged":
        if given:
            raise PolicyError(f"Cannot specify {given[0]} when tagStatus={tag_status.upper()}.")
        return ()
    if not given:
        raise PolicyError("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.")
    if len(given) > 1:
        raise PolicyError("Cannot specify both tagPrefixList and tagPatternList.")
    patterns = lists[given[0]]
    if given[0] == "tagPrefixList":
        return tuple((prefix, "") for prefix in patterns)
    if any(pattern.count("*") > quotas.WILDCARDS_PER_TAG_PATTERN for pattern in patterns):
        raise PolicyError(f"A tag pattern has at most {quotas.WILDCARDS_PER_TAG_PATTERN} wildcards.")
    return tuple(tuple(pattern.split("*")) for pattern in patterns)


def _pattern_list(value: Any) -> list[str]:
    patterns: list[str] = [_typed(pattern, "string") for pattern in _typed(value, "array")]
    if "" in patterns:
        raise PolicyError("A tag prefix or pattern has at least one character.")
    return patterns


def _check_together(rules: Sequence[Rule], documents: Sequence[Any]) -> None:
    """Check what must differ between rules."""
    priorities = [rule.priority for rule in rules]
    if len(set(priorities)) < len(priorities):
        raise PolicyError("The priority of each rule must be unique.")
    for storage_class in ("standard", "archive"):
        of_class = [rule for rule in rules if rule.storage_class == storage_class]
        if sum(rule.tag_status == "untagged" for rule in of_class) > 1:
            raise PolicyError("Only one rule can select Untagged images per storage class.")
        for rule in of_class:
            if rule.tag_status == "any" and rule.priority < max(other.priority for other in of_class):
                raise PolicyError("Rule for tagStatus=ANY must have the lowest priority per storage class")
        prefix_lists = [
            sorted(document["selection"]["tagPrefixList"])
            for rule, document in zip(rules, documents, strict=True)
            if rule in of_class and document["selection"].get("tagPrefixList")
        ]
        if any(prefixes in prefix_lists[:position] for position, prefixes in enumerate(prefix_lists)):
            raise PolicyError("Each rule must have a unique set of tag prefixes per storage class.")
