"""Names of images as people write them."""

from __future__ import annotations

import pytest

from fakeecr.rules.image_names import ImageName, parse_image_name

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web", ImageName("web")),
        ("team/web", ImageName("team/web")),
        ("team/web:1.0", ImageName("team/web", "1.0")),
        (f"team/web@{DIGEST}", ImageName("team/web", digest=DIGEST)),
        (f"web:1.0@{DIGEST}", ImageName("web", "1.0", DIGEST)),
        ("public.ecr.aws/web:1.0", ImageName("public.ecr.aws/web", "1.0")),
    ],
)
def test_a_name_has_a_repository_and_a_tag_or_a_digest(text, name):
    assert parse_image_name(text) == name


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-west-1.on.aws",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.eu-west-1.localhost:4510",
    ],
)
def test_the_host_of_a_uri_says_account_and_region(host):
    name = parse_image_name(f"{host}/team/web:1.0")

    assert name == ImageName("team/web", "1.0", None, "123456789012", "eu-west-1")


@pytest.mark.parametrize("text", ["", ":1.0", "web:", "web@", "web:1:2", "localhost:4510/web:1.0", "web@a@b", "\udcff"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="expected REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST; got"):
        parse_image_name(text)
