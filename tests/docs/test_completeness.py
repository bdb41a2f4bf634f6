"""Nothing is undocumented: every name, argument, option, key, error and operation is in the reference."""

from __future__ import annotations

import inspect
import json
import re
import sys
from typing import get_type_hints

import pytest

import fakeecr
from fakeecr import FakeECR, errors, pytest_plugin
from fakeecr.arranging import FindingsOptions, PreviewOptions, PushOptions, ReplicationOptions
from fakeecr.operations import OPERATIONS
from fakeecr.seeds.schema import SCHEMA_FILE
from tests.docs.pages import ROOT

sys.path.insert(0, str(ROOT / "docs" / "_ext"))
import generated_reference

REFERENCE = ROOT / "docs" / "reference"
PACKAGE = (REFERENCE / "fakeecr.md").read_text(encoding="utf-8")
ERRORS = (REFERENCE / "errors.md").read_text(encoding="utf-8")
PLUGIN = (REFERENCE / "pytest-plugin.md").read_text(encoding="utf-8")
GENERATED = dict(generated_reference.pages())

METHODS = [name for name in dir(FakeECR) if not name.startswith("_")]
# What adapters and forks call, and not test authors.
INTERNAL = {"answer", "before_fork", "after_fork_in_child", "leave_to_parent"}
OPTIONS = {
    "push": PushOptions,
    "set_findings": FindingsOptions,
    "set_preview": PreviewOptions,
    "set_replication": ReplicationOptions,
}


@pytest.mark.parametrize("name", [name for name in fakeecr.__all__ if name != "__version__"])
def test_every_public_name_is_documented(name):
    assert re.search(rf"^\.\. auto\w+:: fakeecr\.{name}$", PACKAGE + ERRORS, re.MULTILINE)
    assert inspect.getdoc(getattr(fakeecr, name))


def test_every_method_and_attribute_of_a_fake_is_documented():
    members = re.search(r"autoclass:: fakeecr\.FakeECR\n   :members: (.*)\n", PACKAGE)
    others = re.findall(r"^\.\. auto(?:method|property):: fakeecr\.FakeECR\.(\w+)$", PACKAGE, re.MULTILINE)

    assert members is not None
    assert sorted([*members[1].split(", "), *others]) == sorted(set(METHODS) - INTERNAL)


@pytest.mark.parametrize("method", ["__init__", *(name for name in METHODS if callable(getattr(FakeECR, name)))])
def test_every_argument_of_a_fake_s_methods_is_documented(method):
    if method in INTERNAL:
        return
    documented = FakeECR if method == "__init__" else getattr(FakeECR, method)
    names = set(inspect.signature(getattr(FakeECR, method)).parameters) - {"self", "options"}
    names |= set(get_type_hints(OPTIONS.get(method, object)))

    described = re.findall(r"^    (\w+): ", (inspect.getdoc(documented) or "").partition("Args:")[2], re.MULTILINE)

    # A single argument that is named in the text needs no list.
    undescribed = {name for name in names if name not in described}
    assert undescribed <= {"decorated", "client_or_session", "path"}


@pytest.mark.parametrize("argument", pytest_plugin._ARGUMENTS)
def test_every_argument_of_the_marker_is_documented(argument):
    assert f"\n| `{argument}` | " in PLUGIN.partition("## Ini options")[0]


def test_every_ini_option_and_flag_is_documented():
    source = inspect.getsource(pytest_plugin.pytest_addoption)

    for option in re.findall(r'addini\(\s*"(\w+)"', source):
        assert f"\n| `{option}` | " in PLUGIN.partition("## Ini options")[2]
    for flag in re.findall(r'"(--[\w-]+)"', source):
        assert f"\n`{flag} " in PLUGIN


def test_every_fixture_and_marker_is_documented():
    source = inspect.getsource(pytest_plugin)

    for fixture in re.findall(r"@pytest\.fixture\ndef (\w+)\(", source):
        assert f"\n`{fixture}`\n: " in PLUGIN
    for marker in ("fakeecr", pytest_plugin._REAL):
        assert f"### `{marker}`\n" in PLUGIN


def test_every_error_and_warning_is_documented():
    classes = [
        name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
    ]

    assert [name for name in classes if f".. autoexception:: fakeecr.{name}\n" not in ERRORS] == []


def test_every_operation_is_documented_with_its_errors():
    for name, operation in OPERATIONS.items():
        page = GENERATED[f"reference/operations/{operation.module.replace('_', '-')}"]
        section = page.partition(f"### {name}\n")[2].partition("### ")[0]
        assert section.strip(), name
        assert "Errors: " in section


def test_every_module_with_operations_has_a_page():
    assert set(generated_reference.RESOURCES) == {operation.module for operation in OPERATIONS.values()}


def test_every_key_of_a_seed_is_documented():
    page = GENERATED["reference/seeds"]

    for definition in json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))["$defs"].values():
        for key in definition["properties"]:
            assert f"\n`{key}` (" in page


def test_the_versions_of_the_documentation_are_those_that_the_task_runner_tests():
    versions = generated_reference.versions()

    assert set(versions) == {"Python", "boto3 and botocore", "SQLAlchemy", "pytest"}
    assert versions["Python"] == "3.11, 3.12, 3.13"
    assert re.fullmatch(r"[\d.]+ or newer.*", versions["SQLAlchemy"])


def test_no_page_is_missing_from_the_side_bar():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    entries = set(re.findall(r"^([\w/-]+)$", index, re.MULTILINE))

    pages = {str(page.relative_to(ROOT / "docs").with_suffix("")) for page in (ROOT / "docs").rglob("*.md")}
    written = {page for page in pages if not page.startswith(("_build", "reference/operations/")) and page != "index"}
    assert written <= entries
