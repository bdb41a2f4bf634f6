"""Registries, repositories, images and their identifiers.

Revision: 0001, the first
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself, and never reuses a number, only in a column of exactly this type.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "secret",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_secret"),
        sa.CheckConstraint("id = 1", name=op.f("ck_secret_only_one")),
    )
    op.create_table(
        "registry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry"),
        sa.UniqueConstraint("account_id", "region", name="uq_registry_account_id_region"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "repository",
        sa.Column("id", KEY, nullable=False),
        sa.Column("registry_id", KEY, nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("pushes", KEY, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_repository"),
        sa.UniqueConstraint("registry_id", "name", name="uq_repository_registry_id_name"),
        sa.ForeignKeyConstraint(["registry_id"], ["registry.id"], name="fk_repository_registry", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "image",
        sa.Column("id", KEY, nullable=False),
        sa.Column("repository_id", KEY, nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("status", sa.String(10), server_default=sa.text("'ACTIVE'"), nullable=False),
        sa.Column("tagged", sa.Boolean(), nullable=False),
        sa.Column("pushed_at", sa.BigInteger(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=True),
        sa.Column("made_from", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_image"),
        sa.UniqueConstraint("repository_id", "digest", name="uq_image_repository_id_digest"),
        sa.UniqueConstraint("id", "repository_id", "digest", "status", "tagged", name="uq_image_copied"),
        sa.CheckConstraint("status IN ('ACTIVE', 'ARCHIVED', 'ACTIVATING')", name=op.f("ck_image_status")),
        sa.CheckConstraint("manifest IS NULL OR made_from IS NULL", name=op.f("ck_image_one_manifest")),
        sa.ForeignKeyConstraint(["repository_id"], ["repository.id"], name="fk_image_repository", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "image_identifier",
        sa.Column("id", KEY, nullable=False),
        sa.Column("repository_id", KEY, nullable=False),
        sa.Column("image_id", KEY, nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("tag", sa.String(300), nullable=True),
        sa.Column("image_status", sa.String(10), server_default=sa.text("'ACTIVE'"), nullable=False),
        sa.Column("tagged", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_image_identifier"),
        sa.ForeignKeyConstraint(
            ["image_id", "repository_id", "digest", "image_status", "tagged"],
            ["image.id", "image.repository_id", "image.digest", "image.status", "image.tagged"],
            name="fk_image_identifier_image",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("tagged = (tag IS NOT NULL)", name=op.f("ck_image_identifier_tagged")),
        sa.UniqueConstraint("repository_id", "tag", name="uq_image_identifier_repository_id_tag"),
        sqlite_autoincrement=True,
    )
    for columns in (
        ["image_id"],
        ["repository_id", "id"],
        ["repository_id", "image_status", "id"],
        ["repository_id", "tagged", "id"],
        ["repository_id", "image_status", "tagged", "id"],
    ):
        op.create_index(f"ix_image_identifier_{'_'.join(columns)}", "image_identifier", columns)
    op.create_index(
        "uq_image_identifier_untagged",
        "image_identifier",
        ["image_id"],
        unique=True,
        sqlite_where=sa.text("tag IS NULL"),
        postgresql_where=sa.text("tag IS NULL"),
    )


def downgrade() -> None:
    for table in ("image_identifier", "image", "repository", "registry", "secret"):
        op.drop_table(table)
