"""Settings of repositories, contents of manifests, layers and documents.

Revision: 0002, after 0001
"""

from __future__ import annotations

import json
import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MUTABILITIES = "('MUTABLE', 'IMMUTABLE', 'MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION')"
WITH_EXCLUSION = "('MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION')"
IMAGE_COLUMNS = (
    ("media_type", sa.String()),
    ("artifact_media_type", sa.String()),
    ("artifact_type", sa.String()),
    ("size", sa.BigInteger()),
    ("subject", sa.String()),
    ("pulled_at", sa.BigInteger()),
    ("archived_at", sa.BigInteger()),
    ("activated_at", sa.BigInteger()),
)
IMAGE_INDEXES = (
    ["repository_id", "id"],
    ["repository_id", "status", "id"],
    ["repository_id", "tagged", "id"],
    ["repository_id", "status", "tagged", "id"],
)
# What SQLite needs to follow the foreign key without reading a whole repository.
IDENTIFIER_INDEX = ["image_id", "repository_id", "image_status", "tagged"]
HAS_SUBJECT = sa.text("subject IS NOT NULL")


def upgrade() -> None:
    last_key = _last_key()
    with op.batch_alter_table("repository", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(
            sa.Column("tag_mutability", sa.String(24), server_default=sa.text("'MUTABLE'"), nullable=False)
        )
        table.add_column(sa.Column("exclusion_filters", sa.String(), nullable=True))
        table.add_column(sa.Column("scan_on_push", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("encryption_type", sa.String(8), server_default=sa.text("'AES256'"), nullable=False))
        table.add_column(sa.Column("kms_key", sa.String(2048), nullable=True))
        table.create_check_constraint(op.f("ck_repository_tag_mutability"), f"tag_mutability IN {MUTABILITIES}")
        table.create_check_constraint(
            op.f("ck_repository_exclusion_filters"),
            f"(exclusion_filters IS NOT NULL) = (tag_mutability IN {WITH_EXCLUSION})",
        )
        table.create_check_constraint(
            op.f("ck_repository_encryption_type"), "encryption_type IN ('AES256', 'KMS', 'KMS_DSSE')"
        )
    _continue_after(last_key)
    op.create_index("ix_repository_registry_id_id", "repository", ["registry_id", "id"])
    op.create_table(
        "repository_tag",
        sa.Column("repository_id", KEY, nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("value", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "key", name="pk_repository_tag"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_repository_tag_repository", ondelete="CASCADE"
        ),
    )
    for name, kind in IMAGE_COLUMNS:
        op.add_column("image", sa.Column(name, kind, nullable=True))
    for columns in IMAGE_INDEXES:
        op.create_index(f"ix_image_{'_'.join(columns)}", "image", columns)
    op.drop_index("ix_image_identifier_image_id", "image_identifier")
    op.create_index(f"ix_image_identifier_{'_'.join(IDENTIFIER_INDEX)}", "image_identifier", IDENTIFIER_INDEX)
    op.create_index(
        "ix_image_subject",
        "image",
        ["repository_id", "subject", "status", "id"],
        sqlite_where=HAS_SUBJECT,
        postgresql_where=HAS_SUBJECT,
    )
    op.create_table(
        "image_reference",
        sa.Column("image_id", KEY, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("repository_id", KEY, nullable=False),
        sa.Column("is_layer", sa.Boolean(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("image_id", "digest", name="pk_image_reference"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_image_reference_image", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_image_reference_repository_id_digest", "image_reference", ["repository_id", "digest"])
    op.create_table(
        "layer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("repository_id", KEY, nullable=False),
        sa.Column("upload_id", sa.String(36), nullable=True),
        sa.Column("digest", sa.String(71), nullable=True),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_layer"),
        sa.UniqueConstraint("repository_id", "digest", name="uq_layer_repository_id_digest"),
        sa.UniqueConstraint("repository_id", "upload_id", name="uq_layer_repository_id_upload_id"),
        sa.ForeignKeyConstraint(["repository_id"], ["repository.id"], name="fk_layer_repository", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "layer_part",
        sa.Column("layer_id", KEY, nullable=False),
        sa.Column("first_byte", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("layer_id", "first_byte", name="pk_layer_part"),
        sa.ForeignKeyConstraint(["layer_id"], ["layer.id"], name="fk_layer_part_layer", ondelete="CASCADE"),
    )
    for owner in ("registry", "repository", "image"):
        op.create_table(
            f"{owner}_document",
            sa.Column("id", KEY, nullable=False),
            sa.Column("kind", sa.String(), nullable=False),
            sa.Column("name", sa.String(), server_default=sa.text("''"), nullable=False),
            sa.Column("content", sa.String(), nullable=False),
            sa.Column("created_at", sa.BigInteger(), nullable=False),
            sa.Column("updated_at", sa.BigInteger(), nullable=False),
            sa.Column("owner_id", KEY, nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{owner}_document"),
            sa.UniqueConstraint("owner_id", "kind", "name", name=f"uq_{owner}_document_owner_id_kind_name"),
            sa.ForeignKeyConstraint(
                ["owner_id"], [f"{owner}.id"], name=f"fk_{owner}_document_{owner}", ondelete="CASCADE"
            ),
            sqlite_autoincrement=True,
        )
    _fill_columns_from_manifests()


def downgrade() -> None:
    for owner in ("registry", "repository", "image"):
        op.drop_table(f"{owner}_document")
    for table in ("layer_part", "layer", "image_reference", "repository_tag"):
        op.drop_table(table)
    op.drop_index(f"ix_image_identifier_{'_'.join(IDENTIFIER_INDEX)}", "image_identifier")
    op.create_index("ix_image_identifier_image_id", "image_identifier", ["image_id"])
    op.drop_index("ix_image_subject", "image")
    for columns in IMAGE_INDEXES:
        op.drop_index(f"ix_image_{'_'.join(columns)}", "image")
    for name, _ in IMAGE_COLUMNS:
        op.drop_column("image", name)
    op.drop_index("ix_repository_registry_id_id", "repository")
    last_key = _last_key()
    with op.batch_alter_table("repository", table_kwargs={"sqlite_autoincrement": True}) as batch:
        for name in ("tag_mutability", "exclusion_filters", "encryption_type"):
            batch.drop_constraint(op.f(f"ck_repository_{name}"), type_="check")
        for name in ("tag_mutability", "exclusion_filters", "scan_on_push", "encryption_type", "kms_key"):
            batch.drop_column(name)
    _continue_after(last_key)


def _last_key() -> int | None:
    """Return the largest key that SQLite has given a repository, perhaps a deleted one.

    None on other engines, which do not rebuild the table.
    """
    if op.get_bind().dialect.name != "sqlite":
        return None
    last_key: int | None = op.get_bind().scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'repository'"))
    return last_key


def _continue_after(last_key: int | None) -> None:
    """Let the rebuilt table give keys after the last one, because a key is never reused."""
    if last_key is None:
        return
    sequence = sa.table("sqlite_sequence", sa.column("name", sa.String()), sa.column("seq", sa.Integer()))
    op.execute(sa.delete(sequence).where(sequence.c.name == "repository"))
    op.execute(sa.insert(sequence).values(name="repository", seq=last_key))


# --- Contents of the stored manifests, which in revision 0001 could be any text -------------------------

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
LISTS = {OCI_INDEX, "application/vnd.docker.distribution.manifest.list.v2+json"}
MEDIA_TYPES = LISTS | {
    OCI_MANIFEST,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
}
DIGEST = re.compile(r"[a-zA-Z0-9_+.-]{1,100}:[a-fA-F0-9]{1,154}")


def _fill_columns_from_manifests() -> None:
    connection = op.get_bind()
    image, reference = _tables()
    rows = connection.execute(
        sa.select(image.c.id, image.c.repository_id, image.c.digest, image.c.manifest)
        .where(image.c.manifest.is_not(None))
        .order_by(image.c.id)
    ).fetchall()
    parsed = [(row, contents) for row in rows if (contents := _contents(row.manifest)) is not None]
    sizes = {
        (row.repository_id, row.digest): contents["size"] for row, contents in parsed if contents["size"] is not None
    }
    for row, contents in parsed:
        if contents["size"] is None:
            child_sizes = (sizes.get((row.repository_id, digest), 0) for digest, _, _ in contents["references"])
            contents["size"] = max(child_sizes, default=0)
        columns = {name: contents[name] for name in contents if name != "references"}
        connection.execute(sa.update(image).where(image.c.id == row.id).values(**columns))
        for digest, is_layer, media_type in {each[0]: each for each in contents["references"]}.values():
            values = {"image_id": row.id, "repository_id": row.repository_id}
            connection.execute(
                sa.insert(reference).values(digest=digest, is_layer=is_layer, media_type=media_type, **values)
            )


def _tables() -> tuple[sa.TableClause, sa.TableClause]:
    image = sa.table(
        "image",
        sa.column("id"),
        sa.column("repository_id"),
        sa.column("digest", sa.String()),
        sa.column("manifest", sa.LargeBinary()),
        sa.column("media_type", sa.String()),
        sa.column("artifact_media_type", sa.String()),
        sa.column("artifact_type", sa.String()),
        sa.column("size", sa.BigInteger()),
        sa.column("subject", sa.String()),
    )
    reference = sa.table(
        "image_reference",
        sa.column("image_id"),
        sa.column("digest", sa.String()),
        sa.column("repository_id"),
        sa.column("is_layer", sa.Boolean()),
        sa.column("media_type", sa.String()),
    )
    return image, reference


class InvalidManifestError(Exception):
    """A text is not a manifest; nothing of it is read then."""


def _contents(manifest: bytes) -> dict[str, Any] | None:
    """Return the columns that a manifest fills, and its references; None if it is not a valid manifest."""
    try:
        contents = json.loads(manifest)
        if not isinstance(contents, dict):
            return None
        own_type = _text(contents.get("mediaType")) or (OCI_INDEX if "manifests" in contents else OCI_MANIFEST)
        if own_type not in MEDIA_TYPES:
            return None
        config, subject = _descriptors([contents.get("config")]), _descriptors([contents.get("subject")])
        children, layers = _descriptors(contents.get("manifests")), _descriptors(contents.get("layers"))
        schema1_layers = contents.get("fsLayers") or []
        schema1_digests = [_digest(each["blobSum"]) for each in schema1_layers]
        config_type = config[0][1] if config else None
        artifact_type = _text(contents.get("artifactType")) or config_type
    except (InvalidManifestError, ValueError, RecursionError, TypeError, KeyError):
        return None
    references = [(digest, True, kind) for digest, kind, _ in (*config, *layers)]
    references += [(digest, True, None) for digest in schema1_digests]
    if own_type in LISTS:
        references = [(digest, False, kind) for digest, kind, _ in children]
    return {
        "media_type": own_type,
        "artifact_media_type": config_type,
        "artifact_type": artifact_type,
        "size": None if own_type in LISTS else sum(size for _, _, size in (*config, *layers)),
        "subject": subject[0][0] if subject else None,
        "references": references,
    }


def _descriptors(values: Any) -> list[tuple[str, str | None, int]]:
    """Return the digest, media type and size of each descriptor in a list."""
    descriptors = []
    for each in values or ():
        if each is None:
            continue
        size = each.get("size", 0) if isinstance(each, dict) else None
        if type(size) is not int or not 0 <= size <= 2**46:
            raise InvalidManifestError
        descriptors.append((_digest(each["digest"]), _text(each.get("mediaType")), size))
    return descriptors


def _digest(value: Any) -> str:
    if not isinstance(value, str) or DIGEST.fullmatch(value) is None:
        raise InvalidManifestError
    return value


def _text(value: Any) -> str | None:
    # PostgreSQL cannot store a NUL, and no engine an unpaired surrogate.
    if value is not None and (not isinstance(value, str) or "\0" in value or not value.isprintable()):
        raise InvalidManifestError
    return value
