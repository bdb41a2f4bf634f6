"""The shape of a seed: what it may hold, checked by msgspec, and described to editors as a JSON Schema.

`python -m fakeecr.seeds.schema` writes the description anew into the package.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct, field

from fakeecr.errors import SeedError
from fakeecr.seeds.values import (
    AccountId,
    Base64,
    Content,
    Count,
    Digest,
    FileName,
    Flag,
    KmsKey,
    MediaType,
    Moment,
    Platform,
    PolicyText,
    Region,
    RepositoryName,
    ResourceValue,
    Size,
    Tag,
    UpstreamUrl,
    Wildcard,
    shown,
)

SCHEMA_FILE = Path(__file__).parent / "seed.schema.json"

Status = Literal["ACTIVE", "ARCHIVED", "ACTIVATING"]
Mutability = Literal["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]
Severity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNDEFINED"]
Encryption = Literal["AES256", "KMS", "KMS_DSSE"]


class AttributeSeed(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An attribute of a finding."""

    key: str
    value: str | None = None


class FindingSeed(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a scan of an image finds, as DescribeImageScanFindings gives it."""

    name: str
    severity: Severity
    description: str | None = None
    uri: str | None = None
    attributes: list[AttributeSeed] | None = None


class ImageSeed(Struct, forbid_unknown_fields=True):
    """An image, or with `count` many images, each tagged by the pattern of its tags."""

    digest: Annotated[Digest | None, Meta(description="Default: the digest of its manifest, given or made up.")] = None
    tags: Annotated[list[Tag], Meta(description="With `count`, `{n}` stands for the image's number: 1, 2, 3, …")] = (
        field(default_factory=list)
    )
    pushed_at: Annotated[Moment | None, Meta(description="Default: now.")] = None
    manifest: Annotated[
        Content | None, Meta(description="The exact text of its manifest. Default: a small one is made up.")
    ] = None
    manifest_file: Annotated[FileName | None, Meta(description="A file that holds its manifest, exactly.")] = None
    media_type: Annotated[
        MediaType | None, Meta(description="That of its manifest, where the manifest itself names none.")
    ] = None
    platforms: Annotated[
        list[Platform], Meta(description="Makes it an index, with an image for each of these platforms.")
    ] = field(default_factory=list)
    size: Annotated[Size | None, Meta(description="Its size in bytes. Default: what its manifest says.")] = None
    pulled_at: Annotated[Moment | None, Meta(description="When it was pulled last. Default: never.")] = None
    archived_at: Annotated[Moment | None, Meta(description="When it was archived last. Default: never.")] = None
    activated_at: Annotated[Moment | None, Meta(description="When it was restored last. Default: never.")] = None
    status: Annotated[Status, Meta(description="Its imageStatus.")] = "ACTIVE"
    findings: Annotated[
        list[FindingSeed] | None,
        Meta(
            description="What scans of it found, be it nothing; with `platforms`, of each of its images. Default: it "
            "was not scanned."
        ),
    ] = None
    count: Annotated[Count | None, Meta(description="Makes this entry stand for that many images.")] = None


class Images:
    """The images of a repository, checked one by one as they are taken, so that a generator may give them."""

    def __init__(self, entries: Iterable[Any] = ()) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[ImageSeed]:
        """Check and give one image after the other.

        Raises:
            SeedError: its path begins at the repository: ``images[3].digest``.
        """
        for index, entry in enumerate(self._entries):
            yield _check(entry, ImageSeed, f"images[{index}]")


class LayerSeed(Struct, forbid_unknown_fields=True):
    """A layer, or another blob, by one of content, base64 and file."""

    content: Annotated[Content | None, Meta(description="Its text.")] = None
    base64: Annotated[Base64 | None, Meta(description="Its bytes in base64.")] = None
    file: Annotated[FileName | None, Meta(description="A file that holds its bytes.")] = None
    digest: Annotated[Digest | None, Meta(description="Checked, if it is given.")] = None


class UpstreamRepositorySeed(Struct, forbid_unknown_fields=True):
    """A repository that is upstream: its layers and images, which caches pull."""

    name: RepositoryName
    layers: list[LayerSeed] = field(default_factory=list)
    images: Images = field(default_factory=Images)


class RepositorySeed(Struct, forbid_unknown_fields=True):
    """A repository, its settings, layers and images."""

    name: RepositoryName
    created_at: Annotated[Moment | None, Meta(description="Default: now.")] = None
    tags: Annotated[dict[str, ResourceValue], Meta(description="Its tags as a resource: keys with values.")] = field(
        default_factory=dict
    )
    image_tag_mutability: Mutability = "MUTABLE"
    image_tag_mutability_exclusion_filters: Annotated[
        list[Wildcard], Meta(description="For the two mutabilities WITH_EXCLUSION.")
    ] = field(default_factory=list)
    scan_on_push: Annotated[Flag | None, Meta(description="Default: false.")] = None
    encryption_type: Encryption = "AES256"
    kms_key: KmsKey | None = None
    policy: Annotated[PolicyText | None, Meta(description="Its policy, as JSON.")] = None
    lifecycle_policy: Annotated[PolicyText | None, Meta(description="Its lifecycle policy, as JSON.")] = None
    layers: list[LayerSeed] = field(default_factory=list)
    images: Images = field(default_factory=Images)


class RegistrySeed(Struct, forbid_unknown_fields=True):
    """The registry of one account in one region."""

    id: Annotated[AccountId | None, Meta(description="Default: the fake's account.")] = None
    region: Annotated[Region | None, Meta(description="Default: the fake's region.")] = None
    repositories: list[RepositorySeed] = field(default_factory=list)


class UpstreamSeed(Struct, forbid_unknown_fields=True):
    """A registry that pull-through cache rules pull from."""

    url: UpstreamUrl
    repositories: list[UpstreamRepositorySeed] = field(default_factory=list)


class Seed(Struct, forbid_unknown_fields=True):
    """Registries of Amazon ECR, as fakeecr is to find them."""

    registries: list[RegistrySeed] = field(default_factory=list)
    upstream: Annotated[list[UpstreamSeed], Meta(description="What is to be had beyond pull-through caches.")] = field(
        default_factory=list
    )


def check_finding(finding: Any) -> dict[str, Any]:
    """Check a finding, and give it as it is kept.

    Raises:
        SeedError: it is none.
    """
    return finding_as_kept(_check(finding, FindingSeed, ""))


def finding_as_kept(finding: FindingSeed) -> dict[str, Any]:
    """Give a finding as DescribeImageScanFindings answers with it."""
    kept: dict[str, Any] = msgspec.to_builtins(finding)
    try:
        msgspec.json.encode(kept)
    except UnicodeEncodeError:
        raise SeedError("a finding has half a character in it", path="findings") from None
    return kept


def check_seed(content: Any) -> Seed:
    """Check a whole seed but for its images, which are checked as they are taken.

    Raises:
        SeedError: with the key path of the first value that is wrong.
    """
    if isinstance(content, dict) and not content.keys():
        raise SeedError("the key 'registries' is missing")
    return _check(content, Seed, "")


def json_schema() -> dict[str, Any]:
    """Describe seeds as a JSON Schema, for editors that complete and check YAML."""
    (seed, image), components = msgspec.json.schema_components(
        [Seed, ImageSeed], schema_hook=_describe, ref_template="#/$defs/{name}"
    )
    components["Seed"]["minProperties"] = 1
    for each in ("RepositorySeed", "UpstreamRepositorySeed"):
        components[each]["properties"]["images"] = {"type": "array", "items": image}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fakeecr seed",
        **seed,
        "$defs": components,
    }


def _describe(kind: type) -> dict[str, Any]:
    return {"type": "array"} if kind is Images else kind.schema()  # type: ignore[attr-defined]


def _parse(kind: type, value: Any) -> Any:
    if kind is not Images:
        return kind.parse(value)  # type: ignore[attr-defined]
    if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
        raise ValueError(f"expected a list of images; got {shown(value)}")
    return Images(value)


# --- What is said of a seed that is wrong --------------------------------------------------------

# The keys that are one of certain words.
_WORDS = {"status": Status, "image_tag_mutability": Mutability, "encryption_type": Encryption, "severity": Severity}
_KINDS = {
    "array": "a list",
    "object": "a mapping of keys",
    "null": "nothing",
    "str": "text",
    "int": "a number",
}
_Shape = TypeVar("_Shape", bound=Struct)


def _check(content: Any, shape: type[_Shape], path: str) -> _Shape:
    try:
        return msgspec.convert(content, shape, dec_hook=_parse)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        problem, key = _worded(message, shape, where := where.rstrip("`"))
        raise SeedError(problem, path=(path + where + key).removeprefix(".")) from None


def _worded(message: str, shape: type[Struct], where: str) -> tuple[str, str]:
    """Put msgspec's message in our words; and give what the path lacks of the key that is meant."""
    found = re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", message, re.DOTALL)
    if found:
        key = found[2]
        if found[1] == "missing required":
            return f"the key '{key}' is missing", ""
        keys = list(_struct_at(shape, where).__struct_fields__)
        near = get_close_matches(key, keys, n=1)
        meant = f"did you mean '{near[0]}'?" if near else f"the keys here are {', '.join(keys)}"
        return f"unknown key '{key}'; {meant}", f".{key}"
    found = re.fullmatch(r"Expected `(.*)`, got `(.*)`", message)
    if found:
        wanted = " or ".join(_KINDS.get(kind, kind) for kind in found[1].split(" | ") if kind != "null")
        return f"expected {wanted}; got {_KINDS.get(found[2], found[2])}", ""
    found = re.fullmatch(r"Invalid enum value (.*)", message, re.DOTALL)
    if found:
        words = get_args(_WORDS[where.rpartition(".")[2]])
        return f"expected one of {', '.join(words)}; got {found[1]}", ""
    return message, ""


def _struct_at(shape: type[Struct], where: str) -> type[Struct]:
    """Find the struct whose keys stand at a path."""
    inside: dict[str, type[Struct]] = {
        "registries": RegistrySeed,
        "repositories": RepositorySeed,
        "layers": LayerSeed,
        "findings": FindingSeed,
        "attributes": AttributeSeed,
        "upstream": UpstreamSeed,
    }
    names = re.findall(r"[a-z_]+", where)
    if names[:1] == ["upstream"] and names[-1] == "repositories":
        return UpstreamRepositorySeed
    return inside[names[-1]] if names else shape


if __name__ == "__main__":
    SCHEMA_FILE.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
