"""FakeECR: the one object a test author holds."""

from __future__ import annotations

import inspect
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast, get_args

from fakeecr import arranging
from fakeecr.adapters import active
from fakeecr.adapters.botocore import clients, hook
from fakeecr.adapters.botocore.patches import PATCHES
from fakeecr.arranging import PushedImage
from fakeecr.decorators import decorate_class, decorate_function
from fakeecr.errors import FakeECRError
from fakeecr.http import Request, Response
from fakeecr.protocol.published import Limits
from fakeecr.seeds.dump import dump
from fakeecr.seeds.load import seed
from fakeecr.seeds.values import AccountId, Region
from fakeecr.service import Service
from fakeecr.store.database import Database, Store, is_path, open_store, shown

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from botocore.client import BaseClient
    from mypy_boto3_ecr import ECRClient

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


class FakeECR:
    """A fake of Amazon ECR, which answers boto3's clients from a database.

    Use it as a context manager, between :meth:`start` and :meth:`stop`, or as a decorator of a function, a
    coroutine function or a ``unittest.TestCase`` class, each call or test of which gets a fake of its own.
    While it is active every ECR client of this process is answered by it; of several, the innermost answers.
    :meth:`client` and :meth:`patch` need no start.

    Args:
        database: where its state lives. None: in memory, and gone at :meth:`stop`. A path: a SQLite file that is
            made if it is missing. A SQLAlchemy URL: ``sqlite:///…`` or ``postgresql+psycopg://…``.
        account_id: the account whose registry is meant where a call names none, 12 digits.
        region: the region of clients that have none.
        limits: ``"published"`` for the limits of the published reference (API version 2015-09-21),
            ``"installed"`` for those of the botocore on this machine.
        require_layers: whether PutImage takes an image only once its layers are uploaded, as AWS does.
        expire_daily: whether lifecycle policies do their work by themselves: before the first call 24 hours after
            the last time, by the clock that freezegun moves. Otherwise :meth:`expire` does it.

    Raises:
        ValueError: an argument has no value that could be right.
        DatabaseError: from whichever method first uses the database, where it cannot be used.
    """

    def __init__(
        self,
        database: Database = None,
        *,
        account_id: str = "123456789012",
        region: str = "us-east-1",
        limits: Limits = "published",
        require_layers: bool = False,
        expire_daily: bool = False,
    ) -> None:
        if limits not in get_args(Limits):
            raise ValueError(f"limits: expected 'published' or 'installed'; got {limits!r}")
        self._database = _absolute(database)
        self._account_id = arranging.valid("account_id", AccountId, account_id)
        self._region = arranging.valid("region", Region, region)
        self._limits: Limits = limits
        self._require_layers = require_layers
        self._expire_daily = expire_daily
        self._changing = threading.RLock()
        self._service: Service | None = None
        self._started = False

    def __repr__(self) -> str:
        state = "active" if self._started else "open" if self.is_open else "stopped"
        return f"<FakeECR {self._account_id} {self._region} in {shown(self._database)}, {state}>"

    @property
    def account_id(self) -> str:
        """The account of the default registry."""
        return self._account_id

    @property
    def region(self) -> str:
        """The region of clients that have none."""
        return self._region

    @property
    def is_open(self) -> bool:
        """Whether it holds its database now: from its first use until :meth:`stop`."""
        return self._service is not None

    # --- Started and stopped ---------------------------------------------------------------------

    def start(self) -> Self:
        """Answer the ECR calls of this process from now on.

        Raises:
            RuntimeError: it is started already.
            DatabaseError: its database cannot be used.
        """
        with self._changing:
            if self._started:
                raise RuntimeError("This FakeECR is started already; stop() it first, or make another.")
            self._open()
            self._started = True
            active.push(self)
        return self

    def stop(self) -> None:
        """Answer no more, and let go of the database; what was in memory is gone.

        Raises:
            RuntimeError: it was not started, nor used.
        """
        with self._changing:
            if self._service is None:
                raise RuntimeError("This FakeECR is not started; there is nothing to stop.")
            active.remove(self)
            self._started = False
            self._service = None
            self._let_go()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __call__(self, decorated: _Decorated) -> _Decorated:
        """Decorate a function, a coroutine function or a ``unittest.TestCase`` class.

        Each call, or each test of the class with its setUp and tearDown, runs in a new fake made with the same
        arguments: :func:`fakeecr.current` gives it, and a test of the class finds it as ``self.fake_ecr``.

        Raises:
            TypeError: it is something else.
            RuntimeError: this fake was used already; what it holds would not be in the new ones.
        """
        if self.is_open:
            raise RuntimeError(
                "This FakeECR is in use, and what it holds would not reach what it decorates. "
                "Decorate with a new one: @FakeECR()."
            )
        if inspect.isclass(decorated):
            return cast(_Decorated, decorate_class(decorated, self._like))
        return cast(_Decorated, decorate_function(decorated, self._like))

    def _like(self) -> FakeECR:
        return FakeECR(
            self._database,
            account_id=self._account_id,
            region=self._region,
            limits=self._limits,
            require_layers=self._require_layers,
            expire_daily=self._expire_daily,
        )

    def _open(self) -> Service:
        with self._changing:
            if self._service is None:
                store = open_store(self._database)
                self._service = Service(
                    store,
                    account_id=self._account_id,
                    region=self._region,
                    limits=self._limits,
                    require_layers=self._require_layers,
                    expire_daily=self._expire_daily,
                )
                PATCHES.hold()
                # Also when a fake that was only used, and never started, is forgotten.
                self._let_go = weakref.finalize(self, _let_go, store)
            return self._service

    # --- Clients ---------------------------------------------------------------------------------

    def client(self, region_name: str | None = None, **kwargs: Any) -> ECRClient:
        """Make a client that this fake answers, started or not, and nobody else.

        It takes nothing from configuration files, and once the fake is stopped its calls are refused.

        Args:
            region_name: its region. Default: that of its `config`, or the fake's.
            kwargs: whatever ``boto3.client`` takes, such as ``config`` or ``endpoint_url``.
        """
        self._open()
        return clients.make_client(self, region_name, kwargs)

    def patch(self, client_or_session: BaseClient | boto3.Session | botocore.session.Session) -> None:
        """Let this fake answer one ECR client, or the clients that one session makes from now on.

        It answers them, started or not, until it is stopped; then they are as before, unless it is used once more.

        Raises:
            TypeError: it is no client of ECR, and no session.
        """
        emitter = clients.emitter_of(client_or_session)
        self._open()
        hook.bind(emitter, self)

    def answer(self, request: Request) -> Response:
        """Answer an HTTP request; what a client's hook calls.

        Raises:
            FakeECRError: it is not in use.
        """
        service = self._service
        if service is None:
            # A call that another thread makes as the fake is stopped must not open it again: nobody would stop it.
            raise FakeECRError("This FakeECR was stopped before it could answer; nothing was sent to AWS.")
        return service.answer(request)

    # --- State -----------------------------------------------------------------------------------

    def seed(self, source: str | os.PathLike[str] | Mapping[str, Any]) -> None:
        """Add what a seed describes to what is there; to seed twice is to seed once.

        Args:
            source: the path of a YAML file, or a mapping of what such a file holds, in which the images of a
                repository may come from a generator.

        Raises:
            SeedError: the seed is wrong; nothing of it was kept.
        """
        seed(self._open().store, source, account_id=self._account_id, region=self._region)

    def dump(self, path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """Describe every repository as a mapping that :meth:`seed` takes, and write it to a YAML file if asked.

        What configures a registry as a whole (replication, scanning, signing, cache rules, templates, settings) is
        not in it, nor are previews, when images were scanned, and where they were replicated and signed; a database
        in a file keeps them.
        """
        return dump(self._open().store, path)

    def push(
        self,
        repository: str,
        *tags: str,
        digest: str | None = None,
        manifest: str | bytes | None = None,
        media_type: str | None = None,
        platforms: Sequence[str] = (),
        size: int | None = None,
        pushed_at: datetime | str | None = None,
        registry_id: str | None = None,
        region: str | None = None,
    ) -> PushedImage:
        """Put an image into a repository, which is made if it is missing; its tags leave the images that had them.

        It stands for what `docker push` does: an image that is there gets the tags, and is restored if it was
        archived; what the registry does with images that are pushed is done (scans, replication, signing), and a
        template says how a missing repository is made. No tag is held fast, though, and no limit is asked.

        Args:
            repository: the repository's name.
            tags: any number of tags; none for an untagged image.
            digest: the image's digest. Default: that of its manifest.
            manifest: the exact text of its manifest. Default: a small one that no other image of the repository has.
                It is not checked, so that broken ones can be pushed as well.
            media_type: the media type of its manifest, where the manifest itself names none.
            platforms: such as ``["linux/amd64", "linux/arm64"]``: pushes an index, and an image for each of them.
            size: its size in bytes. Default: what its manifest says. Of an index: the size of each of its images.
            pushed_at: when it was pushed, in UTC if it names no zone. Default: now.
            registry_id: the account of its registry. Default: the fake's.
            region: the region of its registry. Default: the fake's.

        Raises:
            ValueError: a value is not what ECR takes, or two arguments contradict each other, such as a digest
                that is not the manifest's.
        """
        return arranging.push(
            self._open(),
            repository,
            tags,
            digest=digest,
            manifest=manifest,
            media_type=media_type,
            platforms=platforms,
            size=size,
            pushed_at=pushed_at,
            registry_id=registry_id or self._account_id,
            region=region or self._region,
        )

    def set_findings(
        self,
        repository: str,
        findings: Sequence[Mapping[str, Any]],
        *,
        tag: str | None = None,
        digest: str | None = None,
        registry_id: str | None = None,
        region: str | None = None,
    ) -> None:
        """Say what scans of an image find; by default they find nothing. An image with findings was scanned.

        Args:
            repository: the repository's name.
            findings: as DescribeImageScanFindings gives them: each with a `name` and a `severity`, and with
                `description`, `uri` and `attributes` where it has them.
            tag: the image's tag. A list of images is never scanned; its images are, which have digests.
            digest: or its digest.
            registry_id: the account of its registry. Default: the fake's.
            region: the region of its registry. Default: the fake's.

        Raises:
            ValueError: there is no such image, it is a list of images, or a finding is none.
        """
        arranging.set_findings(
            self._open(),
            repository,
            findings,
            tag=tag,
            digest=digest,
            registry_id=registry_id or self._account_id,
            region=region or self._region,
        )

    def fail(self, operation: str, error: str, times: int = 1) -> None:
        """Let the next tries of an operation's calls fail.

        botocore retries what it would retry of AWS, and does not sleep in between.

        Args:
            operation: the operation's name in the API, such as ``"ListImages"``.
            error: an error of ECR's model, such as ``"ServerException"``, or one that any AWS service answers
                with, such as ``"ThrottlingException"``.
            times: how many tries, which may be those of one call: in its standard mode botocore makes three of one that
            fails so that another may succeed, such as by a ServerException, a throttling or a LimitExceededException.

        Raises:
            ValueError: there is no such operation or error, or `times` is less than 1.
        """
        self._open().failures.order(operation, error, times)

    def expire(self) -> list[str]:
        """Do what the lifecycle policies of all repositories say: AWS does it once a day, the fake when it is told.

        Returns:
            The digests of the images that were deleted or archived.
        """
        return [decision.image.digest for decision in self._open().expire()]

    def reset(self) -> None:
        """Empty it: no registry is left, and no failure that was ordered. Tokens given before are void."""
        service = self._open()
        service.store.reset()
        service.failures.clear()


def _let_go(store: Store) -> None:
    PATCHES.release()
    store.close()


def _absolute(database: Database) -> Database:
    """Fix a relative path now, before anyone changes the working directory."""
    if callable(database):
        raise TypeError(
            "database: expected None, a path or a URL; a decorator is written with parentheses: @FakeECR()."
        )
    if is_path(database):
        return Path(database).expanduser().absolute()
    return database
