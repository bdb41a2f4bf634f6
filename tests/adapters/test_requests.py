"""Layers downloaded with requests, from the `data:` URLs of GetDownloadUrlForLayer."""

from __future__ import annotations

from base64 import b64encode

import pytest
import requests

from fakeecr import FakeECR
from tests.adapters.processes import run_python
from tests.conftest import unchecked
from tests.manifests import digest_of, image

CONTENT = b"\0some bytes\xff" * 1000


@pytest.fixture
def layer_url(ecr):
    layer = {"base64": b64encode(CONTENT).decode()}
    ecr.seed({"registries": [{"repositories": [{"name": "web", "layers": [layer]}]}]})
    (repository,) = ecr.dump()["registries"][0]["repositories"]
    assert repository["layers"] == [layer]
    digest = digest_of(CONTENT)
    ecr.push("web", "v1", manifest=image(layers=[{"digest": digest, "size": len(CONTENT)}]))
    return unchecked(ecr).get_download_url_for_layer(repositoryName="web", layerDigest=digest)["downloadUrl"]


def test_requests_downloads_a_layer(layer_url):
    response = requests.get(layer_url, timeout=5)

    response.raise_for_status()
    assert response.content == CONTENT
    assert response.headers["Content-Type"] == "application/octet-stream"


def test_requests_downloads_a_layer_as_a_stream(layer_url):
    with requests.Session() as session, session.get(layer_url, stream=True, timeout=5) as response:
        chunks = list(response.iter_content(1000))

    assert len(chunks) == 12
    assert b"".join(chunks) == CONTENT


def test_an_adapter_that_the_user_mounted_takes_precedence(layer_url):
    class UsersAdapter(requests.adapters.BaseAdapter):
        def send(self, request, **_):
            raise ConnectionError("mine")

    session = requests.Session()
    session.mount("data:", UsersAdapter())

    with pytest.raises(ConnectionError, match="mine"):
        session.get(layer_url)


def test_requests_is_restored_when_the_fake_stops():
    original = requests.Session.get_adapter

    with FakeECR():
        assert requests.Session.get_adapter is not original

    assert requests.Session.get_adapter is original
    with pytest.raises(requests.exceptions.InvalidSchema):
        requests.get("data:,hello", timeout=5)


def test_requests_downloads_a_layer_when_it_is_imported_while_a_fake_is_in_use():
    run_python(
        """
        import sys
        from fakeecr import FakeECR
        with FakeECR():
            assert "requests" not in sys.modules
            import requests
            assert requests.get("data:,hello").text == "hello"
            original = requests.Session.get_adapter.__wrapped__
        assert requests.Session.get_adapter is original
        """
    )


def test_requests_is_left_alone_when_it_is_imported_after_the_last_fake_has_stopped():
    run_python(
        """
        import sys
        from fakeecr import FakeECR
        with FakeECR():
            pass
        import requests
        assert not hasattr(requests.Session.get_adapter, "__wrapped__")
        with FakeECR():
            assert requests.get("data:,hello").text == "hello"
        """
    )
