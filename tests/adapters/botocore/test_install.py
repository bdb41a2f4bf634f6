"""How the hook gets into botocore, whichever is imported first; each test runs in a process of its own."""

from __future__ import annotations

import textwrap

from tests.adapters.processes import run_python

PRELUDE = """
import importlib.util, sys
import pytest_socket; pytest_socket.disable_socket()

def hook_entries():
    return [entry for entry in botocore.handlers.BUILTIN_HANDLERS if "fakeecr" in type(entry[1]).__module__
            or "fakeecr" in type(getattr(entry[1], "__self__", None)).__module__]

def waiting_finders():
    return [finder for finder in sys.meta_path if "fakeecr" in type(finder).__module__]
"""

ASSERT_ALL_CLIENTS_ARE_ANSWERED = """
with fakeecr.FakeECR() as ecr:
    ecr.push("web", "latest")
    for client in clients:
        assert len(client.list_images(repositoryName="web")["imageIds"]) == 1
    ecr.fail("ListImages", "ServerException", times=1)
    assert clients[0].list_images(repositoryName="web")["ResponseMetadata"]["RetryAttempts"] == 1
bound = fakeecr.FakeECR()
bound.push("web", "a", "b")
bound.patch(clients[0])
assert len(clients[0].list_images(repositoryName="web")["imageIds"]) == 2
"""


def run(script: str, epilogue: str = "") -> None:
    run_python(PRELUDE + textwrap.dedent(script) + epilogue)


def test_clients_created_before_fakeecr_is_imported_are_answered():
    run(
        """
        import boto3, botocore.handlers
        early_session = boto3.Session()
        clients = [boto3.client("ecr"), early_session.client("ecr")]

        import fakeecr

        assert len(hook_entries()) == 3
        assert waiting_finders() == []
        clients += [boto3.client("ecr"), early_session.client("ecr"), boto3.Session().client("ecr")]
        """,
        ASSERT_ALL_CLIENTS_ARE_ANSWERED,
    )


def test_clients_created_after_fakeecr_is_imported_are_answered():
    run(
        """
        import importlib, fakeecr
        assert "botocore" not in sys.modules
        importlib.reload(fakeecr)
        assert len(waiting_finders()) == 1

        # Looking a module up does not import it.
        assert importlib.util.find_spec("botocore.handlers") is not None
        assert "botocore.handlers" not in sys.modules

        import boto3, botocore.handlers
        assert len(hook_entries()) == 3
        assert waiting_finders() == []
        assert type(botocore.handlers.__loader__).__name__ == "SourceFileLoader"
        assert botocore.handlers.__spec__.loader is botocore.handlers.__loader__

        importlib.reload(fakeecr)
        assert len(hook_entries()) == 3
        clients = [boto3.client("ecr"), boto3.Session().client("ecr")]
        """,
        ASSERT_ALL_CLIENTS_ARE_ANSWERED,
    )


def test_the_hook_is_added_when_a_failed_import_of_botocore_is_tried_again():
    run(
        """
        import fakeecr, botocore
        sys.modules["botocore.utils"] = None
        try:
            import botocore.handlers
        except ImportError:
            pass
        else:
            sys.exit("it did not fail")
        del sys.modules["botocore.utils"]
        assert len(waiting_finders()) == 1

        import botocore.handlers

        assert len(hook_entries()) == 3
        """
    )


def test_importing_fakeecr_and_creating_a_client_import_nothing_that_only_a_fake_needs():
    run(
        """
        heavy = {"sqlalchemy", "alembic", "msgspec", "yaml"}

        import fakeecr
        fakeecr.is_active(), dir(fakeecr)
        assert not (heavy | {"boto3", "botocore"}) & set(sys.modules)

        import boto3
        boto3.client("ecr")
        assert not heavy & set(sys.modules)
        """
    )
