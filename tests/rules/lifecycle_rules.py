"""Lifecycle policies and the images that they are evaluated for, written briefly."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from fakeecr.rules.lifecycle import Candidate, evaluate, parse

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
KEEP_ONE = {"countType": "imageCountMoreThan", "countNumber": 1}


def days(number, count_type="sinceImagePushed"):
    return {"countType": count_type, "countUnit": "days", "countNumber": number}


def rule(priority, selection, action=EXPIRE, **members):
    return {"rulePriority": priority, "selection": selection, "action": action, **members}


def tagged(*prefixes, **members):
    return {"tagStatus": "tagged", "tagPrefixList": list(prefixes), **members}


def patterns(*wildcards, **members):
    return {"tagStatus": "tagged", "tagPatternList": list(wildcards), **members}


def untagged(**members):
    return {"tagStatus": "untagged", **members}


def anything(**members):
    return {"tagStatus": "any", **members}


def policy(*rules):
    return json.dumps({"rules": list(rules)})


EXPIRE_OLD_UNTAGGED = policy(rule(1, untagged(**days(1))))


def image(name, tags=(), age=0, **attributes):
    """Build an image that was pushed this many days ago; its name stands for its digest."""
    return Candidate(name, tags, NOW - timedelta(days=age), **attributes)


def decide(text, images):
    """Return the action for each image that a policy acts on, by the image's name."""
    return {decision.image.digest: decision.rule.action for decision in evaluate(parse(text).rules, images, NOW)}
