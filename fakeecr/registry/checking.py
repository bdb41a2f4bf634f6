"""Checking a whole database: that manifests, layers and documents are what the rest of it says.

The rules that SQL alone can check are in :mod:`fakeecr.store.checks` and :mod:`fakeecr.store.table_rules`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, table, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from fakeecr.registry import kinds
from fakeecr.registry.kinds import LIFECYCLE_PREVIEW, Backfill, CacheRule, Course, Preview, StoredLifecyclePolicy
from fakeecr.registry.made_up import made_digest
from fakeecr.rules.manifests import Contents, Reference, digest_of, parse_leniently
from fakeecr.rules.messages import show
from fakeecr.rules.names import ACCOUNT_ID, EXCLUSION_FILTER, REPOSITORY_NAME, SHA256_DIGEST, TAG
from fakeecr.store import checks, layers, repositories, sqlite_file
from fakeecr.store.checks import Place, Problem, Rule, rows_of
from fakeecr.store.documents import Kind
from fakeecr.store.table_rules import table_rules

# The rows that a report counts, by its words.
_COUNTED = {
    "registries": ("registry",),
    "repositories": ("repository",),
    "images": ("image",),
    "tags": ("image_identifier",),
    "layers": ("layer",),
    "documents": ("registry_document", "repository_document", "image_document"),
}


def count(connection: Connection) -> dict[str, int | None]:
    """Return how many registries, repositories, images, tags, layers and documents a database has.

    None stands for what cannot be counted in a damaged one.
    """
    return {name: _count(connection, tables) for name, tables in _COUNTED.items()}


def _count(connection: Connection, tables: Sequence[str]) -> int | None:
    try:
        with _separately(connection):
            counts = [connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in tables]
    except DBAPIError as error:
        if sqlite_file.is_interrupt(error):
            raise
        return None
    return sum(counts)


def check(connection: Connection, advance: Callable[[], None] = lambda: None) -> Iterator[Problem]:
    """Yield everything that is wrong in a database; it takes a bounded amount of memory.

    Args:
        connection: a transaction, which only reads.
        advance: called for each image, layer and document.
    """
    yield from _survive(connection, "SQLite finds no damage", checks.damage(connection))
    yield from _survive(connection, "the tables are those of the schema", checks.schema_differences(connection))
    yield from _survive(connection, "the database has a secret", checks.secret_problems(connection))
    yield from _survive(connection, "a key is never given twice", checks.key_problems(connection))
    for rule in table_rules(connection.dialect.name):
        yield from _survive(connection, rule.name, checks.violations(connection, rule))
    yield from check_contents(connection, advance)


def check_contents(connection: Connection, advance: Callable[[], None] = lambda: None) -> Iterator[Problem]:
    """Yield, of all that :func:`check` yields, what an intact database does not prevent by itself."""
    for rule in (*checks.RULES, _PREVIEW_WITHOUT_DOCUMENT):
        yield from _survive(connection, rule.name, checks.violations(connection, rule))
    for name, examine_rows in _EXAMINATIONS.items():
        yield from _survive(connection, name, examine_rows(connection, advance))


def _survive(connection: Connection, rule: str, problems: Iterator[Problem]) -> Iterator[Problem]:
    """Yield problems, and one more if the database is too damaged to find all of them."""
    try:
        with _separately(connection):
            yield from problems
    except (SQLAlchemyError, sqlite3.Error) as error:
        if sqlite_file.is_interrupt(error):
            raise
        cause = (error.orig if isinstance(error, DBAPIError) else error) or error
        yield Problem(rule, f"this could not be checked to the end: {' '.join(str(cause).split())}")


def _separately(connection: Connection) -> AbstractContextManager[Any]:
    """Let a statement that fails be the only one: PostgreSQL refuses all after it, unless there is a savepoint."""
    return nullcontext() if connection.dialect.name == "sqlite" else connection.begin_nested()


# Where a row of a repository, or of an image, belongs.
_REPOSITORY_PLACE = "g.account_id, g.region, p.name"
_REPOSITORY_JOINS = """LEFT JOIN repository p ON p.id = {key} LEFT JOIN registry g ON g.id = p.registry_id"""


# --- Images --------------------------------------------------------------------------------------

_DIGEST = "the digest of an image is that of its manifest"
_COLUMNS = "the columns of an image say what its manifest says"
_REFERENCES = "the references of an image are those of its manifest"


def _examine_images(connection: Connection, advance: Callable[[], None]) -> Iterator[Problem]:
    rows = rows_of(
        connection,
        text(
            f"""SELECT i.id, i.digest, i.manifest, i.made_from, i.media_type, i.artifact_media_type, i.artifact_type,
            i.size, i.subject, {_REPOSITORY_PLACE}
            FROM image i {_REPOSITORY_JOINS.format(key="i.repository_id")} ORDER BY i.id"""  # noqa: S608
        ),
    )
    references_of = _reference_reader(connection)
    for row in rows:
        place = Place(row.account_id, row.region, row.name, row.digest)
        for rule, problem in _image_problems(row, references_of(row.id)):
            yield Problem(rule, problem, place)
        advance()


def _reference_reader(connection: Connection) -> Callable[[int], set[Reference]]:
    """Return a function that returns the references of an image; it must be asked by growing keys."""
    statement = text(
        """SELECT image_id, digest, is_layer, media_type FROM image_reference
        WHERE image_id IS NOT NULL ORDER BY image_id"""
    )
    groups = groupby(rows_of(connection, statement), key=lambda row: row.image_id)
    group = next(groups, None)

    def references_of(key: int) -> set[Reference]:
        nonlocal group
        # A damaged key may be a text, which SQLite sorts behind every number.
        while group is not None and isinstance(group[0], int | float) and group[0] < key:
            group = next(groups, None)
        if group is None or group[0] != key:
            return set()
        references = {Reference(row.digest, bool(row.is_layer), row.media_type) for row in group[1]}
        group = next(groups, None)
        return references

    return references_of


def _image_problems(row: Any, references: set[Reference]) -> Iterator[tuple[str, str]]:
    if not isinstance(row.manifest, bytes | None) or not isinstance(row.made_from, str | None):
        return  # the rule of the columns' types has named it
    if row.manifest is not None:
        calculated = digest_of(row.manifest)
        contents = parse_leniently(row.manifest, row.media_type if isinstance(row.media_type, str) else None)
    elif row.made_from is not None:
        calculated, contents = made_digest(row.made_from), Contents()
    else:
        # Of an image that a seed names only by its digest, the seed may say the media type.
        calculated, contents = None, Contents(row.media_type)
    if calculated not in (None, row.digest):
        yield _DIGEST, f"the digest of the manifest is {calculated}"
    elif not SHA256_DIGEST.matches(row.digest):
        yield _DIGEST, f"expected {SHA256_DIGEST.expected}; got {show(row.digest)}"
    for name in ("media_type", "artifact_media_type", "artifact_type", "subject"):
        stored, expected = getattr(row, name), getattr(contents, name)
        if stored != expected:
            yield _COLUMNS, f"{name} is {show(stored)}, and the manifest says {show(expected)}"
    # A test may give an image any size, so that only a missing or an impossible one is wrong.
    if row.size is None and (contents.size is not None or contents.is_list):
        yield _COLUMNS, "size is missing, although the manifest is known"
    elif isinstance(row.size, int) and row.size < 0:
        yield _COLUMNS, f"size is {row.size}"
    expected_references = set(contents.references)
    for wrong, what in (
        (expected_references - references, "is missing"),
        (references - expected_references, "is not in it"),
    ):
        for reference in sorted(wrong, key=str)[:1]:
            more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            yield _REFERENCES, f"the reference to {reference.digest} as {_kind_of(reference)} {what}{more}"


def _kind_of(reference: Reference) -> str:
    kind = "a layer or config" if reference.is_layer else "an image"
    return f"{kind} of the media type {show(reference.media_type)}"


# --- Layers --------------------------------------------------------------------------------------

_LAYER_DIGEST = "the digest of a layer is that of its bytes"


def _examine_layers(connection: Connection, advance: Callable[[], None]) -> Iterator[Problem]:
    rows = rows_of(
        connection,
        text(
            f"""SELECT l.id, l.digest, {_REPOSITORY_PLACE}
            FROM layer l {_REPOSITORY_JOINS.format(key="l.repository_id")}
            WHERE l.digest IS NOT NULL ORDER BY l.id"""  # noqa: S608
        ),
    )
    for row in rows:
        try:
            calculated = layers.digest_of(connection, row.id)
        except TypeError:
            continue  # a part holds no bytes, which the rule of the columns' types has named
        if calculated != row.digest:
            place = Place(row.account_id, row.region, row.name)
            yield Problem(_LAYER_DIGEST, f"the digest of the bytes of the layer {row.digest} is {calculated}", place)
        advance()


# --- Names ---------------------------------------------------------------------------------------

_NAMES = "accounts, repositories, tags and filters of tags have their form"
_decode_filters = msgspec.json.Decoder(list[str]).decode


def _examine_names(connection: Connection, advance: Callable[[], None]) -> Iterator[Problem]:
    for row in rows_of(connection, text("SELECT account_id, region FROM registry ORDER BY id")):
        if row.account_id != repositories.UPSTREAM and not ACCOUNT_ID.matches(row.account_id):
            problem = f"expected {ACCOUNT_ID.expected}; got {show(row.account_id)}"
            yield Problem(_NAMES, problem, Place(row.account_id, row.region))
    statement = f"""SELECT p.exclusion_filters, {_REPOSITORY_PLACE} FROM repository p
        LEFT JOIN registry g ON g.id = p.registry_id ORDER BY p.id"""  # noqa: S608
    for row in rows_of(connection, text(statement)):
        place = Place(row.account_id, row.region, row.name)
        if not REPOSITORY_NAME.matches(row.name):
            yield Problem(_NAMES, f"expected {REPOSITORY_NAME.expected}; got {show(row.name)}", place)
        if row.exclusion_filters is not None and not _are_filters(row.exclusion_filters):
            yield Problem(_NAMES, f"expected a JSON list of filters of tags; got {show(row.exclusion_filters)}", place)
        advance()
    statement = f"""SELECT r.tag, r.digest, {_REPOSITORY_PLACE} FROM image_identifier r
        {_REPOSITORY_JOINS.format(key="r.repository_id")} WHERE r.tag IS NOT NULL ORDER BY r.id"""  # noqa: S608
    for row in rows_of(connection, text(statement)):
        if not TAG.matches(row.tag):
            place = Place(row.account_id, row.region, row.name, row.digest)
            yield Problem(_NAMES, f"expected {TAG.expected}; got {show(row.tag)}", place)
        advance()


def _are_filters(content: Any) -> bool:
    try:
        return all(EXCLUSION_FILTER.matches(each) for each in _decode_filters(content))
    except (msgspec.MsgspecError, TypeError):
        return False


# --- Documents and previews ----------------------------------------------------------------------

_Object = dict[str, Any]
# What the documents of each kind hold.
CONTENTS: dict[Kind[Any], Any] = {
    kinds.REPLICATION: _Object,
    kinds.SCANNING: _Object,
    kinds.SIGNING: _Object,
    kinds.REGISTRY_POLICY: str,
    kinds.ACCOUNT_SETTING: str,
    kinds.PULL_TIME_EXCLUSION: None,
    kinds.CACHE_RULE: CacheRule,
    kinds.TEMPLATE: _Object,
    kinds.BACKFILL: Backfill,
    kinds.REPOSITORY_POLICY: str,
    kinds.LIFECYCLE_POLICY: StoredLifecyclePolicy,
    kinds.LIFECYCLE_PREVIEW: Preview,
    kinds.PREVIEW_COURSE: Course,
    kinds.REPLICATION_COURSE: Course,
    kinds.SCAN: None,
    kinds.FINDINGS: list[_Object],
    kinds.SCAN_COURSE: Course,
    kinds.SIGNATURE: None,
    kinds.REPLICA: Course,
}
_DOCUMENTS = "a document is of a known kind, and holds what its kind holds"
# The owner of each table's documents `d`, as the place of the document.
_OWNERS = {
    "registry_document": "g.account_id, g.region, NULL AS name, NULL AS digest FROM {table} d "
    "LEFT JOIN registry g ON g.id = d.owner_id",
    "repository_document": f"{_REPOSITORY_PLACE}, NULL AS digest FROM {{table}} d "
    + _REPOSITORY_JOINS.format(key="d.owner_id"),
    "image_document": f"{_REPOSITORY_PLACE}, i.digest FROM {{table}} d LEFT JOIN image i ON i.id = d.owner_id "
    + _REPOSITORY_JOINS.format(key="i.repository_id"),
}


def _examine_documents(connection: Connection, advance: Callable[[], None]) -> Iterator[Problem]:
    for table_name, owner in _OWNERS.items():
        decoders = {
            kind.name: msgspec.json.Decoder(content)
            for kind, content in CONTENTS.items()
            if kind.table.__tablename__ == table_name
        }
        statement = f"SELECT d.kind, d.content, {owner.format(table=table_name)} ORDER BY d.id"
        for row in rows_of(connection, text(statement)):
            problem = _document_problem(decoders.get(row.kind), row)
            if problem is not None:
                yield Problem(_DOCUMENTS, problem, Place(row.account_id, row.region, row.name, row.digest))
            advance()


def _document_problem(decoder: msgspec.json.Decoder[Any] | None, row: Any) -> str | None:
    if decoder is None:
        return f"the kind {show(row.kind)} is unknown here"
    try:
        decoder.decode(row.content)
    except (msgspec.MsgspecError, TypeError, RecursionError) as error:
        return f"the document '{row.kind}' cannot be read: {error}"
    return None


_PREVIEWS = "the last preview of a lifecycle policy has the images that it counts"
_PREVIEW_WITHOUT_DOCUMENT = Rule(
    _PREVIEWS,
    f"""SELECT v.repository_id AS repository, v.digest AS digest FROM previewed_image v
    WHERE NOT EXISTS (SELECT 1 FROM repository_document d
    WHERE d.owner_id = v.repository_id AND d.kind = '{LIFECYCLE_PREVIEW.name}')""",  # noqa: S608
    "the image is in a preview that does not exist",
)
_decode_preview = msgspec.json.Decoder(Preview).decode


def _examine_previews(connection: Connection, advance: Callable[[], None]) -> Iterator[Problem]:
    statement = f"""SELECT d.content, {_REPOSITORY_PLACE},
        (SELECT count(*) FROM previewed_image v WHERE v.repository_id = d.owner_id AND v.action = 'EXPIRE') AS expiring,
        (SELECT count(*) FROM previewed_image v WHERE v.repository_id = d.owner_id) AS images
        FROM repository_document d {_REPOSITORY_JOINS.format(key="d.owner_id")} WHERE d.kind = :kind"""  # noqa: S608
    for row in rows_of(connection, text(statement), kind=LIFECYCLE_PREVIEW.name):
        try:
            preview = _decode_preview(row.content)
        except (msgspec.MsgspecError, TypeError, RecursionError):
            continue  # the rule of documents has named it
        counted, stored = (preview["expiring"], preview["transitioning"]), (row.expiring, row.images - row.expiring)
        if counted != stored:
            problem = (
                f"it counts {counted[0]} to expire and {counted[1]} to archive, and has {stored[0]} and {stored[1]}"
            )
            yield Problem(_PREVIEWS, problem, Place(row.account_id, row.region, row.name))
        advance()
    statement = f"""SELECT v.tags, v.digest, {_REPOSITORY_PLACE} FROM previewed_image v
        {_REPOSITORY_JOINS.format(key="v.repository_id")} ORDER BY v.id"""  # noqa: S608
    for row in rows_of(connection, text(statement)):
        try:
            _decode_filters(row.tags)
        except (msgspec.MsgspecError, TypeError):
            place = Place(row.account_id, row.region, row.name, row.digest)
            yield Problem(_PREVIEWS, f"expected the image's tags as a JSON list; got {show(row.tags)}", place)
        advance()


# By the rule that is named if the database is too damaged to examine all of it.
_EXAMINATIONS = {
    _DIGEST: _examine_images,
    _LAYER_DIGEST: _examine_layers,
    _NAMES: _examine_names,
    _DOCUMENTS: _examine_documents,
    _PREVIEWS: _examine_previews,
}
