"""`fakeecr show`: one repository, or one image with what belongs to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from fakeecr.cli.options import (
    database_option,
    image_argument,
    json_option,
    open_registries,
    read_name,
    registry_options,
)
from fakeecr.cli.output import (
    Column,
    Progress,
    count,
    describe_moment,
    describe_size,
    is_json,
    print_json,
    print_table,
    print_text,
    print_tree,
    shorten_digest,
    visible,
)

if TYPE_CHECKING:
    from rich.tree import Tree

    from fakeecr.registry.call import Backend
    from fakeecr.rules.image_names import ImageName

_PROPERTIES = [Column("", "cyan"), Column("", wraps=True)]
_LAYERS = [Column("LAYER"), Column("SIZE", is_number=True), Column("TYPE", wraps=True), Column("BYTES")]
_FINDINGS = [Column("SEVERITY"), Column("FINDING", wraps=True)]


@click.command(short_help="Show a repository, or an image with its manifest, layers and findings.")
@image_argument
@registry_options
@database_option
@json_option
def command(image: str, account_id: str, region: str, database: str | None, as_json: bool) -> None:
    """Show a repository with its settings and policies, or an image with its manifest, layers and findings.

    Example: fakeecr show team/web:1.0 --database state.db

    The beginning of a digest is enough if only one image has it. A whole URI also says in which registry to look.
    """
    name = read_name(image)
    with open_registries(database, account_id, region) as backend:
        description = _describe(backend, name)
    if is_json(as_json):
        print_json(description)
    elif name.is_repository:
        _print_repository(description)
    else:
        _print_image(image, description)


def _describe(backend: Backend, name: ImageName) -> dict[str, Any]:
    from fakeecr.cli.reading import describe_image, describe_repository, find_named, find_named_image

    with backend.reading() as call, Progress("Reading images") as progress:
        local_call, repository = find_named(call, name)
        if name.is_repository:
            return describe_repository(local_call, repository)
        try:
            image = find_named_image(local_call, repository, name)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        return describe_image(local_call, repository, image, progress.advance)


# --- For people ----------------------------------------------------------------------------------


def _print_repository(repository: Mapping[str, Any]) -> None:
    encryption = repository["encryptionConfiguration"]
    filters = [each["filter"] for each in repository.get("imageTagMutabilityExclusionFilters", [])]
    _print_properties(
        repository["repositoryName"],
        {
            "ARN": repository["repositoryArn"],
            "URI": repository["repositoryUri"],
            "Created": f"{describe_moment(repository['createdAt'])} UTC",
            "Images": f"{repository['imageCount']:,}, {repository['untaggedImageCount']:,} of them untagged",
            "Tags of images": f"{repository['tagCount']:,}",
            "Tag mutability": " ".join([repository["imageTagMutability"], *filters]),
            "Scan on push": "yes" if repository["imageScanningConfiguration"]["scanOnPush"] else "no",
            "Encryption": " ".join(encryption.values()),
            "Tags": ", ".join(f"{tag['Key']}={tag['Value']}" for tag in repository["tags"]),
        },
    )
    _print_text("Policy", repository.get("policyText"))
    _print_text("Lifecycle policy", repository.get("lifecyclePolicyText"))


def _print_image(name: str, image: Mapping[str, Any]) -> None:
    _print_properties(
        name,
        {
            "Digest": image["imageDigest"],
            "Tags": ", ".join(image.get("imageTags", [])),
            "Media type": image["imageManifestMediaType"],
            "Size": describe_size(image["imageSizeInBytes"]),
            "Status": image["imageStatus"],
            "Pushed": f"{describe_moment(image['imagePushedAt'])} UTC",
            "Subject": image.get("subjectManifestDigest", ""),
            "Scan": image.get("imageScanStatus", {}).get("status", ""),
        },
    )
    if "images" in image:
        click.echo()
        print_tree(_tree(image))
    if image.get("layers"):
        click.echo()
        print_table(_LAYERS, map(_layer_row, image["layers"]))
    findings = list(_finding_rows(image))
    if findings:
        click.echo()
        print_table(_FINDINGS, findings)
    if image.get("config"):
        _print_text("Config", json.dumps(image["config"]))
    _print_text("Manifest", image.get("imageManifest"))


def _print_properties(title: str, properties: Mapping[str, str]) -> None:
    print_table(_PROPERTIES, [(name, value) for name, value in properties.items() if value], title)


def _print_text(title: str, text: str | None) -> None:
    """Print a document under a title; JSON is indented."""
    if text is None:
        return
    # A test may push a manifest that is no JSON.
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    print_text(f"\n{title}", "bold")
    print_text(text)


def _tree(image: Mapping[str, Any], label: str = "index") -> Tree:
    """Return an image with the images that it lists, by platform."""
    from rich.text import Text
    from rich.tree import Tree

    if "failureReason" in image:
        digest, size = image["imageId"]["imageDigest"], "missing"
    elif "imageId" in image:
        digest, size = image["imageId"]["imageDigest"], "see the other one"
    else:
        digest, size = image["imageDigest"], describe_size(image["imageSizeInBytes"])
    facts = [shorten_digest(digest), size]
    if image.get("layers"):
        facts.append(count(len(image["layers"]), "layer"))
    severities = image.get("imageScanFindings", {}).get("findingSeverityCounts", {})
    if severities:
        facts.append(count(sum(severities.values()), "finding"))
    tree = Tree(Text.assemble((visible(label), "cyan"), "  ", visible("  ".join(facts))))
    for child in image.get("images", ()):
        tree.add(_tree(child, child.get("platform", "unknown platform")))
    return tree


def _layer_row(layer: Mapping[str, Any]) -> tuple[str, ...]:
    stored = "stored" if layer["layerAvailability"] == "AVAILABLE" else "missing"
    return shorten_digest(layer["layerDigest"]), describe_size(layer["layerSize"]), layer.get("mediaType", ""), stored


def _finding_rows(image: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    findings = image.get("imageScanFindings", {})
    for finding in findings.get("findings", ()):
        yield finding["severity"], finding["name"]
    for finding in findings.get("enhancedFindings", ()):
        yield finding["severity"], finding["title"]
