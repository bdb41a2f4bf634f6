"""Errors with notes for the author of a test: what exists instead, where else something is, what to call first.

The message of an error is AWS's, and a note (PEP 678) says what AWS does not know or does not say. A note is made only
when its error is, and costs the same however much the fake holds.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from fakeecr import aws_errors
from fakeecr.aws_errors import ECRError
from fakeecr.registry.call import Call
from fakeecr.rules.messages import enumerate_names, likely, suggestion
from fakeecr.store import images, layers, nearby, repositories
from fakeecr.store.nearby import Identifier, Nearby
from fakeecr.store.repositories import RepositoryAddress, StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

_log = logging.getLogger("fakeecr")

# How many names and how many images a note lists.
_NAMES = 10
_IMAGES = 3


def with_notes(error: ECRError, *notes: str) -> ECRError:
    """Return an error with notes; empty ones are left out."""
    for note in filter(None, notes):
        error.add_note(note)
    return error


# --- Repositories --------------------------------------------------------------------------------


def repository_not_found(call: Call, name: str, account_id: str) -> ECRError:
    """Build the error of a missing repository: which registries have it, which repositories exist, the closest name.

    Which registries have it is also logged. A wrong region is the most common mistake, and code that catches this error
    to create the repository hides the note.
    """
    elsewhere = _in_other_registries(call, name, account_id)
    if elsewhere:
        _log.warning("%s", elsewhere)
    return with_notes(
        aws_errors.repository_not_found(name, account_id), elsewhere, _repositories(call, name, account_id)
    )


def _in_other_registries(call: Call, name: str, account_id: str) -> str:
    """Return which other registries have a repository of this name; nothing if none has."""
    registries = [
        f"registry {other_id} in {region}" for other_id, region in nearby.registries_with(call.connection, name)
    ]
    if not registries:
        return ""
    return (
        f"There is no repository {name!r} in registry {account_id} in {call.region.name}; "
        f"this fake has one in {enumerate_names(registries[:_NAMES], len(registries))}."
    )


def _repositories(call: Call, name: str, account_id: str) -> str:
    """Return which repositories a registry has, and the name that was probably meant."""
    registry_key = repositories.get_registry(call.connection, account_id, call.region.name)
    near = Nearby([], []) if registry_key is None else nearby.repositories_near(call.connection, registry_key, name)
    registry = f"Registry {account_id} in {call.region.name}"
    names = near.nearest_first()
    if not names:
        return f"{registry} is empty: CreateRepository, push() or a seed puts a repository into it."
    noun = "repository" if len(names) == 1 else "repositories"
    meant = _suggest(name, near) or _suggest_other_path(name, names)
    return f"{registry} has the {noun} {_list_names(near)}.{meant}"


def _list_names(near: Nearby) -> str:
    """Return the names around a missing one, and how many more there are."""
    shown = [repr(name) for name in near.around(_NAMES)]
    return enumerate_names(shown, len(near.before) + len(near.after), is_exact=near.are_all)


def _suggest(name: str, near: Nearby) -> str:
    """Return the end of a message that proposes the closest name."""
    names = near.nearest_first()
    # If there are more names than these, a better one may be among the others.
    return suggestion(name, likely(name, names), 0.6 if near.are_all else 0.88)


def _suggest_other_path(name: str, names: Sequence[str]) -> str:
    """Return the end of a message that proposes the same name in another namespace, such as team/web for web."""
    last = name.rpartition("/")[2]
    meant = next((other for other in names if other.rpartition("/")[2] == last), None)
    return f" Did you mean {meant!r}?" if meant else ""


def not_in_upstream(error: ECRError, prefix: str, upstream: str) -> ECRError:
    """Return the error of a repository that a cache rule was to fill, with what the upstream lacks.

    Args:
        error: the error.
        prefix: the prefix of the rule.
        upstream: host and name of the repository upstream.
    """
    return with_notes(
        error,
        f"The pull-through cache rule {prefix!r} matches, but {upstream} does not have the image in this fake; "
        "the key 'upstream' of a seed puts it there.",
    )


def repository_not_empty(call: Call, repository: StoredRepository) -> ECRError:
    """Build the error of deleting a repository that has images: which ones they are."""
    identifiers = nearby.first_identifiers(call.connection, repository.key)
    hidden = ""
    if all(identifier.status != "ACTIVE" for identifier in identifiers):
        hidden = "ListImages lists images that are not ACTIVE only if its filter has the imageStatus ANY."
    return with_notes(
        aws_errors.repository_not_empty(repository),
        f"It has {_list_images(identifiers)}. DeleteRepository with force=True deletes images, too.",
        hidden,
    )


def _list_images(identifiers: Sequence[Identifier]) -> str:
    """Return images by their tags and abridged digests, and how many more identifiers there are."""
    shown = []
    for digest, tag, status in identifiers[:_IMAGES]:
        attributes = [digest[:19] + "…", *([] if status == "ACTIVE" else [status])]
        shown.append(f"{tag!r} ({', '.join(attributes)})" if tag is not None else " ".join(attributes))
    is_exact = len(identifiers) < nearby.MOST_IDENTIFIERS
    return enumerate_names(shown, len(identifiers), is_exact=is_exact)


# --- Images --------------------------------------------------------------------------------------


def image_not_found(call: Call, image_id: ImageIdentifierTypeDef, repository: StoredRepository) -> ECRError:
    """Build the error of a missing image: the closest tags, the image that has the tag, or where the digest is."""
    error = aws_errors.image_not_found(image_id, repository)
    tag, digest = image_id.get("imageTag"), image_id.get("imageDigest")
    if tag is None:
        return with_notes(error, _images_instead_of(call, digest or "", repository))
    if digest is not None and images.get_tag(call.connection, repository.key, tag) is not None:
        return with_notes(error, f"The tag {tag!r} belongs to the image {_digest_of(call, tag, repository)}.")
    return with_notes(error, _tags(call, tag, repository))


def _digest_of(call: Call, tag: str, repository: StoredRepository) -> str:
    """Return the digest of the image that has a tag."""
    return images.get_images_by_tag(call.connection, repository.key, [tag])[tag].digest


def _tags(call: Call, tag: str, repository: StoredRepository) -> str:
    """Return which tags a repository has, and the tag that was probably meant."""
    near = nearby.tags_near(call.connection, repository.key, tag)
    tags = near.nearest_first()
    if not tags:
        return f"Repository {repository.name!r} has no tags."
    noun = "tag" if len(tags) == 1 else "tags"
    return f"Repository {repository.name!r} has the {noun} {_list_names(near)}.{_suggest(tag, near)}"


def _images_instead_of(call: Call, digest: str, repository: StoredRepository) -> str:
    """Return which repository has the image of this digest, or else what this repository has."""
    address = nearby.repository_with_image(call.connection, digest)
    if address is not None:
        return f"{_describe_address(call, address, repository)} has this image."
    identifiers = nearby.first_identifiers(call.connection, repository.key)
    return f"Repository {repository.name!r} has {_list_images(identifiers) if identifiers else 'no images'}."


def _describe_address(call: Call, address: RepositoryAddress, repository: StoredRepository) -> str:
    """Return a repository's name, with its registry if that is not the same as another repository's."""
    if (address.account_id, address.region) == (repository.account_id, call.region.name):
        return f"Repository {address.name!r}"
    return f"Repository {address.name!r} in registry {address.account_id} in {address.region}"


def image_tag_already_exists(call: Call, tag: str, repository: StoredRepository) -> ECRError:
    """Build the error of moving an immutable tag: which image has it, and what makes it immutable."""
    filters = ", ".join(map(repr, repository.exclusion_filters))
    return with_notes(
        aws_errors.image_tag_already_exists(tag, repository),
        f"The image {_digest_of(call, tag, repository)} has the tag. The imageTagMutability of {repository.name!r} is "
        f"{repository.tag_mutability}{f', with the filters {filters}' if filters else ''}.",
    )


def image_digest_does_not_match(digest: str, calculated: str, repository: StoredRepository) -> ECRError:
    """Build the error of a digest that is not the manifest's: which digest it has."""
    return with_notes(
        aws_errors.image_digest_does_not_match(digest, repository),
        f"The digest of the manifest is {calculated}: that of its exact text, in which spaces and order count.",
    )


def invalid_manifest(problem: str) -> ECRError:
    """Build the error of an invalid manifest, whose message is the same whatever is wrong [observed].

    Args:
        problem: the key that is wrong, and why.
    """
    return with_notes(
        aws_errors.invalid_parameter("ImageManifest", "Invalid JSON syntax"), f"The manifest is invalid: {problem}."
    )


def referenced_images_not_found(call: Call, digests: Sequence[str], repository: StoredRepository) -> ECRError:
    """Build the error of a list some of whose images are missing: which repository has the first of them."""
    address = nearby.repository_with_image(call.connection, digests[0])
    note = f"The images of a list must be in its own repository: push them to {repository.name!r} first."
    if address is not None:
        note = f"{_describe_address(call, address, repository)} has {digests[0]}. {note}"
    return with_notes(aws_errors.referenced_images_not_found(digests, repository), note)


# --- Layers --------------------------------------------------------------------------------------


def layers_required(call: Call, digests: Sequence[str], repository: StoredRepository) -> ECRError:
    """Build the error of an image some of whose layers are missing: what requires them, and who has the first one."""
    return with_notes(
        aws_errors.layers_required(digests, repository),
        "This fake has require_layers=True: layers must be uploaded to the repository before their image.",
        _layer_elsewhere(call, digests[0], repository),
    )


def layer_not_found(call: Call, digest: str, repository: StoredRepository) -> ECRError:
    """Build the error of a missing layer: whether an image refers to it, and which repository has it."""
    note = "UploadLayerPart and CompleteLayerUpload put a layer into a repository, as push(layers=[…]) and seeds do."
    if layers.get_use(call.connection, repository.key, digest) is not None:
        note = f"An image in {repository.name!r} refers to this layer, but its bytes were not uploaded. {note}"
    return with_notes(aws_errors.layer_not_found(digest, repository), _layer_elsewhere(call, digest, repository), note)


def _layer_elsewhere(call: Call, digest: str, repository: StoredRepository) -> str:
    address = nearby.repository_with_layer(call.connection, digest)
    if address is None:
        return ""
    return (
        f"{_describe_address(call, address, repository)} has the layer {digest}; each repository needs its own upload."
    )


# --- What has to be called first -----------------------------------------------------------------


def lifecycle_policy_not_found(repository: StoredRepository) -> ECRError:
    """Build the error of a repository without a lifecycle policy: how it gets one."""
    return with_notes(
        aws_errors.lifecycle_policy_not_found(repository),
        "PutLifecyclePolicy gives it one. StartLifecyclePolicyPreview also takes a lifecyclePolicyText of its own.",
    )


def lifecycle_policy_preview_not_found(repository: StoredRepository, *, has_policy: bool) -> ECRError:
    """Build the error of a repository without a preview: how it gets one."""
    source = "from the repository's policy" if has_policy else "from its lifecyclePolicyText"
    missing = "" if has_policy else ", because the repository has no policy either"
    return with_notes(
        aws_errors.lifecycle_policy_preview_not_found(repository),
        f"StartLifecyclePolicyPreview makes a preview, {source}{missing}.",
    )


def scan_not_found(image_id: ImageIdentifierTypeDef, repository: StoredRepository, *, is_enhanced: bool) -> ECRError:
    """Build the error of an image that was never scanned: what scans it."""
    note = "StartImageScan scans an image, and a push does if scanOnPush is set. set_findings() records a scan, too."
    if is_enhanced:
        note = (
            "The registry's scan type is ENHANCED: a push scans an image if a rule of the registry matches its "
            "repository, and StartImageScan is disabled. set_findings() records a scan, too."
        )
    return with_notes(aws_errors.scan_not_found(image_id, repository), note)


def scan_quota(last: datetime) -> ECRError:
    """Build the error of a second scan within 24 hours: when the first one was."""
    return with_notes(
        aws_errors.scan_quota(),
        f"The last scan began at {last:%Y-%m-%d %H:%M:%S} UTC, and an image is scanned once in 24 hours at most. "
        "A test can move the clock with freezegun.",
    )


def feature_disabled() -> ECRError:
    """Build the error of a basic scan in a registry with enhanced scanning, which AWS's message does not name."""
    return with_notes(
        aws_errors.feature_disabled(),
        "The registry's scan type is ENHANCED, which disables StartImageScan; set_findings() records a scan.",
    )
