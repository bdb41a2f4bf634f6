"""A fake is started and stopped, is active in between, and disappears if it is forgotten."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

import fakeecr
from fakeecr import FakeECR, FakeECRError
from tests.adapters.processes import run_python
from tests.answers import api_request, code_of, identifiers, reaches_for_the_network
from tests.front_door.clients import SESSION, client_of_aws, tags_in_web

DIGEST = "sha256:" + "a" * 64


def test_a_fake_is_active_inside_a_with_statement():
    with FakeECR() as ecr:
        assert fakeecr.current() is ecr
        assert fakeecr.is_active()
        ecr.push("web", "latest", digest=DIGEST)
        assert identifiers(SESSION.client("ecr").list_images(repositoryName="web")) == [(DIGEST, "latest")]

    assert not fakeecr.is_active()
    with pytest.raises(RuntimeError, match=r"No FakeECR is active\."):
        fakeecr.current()


def test_a_fake_is_active_between_start_and_stop():
    ecr = FakeECR().start()

    assert fakeecr.current() is ecr
    ecr.push("web", "latest")
    assert tags_in_web() == ["latest"]
    ecr.stop()


def test_a_fake_stops_when_its_with_statement_ends_with_an_exception():
    client = client_of_aws()

    def fail():
        with FakeECR() as ecr:
            ecr.push("web", "latest")
            assert tags_in_web(client) == ["latest"]
            raise LookupError("the test's own")

    with pytest.raises(LookupError, match="the test's own"):
        fail()
    assert reaches_for_the_network(client.list_images, repositoryName="web")


def test_a_fake_that_cannot_open_its_database_is_not_started(tmp_path):
    for _ in range(2):
        with pytest.raises(fakeecr.DatabaseError):
            FakeECR(tmp_path).start()


def test_a_fake_in_memory_is_empty_after_a_restart():
    ecr = FakeECR()

    for _ in range(2):
        with ecr:
            assert ecr.dump() == {"registries": []}
            ecr.push("web", "latest")


def test_an_image_that_is_pushed_before_the_start_is_listed_after_it():
    ecr = FakeECR()
    ecr.push("web", "latest")

    with ecr:
        assert tags_in_web() == ["latest"]


def test_a_started_fake_cannot_be_started_again():
    with FakeECR() as ecr:
        with pytest.raises(RuntimeError, match=r"started already; stop\(\) it first"):
            ecr.start()
        with pytest.raises(RuntimeError, match=r"started already; stop\(\) it first"), ecr:
            pass

        assert fakeecr.current() is ecr


def test_a_fake_that_is_neither_started_nor_used_cannot_be_stopped():
    ecr = FakeECR()
    with pytest.raises(RuntimeError, match=r"not started; there is nothing to stop"):
        ecr.stop()

    ecr.push("web", "latest")
    ecr.stop()  # a fake that was used has resources to release
    with pytest.raises(RuntimeError, match=r"not started; there is nothing to stop"):
        ecr.stop()


def test_the_innermost_of_nested_fakes_answers():
    client = client_of_aws()

    with FakeECR() as outer:
        outer.push("web", "outer")
        with FakeECR() as inner:
            inner.push("web", "inner")
            assert (fakeecr.current(), tags_in_web(client)) == (inner, ["inner"])
        assert (fakeecr.current(), tags_in_web(client)) == (outer, ["outer"])

    assert reaches_for_the_network(client.list_images, repositoryName="web")


@pytest.mark.parametrize(
    "order",
    [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)],
    ids=lambda order: "-".join(map(str, order)),
)
def test_the_last_started_of_the_active_fakes_answers(order):
    client = client_of_aws()
    fakes = [FakeECR().start() for _ in range(3)]
    for number, fake in enumerate(fakes):
        fake.push("web", f"{number}")

    active = [0, 1, 2]
    for number in order:
        assert tags_in_web(client) == [f"{active[-1]}"]
        fakes[number].stop()
        active.remove(number)

    assert reaches_for_the_network(client.list_images, repositoryName="web")


def test_a_call_after_the_stop_raises_an_error_and_opens_nothing():
    with FakeECR() as ecr:
        pass

    with pytest.raises(FakeECRError, match=r"stopped before it could answer; nothing was sent to AWS"):
        ecr.answer(api_request("ListImages", b"{}"))

    assert not ecr.is_open


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda ecr: ecr.push("web", "latest"), id="push"),
        pytest.param(lambda ecr: ecr.seed({"registries": [{}]}), id="seed"),
        pytest.param(lambda ecr: ecr.dump(), id="dump"),
        pytest.param(lambda ecr: ecr.client(), id="client"),
        pytest.param(lambda ecr: ecr.expire(), id="expire"),
        pytest.param(lambda ecr: ecr.reset(), id="reset"),
        pytest.param(lambda ecr: ecr.fail("ListImages", "ServerException"), id="fail"),
    ],
)
def test_a_stopped_fake_is_not_opened_again_by_its_use(use):
    with FakeECR() as ecr:
        ecr.push("web", "latest")

    with pytest.raises(RuntimeError, match=r"This FakeECR was stopped\. Use it before stop\(\)"):
        use(ecr)

    assert not ecr.is_open


def test_threads_can_start_and_stop_fakes_while_other_threads_call():
    client = client_of_aws()

    def start_and_stop(_: int) -> None:
        with FakeECR() as ecr:
            ecr.push("mine", "latest")
            assert len(ecr.client().list_images(repositoryName="mine")["imageIds"]) == 1

    def call(_: int) -> str:
        return code_of(client.list_images, repositoryName="web")

    codes = set()
    with FakeECR(), ThreadPoolExecutor(8) as pool:
        lifetimes = [pool.submit(start_and_stop, number) for number in range(40)]
        # No fake has this repository, whichever answers; one that has just stopped raises an error.
        for future in [pool.submit(call, number) for number in range(80)]:
            with contextlib.suppress(FakeECRError):
                codes.add(future.result())
        for future in lifetimes:
            future.result()

    assert codes <= {"RepositoryNotFoundException", "ServerException"}


def test_a_fake_does_not_change_the_environment():
    before = dict(os.environ)

    with FakeECR() as ecr:
        ecr.client()
        boto3.client("ecr")
        assert dict(os.environ) == before


# --- A stop while calls run in other threads -------------------------------------------------------


def test_a_stop_lets_a_running_call_of_another_thread_finish(tmp_path):
    ecr = FakeECR(tmp_path / "state.db").start()
    has_begun, may_end = threading.Event(), threading.Event()

    def images() -> Iterator[dict[str, list[str]]]:
        has_begun.set()
        may_end.wait()
        yield {"tags": ["latest"]}

    with ThreadPoolExecutor(2) as pool:
        seeding = pool.submit(ecr.seed, {"registries": [{"repositories": [{"name": "web", "images": images()}]}]})
        has_begun.wait()
        stopping = pool.submit(ecr.stop)
        while not ecr._open().traffic._closers:
            pass  # until the stop waits for the seed
        assert not stopping.done()
        may_end.set()
        seeding.result()
        stopping.result()

    with FakeECR(tmp_path / "state.db") as reopened:
        assert tags_in_web(reopened.client()) == ["latest"]


@pytest.mark.parametrize("database", ["memory", "file"], indirect=True)
def test_a_running_call_may_use_the_fake_while_a_stop_waits_for_it(database):
    ecr = FakeECR(database).start()
    has_begun = threading.Event()

    def images() -> Iterator[dict[str, list[str]]]:
        has_begun.set()
        while not ecr._open().traffic._closers:
            pass  # until the stop waits for this seed
        assert fakeecr.current() is ecr
        assert code_of(ecr.client().list_images, repositoryName="other") == "RepositoryNotFoundException"
        yield {"tags": ["latest"]}

    with ThreadPoolExecutor(1) as pool:
        seeding = pool.submit(ecr.seed, {"registries": [{"repositories": [{"name": "web", "images": images()}]}]})
        has_begun.wait()
        ecr.stop()
        seeding.result()


@pytest.mark.parametrize("database", ["memory", "file"], indirect=True)
def test_a_stop_does_not_wait_for_ever(database, monkeypatch, caplog):
    monkeypatch.setattr("fakeecr.traffic.PATIENCE", 0.05)
    ecr = FakeECR(database).start()
    has_begun, has_stopped = threading.Event(), threading.Event()

    def images() -> Iterator[dict[str, list[str]]]:
        has_begun.set()
        has_stopped.wait()
        yield {"tags": ["latest"]}

    with ThreadPoolExecutor(1) as pool:
        seeding = pool.submit(ecr.seed, {"registries": [{"repositories": [{"name": "web", "images": images()}]}]})
        has_begun.wait()
        ecr.stop()
        has_stopped.set()
        with contextlib.suppress(Exception):  # its database may be closed
            seeding.result()

    assert "was stopped although a call has run in it" in caplog.text


def test_an_interrupt_of_a_stop_that_waits_lets_other_threads_continue(monkeypatch):
    ecr = FakeECR().start()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("fakeecr.traffic._changed.wait_for", interrupt)
        with pytest.raises(KeyboardInterrupt):
            ecr.stop()

    assert not ecr.is_open
    assert not fakeecr.is_active()
    with FakeECR() as other, ThreadPoolExecutor(1) as pool:
        assert pool.submit(other.push, "web", "latest").result().tags == ("latest",)


@pytest.mark.parametrize("database", ["memory", "file"], indirect=True)
def test_a_stop_while_threads_call_logs_nothing(database, caplog):
    for _ in range(20):
        ecr = FakeECR(database, expire_daily=True).start()
        ecr.push("web", "latest")
        client = ecr.client()
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(client.list_images, repositoryName="web") for _ in range(20)]
            calls[0].result()
            ecr.stop()

        for call in calls:
            with contextlib.suppress(FakeECRError):
                assert call.result()["imageIds"] != []

    assert caplog.records == []


# --- Fakes that are used and never stopped ---------------------------------------------------------


@pytest.fixture
def _garbage_collection(_everything_is_as_before: None) -> Iterator[None]:
    """Collect garbage before the check that everything is as before."""
    yield
    gc.collect()


@pytest.mark.usefixtures("_garbage_collection")
def test_a_forgotten_fake_leaves_nothing_behind():
    ecr = FakeECR()
    ecr.push("web", "latest")
    ecr.patch(client_of_aws())


@pytest.mark.usefixtures("_garbage_collection")
def test_a_client_keeps_its_fake_alive():
    client = FakeECR().client()

    gc.collect()

    assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"


@pytest.mark.usefixtures("_garbage_collection")
def test_a_patched_session_and_its_clients_keep_the_fake_alive():
    session = boto3.Session()
    FakeECR().patch(session)

    gc.collect()
    client = session.client("ecr")
    del session
    gc.collect()

    assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"


@pytest.mark.usefixtures("_garbage_collection")
def test_an_active_fake_stays_alive_without_a_reference():
    FakeECR().start().push("web", "latest")

    gc.collect()

    assert tags_in_web() == ["latest"]
    fakeecr.current().stop()


@pytest.mark.usefixtures("_garbage_collection")
def test_garbage_collection_during_a_patch_and_the_end_of_the_process_are_harmless(tmp_path):
    run_python(
        f"""
import gc, fakeecr
from fakeecr.adapters.botocore.patches import PATCHES
with fakeecr.FakeECR(), PATCHES._lock:
    forgotten = fakeecr.FakeECR()
    forgotten.push("web", "latest")
    forgotten.itself = forgotten
    del forgotten
    gc.collect()
unstopped = fakeecr.FakeECR({str(tmp_path / "state.db")!r}).start()
unstopped.push("web", "latest")
"""
    )

    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]
