"""Previews of lifecycle policies as rows, so that they are read page by page.

Revision: 0003, after 0002
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PREVIEW = "lifecycle preview"


def upgrade() -> None:
    results = op.create_table(
        "previewed_image",
        sa.Column("id", KEY, nullable=False),
        sa.Column("repository_id", KEY, nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("tags", sa.String(), nullable=False),
        sa.Column("tagged", sa.Boolean(), nullable=False),
        sa.Column("pushed_at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("storage_class", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_previewed_image"),
        sa.UniqueConstraint("repository_id", "digest", name="uq_previewed_image_repository_id_digest"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_previewed_image_repository", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    for columns in (["repository_id", "id"], ["repository_id", "tagged", "id"]):
        op.create_index(f"ix_previewed_image_{'_'.join(columns)}", "previewed_image", columns)
    document = _documents()
    for row in op.get_bind().execute(sa.select(document).where(document.c.kind == PREVIEW)).fetchall():
        preview = json.loads(row.content)
        rows = [
            {
                "repository_id": row.owner_id,
                "digest": each["imageDigest"],
                "tags": json.dumps(each["imageTags"], separators=(",", ":")),
                "tagged": bool(each["imageTags"]),
                "pushed_at": round(each["imagePushedAt"] * 1_000_000),
                "action": each["type"],
                "priority": each["priority"],
                "storage_class": each["storageClass"],
            }
            for each in preview.pop("results")
        ]
        if rows:
            op.bulk_insert(results, rows)
        transitioning = sum(each["action"] == "TRANSITION" for each in rows)
        preview |= {"expiring": len(rows) - transitioning, "transitioning": transitioning}
        op.execute(sa.update(document).where(document.c.id == row.id).values(content=json.dumps(preview)))


def downgrade() -> None:
    # A preview is worth nothing without its results, which revision 0002 stored in the document.
    document = _documents()
    op.execute(sa.delete(document).where(document.c.kind == PREVIEW))
    op.drop_table("previewed_image")


def _documents() -> sa.TableClause:
    return sa.table(
        "repository_document",
        sa.column("id"),
        sa.column("owner_id"),
        sa.column("kind", sa.String()),
        sa.column("content", sa.String()),
    )
