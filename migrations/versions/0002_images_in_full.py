"""What repositories are set to, what manifests say, and layers.

Revision: 0002, after 0001
"""

from __future__ import annotations

import json
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
OF_IMAGES = ["image_id", "repository_id", "image_status", "tagged"]
OF_SUBJECTS = sa.text("subject IS NOT NULL")


def upgrade() -> None:
    numbers_given = _numbers_given()
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
    _never_again(numbers_given)
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
    op.create_index(f"ix_image_identifier_{'_'.join(OF_IMAGES)}", "image_identifier", OF_IMAGES)
    op.create_index(
        "ix_image_subject",
        "image",
        ["repository_id", "subject", "status", "id"],
        sqlite_where=OF_SUBJECTS,
        postgresql_where=OF_SUBJECTS,
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
    _read_manifests()


def downgrade() -> None:
    for table in ("layer_part", "layer", "image_reference", "repository_tag"):
        op.drop_table(table)
    op.drop_index(f"ix_image_identifier_{'_'.join(OF_IMAGES)}", "image_identifier")
    op.create_index("ix_image_identifier_image_id", "image_identifier", ["image_id"])
    op.drop_index("ix_image_subject", "image")
    for columns in IMAGE_INDEXES:
        op.drop_index(f"ix_image_{'_'.join(columns)}", "image")
    for name, _ in IMAGE_COLUMNS:
        op.drop_column("image", name)
    op.drop_index("ix_repository_registry_id_id", "repository")
    numbers_given = _numbers_given()
    with op.batch_alter_table("repository", table_kwargs={"sqlite_autoincrement": True}) as batch:
        for name in ("tag_mutability", "exclusion_filters", "encryption_type"):
            batch.drop_constraint(op.f(f"ck_repository_{name}"), type_="check")
        for name in ("tag_mutability", "exclusion_filters", "scan_on_push", "encryption_type", "kms_key"):
            batch.drop_column(name)
    _never_again(numbers_given)


def _numbers_given() -> int | None:
    """Read how far SQLite has counted repositories, some of which may be gone; other engines do not rebuild a table."""
    if op.get_bind().dialect.name != "sqlite":
        return None
    found: int | None = op.get_bind().scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'repository'"))
    return found


def _never_again(numbers_given: int | None) -> None:
    """Let the rebuilt table count on from there."""
    if numbers_given is None:
        return
    sequence = sa.table("sqlite_sequence", sa.column("name", sa.String()), sa.column("seq", sa.Integer()))
    op.execute(sa.delete(sequence).where(sequence.c.name == "repository"))
    op.execute(sa.insert(sequence).values(name="repository", seq=numbers_given))


# --- What the manifests that are there say; revision 0001 took any text for one ------------------------


def _read_manifests() -> None:
    connection = op.get_bind()
    image, reference = _tables()
    sizes: dict[tuple[int, str], int] = {}
    # A list is younger than its images, so their sizes are known before its own.
    rows = connection.execute(
        sa.select(image.c.id, image.c.repository_id, image.c.digest, image.c.manifest)
        .where(image.c.manifest.is_not(None))
        .order_by(image.c.id)
    ).fetchall()
    for row in rows:
        said = _said(row.manifest)
        if said is None:
            continue
        children, layers = _descriptors(said.get("manifests")), _descriptors(said.get("layers"))
        config, subject = _descriptors([said.get("config")]), _descriptors([said.get("subject")])
        size = sum(layer["size"] for layer in (*config, *layers))
        if children:
            size = max(sizes.get((row.repository_id, child["digest"]), 0) for child in children)
        sizes[row.repository_id, row.digest] = size
        config_type = config[0]["mediaType"] if config else None
        connection.execute(
            sa.update(image)
            .where(image.c.id == row.id)
            .values(
                media_type=_text(said.get("mediaType")),
                artifact_media_type=config_type,
                artifact_type=_text(said.get("artifactType")) or config_type,
                size=size,
                subject=subject[0]["digest"] if subject else None,
            )
        )
        for digest, (is_layer, media_type) in {
            **{child["digest"]: (False, child["mediaType"]) for child in children},
            **{layer["digest"]: (True, layer["mediaType"]) for layer in (*config, *layers)},
        }.items():
            connection.execute(
                sa.insert(reference).values(
                    image_id=row.id,
                    digest=digest,
                    repository_id=row.repository_id,
                    is_layer=is_layer,
                    media_type=media_type,
                )
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


def _said(manifest: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(manifest)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _descriptors(found: Any) -> list[dict[str, Any]]:
    """Give what of a list describes a blob or an image."""
    return [
        {
            "digest": each["digest"],
            "mediaType": _text(each.get("mediaType")),
            "size": each["size"] if type(each.get("size")) is int and 0 <= each["size"] < 2**62 else 0,
        }
        for each in (found if isinstance(found, list) else ())
        if isinstance(each, dict) and _text(each.get("digest"))
    ]


def _text(value: Any) -> str | None:
    # PostgreSQL keeps no NUL in a text.
    return value if isinstance(value, str) and "\0" not in value else None
