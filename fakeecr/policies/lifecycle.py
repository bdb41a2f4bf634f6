"""Lifecycle policies: read and checked as AWS does, and evaluated.

The rules of evaluation are those of the user guide: all rules look at all images, and are then applied by priority.
An image that has what a rule asks of tags is left alone by every rule after it, though they count it; so an image is
acted on by one rule or by none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from fakeecr.policies.filters import fits
from fakeecr.policies.text import PolicyError, parse

Class = Literal["standard", "archive"]

# Documented.
_MOST_RULES = 50
_MOST_WILDCARDS = 4
_SHORTEST_ARCHIVE = 90
_BIGGEST = 2**31 - 1
_COUNT_TYPES = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")


class Rule(NamedTuple):
    """A rule of a policy.

    Attributes:
        priority: which rule comes first: that of the lowest number.
        tag_status: ``tagged``, ``untagged`` or ``any``.
        patterns: each of which some tag of a tagged image must fit: the parts between its wildcards.
        storage_class: which images it looks at.
        count_type: what it counts.
        count_number: how many images, or days.
        action: ``expire``, or ``transition`` into the archive.
    """

    priority: int
    tag_status: str
    patterns: tuple[tuple[str, ...], ...]
    storage_class: Class
    count_type: str
    count_number: int
    action: str

    def selects(self, image: Candidate) -> bool:
        """Whether an image is of its storage class, and has what it asks of tags."""
        if image.storage_class != self.storage_class:
            return False
        if self.tag_status == "untagged":
            return not image.tags
        return all(any(fits(pattern, tag) for tag in image.tags) for pattern in self.patterns)


class Candidate(NamedTuple):
    """An image, as far as policies see it. Of two that were pushed at one moment the later in a sequence is younger.

    Attributes:
        digest: its digest.
        tags: its tags.
        pushed_at, pulled_at, archived_at, activated_at: when that happened last; None for never.
        storage_class: where it is.
        lists: the digests of the images that it lists.
        subject: the digest of the image that it is about.
    """

    digest: str
    tags: Sequence[str]
    pushed_at: datetime
    storage_class: Class = "standard"
    pulled_at: datetime | None = None
    archived_at: datetime | None = None
    activated_at: datetime | None = None
    lists: Collection[str] = ()
    subject: str | None = None


class Decision(NamedTuple):
    """What a policy does with an image."""

    image: Candidate
    rule: Rule


# --- Evaluated -----------------------------------------------------------------------------------


def evaluate(rules: Sequence[Rule], images: Sequence[Candidate], now: datetime) -> list[Decision]:
    """Decide what a policy does with the images of a repository, oldest first.

    Args:
        rules: those of the policy.
        images: all images of the repository, oldest first.
        now: the moment of the evaluation.

    Returns:
        A decision for each image that is acted on. What is listed by an image, or is about one, expires with or after
        it, and is archived with or after it (documented); what is about one goes whenever that does.
    """
    ranked = sorted(rules)
    chosen: dict[str, Rule] = {}
    taken: set[str] = set()
    for rule in ranked:
        selected = [image for image in images if rule.selects(image)]
        for image in _due(rule, selected, now):
            if image.digest not in taken:
                chosen[image.digest] = rule
        taken |= {image.digest for image in selected}
    _settle(chosen, images)
    return [Decision(image, chosen[image.digest]) for image in images if image.digest in chosen]


def _due(rule: Rule, images: Sequence[Candidate], now: datetime) -> Sequence[Candidate]:
    """Give those of the images that a rule looks at for which its time has come."""
    if rule.count_type == "imageCountMoreThan":
        oldest_first = sorted(images, key=lambda image: image.activated_at or image.pushed_at)
        return oldest_first[: max(0, len(images) - rule.count_number)]
    allowed = timedelta(days=min(rule.count_number, timedelta.max.days))
    return [image for image in images if now - _since(rule.count_type, image) > allowed]


def _since(count_type: str, image: Candidate) -> datetime:
    """Give the moment from which a rule counts days."""
    if count_type == "sinceImageTransitioned":
        return image.archived_at or image.pushed_at
    # An image that was restored counts as pushed then.
    since = image.activated_at or image.pushed_at
    if count_type == "sinceImagePulled" and image.pulled_at is not None:
        since = max(image.pulled_at, image.activated_at or image.pulled_at)
    return since


def _settle(chosen: dict[str, Rule], images: Sequence[Candidate]) -> None:
    """Let referrers go with their subjects, and take back what would break a list or a subject that stays."""
    there = {image.digest: image for image in images}
    guards: dict[str, list[Candidate]] = {}
    referrers: dict[str, list[Candidate]] = {}
    for image in images:
        for child in image.lists:
            guards.setdefault(child, []).append(image)
        if image.subject in there:
            guards.setdefault(image.digest, []).append(there[image.subject])
            referrers.setdefault(image.subject, []).append(image)

    # Those that follow none come first, and then all that follow them: a referrer may have referrers of its own.
    ordered = [image for image in images if image.subject not in there]
    for image in ordered:
        rule = chosen.get(image.digest)
        for referrer in referrers.get(image.digest, ()):
            if rule is not None and (rule.action == "expire" or referrer.storage_class == "standard"):
                chosen[referrer.digest] = rule
            ordered.append(referrer)

    def holds(guard: Candidate, action: str) -> bool:
        rule = chosen.get(guard.digest)
        if action == "expire":
            return rule is None or rule.action != "expire"
        return rule is None and guard.storage_class == "standard"

    while held := [
        digest for digest, rule in chosen.items() if any(holds(guard, rule.action) for guard in guards.get(digest, ()))
    ]:
        for digest in held:
            del chosen[digest]


# --- Read ----------------------------------------------------------------------------------------


def read(text: str) -> tuple[list[Rule], str]:
    """Read a policy, and give its rules and its text as AWS keeps it, which is without spaces.

    Raises:
        PolicyError: it is none.
    """
    try:
        content = parse(text)
    except PolicyError:
        raise PolicyError("Could not map policyString into LifecyclePolicy.") from None
    if not isinstance(content, dict):
        raise PolicyError("Could not map policyString into LifecyclePolicy.")
    _members(content, {"rules"}, set())
    written = _typed(content["rules"], "array")
    if not 1 <= len(written) <= _MOST_RULES:
        raise PolicyError(f"rules must be a list of 1 to {_MOST_RULES} rules")
    rules = [_rule(each) for each in written]
    _check_together(rules, written)
    return rules, json.dumps(content, separators=(",", ":"), ensure_ascii=False)


_TYPES = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


def _typed(value: Any, allowed: str) -> Any:
    """Check the type of a value (observed)."""
    found = _TYPES.get(type(value), "object")
    if found != allowed:
        raise PolicyError(f'instance type ({found}) does not match any allowed primitive type (allowed: ["{allowed}"])')
    return value


def _members(value: Any, required: Collection[str], optional: Collection[str]) -> Mapping[str, Any]:
    """Check which members an object has (texts as another fake has them)."""
    _typed(value, "object")
    missing = sorted(required - value.keys())
    if missing:
        raise PolicyError(f"object has missing required properties ({_listed(missing)})")
    unknown = sorted(value.keys() - required - set(optional))
    if unknown:
        raise PolicyError(f"object instance has properties which are not allowed by the schema: ({_listed(unknown)})")
    members: Mapping[str, Any] = value
    return members


def _listed(words: Sequence[str]) -> str:
    return json.dumps(list(words), separators=(",", ":"))


def _one_of(value: Any, allowed: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise PolicyError(
            f"instance value ({json.dumps(value)}) not found in enum (possible values: {_listed(allowed)})"
        )
    return value


def _number(value: Any, least: int) -> int:
    number: int = _typed(value, "integer")
    if number < least:
        raise PolicyError(f"numeric instance is lower than the required minimum (minimum: {least}, found: {value})")
    if value > _BIGGEST:
        raise PolicyError(
            f"numeric instance is greater than the required maximum (maximum: {_BIGGEST}, found: {value})"
        )
    return number


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
        raise _no_schema(4)
    _one_of(selection.get("countUnit", "days"), ("days",))
    if is_archive is not (count_type == "sinceImageTransitioned") or (is_archive and action == "transition"):
        raise _no_schema(4)
    if count_type == "sinceImagePulled" and action == "expire":
        raise PolicyError("countType sinceImagePulled goes with the action transition alone")
    if is_archive and count_number < _SHORTEST_ARCHIVE:
        raise PolicyError(
            f"numeric instance is lower than the required minimum (minimum: {_SHORTEST_ARCHIVE}, found: {count_number})"
        )
    patterns = _patterns(selection, tag_status)
    return Rule(
        priority, tag_status, patterns, "archive" if is_archive else "standard", count_type, count_number, action
    )


def _no_schema(of: int) -> PolicyError:
    """Say that nothing fits (observed, with a line's end and all)."""
    return PolicyError(f"instance failed to match exactly one schema (matched 0 out of {of})\n")


def _action(value: Any) -> str:
    action = _members(value, {"type"}, {"targetStorageClass"})
    kind = _one_of(action["type"], ("expire", "transition"))
    if (kind == "transition") is not ("targetStorageClass" in action) or action.get(
        "targetStorageClass", "archive"
    ) != "archive":
        raise _no_schema(2)
    return kind


def _patterns(selection: Mapping[str, Any], tag_status: str) -> tuple[tuple[str, ...], ...]:
    """Read what a rule asks of tags: prefixes or patterns, and one of both if it is about tagged images."""
    written: dict[str, list[str]] = {}
    problems = []
    for name in selection.keys() & {"tagPrefixList", "tagPatternList"}:
        try:
            written[name] = _words(selection[name])
        except PolicyError as error:
            problems.append(str(error))
    if problems:
        # Each is told in a line of its own (observed).
        raise PolicyError("\n".join(sorted(problems)))
    lists = [name for name, words in written.items() if words]
    if tag_status != "tagged":
        if lists:
            raise PolicyError(f"Cannot specify {lists[0]} when tagStatus={tag_status.upper()}.")
        return ()
    if not lists:
        raise PolicyError("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.")
    if len(lists) > 1:
        raise PolicyError("Cannot specify both tagPrefixList and tagPatternList.")
    words = written[lists[0]]
    if lists[0] == "tagPrefixList":
        return tuple((word, "") for word in words)
    if any(word.count("*") > _MOST_WILDCARDS for word in words):
        raise PolicyError(f"A tag pattern has at most {_MOST_WILDCARDS} wildcards.")
    return tuple(tuple(word.split("*")) for word in words)


def _words(value: Any) -> list[str]:
    words: list[str] = [_typed(word, "string") for word in _typed(value, "array")]
    if "" in words:
        raise PolicyError("A tag prefix or pattern has at least one character.")
    return words


def _check_together(rules: Sequence[Rule], written: Sequence[Any]) -> None:
    """Check what rules must not have in common."""
    priorities = [rule.priority for rule in rules]
    if len(set(priorities)) < len(priorities):
        raise PolicyError("The priority of each rule must be unique.")
    for storage_class in ("standard", "archive"):
        here = [rule for rule in rules if rule.storage_class == storage_class]
        if sum(rule.tag_status == "untagged" for rule in here) > 1:
            raise PolicyError("Only one rule can select Untagged images per storage class.")
        for rule in here:
            if rule.tag_status == "any" and rule.priority < max(other.priority for other in here):
                raise PolicyError("Rule for tagStatus=ANY must have the lowest priority per storage class")
        prefixes = [
            sorted(each["selection"]["tagPrefixList"])
            for rule, each in zip(rules, written, strict=True)
            if rule in here and each["selection"].get("tagPrefixList")
        ]
        if any(each in prefixes[:n] for n, each in enumerate(prefixes)):
            raise PolicyError("Each rule must have a unique set of tag prefixes per storage class.")
