"""What a test author arranges by hand: images that are pushed, what scans find in them, and what takes time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from os import PathLike, fsdecode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict, TypeVar, get_args

from fakeecr import clock
from fakeecr.errors import SeedError
from fakeecr.registry import made_up, scanning
from fakeecr.registry.call import Backend, Call, Origin
from fakeecr.registry.courses import new_course
from fakeecr.registry.creation import ensure_repository
from fakeecr.registry.drafts import MismatchError, draft_image
from fakeecr.registry.kinds import FINDINGS, PREVIEW_COURSE, REPLICATION_COURSE, SCAN_COURSE, Course
from fakeecr.registry.layered import ImageLayer, describe_layer, draft_layered
from fakeecr.registry.limits import check_repository_name
from fakeecr.registry.lookup import get_repository
from fakeecr.registry.pushing import push_image
from fakeecr.rules import names
from fakeecr.rules.manifests import LISTS, digest_of
from fakeecr.rules.messages import check_argument, check_count, show, suggestion
from fakeecr.seeds.files import LayerContent, SeedFiles, layer_parts, read_layer
from fakeecr.seeds.values import Content, MediaType, Moment, Size
from fakeecr.store import images
from fakeecr.store import layers as layer_store
from fakeecr.store.documents import Kind
from fakeecr.store.images import NewImage, StoredImage
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from sqlalchemy import Connection

_Value = TypeVar("_Value")


class PushOptions(TypedDict, total=False):
    """The keyword arguments of :meth:`fakeecr.FakeECR.push`, which describes them."""

    digest: str | None
    manifest: str | bytes | None
    media_type: str | None
    layers: Iterable[bytes | PathLike[str]] | None
    platforms: Sequence[str]
    size: int | None
    pushed_at: datetime | str | None
    registry_id: str | None
    region: str | None


ScanResult = Literal[
    "COMPLETE",
    "FAILED",
    "UNSUPPORTED_IMAGE",
    "SCAN_ELIGIBILITY_EXPIRED",
    "FINDINGS_UNAVAILABLE",
    "LIMIT_EXCEEDED",
    "IMAGE_SIZE_EXCEEDED",
]
PreviewResult = Literal["COMPLETE", "EXPIRED", "FAILED"]
ReplicationResult = Literal["COMPLETE", "FAILED"]


class FindingsOptions(TypedDict, total=False):
    """The keyword arguments of :meth:`fakeecr.FakeECR.set_findings`, which describes them."""

    tag: str | None
    digest: str | None
    in_progress: int
    status: ScanResult
    registry_id: str | None
    region: str | None


class PreviewOptions(TypedDict, total=False):
    """The keyword arguments of :meth:`fakeecr.FakeECR.set_preview`, which describes them."""

    in_progress: int
    status: PreviewResult
    registry_id: str | None
    region: str | None


class ReplicationOptions(TypedDict, total=False):
    """The keyword arguments of :meth:`fakeecr.FakeECR.set_replication`, which describes them."""

    in_progress: int
    status: ReplicationResult
    registry_id: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class PushedImage:
    """An image that :meth:`FakeECR.push` put into a repository.

    Attributes:
        registry_id: the account of its registry.
        region: the region of its registry.
        repository: the name of its repository.
        digest: ``sha256:`` and 64 hexadecimal digits.
        tags: the tags that it was given.
        platforms: for an index that was pushed by its platforms, the digest of each platform's image.
    """

    registry_id: str
    region: str
    repository: str
    digest: str
    tags: tuple[str, ...]
    platforms: Mapping[str, str] = field(default_factory=dict)


def push(backend: Backend, repository: str, tags: Sequence[str], options: PushOptions) -> PushedImage:
    """Push an image, as :meth:`FakeECR.push` describes.

    Raises:
        TypeError: there is no such option.
        ValueError: a value is invalid, or two options contradict each other.

    Warns:
        PublishedLimitWarning: only the published limits refused the repository's name.
    """
    _check_options("push", options, PushOptions)
    name = _check_repository(backend, repository)
    checked_tags = tuple([check_argument("tags", names.TAG.check, tag) for tag in tags])
    account_id, region = _registry_of(backend, options)
    platforms = _platforms_of(options)
    layers = _read_layers(options)
    template = _draft(options, platforms)

    with backend.writing(Origin(region)) as call:
        target = ensure_repository(call, account_id, name, "CREATE_ON_PUSH", template.pushed_at)
        if layers:
            *children, image = _add_layers(call, target, layers, platforms, template.pushed_at)
        else:
            *children, image = _make_up_what_is_missing(call, target, template, platforms)
        for child in children:
            existing = images.get_image(call.connection, target.key, child.digest)
            push_image(call, target, existing, child, {})
        existing = images.get_image(call.connection, target.key, image.digest)
        push_image(call, target, existing, image, images.get_tag_rows(call.connection, target.key, checked_tags))
    digests = {platform: child.digest for platform, child in zip(platforms, children, strict=True)}
    return PushedImage(
        registry_id=account_id,
        region=region,
        repository=name,
        digest=image.digest,
        tags=checked_tags,
        platforms=digests,
    )


def _make_up_what_is_missing(
    call: Call, target: StoredRepository, image: NewImage, platforms: Sequence[str]
) -> list[NewImage]:
    """Return the image, made up if it has no digest yet; with platforms, the image of each, and their index."""
    if not image.digest:
        words = made_up.new_words(call, target.key, target.name, platforms)
        image = image._replace(digest=made_up.made_digest(words), made_from=words)
    return made_up.split_by_platform(image, platforms) if platforms else [image]


# --- Layers --------------------------------------------------------------------------------------


class _Layer(NamedTuple):
    """A layer to push: where an error says it is, its content to store, and how the image names it."""

    place: str
    content: LayerContent
    described: ImageLayer


def _read_layers(options: PushOptions) -> list[_Layer]:
    """Return the layers that the options give; files are read here for their digests, and again to be stored."""
    layers = options.get("layers")
    if layers is None:
        return []
    for other in ("digest", "manifest", "media_type", "size"):
        if options.get(other) is not None:
            raise ValueError(f"layers: the image is made of them, so it cannot be given a {other}")
    if isinstance(layers, str | bytes | Mapping) or not isinstance(layers, Iterable):
        raise ValueError(f"layers: expected a list of layers; got {show(layers)}")
    read = [_read_layer(f"layers[{index}]", layer) for index, layer in enumerate(layers)]
    if not read:
        raise ValueError("layers: expected at least one layer; leave it out, and fakeecr makes up an image")
    return read


def _read_layer(place: str, layer: Any) -> _Layer:
    with _errors_at(place):
        if isinstance(layer, PathLike):
            file = Path(fsdecode(layer))
            content, parts = read_layer(SeedFiles(Path()), str(file), place), layer_parts(file, place)
        elif isinstance(layer, bytes):
            content, parts = LayerContent(digest_of(layer), len(layer), [layer]), iter([layer])
        else:
            raise ValueError(f"{place}: expected the bytes of a layer, or a file as a pathlib.Path; got {show(layer)}")
        if not content.size:
            raise ValueError(f"{place}: expected one byte or more; Amazon ECR stores no empty layers")
        return _Layer(place, content, describe_layer(content.digest, content.size, parts))


@contextmanager
def _errors_at(place: str) -> Iterator[None]:
    """Turn the error of a file that a seed could name too into one of an argument."""
    try:
        yield
    except SeedError as error:
        raise ValueError(f"{place}: {error.problem}") from None


def _add_layers(
    call: Call, target: StoredRepository, layers: Sequence[_Layer], platforms: Sequence[str], pushed_at: datetime
) -> list[NewImage]:
    """Store layers with the config of each image that has them, and return these images, and at the end their index."""
    layered = draft_layered([layer.described for layer in layers], platforms, pushed_at)
    for place, content, _ in layers:
        with _errors_at(place):
            layer_store.add_layer(call.connection, target.key, content.digest, content.size, content.parts)
    for config in layered.configs:
        layer_store.add_layer(call.connection, target.key, digest_of(config), len(config), [config])
    return layered.images


# --- Arguments of a push -------------------------------------------------------------------------


def _platforms_of(options: PushOptions) -> list[str]:
    """Return the platforms of the index that the options describe; none for a single image."""
    platforms = options.get("platforms", ())
    if isinstance(platforms, str) or not isinstance(platforms, Iterable):
        raise ValueError(f"platforms: expected a list of platforms; got {show(platforms)}")
    return [check_argument("platforms", names.PLATFORM.check, platform) for platform in platforms]


def _draft(options: PushOptions, platforms: Sequence[str]) -> NewImage:
    """Build the image that the options describe."""
    pushed_at = _optional("pushed_at", Moment.parse, options)
    manifest = _optional("manifest", Content.parse, options)
    try:
        return draft_image(
            clock.now() if pushed_at is None else pushed_at,
            digest=_optional("digest", names.SHA256_DIGEST.check, options),
            manifest=None if manifest is None else manifest.encode(),
            media_type=_optional("media_type", MediaType.parse, options),
            size=_optional("size", Size.parse, options),
            platforms=platforms,
        )
    except MismatchError as error:
        raise ValueError(f"{error.argument}: {error}") from None


def set_findings(
    backend: Backend, repository: str, findings: Sequence[Mapping[str, Any]], options: FindingsOptions
) -> None:
    """Set what scans of an image find, and how they go, as :meth:`FakeECR.set_findings` describes.

    Raises:
        TypeError: there is no such option.
        ValueError: a value is invalid, the image does not exist, or it is a list of images.

    Warns:
        PublishedLimitWarning: only the published limits refused the repository's name.
    """
    # Imported here: the shapes of seeds cost ten milliseconds, which only tests that set findings need to spend.
    from fakeecr.seeds.schema import check_findings

    _check_options("set_findings", options, FindingsOptions)
    checked_findings = check_findings(findings)
    course = _course_of(options, ScanResult)
    if (options.get("tag") is None) is (options.get("digest") is None):
        raise ValueError("An image is identified by its tag or its digest; give one of the two.")
    name = _check_repository(backend, repository)
    tag = _optional("tag", names.TAG.check, options)
    digest = _optional("digest", names.SHA256_DIGEST.check, options)
    account_id, region = _registry_of(backend, options)
    reference = f"{name}:{tag}" if digest is None else f"{name}@{digest}"
    with backend.writing(Origin(region)) as call:
        target = get_repository(call, name, account_id)
        image = None if target is None else _get_image(call.connection, target.key, tag, digest)
        if target is None or image is None:
            raise ValueError(f"There is no image {reference} in registry {account_id} in {region}.")
        if images.get_manifests(call.connection, [image.key])[image.key].media_type in LISTS:
            raise ValueError(
                f"{reference} is a list of images, which is not scanned; give the digest of one of its images."
            )
        FINDINGS.put(call.connection, image.key, checked_findings, clock.now())
        SCAN_COURSE.put(call.connection, image.key, course, clock.now())
        scanning.count_as_scanned(call, target, image)


def set_preview(backend: Backend, repository: str, options: PreviewOptions) -> None:
    """Set how previews of a repository's lifecycle policy go, as :meth:`FakeECR.set_preview` describes.

    Raises:
        TypeError: there is no such option.
        ValueError: a value is invalid, or the repository does not exist.

    Warns:
        PublishedLimitWarning: only the published limits refused the repository's name.
    """
    _check_options("set_preview", options, PreviewOptions)
    _set_course(backend, repository, options, PREVIEW_COURSE, _course_of(options, PreviewResult))


def set_replication(backend: Backend, repository: str, options: ReplicationOptions) -> None:
    """Set how replications from a repository go, as :meth:`FakeECR.set_replication` describes.

    Raises:
        TypeError: there is no such option.
        ValueError: a value is invalid, or the repository does not exist.

    Warns:
        PublishedLimitWarning: only the published limits refused the repository's name.
    """
    _check_options("set_replication", options, ReplicationOptions)
    _set_course(backend, repository, options, REPLICATION_COURSE, _course_of(options, ReplicationResult))


def _course_of(options: Mapping[str, Any], results: Any) -> Course:
    """Build the course that options describe, with a final status of this Literal."""
    in_progress = options.get("in_progress", 0)
    check_count("in_progress", in_progress, 0)
    status, statuses = options.get("status", "COMPLETE"), get_args(results)
    if status not in statuses:
        raise ValueError(f"status: expected one of {', '.join(statuses)}; got {show(status)}")
    return new_course(status, in_progress)


def _set_course(
    backend: Backend, repository: str, options: Mapping[str, Any], kind: Kind[Course], course: Course
) -> None:
    """Store the course of what begins in a repository from now on."""
    name = _check_repository(backend, repository)
    account_id, region = _registry_of(backend, options)
    with backend.writing(Origin(region)) as call:
        target = get_repository(call, name, account_id)
        if target is None:
            raise ValueError(
                f"There is no repository {name} in registry {account_id} in {region}; create it, or push an image to "
                "it, first."
            )
        kind.put(call.connection, target.key, course, clock.now())


def _get_image(connection: Connection, repository_key: int, tag: str | None, digest: str | None) -> StoredImage | None:
    """Return the image with a tag or a digest, of which one is given; None if there is no such image."""
    if tag is not None:
        return images.get_images_by_tag(connection, repository_key, [tag]).get(tag)
    return None if digest is None else images.get_image(connection, repository_key, digest)


# --- Arguments -----------------------------------------------------------------------------------


def _check_options(method: str, options: Mapping[str, Any], allowed: type) -> None:
    """Refuse an option that its TypedDict does not have, as Python refuses an unexpected keyword argument."""
    for name in options:
        if name not in allowed.__annotations__:
            raise TypeError(
                f"FakeECR.{method}() got an unexpected keyword argument {name!r}."
                f"{suggestion(name, allowed.__annotations__)}"
            )


def _check_repository(backend: Backend, name: str) -> str:
    """Return the name of a repository that the fake's limits allow."""
    limits = backend.settings.limits
    return check_argument("repository", lambda value: check_repository_name(limits, value, "repository"), name)


def _registry_of(backend: Backend, options: Mapping[str, Any]) -> tuple[str, str]:
    """Return the account and the region of the registry that options name, by default the fake's."""
    account_id = options.get("registry_id") or backend.settings.account_id
    region = options.get("region") or backend.settings.region
    return (
        check_argument("registry_id", names.ACCOUNT_ID.check, account_id),
        check_argument("region", names.REGION.check, region),
    )


def _optional(name: str, parse: Callable[[Any], _Value], options: Mapping[str, Any]) -> _Value | None:
    value = options.get(name)
    return None if value is None else check_argument(name, parse, value)
