"""Seeding, against bare INSERT statements of the same rows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measuring import Row

SEEDING = """
import resource, sys, time
from fakeecr import FakeECR

rows, path = int(sys.argv[1]), sys.argv[2]
with FakeECR(path) as ecr:
    images = ({"tags": [f"build-{n}"]} for n in range(rows))
    begin = time.perf_counter()
    ecr.seed({"registries": [{"repositories": [{"name": "big", "images": images}]}]})
    print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

BARE = """
import sqlite3, sys, time

rows, source, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
from fakeecr.store.database import open_store
open_store(path).close()  # the same schema
connection = sqlite3.connect(path, isolation_level=None)
connection.execute("PRAGMA foreign_keys = ON")
connection.execute("PRAGMA synchronous = NORMAL")
connection.execute("ATTACH ? AS source", (source,))
tables = {}
for table in ("registry", "repository", "image", "image_identifier"):
    tables[table] = connection.execute(f"SELECT * FROM source.{table}").fetchall()
begin = time.perf_counter()
connection.execute("BEGIN IMMEDIATE")
for table, content in tables.items():
    marks = ", ".join("?" * len(content[0]))
    connection.executemany(f"INSERT INTO main.{table} VALUES ({marks})", content)
connection.execute("COMMIT")
print(time.perf_counter() - begin)
"""


def seeding(rows: int) -> list[Row]:
    """Compare seeding from a Python generator with a bare executemany of the same rows into the same schema."""
    with tempfile.TemporaryDirectory() as folder:

        def run(script: str, *arguments: object) -> list[float]:
            command = [sys.executable, "-c", script, *map(str, arguments)]
            process = subprocess.run(command, check=True, capture_output=True, text=True)
            return [float(each) for each in process.stdout.split()]

        tenth, seeded, bare = (Path(folder) / name for name in ("tenth.db", "seeded.db", "bare.db"))
        _, memory_of_tenth = run(SEEDING, rows // 10, tenth)
        seconds, memory = run(SEEDING, rows, seeded)
        (bare_seconds,) = run(BARE, rows, seeded, bare)
    growth = (memory - memory_of_tenth) / 1024
    sys.stderr.write(f"Peak memory of seeding {rows:,} over that of {rows // 10:,}: {growth:+.0f} MiB\n")
    return [
        Row(f"seeding {rows:,} identifiers", seconds, "bare executemany of the same rows", bare_seconds, "at most 3×")
    ]
