"""The rules that the models declare, as queries for the rows that violate them.

A database enforces them itself, unless a program that wrote to it turned that off.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKeyConstraint, LargeBinary, String, Table
from sqlalchemy import UniqueConstraint as Unique

from fakeecr.store.checks import Rule
from fakeecr.store.models import Base, Timestamp

# For each table, the columns of a row `t` that say where it belongs.
_PLACES = {
    "secret": "NULL AS registry",
    "registry": "t.id AS registry",
    "repository": "t.id AS repository, t.registry_id AS registry",
    "repository_tag": "t.repository_id AS repository",
    "image": "t.repository_id AS repository, t.digest AS digest",
    "image_reference": "t.repository_id AS repository, t.image_id AS image",
    "layer": "t.repository_id AS repository",
    "layer_part": "(SELECT l.repository_id FROM layer l WHERE l.id = t.layer_id) AS repository",
    "registry_document": "t.owner_id AS registry",
    "repository_document": "t.owner_id AS repository",
    "image_document": "t.owner_id AS image",
    "previewed_image": "t.repository_id AS repository, t.digest AS digest",
    "image_identifier": "t.repository_id AS repository, t.digest AS digest",
}
# The years 1 to 9999, in microseconds since 1970.
_MOMENTS = "BETWEEN -62135596800000000 AND 253402300799999999"


def table_rules(dialect: str) -> Iterator[Rule]:
    """Yield the rules of every table: types, constraints, references and unique columns.

    Args:
        dialect: the name of SQLAlchemy's dialect. Only on SQLite can a column hold values of another type.
    """
    for table in Base.metadata.sorted_tables:
        if dialect == "sqlite":
            yield _type_rule(table)
        for constraint in sorted(table.constraints, key=lambda each: str(each.name)):
            if isinstance(constraint, CheckConstraint):
                yield _check_rule(table, constraint)
            elif isinstance(constraint, ForeignKeyConstraint):
                yield _reference_rule(table, constraint)
            elif isinstance(constraint, Unique) and "id" not in constraint.columns:
                yield _unique_rule(table, constraint)


def _query(table: Table, condition: str, join: str = "", more: str = "") -> str:
    """Return the query for the rows `t` of a table that meet a condition."""
    key = table.primary_key.columns.values()[0].name
    return f"SELECT {_PLACES[table.name]}, t.{key} AS key{more} FROM {table.name} t {join} WHERE {condition}"  # noqa: S608


def _type_rule(table: Table) -> Rule:
    wrong = []
    for column in table.columns:
        condition, expected = _type_of(column)
        wrong.append(
            f"WHEN NOT ({condition}) "
            f"THEN '{column.name}: expected {expected}; got another value, of the type ' || typeof(t.\"{column.name}\")"
        )
    what = f"CASE {' '.join(wrong)} END"
    return Rule(
        "a column has values of its type",
        _query(table, f"({what}) IS NOT NULL", more=f", {what} AS what"),
        f"row {{key}} of the table {table.name}: {{what}}",
    )


def _type_of(column: Column[object]) -> tuple[str, str]:
    """Return the condition that a column's values meet on SQLite, and the condition in words."""
    name = f't."{column.name}"'
    if isinstance(column.type, LargeBinary):
        condition, expected = f"typeof({name}) = 'blob'", "bytes"
    elif isinstance(column.type, String):
        condition, expected = f"typeof({name}) = 'text'", "a text"
    elif isinstance(column.type, Boolean):
        condition, expected = f"typeof({name}) = 'integer' AND {name} IN (0, 1)", "0 or 1"
    elif isinstance(column.type, Timestamp):
        condition, expected = f"typeof({name}) = 'integer' AND {name} {_MOMENTS}", "microseconds since 1970"
    else:
        condition, expected = f"typeof({name}) = 'integer'", "a whole number"
    if column.nullable:
        return f"{name} IS NULL OR {condition}", f"{expected}, or NULL"
    return condition, expected


def _check_rule(table: Table, constraint: CheckConstraint) -> Rule:
    return Rule(
        "a row satisfies the constraints of its table",
        _query(table, f"NOT ({constraint.sqltext})"),
        f"row {{key}} of the table {table.name} violates {constraint.name}: {constraint.sqltext}",
    )


def _reference_rule(table: Table, constraint: ForeignKeyConstraint) -> Rule:
    # Of an identifier's key, the image comes first; whether the copied columns agree is a rule of its own.
    reference = constraint.elements[0]
    column, target = reference.parent, reference.column
    return Rule(
        "what a row refers to exists",
        _query(
            table,
            f"o.{target.name} IS NULL",
            join=f"LEFT JOIN {target.table.name} o ON o.{target.name} = t.{column.name}",
            more=f", t.{column.name} AS target",
        ),
        f"row {{key}} of the table {table.name} refers to {target.table.name} {{target}}, which does not exist",
    )


def _unique_rule(table: Table, constraint: Unique) -> Rule:
    names = [column.name for column in constraint.columns]
    columns = ", ".join(names)
    # Several rows may have NULL in a unique column.
    present = " AND ".join(f"{name} IS NOT NULL" for name in names)
    groups = f"SELECT max(id) AS id FROM {table.name} WHERE {present} GROUP BY {columns} HAVING count(*) > 1"  # noqa: S608
    return Rule(
        "what must be unique is unique",
        _query(table, "TRUE", join=f"JOIN ({groups}) o ON o.id = t.id"),
        f"row {{key}} of the table {table.name} has the same {' and '.join(names)} as another row",
    )
