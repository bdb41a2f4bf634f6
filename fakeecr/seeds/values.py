"""The values of seeds and pushes: each type parses a value, and says what it expects of one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from fakeecr import clock
from fakeecr.rules import names, quotas
from fakeecr.rules.manifests import MEDIA_TYPES
from fakeecr.rules.messages import show
from fakeecr.rules.names import Form

# To an editor, an unquoted YAML scalar may be of any of these types: 2016.09 is a number.
_ANY_SCALAR = ["string", "number", "boolean"]


class Text(str):
    """A text that must have a certain form.

    Attributes:
        form: the form.
        json_types: the types that an editor may take the value for, as a JSON Schema names them.
    """

    __slots__ = ()

    form: ClassVar[Form]
    json_types: ClassVar[list[str]] = ["string"]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return a value as this type.

        Raises:
            ValueError: it is not of this form; the message says what was expected, and what was given.
        """
        return cls(cls.form.check(value))

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the form as a JSON Schema."""
        return {"type": cls.json_types, "pattern": f"^(?:{cls.form.pattern})$", "description": cls.form.expected}


class AccountId(Text):
    """The id of a registry."""

    __slots__ = ()
    form = names.ACCOUNT_ID
    json_types: ClassVar = ["string", "integer"]


class Region(Text):
    """The name of a region."""

    __slots__ = ()
    form = names.REGION


class UpstreamHost(Text):
    """The host of an upstream registry."""

    __slots__ = ()
    form = names.UPSTREAM_HOST


class RepositoryName(Text):
    """The name of a repository."""

    __slots__ = ()
    form = names.REPOSITORY_NAME


class Tag(Text):
    """An image's tag, or the pattern of many images' tags, in which ``{n}`` stands for an image's number."""

    __slots__ = ()
    form = Form(
        r"([a-zA-Z0-9_.-]|\{n\}){1,300}",
        f"{names.TAG.expected} (with `count` also {{n}}, an image's number)",
    )
    json_types: ClassVar = _ANY_SCALAR


class ResourceTagValue(Text):
    """The value of a repository's tag as an AWS resource."""

    __slots__ = ()
    form = names.RESOURCE_TAG_VALUE
    json_types: ClassVar = _ANY_SCALAR


class ExclusionFilter(Text):
    """A filter that exempts tags from a repository's mutability."""

    __slots__ = ()
    form = names.EXCLUSION_FILTER
    json_types: ClassVar = _ANY_SCALAR


class KmsKey(Text):
    """The ARN of a key."""

    __slots__ = ()
    form = names.KMS_KEY_ARN


class Platform(Text):
    """A platform of a multi-architecture image."""

    __slots__ = ()
    form = names.PLATFORM


class MediaType(Text):
    """The media type of a manifest."""

    __slots__ = ()
    form = Form(
        "|".join(re.escape(media_type) for media_type in sorted(MEDIA_TYPES)),
        f"a media type of manifests: {', '.join(sorted(MEDIA_TYPES))}",
    )


class FileName(Text):
    """The path of a file, relative to the seed's."""

    __slots__ = ()
    form = Form(r"[^\0]+", "the path of a file")


class Base64(Text):
    """Bytes in base64."""

    __slots__ = ()
    form = Form(r"[A-Za-z0-9+/\s]*={0,2}\s*", "bytes in base64")


class Digest(Text):
    """The digest of an image."""

    __slots__ = ()
    form = names.SHA256_DIGEST


class Content(str):
    """The exact text of a manifest or a layer."""

    __slots__ = ()
    expected = "the text of a manifest or layer in UTF-8"

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return a text, or bytes in UTF-8, as this type.

        Raises:
            ValueError: it is neither.
        """
        try:
            if isinstance(value, str):
                value = value.encode()
            return cls(value, "utf-8")
        except (UnicodeError, TypeError):
            raise ValueError(f"expected {cls.expected}; got {show(value)}") from None

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the form as a JSON Schema."""
        return {"type": "string", "description": cls.expected}


class PolicyText(Content):
    """The text of a policy."""

    __slots__ = ()
    expected = "the JSON text of a policy (in YAML after `|`)"


class Moment(datetime):
    """A moment: ISO 8601, in UTC unless it names a time zone."""

    __slots__ = ()
    expected = "a moment such as 2016-12-16T20:05:42Z"

    @classmethod
    def parse(cls, value: Any) -> Moment:
        """Return a datetime, or a text in ISO 8601, as this type.

        Raises:
            ValueError: it is neither.
        """
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise ValueError(f"expected {cls.expected}; got {show(value)}") from None
        if not isinstance(value, datetime):
            raise ValueError(f"expected {cls.expected}; got {show(value)}")
        try:
            moment = clock.to_milliseconds(value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC))
        except OverflowError:
            raise ValueError(f"expected {cls.expected}; got {show(value)}, which is out of range") from None
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
        """Return the form as a JSON Schema."""
        return {"type": "string", "description": cls.expected}


class Whole(int):
    """A whole number."""

    __slots__ = ()
    expected: ClassVar[str]
    minimum: ClassVar[int]
    maximum: ClassVar[int] = 10**12 - 1

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return a number, or its digits as a YAML file has them, as this type.

        Raises:
            ValueError: it is not a whole number, or out of range.
        """
        digits = str(value) if type(value) in (int, str) else ""
        if re.fullmatch(r"[0-9]{1,12}", digits) is None or not cls.minimum <= int(digits) <= cls.maximum:
            raise ValueError(f"expected {cls.expected}; got {show(value)}")
        return cls(digits)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the form as a JSON Schema."""
        return {
            "type": "integer",
            "minimum": cls.minimum,
            "maximum": cls.maximum,
            "description": cls.expected,
        }


class Count(Whole):
    """The number of images that an entry stands for."""

    __slots__ = ()
    expected = f"a whole number of images, 1 to {quotas.IMAGES_PER_SEED_ENTRY:,}"
    minimum = 1
    maximum = quotas.IMAGES_PER_SEED_ENTRY


class Size(Whole):
    """The size of an image in bytes."""

    __slots__ = ()
    expected = "a whole number of bytes, of 12 digits at most"
    minimum = 0


class Flag(int):
    """True or false."""

    __slots__ = ()
    expected = "true or false"

    @classmethod
    def parse(cls, value: Any) -> Flag:
        """Return a boolean, or the word that a YAML file has for it, as this type.

        Raises:
            ValueError: it is neither.
        """
        if value in ("true", "false"):
            return cls(value == "true")
        if not isinstance(value, bool):
            raise ValueError(f"expected {cls.expected}; got {show(value)}")
        return cls(value)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the form as a JSON Schema."""
        return {"type": "boolean", "description": cls.expected}
