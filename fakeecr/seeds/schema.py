"""The shape of a seed: checked by msgspec, and published to editors as a JSON Schema.

`python -m fakeecr.seeds.schema` writes the JSON Schema into the package.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct, field

from fakeecr.errors import SeedError
from fakeecr.rules.messages import closest, show
from fakeecr.seeds.values import (
    AccountId,
    Base64,
    Content,
    Count,
    Digest,
    ExclusionFilter,
    FileName,
    Flag,
    KmsKey,
    MediaType,
    Moment,
    Platform,
    PolicyText,
    Region,
    RepositoryName,
    ResourceTagValue,
    Size,
    Tag,
    UpstreamHost,
)

SCHEMA_FILE = Path(__file__).parent / "seed.schema.json"

Status = Literal["ACTIVE", "ARCHIVED", "ACTIVATING"]
Mutability = Literal["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]
Severity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNDEFINED"]
Encryption = Literal["AES256", "KMS", "KMS_DSSE"]


class AttributeSeed(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An attribute of a scan finding."""

    key: str
    value: str | None = None


class FindingSeed(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A scan finding, in the form of DescribeImageScanFindings."""

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
        Content | None, Meta(description="The exact text of its manifest. Default: a small one, made up by fakeecr.")
    ] = None
    manifest_file: Annotated[FileName | None, Meta(description="A file with the exact bytes of its manifest.")] = None
    media_type: Annotated[
        MediaType | None, Meta(description="The media type of a manifest that names none itself.")
    ] = None
    platforms: Annotated[
        list[Platform], Meta(description="Makes it an index with one image for each of these platforms.")
    ] = field(default_factory=list)
    size: Annotated[Size | None, Meta(description="Its size in bytes. Default: what its manifest says.")] = None
    pulled_at: Annotated[Moment | None, Meta(description="When it was last pulled. Default: never.")] = None
    archived_at: Annotated[Moment | None, Meta(description="When it was last archived. Default: never.")] = None
    activated_at: Annotated[Moment | None, Meta(description="When it was last restored. Default: never.")] = None
    status: Annotated[Status, Meta(description="Its imageStatus.")] = "ACTIVE"
    findings: Annotated[
        list[FindingSeed] | None,
        Meta(
            description="What a scan of it found; an empty list if the scan found nothing. With `platforms`, what a "
            "scan of each platform's image found. Default: it was not scanned."
        ),
    ] = None
    count: Annotated[Count | None, Meta(description="Makes this entry stand for this number of images.")] = None


class Images:
    """The images of a repository, checked one by one when they are read, so that they may come from a generator."""

    def __init__(self, entries: Iterable[Any] = ()) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[ImageSeed]:
        """Yield the images one by one, each checked.

        Raises:
            SeedError: an image is invalid; the error's path begins at the repository: ``images[3].digest``.
        """
        for index, entry in enumerate(self._entries):
            yield _check(entry, ImageSeed, f"images[{index}]")


class LayerSeed(Struct, forbid_unknown_fields=True):
    """A layer, or another blob, given by one of content, base64 and file."""

    content: Annotated[Content | None, Meta(description="Its content as text.")] = None
    base64: Annotated[Base64 | None, Meta(description="Its content in base64.")] = None
    file: Annotated[FileName | None, Meta(description="A file with its content.")] = None
    digest: Annotated[Digest | None, Meta(description="Its digest, which is checked. Default: calculated.")] = None


class UpstreamRepositorySeed(Struct, forbid_unknown_fields=True):
    """A repository of an upstream registry, whose images pull-through caches can pull."""

    name: RepositoryName
    layers: list[LayerSeed] = field(default_factory=list)
    images: Images = field(default_factory=Images)


class RepositorySeed(Struct, forbid_unknown_fields=True):
    """A repository, its settings, layers and images."""

    name: RepositoryName
    created_at: Annotated[Moment | None, Meta(description="Default: now.")] = None
    tags: Annotated[dict[str, ResourceTagValue], Meta(description="Its tags as an AWS resource: keys with values.")] = (
        field(default_factory=dict)
    )
    image_tag_mutability: Mutability = "MUTABLE"
    image_tag_mutability_exclusion_filters: Annotated[
        list[ExclusionFilter], Meta(description="Needed by the two mutabilities …_WITH_EXCLUSION.")
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
    """A registry that pull-through cache rules can pull from."""

    url: UpstreamHost
    repositories: list[UpstreamRepositorySeed] = field(default_factory=list)


class Seed(Struct, forbid_unknown_fields=True):
    """The content of a seed: registries of Amazon ECR, and registries upstream of their caches."""

    registries: list[RegistrySeed] = field(default_factory=list)
    upstream: Annotated[list[UpstreamSeed], Meta(description="What pull-through caches can pull.")] = field(
        default_factory=list
    )


def check_findings(findings: Any) -> list[dict[str, Any]]:
    """Return scan findings as they are stored.

    Raises:
        ValueError: they are not a list of findings; the message begins with the key path of what is wrong.
    """
    if isinstance(findings, Mapping | str) or not isinstance(findings, Iterable):
        raise ValueError(f"findings: expected a list of findings; got {show(findings)}")
    try:
        return [
            stored_finding(_check(finding, FindingSeed, f"findings[{index}]"), f"findings[{index}]")
            for index, finding in enumerate(findings)
        ]
    except SeedError as error:
        raise ValueError(f"{error.path}: {error.problem}") from None


def stored_finding(finding: FindingSeed, path: str) -> dict[str, Any]:
    """Return a scan finding as it is stored, and as DescribeImageScanFindings returns it.

    Args:
        finding: the finding.
        path: its key path.

    Raises:
        SeedError: one of its texts has an unpaired surrogate, which JSON cannot hold.
    """
    content: dict[str, Any] = msgspec.to_builtins(finding)
    try:
        msgspec.json.encode(content)
    except UnicodeEncodeError:
        raise SeedError("a text has an unpaired surrogate, which is not a character", path=path) from None
    return content


def check_seed(content: Any) -> Seed:
    """Return a seed whose shape is checked, except that of its images, which are checked when they are read.

    Raises:
        SeedError: a value is invalid; the error has the key path of the first one.
    """
    if isinstance(content, dict) and not content.keys():
        raise SeedError("the key 'registries' is missing")
    return _check(content, Seed, "")


def json_schema() -> dict[str, Any]:
    """Return the shape of seeds as a JSON Schema, by which editors complete and check YAML."""
    (seed, image), components = msgspec.json.schema_components(
        [Seed, ImageSeed], schema_hook=_schema_of, ref_template="#/$defs/{name}"
    )
    components["Seed"]["minProperties"] = 1
    for name in ("RepositorySeed", "UpstreamRepositorySeed"):
        components[name]["properties"]["images"] = {"type": "array", "items": image}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fakeecr seed",
        **seed,
        "$defs": components,
    }


def _schema_of(value_type: type) -> dict[str, Any]:
    return {"type": "array"} if value_type is Images else value_type.schema()  # type: ignore[attr-defined]


def _parse(value_type: type, value: Any) -> Any:
    if value_type is not Images:
        return value_type.parse(value)  # type: ignore[attr-defined]
    if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
        raise ValueError(f"expected a list of images; got {show(value)}")
    return Images(value)


# --- Errors --------------------------------------------------------------------------------------

# The keys whose value is one of certain words.
_ALLOWED_WORDS = {
    "status": Status,
    "image_tag_mutability": Mutability,
    "encryption_type": Encryption,
    "severity": Severity,
}
_TYPE_NAMES = {
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
        message, _, suffix = str(error).partition(" - at `$")
        inner_path = suffix.rstrip("`")
        problem, key = _translate(message, shape, inner_path)
        raise SeedError(problem, path=(path + inner_path + key).removeprefix(".")) from None


def _translate(message: str, shape: type[Struct], path: str) -> tuple[str, str]:
    """Return one of msgspec's messages in fakeecr's words, and the key that is missing at the end of its path."""
    match = re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", message, re.DOTALL)
    if match:
        key = match[2]
        if match[1] == "missing required":
            return f"the key '{key}' is missing", ""
        keys = list(_struct_at(shape, path).__struct_fields__)
        meant = closest(key, keys)
        advice = f"did you mean '{meant}'?" if meant else f"the keys here are {', '.join(keys)}"
        return f"unknown key '{key}'; {advice}", f".{key}"
    match = re.fullmatch(r"Expected `(.*)`, got `(.*)`", message)
    if match:
        types = [_TYPE_NAMES.get(name, name) for name in match[1].split(" | ") if name != "null"]
        return f"expected {' or '.join(types)}; got {_TYPE_NAMES.get(match[2], match[2])}", ""
    match = re.fullmatch(r"Invalid enum value (.*)", message, re.DOTALL)
    if match:
        words = get_args(_ALLOWED_WORDS[path.rpartition(".")[2]])
        return f"expected one of {', '.join(words)}; got {match[1]}", ""
    return message, ""


def _struct_at(shape: type[Struct], path: str) -> type[Struct]:
    """Return the struct whose keys are at a path."""
    structs: dict[str, type[Struct]] = {
        "registries": RegistrySeed,
        "repositories": RepositorySeed,
        "layers": LayerSeed,
        "findings": FindingSeed,
        "attributes": AttributeSeed,
        "upstream": UpstreamSeed,
    }
    keys = re.findall(r"[a-z_]+", path)
    if keys[:1] == ["upstream"] and keys[-1] == "repositories":
        return UpstreamRepositorySeed
    return structs[keys[-1]] if keys else shape


if __name__ == "__main__":
    SCHEMA_FILE.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
