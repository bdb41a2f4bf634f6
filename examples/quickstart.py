"""A boto3 client pages through two repositories that a YAML file describes: `python examples/quickstart.py`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from fakeecr import FakeECR

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ListImagesResponseTypeDef

REGISTRIES = Path(__file__).parent / "registries.yaml"


def main() -> None:
    """List both repositories, with the same code as for AWS."""
    with FakeECR() as ecr:
        ecr.seed(REGISTRIES)

        oregon = boto3.client("ecr", region_name="us-west-2").get_paginator("list_images")
        print("amazonlinux, in registry 012345678910 of us-west-2")
        show(oregon.paginate(registryId="012345678910", repositoryName="amazonlinux"))

        virginia = boto3.client("ecr", region_name="us-east-1").get_paginator("list_images")
        print("\nteam/service, in the default registry of us-east-1, with maxResults=100")
        show(virginia.paginate(repositoryName="team/service", PaginationConfig={"PageSize": 100}))


def show(pages: Iterable[ListImagesResponseTypeDef]) -> None:
    """Print a line for each page."""
    print("  page  identifiers  first tag   last tag    nextToken")
    for number, page in enumerate(pages, start=1):
        tags = [image.get("imageTag", "(untagged)") for image in page["imageIds"]]
        token = "yes" if "nextToken" in page else "no"
        print(f"{number:>6}  {len(tags):>11}  {tags[0]:<10}  {tags[-1]:<10}  {token}")


if __name__ == "__main__":
    main()
