"""Every code block of the README and of the documentation does what its page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from fakeecr import FakeECR
from tests.docs.pages import GENERATED, ROOT, code_blocks, name_of, named_blocks, pages

# Pages whose tests make calls, or use limits, that only the newest service model has.
NEWEST = {
    "docs/explanation/limits.md": "limits of today",
    "docs/how-to/replication-and-caches.md": "CREATE_ON_PUSH",
}
every_page = pytest.mark.parametrize("page", pages(), ids=name_of)
every_page_with_tests = pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.newest_model(NEWEST[name_of(page)])] if name_of(page) in NEWEST else [])
        for page in pages()
    ],
    ids=name_of,
)

RUN_SCRIPTS = """
import sys, warnings
import pytest_socket
pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
warnings.simplefilter("error")
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        exec(compile(file.read(), name, "exec"), {"__name__": "__main__"})
"""


@pytest.fixture
def run(page, tmp_path, request):
    """Return a function that runs Python in a folder with the page's files, and returns the process."""
    text = page.read_text(encoding="utf-8")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for language, suffix in (("python", "py"), ("yaml", "yaml")):
        for block in named_blocks(text, language, suffix):
            file = tmp_path / block.file
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.code, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    if "TEAM_DATABASE_URL" in text:
        url = request.getfixturevalue("new_postgresql")()
        environment["TEAM_DATABASE_URL"] = url.render_as_string(hide_password=False)

    def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    return run_python


def run_pytest(run, files: list[str]) -> tuple[int, str, dict[str, int]]:
    """Run test files, and return pytest's exit code, its output, and the numbers of its outcomes."""
    options = ["-q", "-W", "error", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += ["-o", "asyncio_default_fixture_loop_scope=function"]
    process = run("-m", "pytest", *options, "--allow-hosts=127.0.0.1", "--allow-unix-socket", *files)
    output = process.stdout + process.stderr
    outcomes = {name: int(count) for count, name in re.findall(r"(\d+) (passed|failed|errors?|skipped)", output)}
    return process.returncode, output, outcomes


@every_page
def test_the_scripts_of_a_page_run(page, run):
    blocks = named_blocks(page.read_text(encoding="utf-8"), "python", "py")
    scripts = [block.file for block in blocks if block.is_script]

    process = run("-c", RUN_SCRIPTS, *scripts) if scripts else None

    assert process is None or process.returncode == 0, process.stderr


@every_page_with_tests
def test_the_tests_of_a_page_pass(page, run):
    blocks = named_blocks(page.read_text(encoding="utf-8"), "python", "py")
    files = [block.file for block in blocks if block.is_test and not block.fails]
    if not files:
        return

    code, output, outcomes = run_pytest(run, files)

    assert (code, set(outcomes)) == (0, {"passed"}), output


@every_page
def test_the_tests_that_fail_on_a_page_fail(page, run):
    blocks = named_blocks(page.read_text(encoding="utf-8"), "python", "py")
    files = [block.file for block in blocks if block.is_test and block.fails]
    if not files:
        return

    _, output, outcomes = run_pytest(run, files)

    assert set(outcomes) == {"failed"}, output


@every_page
def test_the_seeds_of_a_page_can_be_loaded(page, run, tmp_path):
    for block in named_blocks(page.read_text(encoding="utf-8"), "yaml", "yaml"):
        with FakeECR() as ecr:
            ecr.seed(tmp_path / block.file)


@every_page
def test_the_ini_blocks_of_a_page_name_options_of_the_plugin(page):
    plugin = (ROOT / "fakeecr" / "pytest_plugin.py").read_text(encoding="utf-8")
    options = set(re.findall(r'addini\(\s*"(\w+)"', plugin)) | {"asyncio_mode", "filterwarnings"}

    for block in code_blocks(page.read_text(encoding="utf-8"), "ini"):
        assert set(re.findall(r"^(\w+) =", block, re.MULTILINE)) <= options


@every_page
def test_the_links_of_a_page_to_files_exist(page):
    text = page.read_text(encoding="utf-8")

    targets = {(page.parent / link).resolve() for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)}

    missing = [name_of(target) for target in targets if not target.exists()]
    assert [name for name in missing if not name.startswith(GENERATED)] == []
