"""The package's names, FakeECR's arguments, and how a fake is shown."""

from __future__ import annotations

import re

import pytest

import fakeecr
from fakeecr import FakeECR
from tests.adapters.processes import run_python


def test_the_package_has_every_name_that_it_exports():
    assert set(fakeecr.__all__) <= set(dir(fakeecr))
    for name in fakeecr.__all__:
        assert getattr(fakeecr, name) is not None

    with pytest.raises(AttributeError, match="no attribute 'FakeEcr'"):
        fakeecr.FakeEcr  # noqa: B018


def test_fakes_in_memory_and_on_current_files_do_not_import_alembic(tmp_path):
    script = (
        "import sys, fakeecr\n"
        f"for database in (None, {str(tmp_path / 'x.db')!r}, {str(tmp_path / 'x.db')!r}):\n"
        "    with fakeecr.FakeECR(database) as ecr: ecr.push('web')\n"
        "print('alembic' in sys.modules)"
    )

    assert run_python(script).strip() == "False"


@pytest.mark.parametrize(
    ("arguments", "representation"),
    [
        pytest.param({}, "<FakeECR 123456789012 us-east-1 in memory, stopped>", id="default arguments"),
        pytest.param(
            {"account_id": "012345678910", "region": "eu-west-1", "database": "sqlite://"},
            "<FakeECR 012345678910 eu-west-1 in sqlite://, stopped>",
            id="account, region and database",
        ),
        pytest.param(
            {"database": "postgresql+psycopg://me:secret@host/db"},
            "<FakeECR 123456789012 us-east-1 in postgresql+psycopg://me:***@host/db, stopped>",
            id="a URL with a password",
        ),
    ],
)
def test_the_representation_of_a_fake_has_its_registry_and_database(arguments, representation):
    assert repr(FakeECR(**arguments)) == representation


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            {"account_id": "12"}, "account_id: expected an AWS account id of 12 digits; got '12'", id="short account id"
        ),
        pytest.param(
            {"account_id": 123456789012}, "account_id: expected an AWS account id", id="account id as a number"
        ),
        pytest.param({"region": ""}, "region: expected a region such as us-west-2", id="empty region"),
        pytest.param(
            {"limits": "none"}, "limits: expected 'published' or 'installed'; got 'none'", id="unknown limits"
        ),
        pytest.param(
            {"database": 5}, "database: expected None, a path, a URL or a snapshot; got 5", id="a number as database"
        ),
        pytest.param(
            {"database": b"x.db"}, "database: expected None, a path, a URL or a snapshot", id="bytes as database"
        ),
        pytest.param({"database": "a\0b"}, "database: a path cannot contain a NUL character", id="NUL in a path"),
        pytest.param(
            {"require_layers": "yes"}, "require_layers: expected True or False; got 'yes'", id="text for True"
        ),
        pytest.param({"expire_daily": 1}, "expire_daily: expected True or False; got 1", id="1 for True"),
    ],
)
def test_an_invalid_argument_of_a_fake_is_refused_at_once(arguments, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        FakeECR(**arguments)
