"""The forms of names that ECR knows: accounts, regions, repositories, image tags, digests, resource tags, keys."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from fakeecr.rules.messages import show


class Form(NamedTuple):
    """What a text must look like.

    Attributes:
        pattern: matches the whole text; written so that Python and JSON Schema read it alike.
        expected: the form in words, for error messages.
    """

    pattern: str
    expected: str

    def matches(self, value: Any) -> bool:
        """Whether a value is a text of this form."""
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None

    def check(self, value: Any) -> str:
        """Return a value that is of this form.

        Raises:
            ValueError: it is not; the message says what was expected, and what was given.
        """
        if not self.matches(value):
            raise ValueError(f"expected {self.expected}; got {show(value)}")
        # Not str(value), which of an enumeration with text values is another text.
        return str.__str__(value)


# The service model has no patterns of these; AWS's error messages print them. [observed]
IMAGE_DIGEST = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"
IMAGE_TAG = "[a-zA-Z0-9-_.]+"
is_image_digest = re.compile(IMAGE_DIGEST).fullmatch
is_image_tag = re.compile(IMAGE_TAG).fullmatch

MAX_TAG_LENGTH = 300  # [model]

ACCOUNT_ID = Form(r"[0-9]{12}", "an AWS account id of 12 digits")  # [model]
REGION = Form(r"[0-9a-z-]{2,25}", "a region such as us-west-2")  # [model]

MIN_REPOSITORY_NAME_LENGTH, MAX_REPOSITORY_NAME_LENGTH = 2, 256  # [model, reference]
_REPOSITORY_NAME_LENGTH = f"(?=.{{{MIN_REPOSITORY_NAME_LENGTH},{MAX_REPOSITORY_NAME_LENGTH}}}$)"
_REPOSITORY_NAME_EXPECTED = (
    f"a repository name: {MIN_REPOSITORY_NAME_LENGTH} to {MAX_REPOSITORY_NAME_LENGTH} lower-case letters and digits"
)
# What today's service allows. [model]
REPOSITORY_NAME = Form(
    _REPOSITORY_NAME_LENGTH + r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*",
    f"{_REPOSITORY_NAME_EXPECTED}, with . _ __ / or any number of - between them",
)
# What the published reference allows: fewer names. The pattern stands by itself, because error messages print it.
# [reference]
PUBLISHED_REPOSITORY_NAME_PATTERN = r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*"
PUBLISHED_REPOSITORY_NAME = Form(
    _REPOSITORY_NAME_LENGTH + PUBLISHED_REPOSITORY_NAME_PATTERN,
    f"{_REPOSITORY_NAME_EXPECTED}, with single . _ - or / between them",
)

# The only kind of digest that ECR calculates.
SHA256_DIGEST = Form(r"sha256:[0-9a-f]{64}", "a digest: 'sha256:' and 64 hexadecimal digits in lower case")
TAG = Form(r"[a-zA-Z0-9_.-]{1,300}", "a tag: 1 to 300 letters, digits, and . _ -")  # [observed; the length: model]
PLATFORM = Form(r"[a-z0-9._-]+/[a-z0-9._-]+(/[a-z0-9._-]+)?", "a platform such as linux/amd64 or linux/arm64/v8")
# Tags of a repository as an AWS resource. [documented]
RESOURCE_TAG_KEY = Form(
    r"(?![aA][wW][sS]:)[\w .:/=+@-]{1,128}",
    "a key of 1 to 128 letters, digits, spaces and _ . : / = + - @ that does not begin with aws:",
)
RESOURCE_TAG_VALUE = Form(r"[\w .:/=+@-]{0,256}", "a value of up to 256 letters, digits, spaces and _ . : / = + - @")
# A filter that exempts image tags from a repository's mutability. [model; the wildcards documented]
EXCLUSION_FILTER = Form(
    r"(?=[^*]*(\*[^*]*){0,2}$)[0-9a-zA-Z._*-]{1,128}",
    "a filter of tags: 1 to 128 letters, digits, and . _ -, and at most two *",
)
# The first group is the key's region.
KMS_KEY_ARN = Form(
    r"arn:[a-z-]+:kms:([a-z0-9-]+):[0-9]{12}:(?:key|alias)/[a-zA-Z0-9/_-]{1,256}", "the ARN of a KMS key"
)
KMS_KEY_ID = r"(mrk-)?[0-9a-f-]{32,36}"
KMS_KEY_ALIAS = r"alias/[a-zA-Z0-9/_-]{1,250}"
UPSTREAM_HOST = Form(r"[a-z0-9.-]{1,255}", "the host of a registry such as registry-1.docker.io")
