"""`fakeecr check`: whether everything in a database fits together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from fakeecr.cli.app import PROBLEM
from fakeecr.cli.options import database_option, json_option, place_of
from fakeecr.cli.output import Progress, is_json, print_json, print_text

if TYPE_CHECKING:
    from fakeecr.store.checks import Problem

# Of one rule, so that a rule that every row violates does not hide the others.
_MOST_PROBLEMS = 1000


@click.command()
@database_option
@json_option
def command(database: str | None, as_json: bool) -> int:
    """Check that a database is intact: that everything in it fits together.

    Digests are calculated again from manifests and layers, and everything that is stored twice is compared. The
    database is only read, also while other programs use it. The exit code is 1 if there is a problem.

    Example: fakeecr check --database state.db
    """
    from fakeecr.registry import checking
    from fakeecr.store.database import describe
    from fakeecr.store.inspection import inspecting

    place = place_of(database)
    with Progress("Checking") as progress, inspecting(place, advance=progress.advance) as connection:
        problems, more = _take(checking.check(connection, progress.advance))
        counts = checking.count(connection)
    if is_json(as_json):
        print_json({"problems": [_format(each) for each in problems], "more": more, "checked": counts})
    else:
        _print(describe(database), problems, more, counts)
    return PROBLEM if problems else 0


def _take(found: Iterable[Problem]) -> tuple[list[Problem], int]:
    """Return the first problems of each rule, and the number of all others, which are too many to keep."""
    by_rule: Counter[str] = Counter()
    problems, more = [], 0
    for problem in found:
        by_rule[problem.rule] += 1
        if by_rule[problem.rule] <= _MOST_PROBLEMS:
            problems.append(problem)
        else:
            more += 1
    return problems, more


def _format(problem: Problem) -> dict[str, Any]:
    return {
        "registryId": problem.place.registry_id,
        "region": problem.place.region,
        "repositoryName": problem.place.repository,
        "imageDigest": problem.place.digest,
        "rule": problem.rule,
        "problem": problem.text,
    }


def _print(name: str, problems: list[Problem], more: int, counts: dict[str, int | None]) -> None:
    for place, of_place in groupby(sorted(problems, key=_where), key=_where):
        print_text(" ".join(place) or name, "bold")
        for problem in of_place:
            print_text(f"  {problem.text}", "red")
            print_text(f"    The rule: {problem.rule}.", "dim")
    checked = ", ".join(f"{'?' if number is None else f'{number:,}'} {what}" for what, number in counts.items())
    found = {0: "no problem", 1: "1 problem"}.get(len(problems), f"{len(problems) + more:,} problems")
    shown = f", of which {len(problems):,} are shown" if more else ""
    print_text(f"{name}: {found}{shown}. Checked: {checked}.")


def _where(problem: Problem) -> tuple[str, ...]:
    return tuple(str(part) for part in problem.place if part is not None)
