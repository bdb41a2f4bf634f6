"""The part of FakeECR that fills, changes and empties its registries."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Unpack

from fakeecr import arranging
from fakeecr.arranging import FindingsOptions, PreviewOptions, PushedImage, PushOptions, ReplicationOptions
from fakeecr.rules.messages import show
from fakeecr.store.snapshots import Snapshot

if TYPE_CHECKING:
    from fakeecr.gate import Gate


class State:
    """What a test author does by hand with the state of a fake; :class:`fakeecr.FakeECR` is one."""

    def _in_use(self) -> AbstractContextManager[Gate]:
        raise NotImplementedError

    def seed(self, source: str | os.PathLike[str] | Mapping[str, Any]) -> None:
        """Add what a seed describes to the present state; seeding twice is the same as seeding once.

        Args:
            source: the path of a YAML file, or a mapping with the same content, in which the images of a repository
                may come from a generator.

        Raises:
            SeedError: the seed is invalid; nothing of it was stored.

        Warns:
            PublishedLimitWarning: only the published limits refused the name of a repository.
        """
        with self._in_use() as gate:
            # Here, where a fork waits for it: a child of a fork during an import could never import the module.
            from fakeecr.seeds.load import seed

            seed(gate.backend, source)

    def dump(self, path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """Return every repository as a mapping that :meth:`seed` takes, and write it to a YAML file if asked.

        It leaves out what configures a whole registry (replication, scanning, signing, cache rules, templates,
        settings), previews, when images were scanned, where they were replicated and signed, and what
        :meth:`set_findings`, :meth:`set_preview` and :meth:`set_replication` say about how that goes. A database in a
        file keeps them.
        """
        with self._in_use() as gate:
            from fakeecr.seeds.dump import dump

            return dump(gate.store, path)

    def push(self, repository: str, *tags: str, **options: Unpack[PushOptions]) -> PushedImage:
        """Put an image into a repository, which is created if it does not exist. Other images lose these tags.

        This stands for `docker push`: an existing image gets the tags, and is restored if it was archived. The registry
        scans, replicates and signs the image as it is configured, and a template decides how a missing repository is
        created. But immutable tags are moved too, and no limit is checked but that of the repository's name.

        Args:
            repository: the repository's name.
            tags: any number of tags; none for an untagged image.
            digest: the image's digest. Default: its manifest's.
            manifest: the exact text of its manifest. It is not checked, so that a test can push a broken one. Default:
                a small one, different from every other in the repository.
            media_type: the media type of a manifest that names none itself.
            layers: the bytes of its layers, or their files as ``pathlib.Path``, the lowest first, in gzip or not. They
                are stored with a config, and the manifest names them. The same layers always make the same image, so
                pushing them again changes nothing but tags. With `platforms`, each platform's image has these layers.
            platforms: such as ``["linux/amd64", "linux/arm64"]``: pushes an index, and an image for each platform.
            size: its size in bytes. Default: what its manifest says. For an index: the size of each of its images.
            pushed_at: when it was pushed, in UTC unless it names a time zone. Default: now.
            registry_id: the account of its registry. Default: the fake's.
            region: the region of its registry. Default: the fake's.

        Raises:
            TypeError: there is no such argument.
            ValueError: a value is invalid, or two arguments contradict each other, such as a digest that is not the
                manifest's.

        Warns:
            PublishedLimitWarning: only the published limits refused the repository's name.
        """
        with self._in_use() as gate:
            return arranging.push(gate.backend, repository, tags, options)

    def set_findings(
        self, repository: str, findings: Sequence[Mapping[str, Any]], **options: Unpack[FindingsOptions]
    ) -> None:
        """Set what scans of an image find, and how they go; by default they find nothing and complete at once.

        An image with findings counts as scanned. What is set holds for this scan and for every later one, until it is
        set again.

        Args:
            repository: the repository's name.
            findings: in the form of DescribeImageScanFindings: each with a `name` and a `severity`, and optionally with
                `description`, `uri` and `attributes`.
            tag: the image's tag. A list of images is never scanned; give the digest of one of its images.
            digest: the image's digest, instead of a tag.
            in_progress: how many calls of DescribeImageScanFindings say IN_PROGRESS before the scan ends. They are
                counted again after each StartImageScan. Default: 0.
            status: the scan's status when it has ended. Default: ``"COMPLETE"``, which is ACTIVE under continuous
                scanning. The others are ``"FAILED"``, ``"UNSUPPORTED_IMAGE"``, ``"SCAN_ELIGIBILITY_EXPIRED"``,
                ``"FINDINGS_UNAVAILABLE"``, ``"LIMIT_EXCEEDED"`` and ``"IMAGE_SIZE_EXCEEDED"``; then no findings are
                returned.
            registry_id: the account of its registry. Default: the fake's.
            region: the region of its registry. Default: the fake's.

        The calls are counted in memory: the count begins again if a database is opened again, and each process that
        shares a database has its own.

        Raises:
            TypeError: there is no such argument.
            ValueError: the image does not exist or is a list of images, or a value is invalid.

        Warns:
            PublishedLimitWarning: only the published limits refused the repository's name.
        """
        with self._in_use() as gate:
            arranging.set_findings(gate.backend, repository, findings, options)

    def set_preview(self, repository: str, **options: Unpack[PreviewOptions]) -> None:
        """Set how the lifecycle policy previews go that are started in a repository from now on.

        By default they complete at once.

        Args:
            repository: the repository's name.
            in_progress: how many calls find a preview in progress before it ends: calls of GetLifecyclePolicyPreview,
                and of StartLifecyclePolicyPreview, which raise LifecyclePolicyPreviewInProgressException then.
                Default: 0. They are counted in memory, as with :meth:`set_findings`.
            status: the preview's status when it has ended. Default: ``"COMPLETE"``. The others are ``"EXPIRED"`` and
                ``"FAILED"``; then no results are returned.
            registry_id: the account of its registry. Default: the fake's.
            region: the region of its registry. Default: the fake's.

        Raises:
            TypeError: there is no such argument.
            ValueError: the repository does not exist, or a value is invalid.

        Warns:
            PublishedLimitWarning: only the published limits refused the repository's name.
        """
        with self._in_use() as gate:
            arranging.set_preview(gate.backend, repository, options)

    def set_replication(self, repository: str, **options: Unpack[ReplicationOptions]) -> None:
        """Set how the replications go of images that are pushed to a repository from now on.

        By default they complete at once. Images that were pushed before keep their status, and backfills always
        complete at once.

        Args:
            repository: the name of the repository that is replicated.
            in_progress: how many calls of DescribeImageReplicationStatus say IN_PROGRESS before the replication ends.
                Default: 0. They are counted in memory, as with :meth:`set_findings`. Only the status waits: the copy
                is in its destination from the beginning.
            status: the replication's status when it has ended. Default: ``"COMPLETE"``. With ``"FAILED"`` nothing
                arrives.
            registry_id: the account of its registry. Default: the fake's.
            region: the region of its registry. Default: the fake's.

        Raises:
            TypeError: there is no such argument.
            ValueError: the repository does not exist, or a value is invalid.

        Warns:
            PublishedLimitWarning: only the published limits refused the repository's name.
        """
        with self._in_use() as gate:
            arranging.set_replication(gate.backend, repository, options)

    def expire(self) -> list[str]:
        """Carry out the lifecycle policies of all repositories, as AWS does once a day.

        Returns:
            The digests of the images that were deleted or archived.
        """
        with self._in_use() as gate:
            return [decision.image.digest for decision in gate.daily_run.run()]

    def snapshot(self) -> Snapshot:
        """Return the state of the registries at this moment, from which :class:`FakeECR` and :meth:`restore` start.

        A snapshot has every registry, with the keys and the secret of page tokens, so that a token stays valid. It has
        nothing else: no recorded call or event, no ordered fault, and not the fake's arguments, such as its account.

        Raises:
            DatabaseError: the database is on PostgreSQL, or cannot be used.
            RuntimeError: it is called inside of a seed of this fake.
        """
        with self._in_use() as gate:
            return gate.store.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Replace every registry by those of a snapshot, of this or of another fake: all at once, or not at all.

        Page tokens of the time before the snapshot are valid again. Calls in other threads, and in other processes that
        use the same file, see the state before or after it. Recorded calls and events, ordered faults and
        subscriptions stay. What a test keeps in progress begins again.

        Args:
            snapshot: the snapshot, which can be restored any number of times.

        Raises:
            TypeError: it is not a snapshot.
            DatabaseError: the database is on PostgreSQL, or cannot be used.
            RuntimeError: it is called inside of a seed of this fake.
        """
        if not isinstance(snapshot, Snapshot):
            raise TypeError(f"snapshot: expected what FakeECR.snapshot() returned; got {show(snapshot)}")
        with self._in_use() as gate:
            gate.restore(snapshot)

    def reset(self) -> None:
        """Delete every registry, and forget every recorded call, event and ordered fault.

        Earlier page tokens become invalid. Subscriptions stay.
        """
        with self._in_use() as gate:
            gate.reset()
