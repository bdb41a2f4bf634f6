"""What must hold in the database after any request."""

from __future__ import annotations

import sqlalchemy as sa

from fakeecr import FakeECR

# Each query returns the rows that violate the rule.
_VIOLATIONS = {
    "a tagged image has one identifier for each tag, an untagged image has one without a tag": """
        SELECT i.id FROM image i LEFT JOIN image_identifier r ON r.image_id = i.id GROUP BY i.id, i.tagged
        HAVING (i.tagged AND count(r.tag) < 1) OR (NOT i.tagged AND count(r.id) <> 1)
        OR (i.tagged AND count(r.id) <> count(r.tag)) OR (NOT i.tagged AND count(r.tag) <> 0)""",
    "an identifier agrees with its image": """
        SELECT r.id FROM image_identifier r JOIN image i ON r.image_id = i.id WHERE r.digest <> i.digest
        OR r.image_status <> i.status OR r.tagged <> i.tagged OR r.repository_id <> i.repository_id""",
    "an image of a manifest list exists": """
        SELECT f.digest FROM image_reference f LEFT JOIN image c
        ON c.repository_id = f.repository_id AND c.digest = f.digest WHERE NOT f.is_layer AND c.id IS NULL""",
    "a reference belongs to an image of the same repository": """
        SELECT f.digest FROM image_reference f LEFT JOIN image i ON i.id = f.image_id
        AND i.repository_id = f.repository_id WHERE i.id IS NULL""",
    "the size of a layer is the size of its parts": """
        SELECT l.id FROM layer l LEFT JOIN layer_part p ON p.layer_id = l.id GROUP BY l.id, l.size
        HAVING coalesce(sum(length(p.content)), 0) <> l.size""",
    "a layer without a digest is an open upload": "SELECT id FROM layer WHERE digest IS NULL AND upload_id IS NULL",
}


def check_invariants(ecr: FakeECR) -> None:
    """Check that the database of a fake violates no rule."""
    with ecr._open().store.reading() as connection:
        for rule, query in _VIOLATIONS.items():
            assert connection.execute(sa.text(query)).all() == [], rule
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
