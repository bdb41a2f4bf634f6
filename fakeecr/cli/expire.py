"""`fakeecr expire`: lifecycle policies, carried out or tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import click

from fakeecr.cli.options import (
    database_option,
    json_option,
    open_registries,
    read_repository,
    registries_options,
    repositories_argument,
)
from fakeecr.cli.output import (
    Column,
    Progress,
    count,
    describe_moment,
    is_json,
    print_json,
    print_table,
    shorten_digest,
)

if TYPE_CHECKING:
    from fakeecr.registry.call import Call
    from fakeecr.registry.expiry import Expiry
    from fakeecr.rules.image_names import ImageName
    from fakeecr.rules.lifecycle import LifecyclePolicy

_COLUMNS = [
    Column("REPOSITORY", "cyan", wraps=True),
    Column("TAGS", wraps=True),
    Column("DIGEST"),
    Column("PUSHED (UTC)"),
    Column("RULE", is_number=True),
    Column("ACTION"),
]


@click.command(short_help="Carry out lifecycle policies, or show what they would remove.")
@repositories_argument
@click.option("--dry-run", is_flag=True, help="Show what would be removed or archived; change nothing.")
@click.option(
    "--policy", "file", type=click.File("rb"), help="Try the lifecycle policy in this file; only with --dry-run."
)
@registries_options
@database_option
@json_option
def command(
    repositories: tuple[str, ...],
    dry_run: bool,
    file: BinaryIO | None,
    account_id: str | None,
    region: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Carry out the lifecycle policies of repositories, by default of all, as AWS does once a day.

    Example: fakeecr expire team/web --dry-run --policy policy.json --database state.db
    """
    if file is not None and not dry_run:
        raise click.UsageError("--policy tries a policy, and nothing is removed by it: give --dry-run, too.")
    policy = None if file is None else _read_policy(file)
    names = [read_repository(repository) for repository in repositories]
    from fakeecr import clock
    from fakeecr.registry import expiry

    registries = open_registries(database, account_id, region, changes=not dry_run)
    with registries as backend, Progress("Evaluating policies"):
        if dry_run:
            with backend.reading() as call:
                keys = _keys(call, names, account_id, region, have_policies=policy is None)
                expiries = expiry.preview_policies(call, clock.now(), keys, policy)
        else:
            with backend.writing() as call:
                keys = _keys(call, names, account_id, region, have_policies=True)
                expiries = expiry.carry_out_policies(call, clock.now(), keys)
    if is_json(as_json):
        _print_json(expiries, dry_run=dry_run)
    else:
        _print_table(expiries, dry_run=dry_run)


def _read_policy(file: BinaryIO) -> LifecyclePolicy:
    from fakeecr.rules.lifecycle import parse
    from fakeecr.rules.policy_text import PolicyError

    try:
        return parse(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file.name}: expected UTF-8; {error}") from None
    except PolicyError as error:
        raise click.ClickException("\n".join([f"{file.name}: {error}", *error.notes])) from None


def _keys(
    call: Call, names: Sequence[ImageName], account_id: str | None, region: str | None, *, have_policies: bool
) -> list[int]:
    """Return the keys of repositories: those that are named, or else all of an account and a region.

    Args:
        call: the call.
        names: the names of repositories.
        account_id: the account of registries; None for any.
        region: the region of registries; None for any.
        have_policies: whether each named repository must have a lifecycle policy.
    """
    from fakeecr.cli.reading import find_named, get_registries
    from fakeecr.registry.kinds import LIFECYCLE_POLICY
    from fakeecr.store.repositories import get_keys

    if not names:
        registries = get_registries(call, account_id, region)
        return [key for registry in registries for key in get_keys(call.connection, registry.key)]
    keys = []
    for name in names:
        _, repository = find_named(call, name)
        if have_policies and LIFECYCLE_POLICY.get(call.connection, repository.key) is None:
            raise click.ClickException(
                f"The repository {name.repository} has no lifecycle policy. `--dry-run --policy FILE` tries one."
            )
        keys.append(repository.key)
    return keys


def _print_json(expiries: Sequence[Expiry], *, dry_run: bool) -> None:
    from fakeecr.operations.lifecycle import preview_result, preview_row, preview_summary

    results = [
        {
            "registryId": repository.account_id,
            "region": repository.region,
            "repositoryName": repository.name,
            **preview_result(preview_row(decision)),
        }
        for repository, decisions in expiries
        for decision in decisions
    ]
    summary = preview_summary(*_count_actions(expiries))
    print_json({"previewResults" if dry_run else "results": results, "summary": summary})


def _print_table(expiries: Sequence[Expiry], *, dry_run: bool) -> None:
    has_one_registry = len({(repository.account_id, repository.region) for repository, _ in expiries}) < 2
    rows = [
        (
            repository.name if has_one_registry else " ".join(repository),
            ", ".join(image.tags) or "-",
            shorten_digest(image.digest),
            describe_moment(image.pushed_at),
            str(rule.priority),
            "archive" if rule.action == "transition" else rule.action,
        )
        for repository, decisions in expiries
        for image, rule in decisions
    ]
    if rows:
        print_table(_COLUMNS, rows)
    removed, archived = (_describe_count(number, dry_run=dry_run) for number in _count_actions(expiries))
    evaluated = count(len(expiries), "repository", "repositories")
    click.echo(f"{evaluated}: {removed} removed, {archived} archived.")


def _describe_count(images: int, *, dry_run: bool) -> str:
    verb = "would be" if dry_run else "was" if images == 1 else "were"
    return f"{count(images, 'image')} {verb}"


def _count_actions(expiries: Sequence[Expiry]) -> tuple[int, int]:
    """Return how many images policies remove, and how many they archive."""
    actions = [rule.action for _, decisions in expiries for _, rule in decisions]
    return actions.count("expire"), actions.count("transition")
