"""The page about notes shows the note that its test gets."""

from __future__ import annotations

from tests.answers import notes_of
from tests.docs.pages import ROOT


def test_the_note_on_the_page_is_the_one_that_the_test_gets(ecr, client):
    ecr.push("team/api", "1.0")
    ecr.push("team/web", "1.0")

    notes = notes_of(client.list_images, repositoryName="team/wbe")

    page = (ROOT / "docs" / "how-to" / "error-notes.md").read_text(encoding="utf-8")
    assert f"\nE   {notes}\n" in page
