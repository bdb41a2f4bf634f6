"""What must hold in the database whatever was asked for."""

from __future__ import annotations

import sqlalchemy as sa

from fakeecr import FakeECR

# Each finds rows that must not be.
_BROKEN = {
    "an image that is tagged has tags, and one that is not has its one row without": """
        SELECT i.id FROM image i LEFT JOIN image_identifier r ON r.image_id = i.id GROUP BY i.id, i.tagged
        HAVING (i.tagged AND count(r.tag) < 1) OR (NOT i.tagged AND count(r.id) <> 1)
        OR (i.tagged AND count(r.id) <> count(r.tag)) OR (NOT i.tagged AND count(r.tag) <> 0)""",
    "an identifier says of its image what the image says": """
        SELECT r.id FROM image_identifier r JOIN image i ON r.image_id = i.id WHERE r.digest <> i.digest
        OR r.image_status <> i.status OR r.tagged <> i.tagged OR r.repository_id <> i.repository_id""",
    "what a list lists is there": """
        SELECT f.digest FROM image_reference f LEFT JOIN image c
        ON c.repository_id = f.repository_id AND c.digest = f.digest WHERE NOT f.is_layer AND c.id IS NULL""",
    "a reference is of an image in the same repository": """
        SELECT f.digest FROM image_reference f LEFT JOIN image i ON i.id = f.image_id
        AND i.repository_id = f.repository_id WHERE i.id IS NULL""",
    "a layer is as big as its parts": """
        SELECT l.id FROM layer l LEFT JOIN layer_part p ON p.layer_id = l.id GROUP BY l.id, l.size
        HAVING coalesce(sum(length(p.content)), 0) <> l.size""",
    "an upload is either open or a layer": "SELECT id FROM layer WHERE digest IS NULL AND upload_id IS NULL",
}


def check_invariants(ecr: FakeECR) -> None:
    """Check that the database of a fake is sound."""
    with ecr._open().store.reading() as connection:
        for what, query in _BROKEN.items():
            assert connection.execute(sa.text(query)).all() == [], what
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
