"""The courses of what takes time with AWS: scans, previews of lifecycle policies, replications.

In fakeecr they end when they begin, unless a test keeps them in progress, or lets them end with another status.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from uuid import uuid4

from fakeecr.registry.kinds import Course

COMPLETE = "COMPLETE"
FAILED = "FAILED"
IN_PROGRESS = "IN_PROGRESS"

# The course of what no test has arranged otherwise.
AT_ONCE: Course = {"status": COMPLETE}


def new_course(status: str, in_progress: int) -> Course:
    """Build a course, whose looks have not been counted yet.

    Args:
        status: its final status.
        in_progress: how many looks show it in progress before.
    """
    return {"status": status, "in_progress": in_progress, "id": uuid4().hex}


class Looks:
    """How often a test has looked at what it keeps in progress.

    The counts are in memory, because a look only reads, and must not become a write. So they begin again when a
    database is opened again, and each process that shares a database has its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Hashable, int] = {}

    def count(self, run: Hashable) -> int:
        """Count one more look at a run of something, and return their number."""
        with self._lock:
            number = self._counts[run] = self._counts.get(run, 0) + 1
        return number

    def clear(self) -> None:
        """Forget every count."""
        with self._lock:
            self._counts.clear()


def look(looks: Looks, course: Course, *run: Hashable, at_end: Callable[[], None] | None = None) -> str:
    """Count a look at what takes a course, and return the status that the look shows.

    This is the one place where something that was in progress ends: with the first look after those that show it in
    progress.

    Args:
        looks: the looks of the fake.
        course: the course.
        run: what tells apart the things that take this course one after the other, such as the time of a scan.
        at_end: called by the first look that finds it ended, if it was in progress before.
    """
    in_progress = course.get("in_progress", 0)
    if in_progress:
        number = looks.count((course.get("id"), *run))
        if number <= in_progress:
            return IN_PROGRESS
        if number == in_progress + 1 and at_end is not None:
            at_end()
    return course["status"]
