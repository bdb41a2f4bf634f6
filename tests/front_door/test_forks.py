"""A process forks while other threads of it use a fake: parent and child both continue."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from fakeecr import FakeECR
from tests.adapters.processes import run_python
from tests.answers import all_pages

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks"),
    # Python 3.12 and newer warn about what is tested here.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

CHILDREN = 8
# A child that hangs is killed after so many seconds.
PATIENCE = 30


def fork(work: Callable[[], object]) -> int:
    """Fork a child that does some work, and return its process id; its status is 0 if the work succeeds."""
    child = os.fork()
    if child:
        return child
    signal.alarm(PATIENCE)
    try:
        work()
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)
    os._exit(0)


def statuses(children: list[int]) -> list[int]:
    return [os.waitpid(child, 0)[1] for child in children]


@contextmanager
def other_threads(work: Callable[[], object], count: int = 3) -> Iterator[None]:
    """Repeat some work in other threads for as long as the context lasts, and check that it never fails."""
    is_over = threading.Event()
    failures: list[Exception] = []

    def repeat() -> None:
        try:
            while not is_over.is_set():
                work()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=repeat) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert failures == []


def tags_of(ecr: FakeECR) -> set[str]:
    pages = all_pages(ecr.client().list_images, "imageIds", repositoryName="web", maxResults=100)
    return {image["imageTag"] for page in pages for image in page if "imageTag" in image}


def test_parent_and_children_continue_after_a_fork_while_other_threads_write_and_read(any_ecr, database):
    any_ecr.push("web", "before")

    def use() -> None:
        any_ecr.push("web", "other")
        any_ecr.client().list_images(repositoryName="web")

    def push_in_child(number: int) -> None:
        any_ecr.push("web", f"child-{number}")
        assert {"before", f"child-{number}"} <= tags_of(any_ecr)

    with other_threads(use):
        children = [fork(lambda number=number: push_in_child(number)) for number in range(CHILDREN)]
        any_ecr.push("web", "parent")
        assert statuses(children) == [0] * CHILDREN

    pushed_by_children = set() if database is None else {f"child-{number}" for number in range(CHILDREN)}
    assert tags_of(any_ecr) == {"before", "other", "parent"} | pushed_by_children


def test_a_child_can_use_a_new_fake_after_a_fork_while_other_threads_start_fakes():
    def use_a_new_fake() -> None:
        with FakeECR() as ecr:
            ecr.push("web", "latest")
            assert tags_of(ecr) == {"latest"}

    with other_threads(use_a_new_fake):
        children = [fork(use_a_new_fake) for _ in range(CHILDREN)]
        assert statuses(children) == [0] * CHILDREN


def test_several_threads_can_fork_at_the_same_time(any_ecr):
    def fork_and_use() -> list[int]:
        return statuses([fork(lambda: any_ecr.push("web", "child"))])

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(fork_and_use) for _ in range(2 * CHILDREN)]
        assert [result.result() for result in results] == [[0]] * 2 * CHILDREN

    any_ecr.push("web", "parent")
    assert "parent" in tags_of(any_ecr)


def test_a_fork_does_not_hold_the_lock_of_logging_while_it_waits_for_a_call_that_logs():
    run_python(
        """
        import fakeecr  # before logging, whose own lock is held at forks as well
        import logging, os, threading, time
        from fakeecr import traffic

        traffic.PATIENCE = 5
        records = []
        handler = logging.Handler()
        handler.emit = records.append
        logging.getLogger().addHandler(handler)
        is_inside, is_forking = threading.Event(), threading.Event()

        def images():
            is_inside.set()
            is_forking.wait()
            time.sleep(0.05)
            logging.getLogger("mine").warning("a line")
            yield {"tags": ["latest"]}

        seed = {"registries": [{"repositories": [{"name": "web", "images": images()}]}]}
        with fakeecr.FakeECR() as ecr:
            thread = threading.Thread(target=ecr.seed, args=[seed])
            thread.start()
            is_inside.wait()
            is_forking.set()
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
            thread.join()
        assert [record.getMessage() for record in records] == ["a line"]
        """
    )


def test_a_call_of_one_fake_that_uses_another_does_not_hold_up_a_fork(caplog):
    with FakeECR() as inner, FakeECR() as outer:

        def use_both() -> None:
            images = ({"tags": [inner.push("web", "inner").tags[0]]} for _ in range(1))
            outer.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})

        with other_threads(use_both):
            children = [fork(use_both) for _ in range(CHILDREN)]
            assert statuses(children) == [0] * CHILDREN

    assert caplog.records == []


def test_a_child_can_stop_the_fake_of_its_parent(tmp_path):
    with FakeECR(tmp_path / "state.db") as ecr:
        ecr.push("web", "before")

        child = fork(ecr.stop)
        assert statuses([child]) == [0]

        ecr.push("web", "after")
        assert tags_of(ecr) == {"before", "after"}


def test_a_thread_can_fork_while_it_uses_the_fake_itself(tmp_path):
    children = []

    def images() -> Iterator[dict[str, list[str]]]:
        children.append(fork(lambda: None))
        yield {"tags": ["latest"]}

    with FakeECR(tmp_path / "state.db") as ecr:
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images()}]}]})

        assert tags_of(ecr) == {"latest"}
    assert statuses(children) == [0]
