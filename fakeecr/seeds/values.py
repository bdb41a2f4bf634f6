"""The values a seed or a push may hold: each a kind of its own that says what was expected."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from fakeecr import clock
from fakeecr.operations.tags import KEY_PATTERN, VALUE_PATTERN
from fakeecr.store.manifests import MEDIA_TYPES


class Text(str):
    """A string of a certain form."""

    __slots__ = ()

    pattern: ClassVar[str]
    expected: ClassVar[str]
    # What an editor takes it for, unquoted: to it, 2016.09 is a number and `on` may be a boolean.
    looks_like: ClassVar[list[str]] = ["string"]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Take a value as written.

        Raises:
            ValueError: it is not of this form; the message says what is, and shows what was found.
        """
        if not isinstance(value, str) or re.fullmatch(cls.pattern, value) is None:
            raise ValueError(f"expected {cls.expected}; got {shown(value)}")
        return cls(value)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Describe the form as a JSON Schema."""
        return {"type": cls.looks_like, "pattern": f"^(?:{cls.pattern})$", "description": cls.expected}


class AccountId(Text):
    """A registry's id."""

    __slots__ = ()
    pattern = r"[0-9]{12}"
    expected = "an AWS account id of 12 digits"
    looks_like: ClassVar = ["string", "integer"]


class Region(Text):
    """A region's name."""

    __slots__ = ()
    pattern = r"[0-9a-z-]{2,25}"  # model
    expected = "a region such as us-west-2"


class UpstreamUrl(Text):
    """The host of an upstream registry, as a pull-through cache rule has it."""

    __slots__ = ()
    pattern = r"[a-z0-9.-]{1,255}"
    expected = "the host of a registry such as registry-1.docker.io"


class RepositoryName(Text):
    """A repository's name, as today's service has it: wider than the published reference."""

    __slots__ = ()
    pattern = (
        r"(?=.{2,256}$)"
        r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"  # model
    )
    expected = "a repository name: 2 to 256 lower-case letters and digits, with single . _ - or / between them"


class Tag(Text):
    """An image's tag, or the pattern of many images' tags: ``{n}`` stands for an image's number."""

    __slots__ = ()
    pattern = r"([a-zA-Z0-9_.-]|\{n\}){1,300}"  # letters observed, length from the model
    expected = "a tag: 1 to 300 letters, digits, and . _ - (with `count` also {n}, an image's number)"
    looks_like: ClassVar = ["string", "number", "boolean"]


class ResourceKey(Text):
    """The key of a repository's tag as a resource."""

    __slots__ = ()
    pattern = KEY_PATTERN
    expected = "a key of 1 to 128 letters, digits, spaces and _ . : / = + - @ that does not begin with aws:"
    looks_like: ClassVar = ["string", "number", "boolean"]


class ResourceValue(Text):
    """The value of a repository's tag as a resource."""

    __slots__ = ()
    pattern = VALUE_PATTERN
    expected = "a value of up to 256 letters, digits, spaces and _ . : / = + - @"
    looks_like: ClassVar = ["string", "number", "boolean"]


class Wildcard(Text):
    """A filter that excepts tags from a repository's mutability."""

    __slots__ = ()
    pattern = r"(?=[^*]*(\*[^*]*){0,2}$)[0-9a-zA-Z._*-]{1,128}"  # model, and at most two wildcards
    expected = "a filter of tags: 1 to 128 letters, digits, and . _ -, and at most two *"
    looks_like: ClassVar = ["string", "number", "boolean"]


class KmsKey(Text):
    """The ARN of a key."""

    __slots__ = ()
    pattern = r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[a-zA-Z0-9/_-]+"
    expected = "the ARN of a KMS key"


class Platform(Text):
    """A platform of a multi-architecture image."""

    __slots__ = ()
    pattern = r"[a-z0-9._-]+/[a-z0-9._-]+(/[a-z0-9._-]+)?"
    expected = "a platform such as linux/amd64 or linux/arm64/v8"


class MediaType(Text):
    """The media type of a manifest."""

    __slots__ = ()
    pattern = "|".join(re.escape(each) for each in sorted(MEDIA_TYPES))
    expected = f"a media type of manifests: {', '.join(sorted(MEDIA_TYPES))}"


class FileName(Text):
    """The path of a file, relative to the seed's."""

    __slots__ = ()
    pattern = r"[^\0]+"
    expected = "the path of a file"


class Base64(Text):
    """Bytes in base64."""

    __slots__ = ()
    pattern = r"[A-Za-z0-9+/\s]*={0,2}\s*"
    expected = "bytes in base64"


class Digest(Text):
    """An image's digest."""

    __slots__ = ()
    pattern = r"sha256:[0-9a-f]{64}"
    expected = "a digest: 'sha256:' and 64 hexadecimal digits in lower case"


class Content(str):
    """The exact text of a manifest or a layer."""

    __slots__ = ()
    expected = "the text of a manifest or layer in UTF-8"

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Take a text, or its bytes in UTF-8.

        Raises:
            ValueError: it is neither.
        """
        try:
            if isinstance(value, str):
                value = value.encode()
            return cls(value, "utf-8")
        except (UnicodeError, TypeError):
            raise ValueError(f"expected {cls.expected}; got {shown(value)}") from None

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Describe the form as a JSON Schema."""
        return {"type": "string", "description": cls.expected}


class PolicyText(Content):
    """The text of a policy."""

    __slots__ = ()
    expected = "the JSON text of a policy (in YAML after `|`)"


class Moment(datetime):
    """A moment: ISO 8601, in UTC where it names no zone."""

    __slots__ = ()
    expected = "a moment such as 2016-12-16T20:05:42Z"

    @classmethod
    def parse(cls, value: Any) -> Moment:
        """Take a datetime, or its ISO 8601 text.

        Raises:
            ValueError: it is neither.
        """
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise ValueError(f"expected {cls.expected}; got {shown(value)}") from None
        if not isinstance(value, datetime):
            raise ValueError(f"expected {cls.expected}; got {shown(value)}")
        try:
            moment = clock.in_milliseconds(value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC))
        except OverflowError:
            raise ValueError(f"expected {cls.expected}; got {shown(value)}, which no calendar has") from None
        return cls(
            moment.year,
            moment.month,
            moment.day,
            moment.hour,
            moment.minute,
            moment.second,
            moment.microsecond,
            tzinfo=UTC,
        )

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Describe the form as a JSON Schema."""
        return {"type": "string", "description": cls.expected}


class Whole(int):
    """A whole number."""

    __slots__ = ()
    expected: ClassVar[str]
    least: ClassVar[int]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Take a number, or its digits as a YAML file has them.

        Raises:
            ValueError: it is no whole number, or too small.
        """
        digits = str(value) if type(value) in (int, str) else ""
        if re.fullmatch(r"[0-9]{1,12}", digits) is None or int(digits) < cls.least:
            raise ValueError(f"expected {cls.expected}; got {shown(value)}")
        return cls(digits)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Describe the form as a JSON Schema."""
        return {"type": "integer", "minimum": cls.least, "description": cls.expected}


class Count(Whole):
    """How many images an entry stands for."""

    __slots__ = ()
    expected = "a whole number of images, 1 or more"
    least = 1


class Size(Whole):
    """The size of an image."""

    __slots__ = ()
    expected = "a whole number of bytes, of 12 digits at most"
    least = 0


class Flag(int):
    """True or false."""

    __slots__ = ()
    expected = "true or false"

    @classmethod
    def parse(cls, value: Any) -> Flag:
        """Take a boolean, or the word as a YAML file has it.

        Raises:
            ValueError: it is neither.
        """
        if value in ("true", "false"):
            return cls(value == "true")
        if not isinstance(value, bool):
            raise ValueError(f"expected {cls.expected}; got {shown(value)}")
        return cls(value)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Describe the form as a JSON Schema."""
        return {"type": "boolean", "description": cls.expected}


def shown(value: Any) -> str:
    """Show a value in a message, shortened where it is long."""
    text = "nothing" if value is None else repr(str(value) if isinstance(value, str) else value)
    return text if len(text) <= 80 else f"{text[:77]}…"
