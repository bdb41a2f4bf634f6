"""How the hook gets into botocore, whichever of the two is imported first; each test is a process of its own."""

from __future__ import annotations

import textwrap

from tests.adapters.processes import run_python

PRELUDE = """
import importlib.util, sys
import pytest_socket; pytest_socket.disable_socket()

def ours():
    return [entry for entry in botocore.handlers.BUILTIN_HANDLERS if "fakeecr" in type(entry[1]).__module__
            or "fakeecr" in type(getattr(entry[1], "__self__", None)).__module__]

def waiting():
    return [finder for finder in sys.meta_path if "fakeecr" in type(finder).__module__]
"""

ALL_ARE_ANSWERED = """
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


def test_clients_are_answered_that_were_made_before_fakeecr_was_imported():
    run(
        """
        import boto3, botocore.handlers
        early = boto3.Session()
        clients = [boto3.client("ecr"), early.client("ecr")]
        import fakeecr
        assert len(ours()) == 3
        assert waiting() == []
        clients += [boto3.client("ecr"), early.client("ecr"), boto3.Session().client("ecr")]
        """,
        ALL_ARE_ANSWERED,
    )


def test_clients_are_answered_that_were_made_after_fakeecr_was_imported():
    run(
        """
        import importlib, fakeecr
        assert "botocore" not in sys.modules
        importlib.reload(fakeecr)
        assert len(waiting()) == 1

        # To look for the module is not to import it.
        assert importlib.util.find_spec("botocore.handlers") is not None
        assert "botocore.handlers" not in sys.modules

        import boto3, botocore.handlers
        assert len(ours()) == 3
        assert waiting() == []
        assert type(botocore.handlers.__loader__).__name__ == "SourceFileLoader"
        assert botocore.handlers.__spec__.loader is botocore.handlers.__loader__
        importlib.reload(fakeecr)
        assert len(ours()) == 3
        clients = [boto3.client("ecr"), boto3.Session().client("ecr")]
        """,
        ALL_ARE_ANSWERED,
    )


def test_an_import_that_fails_may_be_tried_again():
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
        assert len(waiting()) == 1
        import botocore.handlers
        assert len(ours()) == 3
        """
    )


def test_neither_way_imports_what_only_a_fake_needs():
    run(
        """
        import fakeecr
        fakeecr.is_active(), dir(fakeecr)
        heavy = {"sqlalchemy", "alembic", "msgspec", "yaml"}
        assert not (heavy | {"boto3", "botocore"}) & set(sys.modules)
        import boto3
        boto3.client("ecr")
        assert not heavy & set(sys.modules)
        """
    )
