"""Snapshots: fakes start from them, and return to them, in memory and in files."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

import fakeecr
from fakeecr import DatabaseError, FakeECR, FakeECRError, Snapshot
from fakeecr.store import migrations, snapshots
from tests.adapters.processes import run_python
from tests.answers import code_of
from tests.conftest import unchecked
from tests.front_door.clients import tags_in_web
from tests.invariants import check_invariants
from tests.store.test_older_states import STATES

in_memory_and_in_a_file = pytest.mark.parametrize("database", ["memory", "file"], indirect=True)
EVERYTHING = {
    "registries": [
        {
            "repositories": [
                {
                    "name": "web",
                    "tags": {"team": "blue"},
                    "layers": [{"content": "a layer"}],
                    "images": [
                        {"count": 250, "tags": ["build-{n}"]},
                        {"tags": ["multi"], "platforms": ["linux/amd64", "linux/arm64"]},
                        {"status": "ARCHIVED", "findings": [{"name": "CVE-1", "severity": "LOW"}]},
                    ],
                }
            ]
        }
    ]
}


@pytest.fixture
def source(database):
    """Yield a started fake in memory or in a file, with a repository of ten images."""
    with FakeECR(database) as ecr:
        ecr.push("web", "build-0")
        for number in range(1, 10):
            ecr.push("web", f"build-{number}")
        yield ecr


def first_page(ecr):
    """Return the token that follows a page of four images."""
    return ecr.client().list_images(repositoryName="web", maxResults=4)["nextToken"]


def continued(ecr, token):
    response = ecr.client().list_images(repositoryName="web", nextToken=token)
    return [image["imageTag"] for image in response["imageIds"]]


# --- Starting from a snapshot ----------------------------------------------------------------------


@in_memory_and_in_a_file
def test_a_fake_that_starts_from_a_snapshot_has_everything_of_it(database):
    with FakeECR(database) as ecr:
        ecr.seed(EVERYTHING)
        unchecked(ecr).put_lifecycle_policy(
            repositoryName="web",
            lifecyclePolicyText='{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":'
            '"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}',
        )
        contents, snapshot = ecr.dump(), ecr.snapshot()

    with FakeECR(snapshot) as other:
        assert other.dump() == contents
        check_invariants(other)


@in_memory_and_in_a_file
def test_fakes_that_start_from_a_snapshot_are_independent(source):
    snapshot = source.snapshot()
    source.push("web", "of-source")

    with FakeECR(snapshot) as one, FakeECR(snapshot) as two:
        one.push("web", "of-one")
        two.push("web", "of-two")

        assert tags_in_web(one.client())[10:] == ["of-one"]
        assert tags_in_web(two.client())[10:] == ["of-two"]
    with FakeECR(snapshot) as three:
        assert tags_in_web(three.client()) == [f"build-{number}" for number in range(10)]


@in_memory_and_in_a_file
def test_a_token_is_valid_in_a_fake_that_starts_from_a_later_snapshot(source):
    token = first_page(source)

    with FakeECR(source.snapshot()) as other:
        assert continued(other, token) == [f"build-{number}" for number in range(4, 10)]
        assert continued(source, first_page(other)) == continued(other, token)


@in_memory_and_in_a_file
def test_a_snapshot_of_a_fake_that_started_from_a_snapshot_keeps_the_tokens_valid(source):
    with FakeECR(source.snapshot()) as other:
        again = other.snapshot()

    with FakeECR(again) as third:
        assert continued(third, first_page(source)) == [f"build-{number}" for number in range(4, 10)]


def test_a_fake_that_started_from_a_snapshot_starts_from_it_again(ecr):
    ecr.push("web", "latest")
    other = FakeECR(ecr.snapshot())

    for _ in range(2):
        with other:
            other.push("web", "more")
            assert tags_in_web(other.client()) == ["latest", "more"]


def test_a_snapshot_of_an_empty_fake_is_empty(ecr):
    with FakeECR(ecr.snapshot()) as other:
        assert other.dump() == {"registries": []}


def test_the_next_made_up_image_of_a_copy_is_that_of_its_source(ecr):
    ecr.push("web")

    with FakeECR(ecr.snapshot()) as other:
        assert other.push("web").digest == ecr.push("web").digest


def test_a_decorated_function_starts_from_a_snapshot_in_each_call(ecr):
    ecr.push("web", "latest")

    @FakeECR(ecr.snapshot())
    def push_another():
        fakeecr.current().push("web", "another")
        return tags_in_web()

    assert [push_another(), push_another()] == [["latest", "another"]] * 2


def test_a_fake_shows_that_it_started_from_a_snapshot(ecr):
    assert repr(FakeECR(ecr.snapshot())) == "<FakeECR 123456789012 us-east-1 in memory, from a snapshot, stopped>"


def test_a_fake_in_memory_that_exceeds_a_page_of_its_snapshot_grows(tmp_path):
    """The pages of a file are smaller than those of a database in memory."""
    with FakeECR(tmp_path / "state.db") as ecr:
        snapshot = ecr.snapshot()

    with FakeECR(snapshot) as other:
        other.seed(EVERYTHING)
        assert len(other.dump()["registries"][0]["repositories"][0]["images"]) == 254
        check_invariants(other)


# --- Restoring -------------------------------------------------------------------------------------


@in_memory_and_in_a_file
def test_a_restore_returns_to_the_snapshot_any_number_of_times(source):
    token, snapshot = first_page(source), source.snapshot()

    for _ in range(2):
        source.push("web", "later")
        source.push("other", "latest")
        source.client().batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "build-0"}])
        source.restore(snapshot)

        assert [each["name"] for each in source.dump()["registries"][0]["repositories"]] == ["web"]
        assert tags_in_web(source.client()) == [f"build-{number}" for number in range(10)]
        assert continued(source, token) == [f"build-{number}" for number in range(4, 10)]
        check_invariants(source)


@in_memory_and_in_a_file
@pytest.mark.parametrize("origin", ["memory", "a file"])
def test_the_snapshot_of_any_fake_can_be_restored(database, origin, tmp_path):
    with FakeECR(None if origin == "memory" else tmp_path / "origin.db") as ecr:
        ecr.seed(EVERYTHING)
        contents, token, snapshot = ecr.dump(), first_page(ecr), ecr.snapshot()

    with FakeECR(database) as other:
        other.push("web", "replaced")
        token_of_other = other.client().describe_images(repositoryName="web")
        other.restore(snapshot)

        assert token_of_other["imageDetails"] != []
        assert other.dump() == contents
        assert continued(other, token)[0] == "build-5"
        check_invariants(other)


def test_a_restored_file_keeps_its_contents_and_tokens(tmp_path, ecr):
    ecr.seed(EVERYTHING)

    with FakeECR(tmp_path / "state.db") as other:
        other.restore(ecr.snapshot())
        token = first_page(other)

    with FakeECR(tmp_path / "state.db") as reopened:
        assert reopened.dump() == ecr.dump()
        assert continued(reopened, token)[0] == "build-5"


def test_a_file_of_an_older_fakeecr_can_be_restored(tmp_path):
    path = tmp_path / "state.db"
    path.write_bytes((STATES / "revision-0001.db").read_bytes())
    with FakeECR(path) as migrated:
        contents, snapshot = migrated.dump(), migrated.snapshot()
        migrated.reset()

        migrated.restore(snapshot)

        assert migrated.dump() == contents
        check_invariants(migrated)


@in_memory_and_in_a_file
def test_a_token_of_a_repository_that_a_restore_removed_is_refused_by_the_next_one(source):
    snapshot = source.snapshot()
    client = unchecked(source)
    source.push("later", *(f"v{number}" for number in range(9)))
    token = client.list_images(repositoryName="later", maxResults=4)["nextToken"]

    source.restore(snapshot)
    source.push("later", *(f"w{number}" for number in range(9)))

    assert code_of(client.list_images, repositoryName="later", nextToken=token) == "InvalidParameterException"


@in_memory_and_in_a_file
def test_a_token_that_was_made_before_a_restore_hides_nothing_that_came_later(source):
    snapshot = source.snapshot()
    source.push("web", *(f"lost-{number}" for number in range(20)))
    token = source.client().list_images(repositoryName="web", maxResults=25)["nextToken"]

    source.restore(snapshot)
    source.push("web", "new")

    assert continued(source, token) == ["new"]


@in_memory_and_in_a_file
def test_a_restore_changes_nothing_but_the_registries(source):
    client = source.client()
    source.fail("ListImages", "LimitExceededException", times=3)

    source.restore(source.snapshot())

    assert code_of(client.list_images, repositoryName="web") == "LimitExceededException"


@in_memory_and_in_a_file
def test_lifecycle_policies_of_a_restored_snapshot_run_when_they_are_due(database):
    policy = (
        '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan",'
        '"countNumber":1},"action":{"type":"expire"}}]}'
    )
    begin = datetime(2024, 3, 1, tzinfo=UTC)
    with freeze_time(begin) as time, FakeECR(database, expire_daily=True) as ecr:
        client = ecr.client()
        ecr.push("web", "one")
        ecr.push("web", "two")
        client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=policy)
        snapshot = ecr.snapshot()
        time.move_to(begin + timedelta(hours=30))
        assert tags_in_web(client) == ["two"]  # and the next run is due at hour 54

        ecr.restore(snapshot)

        assert tags_in_web(client) == ["two"]


@pytest.mark.parametrize("wrong", [None, "state.db", b"", {"registries": []}])
def test_what_is_not_a_snapshot_is_not_restored(ecr, wrong):
    with pytest.raises(TypeError, match=r"snapshot: expected what FakeECR\.snapshot\(\) returned; got "):
        ecr.restore(wrong)


def test_a_snapshot_is_not_made_by_its_class():
    with pytest.raises(TypeError, match=r"FakeECR\.snapshot\(\) makes snapshots"):
        Snapshot()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_snapshots_of_postgresql_are_refused(database, ecr):
    with FakeECR(database) as on_server:
        on_server.push("web", "latest")
        for use in (on_server.snapshot, lambda: on_server.restore(ecr.snapshot())):
            with pytest.raises(DatabaseError, match=r"is on a server; .* in memory and in SQLite files only\. Use one"):
                use()

        assert tags_in_web(on_server.client()) == ["latest"]


@pytest.mark.parametrize("use", [FakeECR.snapshot, lambda ecr: ecr.restore(SNAPSHOT[0])], ids=["snapshot", "restore"])
def test_a_generator_of_a_seed_in_memory_can_neither_make_nor_restore_a_snapshot(ecr, use):
    SNAPSHOT[:] = [ecr.snapshot()]

    def images():
        use(ecr)
        yield {"tags": ["latest"]}

    with pytest.raises(RuntimeError, match=r"A generator of a seed's images cannot .* Do it before or after the seed"):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images()}]}]})

    assert ecr.dump() == {"registries": []}


SNAPSHOT: list[Snapshot] = []


# --- Threads, processes, and the end of a fake -----------------------------------------------------


@in_memory_and_in_a_file
def test_snapshots_and_calls_of_other_threads_see_one_state(database):
    """A push of two tags is seen entirely or not at all, and so is a restore."""
    with FakeECR(database) as ecr, ThreadPoolExecutor(3) as pool:
        ecr.push("web", "a-0", "b-0")
        snapshot, is_over = ecr.snapshot(), threading.Event()

        def push() -> None:
            number = 0
            while not is_over.is_set():
                number += 1
                ecr.push("web", f"a-{number}", f"b-{number}")

        def read() -> None:
            client = ecr.client()
            while not is_over.is_set():
                tags = client.list_images(repositoryName="web")["imageIds"]
                assert len(tags) % 2 == 0
                assert len(tags) > 0

        running = [pool.submit(push), pool.submit(read)]
        try:
            for _ in range(10):
                with FakeECR(ecr.snapshot()) as copied:
                    assert len(tags_in_web(copied.client())) % 2 == 0
                ecr.restore(snapshot)
        finally:
            is_over.set()
        for future in running:
            future.result()
        check_invariants(ecr)


def test_another_fake_on_a_file_notices_a_restore(tmp_path, ecr):
    ecr.push("web", *(f"build-{number}" for number in range(10)))
    with FakeECR(tmp_path / "state.db") as one, FakeECR(tmp_path / "state.db") as two:
        two.push("web", "replaced")
        assert tags_in_web(two.client()) == ["replaced"]

        one.restore(ecr.snapshot())

        assert continued(two, first_page(one)) == continued(one, first_page(two)) == continued(ecr, first_page(ecr))


def test_a_transaction_that_began_before_a_restore_keeps_its_state_and_its_secret(tmp_path, ecr):
    ecr.push("web", "restored")
    with FakeECR(tmp_path / "state.db") as one:
        one.push("web", "before")
        store = one._open().store
        with store.reading() as connection:
            secret = store.secret(connection)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(one.restore, ecr.snapshot()).result()

            assert store.secret(connection) == secret
            assert connection.exec_driver_sql("SELECT tag FROM image_identifier").scalar() == "before"
        with store.reading() as connection:
            assert store.secret(connection) != secret


RESTORE = """
import os, signal, sys
from fakeecr import FakeECR
from fakeecr.store import snapshots

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

with FakeECR() as ecr, FakeECR(sys.argv[1]) as restored:
    ecr.seed({"registries": [{"repositories": [{"name": "api", "images": [{"count": 5000, "tags": ["v{n}"]}]}]}]})
    snapshots.skip_keys = die  # which is called after all rows were replaced
    restored.restore(ecr.snapshot())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_process_that_is_killed_in_a_restore_loses_nothing(tmp_path):
    with FakeECR(tmp_path / "state.db") as ecr:
        ecr.push("web", "latest")

    killed = subprocess.run([sys.executable, "-c", RESTORE, str(tmp_path / "state.db")], check=False)

    assert killed.returncode == -signal.SIGKILL
    with FakeECR(tmp_path / "state.db") as ecr:
        assert tags_in_web(ecr.client()) == ["latest"]
        check_invariants(ecr)


@in_memory_and_in_a_file
def test_a_restore_that_fails_changes_nothing(source, monkeypatch):
    snapshot, contents = source.snapshot(), source.dump()
    source.push("web", "later")
    later = source.dump()

    def fail(*_):
        raise sqlite3.OperationalError("no memory")

    with monkeypatch.context() as patched:
        patched.setattr(snapshots, "skip_keys", fail)
        with pytest.raises((sqlite3.OperationalError, DatabaseError), match="no memory"):
            source.restore(snapshot)

    assert source.dump() == later
    source.restore(snapshot)
    assert source.dump() == contents
    check_invariants(source)


@pytest.mark.parametrize("use", [FakeECR.snapshot, lambda ecr: ecr.restore(SNAPSHOT[0])], ids=["snapshot", "restore"])
def test_a_stopped_fake_is_not_opened_by_a_snapshot(use):
    with FakeECR() as ecr:
        SNAPSHOT[:] = [ecr.snapshot()]

    with pytest.raises((RuntimeError, FakeECRError), match=r"was stopped"):
        use(ecr)

    assert not ecr.is_open


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_uses_the_snapshots_of_its_parent(ecr):
    ecr.push("web", "latest")
    snapshot = ecr.snapshot()

    child = os.fork()
    if not child:
        status = 1
        try:
            with FakeECR(snapshot) as other:
                ecr.restore(snapshot)
                status = 0 if tags_in_web(other.client()) == tags_in_web(ecr.client()) == ["latest"] else 1
        finally:
            os._exit(status)

    assert os.waitpid(child, 0)[1] == 0


# --- Snapshots as objects --------------------------------------------------------------------------


def test_a_snapshot_shows_what_it_has_and_its_size(ecr):
    ecr.push("web", "latest")

    snapshot = ecr.snapshot()

    assert repr(snapshot) == "<Snapshot repositories=1 images=1>"
    assert 100_000 < snapshot.size < 1_000_000


def test_a_snapshot_is_immutable(ecr):
    snapshot = ecr.snapshot()

    for name in ("size", "other"):
        with pytest.raises(AttributeError):
            setattr(snapshot, name, 1)


@in_memory_and_in_a_file
def test_a_pickled_snapshot_has_the_same_contents_and_tokens(source):
    for snapshot in (pickle.loads(pickle.dumps(source.snapshot())), copy.deepcopy(source.snapshot())):
        with FakeECR(snapshot) as other:
            assert other.dump() == source.dump()
            assert continued(other, first_page(source)) == continued(source, first_page(other))
            other.push("web", "latest")
            check_invariants(other)


def test_a_pickled_snapshot_can_be_loaded_by_another_process(ecr, tmp_path):
    ecr.push("web", "latest")
    (tmp_path / "snapshot").write_bytes(pickle.dumps(ecr.snapshot()))

    output = run_python(
        f"""
import pickle
from pathlib import Path
snapshot = pickle.loads(Path({str(tmp_path / "snapshot")!r}).read_bytes())
from fakeecr import FakeECR
with FakeECR(snapshot) as ecr:
    print(ecr.client().list_images(repositoryName="web")["imageIds"][0]["imageTag"])
"""
    )

    assert output.strip() == "latest"


def pickled(content):
    """Return a pickled snapshot with this content."""
    load, _ = SNAPSHOT_OF_NOTHING.__reduce__()
    return pickle.dumps(_Pickled(load, content))


class _Pickled:
    def __init__(self, load, content):
        self.load, self.content = load, content

    def __reduce__(self):
        return self.load, (self.content,)


with FakeECR() as _empty:
    SNAPSHOT_OF_NOTHING = _empty.snapshot()


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_snapshot_that_an_older_fakeecr_pickled_is_brought_up_to_date(revision, tmp_path):
    content = (STATES / f"revision-{revision}.db").read_bytes()
    (tmp_path / "state.db").write_bytes(content)

    snapshot = pickle.loads(pickled(content[:18] + b"\1\1" + content[20:]))

    with FakeECR(snapshot) as ecr, FakeECR(tmp_path / "state.db") as migrated:
        assert ecr.dump() == migrated.dump()
        check_invariants(ecr)


def content_after(statement):
    connection = sqlite3.connect(":memory:")
    connection.deserialize(snapshots.content_of(SNAPSHOT_OF_NOTHING))
    connection.execute(statement)
    connection.commit()
    content = connection.serialize()
    connection.close()
    return content


@pytest.mark.parametrize(
    ("make_content", "message"),
    [
        pytest.param(
            lambda: content_after(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'"),
            r"The pickled snapshot has the schema revision 9999; this fakeecr knows revisions up to .*Upgrade fakeecr",
            id="of a newer fakeecr",
        ),
        pytest.param(
            lambda: content_after(f"DROP TABLE {migrations.VERSION_TABLE}"),
            r"The pickled snapshot is a database, but not one of fakeecr's",
            id="of another program",
        ),
        pytest.param(lambda: b"x" * 5000, r"The pickled snapshot is damaged: .*Make it again", id="not a database"),
    ],
)
def test_a_pickled_snapshot_that_cannot_be_used_is_refused(make_content, message):
    with pytest.raises(DatabaseError, match=message):
        pickle.loads(pickled(make_content()))


def test_a_snapshot_that_nobody_has_is_freed(ecr):
    state = ecr.snapshot()._state

    gc.collect()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        state.execute("SELECT 1")
