"""Commands that look into a database leave it as it is."""

from __future__ import annotations

import pytest

from tests.store.test_older_states import copy_state

COMMANDS = [["ls"], ["ls", "web"], ["show", "web"], ["dump"], ["expire", "--dry-run"]]
MAKERS = {
    "older": (lambda path: copy_state("0002", path), "`fakeecr upgrade` brings it up to date"),
    "empty": (lambda path: path.touch(), "is empty: it holds no state of fakeecr. `fakeecr seed` fills it."),
}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kind", MAKERS)
def test_a_database_that_is_not_current_is_refused_and_stays_as_it_is(fakeecr, tmp_path, command, kind):
    make, message = MAKERS[kind]
    path = tmp_path / "state.db"
    make(path)
    before = path.read_bytes()

    outcome = fakeecr(*command, "--database", path)

    assert (outcome.exit_code, outcome.output) == (1, "")
    assert message in outcome.errors
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.db"]


def test_an_empty_database_on_a_server_stays_empty(fakeecr, new_postgresql):
    url = new_postgresql(empty=True).render_as_string(hide_password=False)

    outcome = fakeecr("ls", "--database", url)

    assert outcome.exit_code == 1
    assert "is empty" in outcome.errors
    assert "is empty" in fakeecr("ls", "--database", url).errors


def test_carrying_out_policies_may_upgrade_the_database(fakeecr, tmp_path):
    copy_state("0002", tmp_path / "state.db")

    assert fakeecr("expire", "--database", tmp_path / "state.db").exit_code == 0
