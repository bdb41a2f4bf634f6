"""Reading a registry through its API and describing it as a seed: settings, policies and images, without layers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from fakeecr import clock
from fakeecr.errors import SeedError
from fakeecr.rules import names, wildcards
from fakeecr.rules.manifests import LISTS, digest_of
from fakeecr.seeds.describe import describe_image, describe_repository
from fakeecr.seeds.trim import trim_image, trim_repository
from fakeecr.store.repositories import RepositorySettings

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef, PaginatorConfigTypeDef, RepositoryTypeDef

# [model]
_IMAGES_PER_BATCH = 100
_PAGES: PaginatorConfigTypeDef = {"PageSize": 1000}

_DENIED = {"AccessDeniedException", "AccessDenied"}
_NO_REPOSITORY = "RepositoryNotFoundException"
# Other calls would fail with them, too.
_ENDING = {
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "ExpiredTokenException",
    "ExpiredToken",
    "RequestExpired",
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
}
# The states of a scan that has findings; ACTIVE is that of continuous scans.
_SCANNED = {"COMPLETE", "ACTIVE"}


class Capture:
    """What registries contain, read when it is written. Only operations that read are called.

    A repository or image that is deleted in the meantime is left out. So is what a seed cannot have, and what an
    optional operation does not tell: ListTagsForResource, GetRepositoryPolicy, GetLifecyclePolicy and
    DescribeImageScanFindings.

    Args:
        clients: a boto3 client for the registry of each region.
        patterns: the repositories, by their names or by patterns with ``*``; none for all.
        with_findings: whether to read the findings of scans too, which takes a call for each image.
        with_pull_times: whether the seed has the times of the last pulls, which a capture changes in the registry.
        advance: called with the number of images that have been read since the last time.

    Attributes:
        repositories: how many repositories were read.
        images: how many images were read.
        left_out: what was left out, and how often.
        unmatched: the patterns that match no repository.
        newer_names: how many names of repositories only ``FakeECR(limits="installed")`` allows.

    Raises:
        ClientError: the repositories cannot be listed.
    """

    def __init__(
        self,
        clients: Sequence[ECRClient],
        patterns: Sequence[str] = (),
        *,
        with_findings: bool = False,
        with_pull_times: bool = True,
        advance: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._options = {"with_findings": with_findings, "with_pull_times": with_pull_times}
        self._advance = advance
        self.repositories = 0
        self.images = 0
        self.newer_names = 0
        self.left_out: Counter[str] = Counter()
        self._found = {
            client: _find_repositories(client, patterns)
            for client in sorted(clients, key=lambda client: client.meta.region_name)
        }
        all_names = [repository["repositoryName"] for found in self._found.values() for repository in found]
        self.unmatched = [
            pattern for pattern in patterns if not any(wildcards.matches(pattern, name) for name in all_names)
        ]

    def content(self) -> dict[str, Any]:
        """Return the seed. Its lists are iterators, which read the registry, so they can be read once.

        Raises:
            ClientError: while they are read, an operation failed that is not optional.
        """
        return {"registries": self._registries()}

    def _registries(self) -> Iterator[dict[str, Any]]:
        for client, found in self._found.items():
            if not found:
                self.left_out[f"{client.meta.region_name}: it has no repositories to capture"] += 1
                continue
            yield {
                "id": found[0]["registryId"],
                "region": client.meta.region_name,
                "repositories": self._read_repositories(client, found),
            }

    def _read_repositories(self, client: ECRClient, found: Sequence[RepositoryTypeDef]) -> Iterator[dict[str, Any]]:
        for repository in found:
            reader = _Repository(client, repository, self.left_out, **self._options)
            try:
                entry = reader.read_settings()
                images = reader.list_images()
            except ClientError as error:
                if _code_of(error) != _NO_REPOSITORY:
                    raise
                reader.leave_out("it was deleted while it was read")
                continue
            except SeedError as error:
                reader.leave_out(f"{error.path}: {error.problem}")
                continue
            self.repositories += 1
            self.newer_names += not names.PUBLISHED_REPOSITORY_NAME.matches(entry["name"])
            yield {**entry, "images": self._count(reader.read_images(images))}

    def _count(self, entries: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for entry in entries:
            self.images += 1
            self._advance(1)
            yield entry


class _Image(NamedTuple):
    """An image as DescribeImages describes it."""

    digest: str
    tags: Sequence[str]
    status: str
    pushed_at: datetime
    media_type: str | None
    size: int | None
    pulled_at: datetime | None
    archived_at: datetime | None
    activated_at: datetime | None


class _Repository:
    """Reads one repository.

    Args:
        client: the client of its region.
        description: what DescribeRepositories says of it.
        left_out: where to count what is left out.
        with_findings: whether to read the findings of scans.
        with_pull_times: whether the entries of images have the times of the last pulls.
    """

    def __init__(
        self,
        client: ECRClient,
        description: RepositoryTypeDef,
        left_out: Counter[str],
        *,
        with_findings: bool,
        with_pull_times: bool,
    ) -> None:
        self._client = client
        self._description = description
        self._name = description["repositoryName"]
        self._left_out = left_out
        self._with_findings = with_findings
        self._with_pull_times = with_pull_times
        self._denied: set[str] = set()

    def leave_out(self, what: str, count: int = 1) -> None:
        """Count something of this repository that is left out."""
        self._left_out[f"{self._name}: {what}"] += count

    def read_settings(self) -> dict[str, Any]:
        """Return its entry without images.

        Raises:
            ClientError: it does not exist any more, or an operation failed.
            SeedError: a seed refuses its name.
        """
        client, described = self._client, self._description
        tags = self._optional(client.list_tags_for_resource, resourceArn=described["repositoryArn"])
        policy = self._optional(
            client.get_repository_policy, repositoryName=self._name, absent=("RepositoryPolicyNotFoundException",)
        )
        lifecycle_policy = self._optional(
            client.get_lifecycle_policy, repositoryName=self._name, absent=("LifecyclePolicyNotFoundException",)
        )
        encryption = described.get("encryptionConfiguration", {})
        entry = describe_repository(
            self._name,
            _moment(described["createdAt"]),
            RepositorySettings(
                tag_mutability=described.get("imageTagMutability", "MUTABLE"),
                exclusion_filters=[each["filter"] for each in described.get("imageTagMutabilityExclusionFilters", ())],
                scan_on_push=described.get("imageScanningConfiguration", {}).get("scanOnPush", False),
                encryption_type=encryption.get("encryptionType", "AES256"),
                kms_key=encryption.get("kmsKey"),
            ),
            dict(sorted((tag["Key"], tag["Value"]) for tag in tags.get("tags", ()))),
            policy.get("policyText"),
            lifecycle_policy.get("lifecyclePolicyText"),
        )
        for error in trim_repository(entry, client.meta.partition):
            self.leave_out(f"{error.path}: {error.problem}")
        return entry

    def list_images(self) -> list[_Image]:
        """Return its images, oldest first; those pushed at the same time in the order of their digests.

        Raises:
            ClientError: it does not exist any more, or the operation failed.
        """
        images: dict[str, _Image] = {}
        digests: dict[str, str] = {}
        pages = self._client.get_paginator("describe_images").paginate(
            repositoryName=self._name, PaginationConfig=_PAGES, **self._any_status()
        )
        for page in pages:
            for detail in page["imageDetails"]:
                image = self._image(detail)
                images[image.digest] = image
                # A tag that moves while the pages are read belongs to the image on the later page.
                digests.update(dict.fromkeys(detail.get("imageTags", ()), image.digest))
        tags: dict[str, list[str]] = {}
        for tag in sorted(digests):
            if not names.TAG.matches(tag):
                self.leave_out(f"a tag of an image: expected {names.TAG.expected}")
                continue
            tags.setdefault(digests[tag], []).append(tag)
        in_order = sorted(images.values(), key=lambda image: (image.pushed_at, image.digest))
        return [image._replace(tags=tags.get(image.digest, ())) for image in in_order]

    def _any_status(self) -> Any:
        """Return the filter for images of every status; without one, AWS returns only active ones [model]."""
        shape: Any = self._client.meta.service_model.operation_model("DescribeImages").input_shape
        if "imageStatus" in shape.members["filter"].members:
            return {"filter": {"imageStatus": "ANY"}}
        self.leave_out("archived images, which only a newer boto3 can list")
        return {}

    def _image(self, detail: ImageDetailTypeDef) -> _Image:
        return _Image(
            digest=detail["imageDigest"],
            tags=(),
            status=detail.get("imageStatus", "ACTIVE"),
            pushed_at=_moment(detail.get("imagePushedAt", self._description["createdAt"])),
            media_type=detail.get("imageManifestMediaType"),
            size=detail.get("imageSizeInBytes"),
            pulled_at=_moment_or_none(detail.get("lastRecordedPullTime")) if self._with_pull_times else None,
            archived_at=_moment_or_none(detail.get("lastArchivedAt")),
            activated_at=_moment_or_none(detail.get("lastActivatedAt")),
        )

    def read_images(self, images: Sequence[_Image]) -> Iterator[dict[str, Any]]:
        """Yield the entries of images, each with its manifest if that can be read.

        Raises:
            ClientError: an operation failed.
        """
        remaining = iter(images)
        number = 0
        while batch := list(islice(remaining, _IMAGES_PER_BATCH)):
            try:
                response = self._client.batch_get_image(
                    repositoryName=self._name, imageIds=[{"imageDigest": image.digest} for image in batch]
                )
            except ClientError as error:
                if _code_of(error) != _NO_REPOSITORY:
                    raise
                self.leave_out("images, because it was deleted while it was read", len(images) - number)
                return
            number += len(batch)
            manifests = {image["imageId"]["imageDigest"]: image["imageManifest"] for image in response["images"]}
            failures = {
                failure["imageId"].get("imageDigest", ""): failure["failureCode"] for failure in response["failures"]
            }
            for image in batch:
                failure = failures.get(image.digest)
                if failure == "ImageNotFound" and image.status == "ACTIVE":
                    self.leave_out("an image that was deleted while it was read")
                    continue
                entry = self._read_image(image, manifests.get(image.digest), failure)
                if entry is not None:
                    yield entry

    def _read_image(self, image: _Image, manifest: str | None, failure: str | None) -> dict[str, Any] | None:
        """Return the entry of an image, or None if a seed cannot have it."""
        if manifest is None:
            reason = "an archived image" if image.status != "ACTIVE" else f"an image ({failure or 'not returned'})"
            self.leave_out(f"the manifest of {reason}")
        elif not _has_digest(manifest, image.digest):
            self.leave_out("the manifest of an image whose digest is that of another text")
            manifest = None
        entry = describe_image(image, image.tags, manifest, self._read_findings(image))
        try:
            refused = trim_image(entry)
        except SeedError as error:
            self.leave_out(f"an image: {error.path}: {error.problem}")
            return None
        for refusal in refused:
            self.leave_out(f"of an image: {_key_of(refusal)}: {refusal.problem}")
        return entry

    def _read_findings(self, image: _Image) -> list[dict[str, Any]] | None:
        if not self._with_findings or image.media_type in LISTS:
            return None
        findings: list[Any] = []
        token: dict[str, str] = {}
        while True:
            page = self._optional(
                self._client.describe_image_scan_findings,
                repositoryName=self._name,
                imageId={"imageDigest": image.digest},
                absent=("ScanNotFoundException", "ImageNotFoundException", _NO_REPOSITORY),
                **token,
            )
            if page.get("imageScanStatus", {}).get("status") not in _SCANNED:
                return None
            content = page.get("imageScanFindings", {})
            if content.get("enhancedFindings"):
                self.leave_out("the findings of enhanced scanning, which a seed cannot have")
                return None
            findings += content.get("findings", ())
            if "nextToken" not in page:
                return sorted(findings, key=lambda finding: str(finding.get("name")))
            token = {"nextToken": page["nextToken"]}

    def _optional(
        self, operation: Callable[..., Any], *, absent: Collection[str] = (), **parameters: Any
    ) -> Mapping[str, Any]:
        """Return the response of an operation; an empty one if it fails, and everything else need not fail, too.

        Args:
            operation: the method of the client.
            absent: the errors that say that there is nothing to tell.
            parameters: the parameters of the call.

        Raises:
            ClientError: AWS fails, is asked too often, or does not know the caller any more.
        """
        name = operation.__name__
        if name in self._denied:
            return {}
        try:
            response: Mapping[str, Any] = operation(**parameters)
        except ClientError as error:
            code = _code_of(error)
            if code in _DENIED:
                self._denied.add(name)
                self._left_out[f"what {error.operation_name} would tell of a repository: access is denied"] += 1
            elif code in absent:
                pass
            elif _ends_everything(error):
                raise
            else:
                self.leave_out(f"what {error.operation_name} would tell: {code}")
            return {}
        return response


def _find_repositories(client: ECRClient, patterns: Sequence[str]) -> list[RepositoryTypeDef]:
    """Return the repositories of a registry that match, by their names.

    Those that are named are asked for by name, because a user may not be allowed to list all.
    """
    found: dict[str, RepositoryTypeDef] = {}
    wide = [pattern for pattern in patterns if "*" in pattern]
    for name in set(patterns) - set(wide):
        try:
            (found[name],) = client.describe_repositories(repositoryNames=[name])["repositories"]
        except ClientError as error:
            if _code_of(error) != _NO_REPOSITORY:
                raise
    if wide or not patterns:
        for page in client.get_paginator("describe_repositories").paginate(PaginationConfig=_PAGES):
            for repository in page["repositories"]:
                name = repository["repositoryName"]
                if not patterns or any(wildcards.matches(pattern, name) for pattern in wide):
                    found[name] = repository
    return [found[name] for name in sorted(found)]


def _code_of(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _ends_everything(error: ClientError) -> bool:
    """Whether the calls that follow would fail as well: AWS fails, is asked too often, or does not know the caller."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _code_of(error) in _ENDING or status >= 500


def _key_of(error: SeedError) -> str:
    """Return the key that an error is about, without the number of an item."""
    return re.split(r"[.\[]", error.path)[0]


def _has_digest(manifest: str, digest: str) -> bool:
    """Whether a digest is that of a manifest; a text with an unpaired surrogate has none."""
    try:
        return digest_of(manifest.encode()) == digest
    except UnicodeEncodeError:
        return False


def _moment(moment: datetime) -> datetime:
    """Return a moment in UTC, rounded to milliseconds: the number that AWS sends may be a little too small for it."""
    return clock.to_milliseconds(moment.astimezone(UTC) + timedelta(microseconds=500))


def _moment_or_none(moment: datetime | None) -> datetime | None:
    return None if moment is None else _moment(moment)
