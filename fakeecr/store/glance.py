"""A glance at the names in a state file, for completion: fast, without SQLAlchemy, and without a trace.

The file is neither created, changed, nor brought up to date, and writers do not wait. Whatever is wrong with it, there
are no names then.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

_MOST = 200

_REPOSITORIES = """
    SELECT DISTINCT repository.name FROM repository JOIN registry ON registry.id = repository.registry_id
    WHERE registry.account_id != 'upstream' AND (:account IS NULL OR registry.account_id = :account)
    AND (:region IS NULL OR registry.region = :region) AND substr(repository.name, 1, length(:beginning)) = :beginning
    ORDER BY repository.name LIMIT :most
"""
# A range, which the index of each repository's tags or digests finds.
_IN_REPOSITORY = """
    SELECT {column} FROM {table} JOIN repository ON repository.id = {table}.repository_id
    JOIN registry ON registry.id = repository.registry_id
    WHERE registry.account_id = :account AND registry.region = :region AND repository.name = :repository
    AND {column} >= :beginning AND {column} < :beginning || char(1114111)
    ORDER BY {column} LIMIT :most
"""
_TAGS = _IN_REPOSITORY.format(table="image_identifier", column="tag")
_DIGESTS = _IN_REPOSITORY.format(table="image", column="digest")


def repository_names(file: Path, beginning: str, account_id: str | None, region: str | None) -> list[str]:
    """Return names of repositories that begin with a text, of one account and region or of all, at most 200."""
    return _read(file, _REPOSITORIES, beginning=beginning, account=account_id, region=region)


def tags(file: Path, beginning: str, account_id: str, region: str, repository: str) -> list[str]:
    """Return tags of a repository that begin with a text, at most 200."""
    return _read(file, _TAGS, beginning=beginning, account=account_id, region=region, repository=repository)


def digests(file: Path, beginning: str, account_id: str, region: str, repository: str) -> list[str]:
    """Return digests of a repository's images that begin with a text, at most 200."""
    return _read(file, _DIGESTS, beginning=beginning, account=account_id, region=region, repository=repository)


def _read(file: Path, statement: str, **values: Any) -> list[str]:
    try:
        options = _options(file)
        if options is None:
            return []
        uri = f"{file.absolute().as_uri()}?{options}"
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as connection:
            return [row[0] for row in connection.execute(statement, {"most": _MOST, **values})]
    except (sqlite3.Error, OSError, ValueError):
        return []


def _options(file: Path) -> str | None:
    """Return how SQLite opens a file without creating another beside it, or None if it cannot."""
    if not file.is_file():
        return None
    log, shared = (file.with_name(f"{file.name}{suffix}") for suffix in ("-wal", "-shm"))
    if not log.exists() or log.stat().st_size == 0:
        return "mode=ro&immutable=1"
    # A process is using the file. If one was killed instead, only opening the file for writing can repair it.
    return "mode=ro" if shared.exists() else None
