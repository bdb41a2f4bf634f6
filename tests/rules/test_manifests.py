"""Manifests that are refused: the message names the key path, what was expected, and what was given."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeecr.rules.manifests import parse
from tests.manifests import CONFIG, OCI, OCI_INDEX, blob, digest_of, image


def problem_of(manifest, media_type=None):
    """Return the message of the error that parsing a manifest strictly raises."""
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is what the tests are about
        parse(manifest if isinstance(manifest, bytes) else manifest.encode(), media_type, strict=True)
    return str(error.value)


def config(**members):
    return image(config={**blob("config", 10, CONFIG), **members})


def layer(**members):
    return image(layers=[blob("a"), {**blob("b"), **members}])


def index_of(**members):
    return json.dumps({"mediaType": OCI_INDEX, "manifests": [{"digest": digest_of("a"), **members}]})


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param("", "it is not JSON: it is empty", id="empty"),
        pytest.param('{"a": 1', "it is not JSON: it ends too early", id="truncated"),
        pytest.param(
            str(json.loads(image())),
            "it is not JSON: object keys must be strings in line 1, column 2",
            id="a dict that was printed",
        ),
        pytest.param('{"x": ' + "[" * 100_000, "it is nested too deeply", id="deep"),
        pytest.param(b'{"mediaType": "\xff"}', "it is not JSON: 'utf-8' codec can't decode byte 0xff", id="not UTF-8"),
        pytest.param("[]", "expected an object; got a list", id="a list"),
        pytest.param("null", "expected an object; got null", id="null"),
        pytest.param('"text"', "expected an object; got 'text'", id="a text"),
        pytest.param(
            image(mediaType=None),
            f"mediaType: expected that of a manifest, such as {OCI}; got nothing, neither in the manifest nor beside it",
            id="no media type",
        ),
        pytest.param(
            image(mediaType=OCI_INDEX.replace("oci", "oic")),
            f"mediaType: expected that of a manifest, such as {OCI_INDEX}; got 'application/vnd.oic.image.index.v1+json'",
            id="a misspelt media type",
        ),
        pytest.param(image(mediaType=5), "mediaType: expected a text; got 5", id="a number as media type"),
        pytest.param(image(layers={"a": 1}), "layers: expected a list; got an object", id="an object as layers"),
        pytest.param(image(layers=[1]), "layers[0]: expected an object; got 1", id="a number as layer"),
        pytest.param(image(layers=[{"size": 1}]), "layers[0]: the key 'digest' is missing", id="no digest"),
        pytest.param(
            layer(digest="sha256:"),
            "layers[1].digest: expected a digest: an algorithm, a colon and hexadecimal digits; got 'sha256:'",
            id="an empty digest",
        ),
        pytest.param(
            layer(digest="a:" + "0" * 300),
            "layers[1].digest: expected a text of at most 255 characters; got 'a:000",
            id="a long digest",
        ),
        pytest.param(layer(size=-1), "layers[1].size: expected a whole number of at least 0; got -1", id="negative"),
        pytest.param(layer(size=1.5), "layers[1].size: expected a whole number; got 1.5", id="a fraction"),
        pytest.param(
            layer(size=2**63),
            "layers[1].size: expected a whole number of at most 70368744177664; got 9223372036854775808",
            id="a large number",
        ),
        pytest.param(
            layer(mediaType="a/b; c=d"),
            "layers[1].mediaType: expected a media type without parameters, such as application/json; got 'a/b; c=d'",
            id="a media type with a parameter",
        ),
        pytest.param(
            config(digest="sha256:12"),
            "config.digest: expected a digest: sha256, a colon and 64 hexadecimal digits; got 'sha256:12'",
            id="a short digest",
        ),
        pytest.param(
            config(annotations={"password": "secret"}),
            "config.annotations: Amazon ECR refuses this key; got an object",
            id="a key that ECR refuses, without its content",
        ),
        pytest.param(
            index_of(platform={"os.features": ["win32k"]}),
            "manifests[0].platform.os.features: Amazon ECR refuses this key; got a list",
            id="a key with a dot",
        ),
        pytest.param(
            image(config=None, layers=[]), "config, layers: expected a config or a layer; got neither", id="no blobs"
        ),
        pytest.param(
            image(config={"digest": 5})[:-1] + ", not JSON",
            "config.digest: expected a text; got a whole number",
            id="what is not JSON after the wrong value",
        ),
    ],
)
def test_the_problem_of_a_manifest_names_the_key_what_was_expected_and_what_was_given(manifest, expected):
    assert problem_of(manifest).startswith(expected)


def test_a_nul_in_a_media_type_is_refused_at_its_key():
    manifest = image(config=blob("c", 1, "a\0b")).encode()

    with pytest.raises(ValueError, match=r"^config\.mediaType: expected a text without a NUL character; got 'a\\x00b'"):
        parse(manifest)


MANIFEST = json.loads(
    image(
        artifactType="a/b",
        layers=[blob("a"), blob("b")],
        manifests=[{**blob("c"), "platform": {}}],
        subject=blob("d"),
    )
)
PATHS = ["artifactType", "config", "layers", "manifests", "subject", "mediaType"] + [
    f"{descriptor}.{key}"
    for descriptor in ("config", "layers[0]", "layers[1]", "manifests[0]", "subject")
    for key in ("digest", "size", "mediaType")
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(st.text(max_size=3), values, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(PATHS), VALUES)
def test_a_manifest_with_one_wrong_value_is_refused_at_the_path_of_this_value(path, value):
    manifest = copy.deepcopy(MANIFEST)
    *owners, key = path.replace("[", ".").replace("]", "").split(".")
    owner = manifest
    for step in owners:
        owner = owner[int(step) if step.isdigit() else step]
    owner[key] = value

    problem = None
    try:
        parse(json.dumps(manifest).encode(), strict=True)
    except ValueError as error:
        problem = str(error)

    assert problem is None or (problem.startswith(path) and ("; got " in problem or problem.endswith(" is missing")))
