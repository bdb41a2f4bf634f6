"""What must be true in every database, as far as SQL alone can tell: rules, and the rows that violate them.

Each rule is a query for those rows. It is read row by row, so that a database of any size can be checked.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Iterator
from textwrap import shorten
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, TextClause, text

from fakeecr.store import memory, migrations, sqlite_file
from fakeecr.store.models import Base

# How many rows of a large result are in memory at a time, on PostgreSQL.
ROWS = 200
# How many problems SQLite itself looks for.
_MOST_OF_SQLITE = 1000


class Place(NamedTuple):
    """Where a problem is; what is not known, or does not apply, is None.

    Attributes:
        registry_id: the account of the registry.
        region: the region of the registry.
        repository: the name of the repository.
        digest: the digest of the image.
    """

    registry_id: str | None = None
    region: str | None = None
    repository: str | None = None
    digest: str | None = None


NOWHERE = Place()


class Problem(NamedTuple):
    """What is wrong in a database.

    Attributes:
        rule: what should be true.
        text: what is true instead.
        place: where.
    """

    rule: str
    text: str
    place: Place = NOWHERE


# --- Rules of this model -------------------------------------------------------------------------


class Rule(NamedTuple):
    """A rule as the query of what violates it.

    Attributes:
        name: what should be true.
        query: a SELECT. Its columns `registry`, `repository` and `image` are keys, and `digest` is an image's digest.
        text: what is wrong, with the names of other columns in braces.
    """

    name: str
    query: str
    text: str


RULES = (
    Rule(
        "a tagged image has an identifier for each tag, and an untagged image has one without a tag",
        """SELECT i.repository_id AS repository, i.digest AS digest, count(r.id) AS identifiers, count(r.tag) AS tags,
        CASE WHEN i.tagged THEN 'tagged' ELSE 'untagged' END AS kind
        FROM image i LEFT JOIN image_identifier r ON r.image_id = i.id GROUP BY i.id
        HAVING (i.tagged AND (count(r.tag) < 1 OR count(r.id) <> count(r.tag)))
        OR (NOT i.tagged AND (count(r.id) <> 1 OR count(r.tag) <> 0))""",
        "the image is {kind}, and has {identifiers} identifiers, {tags} of them with a tag",
    ),
    Rule(
        "an identifier agrees with its image",
        """SELECT r.repository_id AS repository, r.digest AS digest, r.id AS key,
        CASE WHEN r.digest <> i.digest THEN 'digest' WHEN r.image_status <> i.status THEN 'status'
        WHEN r.tagged <> i.tagged THEN 'flag "tagged"' ELSE 'repository' END AS what
        FROM image_identifier r JOIN image i ON r.image_id = i.id
        WHERE r.digest <> i.digest OR r.image_status <> i.status OR r.tagged <> i.tagged
        OR r.repository_id <> i.repository_id""",
        "identifier {key} has another {what} than its image",
    ),
    Rule(
        "the repository of an index has its images",
        """SELECT f.repository_id AS repository, f.image_id AS image, f.digest AS child FROM image_reference f
        LEFT JOIN image c ON c.repository_id = f.repository_id AND c.digest = f.digest
        WHERE NOT f.is_layer AND c.id IS NULL""",
        "the index names the image {child}, which the repository does not have",
    ),
    Rule(
        "a reference belongs to an image of the same repository",
        """SELECT f.repository_id AS repository, i.digest AS digest, f.digest AS target FROM image_reference f
        JOIN image i ON i.id = f.image_id WHERE i.repository_id <> f.repository_id""",
        "the image's reference to {target} belongs to another repository",
    ),
    Rule(
        "the size of a layer is the size of its parts",
        """SELECT l.repository_id AS repository, coalesce(l.digest, l.upload_id) AS layer, l.size AS size,
        coalesce(sum(length(p.content)), 0) AS parts FROM layer l LEFT JOIN layer_part p ON p.layer_id = l.id
        GROUP BY l.id HAVING coalesce(sum(length(p.content)), 0) <> l.size""",
        "the size of the layer {layer} is {size}, and its parts have {parts} bytes",
    ),
    Rule(
        "each part of a layer begins where the last one ended",
        """SELECT l.repository_id AS repository, coalesce(l.digest, l.upload_id) AS layer, p.first_byte AS first_byte
        FROM layer_part p JOIN layer l ON l.id = p.layer_id WHERE p.first_byte <> coalesce(
            (SELECT q.first_byte + length(q.content) FROM layer_part q WHERE q.layer_id = p.layer_id
            AND q.first_byte < p.first_byte ORDER BY q.first_byte DESC LIMIT 1), 0)""",
        "a part of the layer {layer} begins at byte {first_byte}, which is not where the last one ended",
    ),
    Rule(
        "a layer without a digest is an open upload",
        "SELECT repository_id AS repository, id AS key FROM layer WHERE digest IS NULL AND upload_id IS NULL",
        "layer {key} has neither a digest nor the id of an upload",
    ),
    Rule(
        "a previewed image is tagged if it has tags",
        """SELECT repository_id AS repository, digest, tags FROM previewed_image
        WHERE tagged <> (tags <> '[]')""",
        'the flag "tagged" of the image in the preview contradicts its tags, {tags}',
    ),
    Rule(
        "a preview does what lifecycle policies can do",
        """SELECT repository_id AS repository, digest, action, storage_class FROM previewed_image
        WHERE action NOT IN ('EXPIRE', 'TRANSITION') OR storage_class NOT IN ('STANDARD', 'ARCHIVE')""",
        "in the preview, the image has the action {action} and the storage class {storage_class}",
    ),
)


def violations(connection: Connection, rule: Rule) -> Iterator[Problem]:
    """Yield a problem for each row that violates a rule.

    Raises:
        DBAPIError: the database is so damaged that the rule cannot be checked.
    """
    find = functools.lru_cache(maxsize=ROWS)(functools.partial(_find_place, connection))
    for row in rows_of(connection, text(rule.query)):
        values = dict(row._mapping)
        place = find(*(values.pop(name, None) for name in ("registry", "repository", "image")))
        digest = values.pop("digest", place.digest)
        words = {name: shorten(str(value), 200, placeholder="…") for name, value in values.items()}
        yield Problem(rule.name, rule.text.format_map(words), place._replace(digest=digest))


def rows_of(connection: Connection, query: TextClause, **parameters: Any) -> Iterator[Any]:
    """Yield the rows of a query, a few at a time, as the driver returns them."""
    yield from connection.execute(query, parameters, execution_options={"yield_per": ROWS})


def _find_place(connection: Connection, registry: Any, repository: Any, image: Any) -> Place:
    """Return the place of a registry, repository or image, given by their keys, as far as it exists."""
    digest = name = None
    if image is not None:
        row = connection.execute(
            text("SELECT repository_id, digest FROM image WHERE id = :key"), {"key": image}
        ).first()
        if row is not None:
            repository, digest = row
    if repository is not None:
        row = connection.execute(
            text("SELECT registry_id, name FROM repository WHERE id = :key"), {"key": repository}
        ).first()
        if row is not None:
            registry, name = row
    account_id = region = None
    if registry is not None:
        row = connection.execute(
            text("SELECT account_id, region FROM registry WHERE id = :key"), {"key": registry}
        ).first()
        if row is not None:
            account_id, region = row
    return Place(account_id, region, name, digest)


# --- The database itself --------------------------------------------------------------------------


def damage(connection: Connection) -> Iterator[Problem]:
    """Yield what SQLite itself finds wrong with a file; PostgreSQL checks its own."""
    if connection.dialect.name == "sqlite":
        for problem in sqlite_file.integrity_problems(memory.driver_of(connection), _MOST_OF_SQLITE):
            yield Problem("SQLite finds no damage", problem)


def schema_differences(connection: Connection) -> Iterator[Problem]:
    """Yield what differs between a database's tables and those of its schema revision."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"version_table": migrations.VERSION_TABLE, "compare_type": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a damaged schema has, and SQLAlchemy does not know
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    for difference in differences:
        # The changes of a column are a list.
        for kind, *details in difference if isinstance(difference, list) else [difference]:
            yield Problem("the tables are those of the schema", _describe_difference(kind, details))


def _describe_difference(kind: str, details: list[Any]) -> str:
    change, _, what = kind.partition("_")
    if change == "modify":
        _, table, column, *_ = details
        return f"the column {table}.{column} has another {what}"
    item = details[-1]
    table = getattr(item, "table", None)
    name = item.name if isinstance(item, Table) or table is None else f"{table.name}.{item.name}"
    state = "is missing" if change == "add" else "is not fakeecr's"
    words = {"fk": "foreign key", "constraint": "unique constraint"}
    return f"the {words.get(what, what)} {name} {state}"


def key_problems(connection: Connection) -> Iterator[Problem]:
    """Yield the tables in which SQLite could give a key again that a deleted row had."""
    if connection.dialect.name != "sqlite":
        return
    for table in Base.metadata.sorted_tables:
        if table.dialect_options["sqlite"]["autoincrement"]:
            largest = connection.execute(text(f"SELECT max(id) FROM {table.name}")).scalar()  # noqa: S608
            last = connection.execute(
                text("SELECT max(seq) FROM sqlite_sequence WHERE name = :table"), {"table": table.name}
            ).scalar()
            if largest is not None and (not isinstance(last, int) or last < largest):
                yield Problem(
                    "a key is never given twice",
                    f"the last key of the table {table.name} is {largest}, noted is {last}",
                )


def secret_problems(connection: Connection) -> Iterator[Problem]:
    """Yield what is wrong with the secret that seals page tokens."""
    values = [row[0] for row in rows_of(connection, text("SELECT value FROM secret LIMIT 2"))]
    if len(values) != 1:
        problem = "none is there" if not values else "there is more than one"
    elif not isinstance(values[0], str) or re.fullmatch("[0-9a-f]{64}", values[0]) is None:
        problem = "the one there is not 64 hexadecimal digits"
    else:
        return
    yield Problem("the database has a secret", f"of its page tokens {problem}")
