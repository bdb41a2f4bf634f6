"""Seeds are written as YAML, value by value, and a file is replaced only when all of it is written."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fakeecr.seeds.writer import replacing, write_yaml

TEXTS = st.text(max_size=100).filter(lambda text: text.isprintable()) | st.sampled_from(
    [
        "1.10",
        "on",
        "null",
        "",
        " ",
        "a\n",
        "\na",
        "# a",
        "a: b",
        "- a",
        "\x85",
        "\ufeff",
        "🐳",
        "2016-01-01",
        "0x1f",
        "<<",
        "=",
    ]
)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=10,
)


def written(content):
    stream = io.StringIO()
    write_yaml(content, stream)
    return stream.getvalue()


class _WithoutAliases(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    def ignore_aliases(self, data):
        return True


@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_what_is_written_is_what_pyyaml_dumps(content):
    expected = yaml.dump(content, Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=2**24)

    assert written(content) == expected


def test_an_iterator_is_written_like_a_list():
    assert written({"images": ({"size": size} for size in range(3))}) == "images:\n- size: 0\n- size: 1\n- size: 2\n"


def test_an_iterator_is_read_while_it_is_written():
    stream = io.StringIO()
    lengths = []

    def images():
        for number in range(5_000):
            lengths.append(len(stream.getvalue()) if number % 1_000 == 0 else 0)
            yield {"tags": [f"build-{number}"]}

    write_yaml({"images": images()}, stream)

    assert 0 < lengths[2_000] < lengths[4_000]


def names_in(folder):
    return [file.name for file in folder.iterdir()]


def replace_and_raise(path, error):
    with replacing(path) as stream:
        stream.write("new")
        raise error


def test_a_file_is_replaced_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "seed.yaml"
    path.write_text("old")
    path.chmod(0o640)

    with replacing(path) as stream:
        stream.write("new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert names_in(tmp_path) == ["seed.yaml"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_file_is_as_before_after_an_error(tmp_path, error):
    path = tmp_path / "seed.yaml"
    path.write_text("old")

    with pytest.raises(error):
        replace_and_raise(path, error)

    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["seed.yaml"]


def test_a_link_to_a_file_stays_a_link(tmp_path):
    target, link = tmp_path / "target.yaml", tmp_path / "link.yaml"
    link.symlink_to(target)

    with replacing(link) as stream:
        stream.write("new")

    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_is_written_to_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    contents = []
    reader = threading.Thread(target=lambda: contents.append(pipe.read_text()))
    reader.start()

    with replacing(pipe) as stream:
        stream.write("new")
    reader.join()

    assert contents == ["new"]
    assert pipe.is_fifo()


def test_an_open_pipe_is_written_to_by_its_number():
    reader, writer = os.pipe()

    with replacing(Path(f"/dev/fd/{writer}")) as stream:
        stream.write("new")
    os.close(writer)

    with os.fdopen(reader) as content:
        assert content.read() == "new"


def test_a_file_that_is_written_twice_at_the_same_time_is_the_one_that_is_finished_last(tmp_path):
    path = tmp_path / "seed.yaml"

    with replacing(path) as first:
        first.write("first")
        with replacing(path) as second:
            second.write("second")
        assert path.read_text() == "second"

    assert path.read_text() == "first"
    assert names_in(tmp_path) == ["seed.yaml"]


def test_a_file_that_fails_does_not_take_another_one_with_it(tmp_path):
    path = tmp_path / "seed.yaml"

    with replacing(path) as stream:
        stream.write("new")
        with pytest.raises(ValueError, match="other"):
            replace_and_raise(path, ValueError("other"))

    assert path.read_text() == "new"


def test_a_name_of_the_greatest_length_is_written(tmp_path):
    path = tmp_path / ("x" * 250 + ".yaml")

    with replacing(path) as stream:
        stream.write("new")

    assert path.read_text() == "new"


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path):
    (tmp_path / "other").touch()

    with replacing(tmp_path / "seed.yaml") as stream:
        stream.write("new")

    assert (tmp_path / "seed.yaml").stat().st_mode == (tmp_path / "other").stat().st_mode
