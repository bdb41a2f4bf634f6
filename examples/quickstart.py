"""A real boto3 client pages through repositories that come from a YAML file."""

from __future__ import annotations

from pathlib import Path

import boto3

from fakeecr import FakeECR

REGISTRIES = Path(__file__).parent / "registries.yaml"


def main() -> None:
    """Print a line for every page of two listings."""
    print(f"{'repository':<14} {'page':>4} {'identifiers':>12}  {'first':<10} {'last':<10} nextToken")
    with FakeECR() as ecr:
        ecr.seed(REGISTRIES)
        show_pages("amazonlinux", region="us-west-2", registryId="012345678910")
        show_pages("team/service", region="us-east-1", maxResults=100)


def show_pages(repository: str, *, region: str, **parameters: str | int) -> None:
    """List a repository from its first page to its last, as code for AWS would."""
    client = boto3.client("ecr", region_name=region)
    page, token = 0, None
    while page == 0 or token is not None:
        if token is not None:
            parameters["nextToken"] = token
        response = client.list_images(repositoryName=repository, **parameters)  # type: ignore[arg-type]
        page, token = page + 1, response.get("nextToken")
        tags = [image.get("imageTag", "(untagged)") for image in response["imageIds"]]
        print(f"{repository:<14} {page:>4} {len(tags):>12}  {tags[0]:<10} {tags[-1]:<10} {token or '(none)'}")


if __name__ == "__main__":
    main()
