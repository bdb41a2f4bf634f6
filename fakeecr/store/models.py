"""The tables: registries have repositories, repositories have images, images have identifiers.

The database itself enforces what must always be true. The columns that an identifier copies from its image
(repository, digest, status, whether it is tagged) form one foreign key, so that they cannot differ from the image's.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
    event,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timestamp(TypeDecorator[datetime]):
    """A moment in UTC, stored as whole microseconds since 1970: exact, ordered, the same on every engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return an aware datetime in microseconds."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return microseconds as a datetime in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def microseconds(moment: datetime) -> int:
    """Return a moment as a :class:`Timestamp` column stores it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


# SQLite numbers rows by itself, and never reuses a number, only in a column of exactly this type.
_Key = BigInteger().with_variant(Integer, "sqlite")
_NEVER_REUSED = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """The base of every table; constraints have fixed names, so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class Secret(Base):
    """The secret that seals this database's page tokens: one row, never part of a dump."""

    __tablename__ = "secret"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    value: Mapped[str] = mapped_column(String(64))


def new_secret() -> bytes:
    """Make a new secret of 32 bytes."""
    return secrets.token_bytes(32)


class Registry(Base):
    """The registry of one account in one region."""

    __tablename__ = "registry"
    __table_args__ = (UniqueConstraint("account_id", "region"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    account_id: Mapped[str] = mapped_column(String(12))
    region: Mapped[str] = mapped_column(String)


class Repository(Base):
    """A repository and its settings.

    `exclusion_filters` holds the patterns that exempt tags from its mutability, as JSON: ``["dev-*"]``.
    `pushes` counts the images that fakeecr made up for it, so that no two are alike.
    """

    __tablename__ = "repository"
    __table_args__ = (
        UniqueConstraint("registry_id", "name"),
        # The order in which they are described.
        Index(None, "registry_id", "id"),
        CheckConstraint(
            "tag_mutability IN ('MUTABLE', 'IMMUTABLE', 'MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION')",
            name="tag_mutability",
        ),
        CheckConstraint(
            "(exclusion_filters IS NOT NULL) = "
            "(tag_mutability IN ('MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION'))",
            name="exclusion_filters",
        ),
        CheckConstraint("encryption_type IN ('AES256', 'KMS', 'KMS_DSSE')", name="encryption_type"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    registry_id: Mapped[int] = mapped_column(_Key, ForeignKey("registry.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    pushes: Mapped[int] = mapped_column(_Key, server_default=text("0"))
    tag_mutability: Mapped[str] = mapped_column(String(24), server_default=text("'MUTABLE'"))
    exclusion_filters: Mapped[str | None] = mapped_column(String)
    scan_on_push: Mapped[bool] = mapped_column(server_default=false())
    encryption_type: Mapped[str] = mapped_column(String(8), server_default=text("'AES256'"))
    kms_key: Mapped[str | None] = mapped_column(String(2048))


class RepositoryTag(Base):
    """A tag of a repository as an AWS resource: a key and a value, not an image's tag."""

    __tablename__ = "repository_tag"

    repository_id: Mapped[int] = mapped_column(_Key, ForeignKey("repository.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str] = mapped_column(String(256))


class Image(Base):
    """An image, identified by its digest.

    `manifest` holds the exact bytes of its manifest. For an image that fakeecr made up, `made_from` holds the few
    words from which its manifest can be made again, so that a million such images stay small. An image that a seed
    names only by its digest has neither.

    `media_type`, `artifact_media_type` (the config's), `artifact_type` (for referrers), `size` and `subject` are read
    from the manifest. They are None if the manifest does not say, and for every image that fakeecr made up.
    """

    __tablename__ = "image"
    __table_args__ = (
        UniqueConstraint("repository_id", "digest"),
        # The target of an identifier's foreign key. The id leads, so that the index grows at its end.
        UniqueConstraint("id", "repository_id", "digest", "status", "tagged", name="uq_image_copied"),
        CheckConstraint("status IN ('ACTIVE', 'ARCHIVED', 'ACTIVATING')", name="status"),
        CheckConstraint("manifest IS NULL OR made_from IS NULL", name="one_manifest"),
        # One index for each filter of DescribeImages, in the order of its pages.
        Index(None, "repository_id", "id"),
        Index(None, "repository_id", "status", "id"),
        Index(None, "repository_id", "tagged", "id"),
        Index(None, "repository_id", "status", "tagged", "id"),
        # For ListImageReferrers; few images have a subject.
        Index(
            "ix_image_subject",
            "repository_id",
            "subject",
            "status",
            "id",
            sqlite_where=text("subject IS NOT NULL"),
        ),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    repository_id: Mapped[int] = mapped_column(_Key, ForeignKey("repository.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(71))
    status: Mapped[str] = mapped_column(String(10), server_default=text("'ACTIVE'"))
    tagged: Mapped[bool]
    pushed_at: Mapped[datetime] = mapped_column(Timestamp)
    manifest: Mapped[bytes | None]
    made_from: Mapped[str | None] = mapped_column(String)
    media_type: Mapped[str | None] = mapped_column(String)
    artifact_media_type: Mapped[str | None] = mapped_column(String)
    artifact_type: Mapped[str | None] = mapped_column(String)
    size: Mapped[int | None] = mapped_column(BigInteger)
    subject: Mapped[str | None] = mapped_column(String)
    pulled_at: Mapped[datetime | None] = mapped_column(Timestamp)
    archived_at: Mapped[datetime | None] = mapped_column(Timestamp)
    activated_at: Mapped[datetime | None] = mapped_column(Timestamp)


class ImageReference(Base):
    """A digest that a manifest refers to: an image of a list, or a layer or config of an image."""

    __tablename__ = "image_reference"
    # Without SQLite's own row numbers the table is one tree instead of two.
    __table_args__ = (Index(None, "repository_id", "digest"), {"sqlite_with_rowid": False})

    image_id: Mapped[int] = mapped_column(_Key, ForeignKey("image.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String, primary_key=True)
    # Copied from the image, so that one index finds every reference to a digest in a repository.
    repository_id: Mapped[int] = mapped_column(_Key)
    is_layer: Mapped[bool]
    media_type: Mapped[str | None] = mapped_column(String)


class Layer(Base):
    """A layer, or any other blob: without a digest while its upload is open, and then the sum of its parts.

    `size` counts the bytes received. A layer from a seed never had an upload.
    """

    __tablename__ = "layer"
    __table_args__ = (
        UniqueConstraint("repository_id", "digest"),
        UniqueConstraint("repository_id", "upload_id"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    repository_id: Mapped[int] = mapped_column(_Key, ForeignKey("repository.id", ondelete="CASCADE"))
    upload_id: Mapped[str | None] = mapped_column(String(36))
    digest: Mapped[str | None] = mapped_column(String(71))
    size: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class LayerPart(Base):
    """A part of a layer, as it was uploaded or read from a file: the bytes from `first_byte` on."""

    __tablename__ = "layer_part"

    layer_id: Mapped[int] = mapped_column(_Key, ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True)
    first_byte: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content: Mapped[bytes]


class _Document:
    """JSON that is only read as a whole: a policy, a configuration, the results of a scan.

    `kind` says what it is; `name` tells documents of one kind apart.
    """

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String)
    name: Mapped[str] = mapped_column(String, server_default=text("''"))
    content: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    updated_at: Mapped[datetime] = mapped_column(Timestamp)


class RegistryDocument(_Document, Base):
    """A document of a registry."""

    __tablename__ = "registry_document"
    __table_args__ = (UniqueConstraint("owner_id", "kind", "name"), _NEVER_REUSED)

    owner_id: Mapped[int] = mapped_column(_Key, ForeignKey("registry.id", ondelete="CASCADE"))


class RepositoryDocument(_Document, Base):
    """A document of a repository."""

    __tablename__ = "repository_document"
    __table_args__ = (UniqueConstraint("owner_id", "kind", "name"), _NEVER_REUSED)

    owner_id: Mapped[int] = mapped_column(_Key, ForeignKey("repository.id", ondelete="CASCADE"))


class ImageDocument(_Document, Base):
    """A document of an image."""

    __tablename__ = "image_document"
    __table_args__ = (UniqueConstraint("owner_id", "kind", "name"), _NEVER_REUSED)

    owner_id: Mapped[int] = mapped_column(_Key, ForeignKey("image.id", ondelete="CASCADE"))


class PreviewedImage(Base):
    """An image in the last preview of a repository's lifecycle policy; it may have been deleted since.

    `id` is the key of pages. `tags` is a JSON list; `action` is EXPIRE or TRANSITION; `storage_class` is STANDARD or
    ARCHIVE.
    """

    __tablename__ = "previewed_image"
    __table_args__ = (
        UniqueConstraint("repository_id", "digest"),
        # One index for each filter of a preview, in the order of its pages.
        Index(None, "repository_id", "id"),
        Index(None, "repository_id", "tagged", "id"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    repository_id: Mapped[int] = mapped_column(_Key, ForeignKey("repository.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(71))
    tags: Mapped[str] = mapped_column(String)
    tagged: Mapped[bool]
    pushed_at: Mapped[datetime] = mapped_column(Timestamp)
    action: Mapped[str] = mapped_column(String(10))
    priority: Mapped[int] = mapped_column(BigInteger)
    storage_class: Mapped[str] = mapped_column(String(10))


class ImageIdentifier(Base):
    """A row of ListImages: one for each tag of an image, or one without a tag for an untagged image.

    `id` grows with every row and is never reused: it is the key of pages.
    """

    __tablename__ = "image_identifier"
    __table_args__ = (
        ForeignKeyConstraint(
            ["image_id", "repository_id", "digest", "image_status", "tagged"],
            ["image.id", "image.repository_id", "image.digest", "image.status", "image.tagged"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        CheckConstraint("tagged = (tag IS NOT NULL)", name="tagged"),
        UniqueConstraint("repository_id", "tag"),
        Index(
            "uq_image_identifier_untagged",
            "image_id",
            unique=True,
            sqlite_where=text("tag IS NULL"),
        ),
        # SQLite follows the foreign key by the index with most of its columns. Without this one it would choose an
        # index of whole repositories, and read all of it for each image that changes.
        Index(None, "image_id", "repository_id", "image_status", "tagged"),
        # One index for each filter of ListImages, in the order of its pages.
        Index(None, "repository_id", "id"),
        Index(None, "repository_id", "image_status", "id"),
        Index(None, "repository_id", "tagged", "id"),
        Index(None, "repository_id", "image_status", "tagged", "id"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    repository_id: Mapped[int] = mapped_column(_Key)
    image_id: Mapped[int] = mapped_column(_Key)
    digest: Mapped[str] = mapped_column(String(71))
    tag: Mapped[str | None] = mapped_column(String(300))
    image_status: Mapped[str] = mapped_column(String(10), server_default=text("'ACTIVE'"))
    tagged: Mapped[bool]


@event.listens_for(Base.metadata, "before_create")
def _make_indexes_partial_on_postgresql(metadata: MetaData, connection: Connection, **_: Any) -> None:
    """Give the partial indexes their condition on PostgreSQL too.

    With `postgresql_where` where they are declared, every fake would load that dialect, which takes 30 ms.
    """
    if connection.dialect.name == "postgresql":
        for table in metadata.tables.values():
            for index in table.indexes:
                condition = index.dialect_options["sqlite"]["where"]
                if condition is not None:
                    index.dialect_options["postgresql"]["where"] = condition
