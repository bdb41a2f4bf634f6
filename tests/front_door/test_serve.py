"""FakeECR.serve() and the environment of child processes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import warnings
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import boto3
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import EnvironBuilder

from fakeecr import ExposedServerWarning, FakeECR, ServerError
from tests.adapters.processes import run_python
from tests.manifests import digest_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1"])


def status_of(url):
    request = urllib.request.Request(url, b"{}", {"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.ListImages"})
    try:
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_a_server_says_where_it_is(ecr):
    with ecr.serve() as server:
        host, port = server.registry.split(":")

        assert host == "127.0.0.1"
        assert server.url == f"http://127.0.0.1:{port}"
        assert repr(server) == f"<Server http://127.0.0.1:{port}>"
        assert status_of(server.url) == 400
    assert repr(server) == f"<Server http://127.0.0.1:{port}, stopped>"


def test_a_fake_can_be_served_without_a_start():
    ecr = FakeECR()
    with ecr.serve() as server:
        ecr.push("web", "latest")
        client = boto3.client(
            "ecr", "us-east-1", endpoint_url=server.url, aws_access_key_id="x", aws_secret_access_key="y"
        )

        assert client.list_images(repositoryName="web")["imageIds"][0]["imageTag"] == "latest"
        assert [call.operation for call in ecr.calls] == ["ListImages"]
        client.close()
    ecr.stop()


def test_a_stop_of_the_fake_stops_its_servers():
    ecr = FakeECR()
    first, second = ecr.serve(), ecr.serve()

    ecr.stop()

    for server in (first, second):
        host, port = server.registry.split(":")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)))


def test_a_server_can_be_stopped_again():
    with FakeECR() as ecr:
        server = ecr.serve()
        server.stop()
        server.stop()
        with server:
            pass


def test_a_fake_is_served_again_after_a_new_start():
    ecr = FakeECR()
    for _ in range(2):
        with ecr, ecr.serve() as server:
            assert status_of(server.url) == 400


def test_no_thread_is_left_after_many_servers(ecr):
    before = threading.active_count()

    for _ in range(20):
        with ecr.serve() as server:
            status_of(server.url)

    assert threading.active_count() == before


def test_a_port_that_is_in_use_is_refused_with_advice(ecr):
    with ecr.serve() as server:
        port = int(server.registry.rpartition(":")[2])

        with pytest.raises(
            ServerError, match=rf"cannot listen at port {port} of 127\.0\.0\.1: .*Give another port, or 0"
        ):
            ecr.serve(port=port)
        assert status_of(server.url) == 400


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        pytest.param({"port": 70000}, ValueError, "port: expected 0 to 65535; got 70000", id="large port"),
        pytest.param({"port": -1}, ValueError, "port: expected 0 to 65535; got -1", id="negative port"),
        pytest.param({"port": "4510"}, TypeError, "port: expected a number; got '4510'", id="text as port"),
        pytest.param({"port": True}, TypeError, "port: expected a number; got True", id="truth as port"),
        pytest.param({"host": None}, TypeError, "host: expected a name or an address; got ", id="no host"),
        pytest.param({"host": "a\0b"}, ValueError, "host: expected a name or an address; got ", id="NUL"),
        pytest.param({"host": "192.0.2.1"}, ServerError, "cannot listen at port 0 of 192.0.2.1", id="foreign address"),
    ],
)
def test_an_address_that_is_none_is_refused(ecr, options, error, message):
    with pytest.raises(error, match=message):
        ecr.serve(**options)


def test_a_server_that_other_machines_can_reach_warns(ecr):
    with pytest.warns(ExposedServerWarning, match="does not check who calls") as warned:
        server = ecr.serve("0.0.0.0")  # noqa: S104 - this is the point

    assert warned[0].filename == __file__
    with server:
        assert server.url.startswith("http://127.0.0.1:")
        assert status_of(server.url) == 400


def test_a_warning_that_is_an_error_leaves_no_server(ecr):
    before = threading.active_count()

    with warnings.catch_warnings():
        warnings.simplefilter("error", ExposedServerWarning)
        with pytest.raises(ExposedServerWarning) as raised:
            ecr.serve("0.0.0.0")  # noqa: S104 - this is the point

    port = int(re.search(r"port (\d+)", str(raised.value))[1])
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.mark.skipif(not socket.has_ipv6, reason="this system has no IPv6")
def test_a_server_can_listen_at_an_address_of_ipv6(ecr):
    with ecr.serve("::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert status_of(server.url) == 400


def test_without_the_extra_the_error_says_what_to_install():
    script = """
        import sys
        sys.modules["werkzeug"] = None
        import fakeecr
        with fakeecr.FakeECR() as ecr:
            for serve in (ecr.serve, lambda: ecr.wsgi_app):
                try:
                    serve()
                except fakeecr.ServerError as error:
                    print(error)
    """

    assert run_python(script).splitlines() == ["The HTTP server needs werkzeug: pip install 'fakeecr[server]'"] * 2


def test_a_fake_that_is_not_served_does_not_import_werkzeug():
    script = "import sys, fakeecr\nwith fakeecr.FakeECR() as ecr: ecr.push('web')\nprint('werkzeug' in sys.modules)"

    assert run_python(script).strip() == "False"


# --- The environment of child processes ----------------------------------------------------------


def test_the_environment_leads_ecr_and_nothing_else_to_the_server(ecr, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a real one")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a real one")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.setenv("NO_PROXY", "example.com")
    with FakeECR(region="eu-west-1") as other, other.serve() as server:
        environment = server.environment

    assert {name: value for name, value in environment.items() if name.startswith("AWS_")} == {
        "AWS_CONFIG_FILE": os.environ["AWS_CONFIG_FILE"],
        "AWS_SHARED_CREDENTIALS_FILE": os.environ["AWS_SHARED_CREDENTIALS_FILE"],
        "AWS_ENDPOINT_URL_ECR": server.url,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "fakeecr",
        "AWS_SECRET_ACCESS_KEY": "fakeecr",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
    }
    assert environment["NO_PROXY"] == "example.com,127.0.0.1"
    assert environment["no_proxy"] == environment["NO_PROXY"]
    assert environment["PATH"] == os.environ["PATH"]


def test_a_child_process_uses_the_fake(ecr):
    ecr.push("web", "latest")
    script = (
        "import boto3, json\n"
        "client = boto3.client('ecr')\n"
        "images = client.list_images(repositoryName='web')['imageIds']\n"
        "print(json.dumps([client.meta.region_name, images[0]['imageTag'], boto3.client('s3').meta.endpoint_url]))"
    )

    with ecr.serve() as server:
        child = subprocess.run(
            [sys.executable, "-c", script], env=server.environment, capture_output=True, check=True, timeout=60
        )

    assert json.loads(child.stdout) == ["us-east-1", "latest", "https://s3.amazonaws.com"]


# --- A WSGI server of one's own ------------------------------------------------------------------


def ask(application, path="/", body=None, **headers):
    """Send a request to a WSGI application as a server would, checked against the specification of WSGI."""
    method = "GET" if body is None else "POST"
    environ = EnvironBuilder(path, method=method, data=body, headers=headers).get_environ()
    environ["SCRIPT_NAME"] = ""
    status: list[str] = []
    chunks = validator(application)(environ, lambda line, *_: status.append(line))
    try:
        return status[0], b"".join(chunks)
    finally:
        chunks.close()


def test_the_application_answers_in_any_wsgi_server(ecr):
    ecr.push("web", "latest")
    target = {"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.GetDownloadUrlForLayer"}
    body = json.dumps({"repositoryName": "web", "layerDigest": digest_of("{}")})

    status, answer = ask(ecr.wsgi_app, body=body, **target)

    assert status == "200 OK"
    url = json.loads(answer)["downloadUrl"]
    assert url.startswith("http://localhost/layers/")
    assert ask(ecr.wsgi_app, url.removeprefix("http://localhost")) == ("200 OK", b"{}")
    assert ask(ecr.wsgi_app)[0] == "400 Bad Request"


def test_the_server_of_the_standard_library_serves_layers(ecr):
    ecr.push("web", "latest")
    with make_server("127.0.0.1", 0, ecr.wsgi_app, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            client = ecr.client()
            path = downloads_path(ecr, client)
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=30) as response:
                assert response.read() == b"{}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def downloads_path(ecr, client):
    """Return the path and query of the URL of the config of an image that fakeecr made up."""
    with ecr.serve() as server:
        answer = client.get_download_url_for_layer(repositoryName="web", layerDigest=digest_of("{}"))
        return answer["downloadUrl"].removeprefix(server.url)


def test_an_application_that_is_mounted_under_a_path_says_so_in_its_urls(ecr):
    ecr.push("web", "latest")
    application = DispatcherMiddleware(lambda *_: [], {"/ecr": ecr.wsgi_app})
    target = {"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.GetDownloadUrlForLayer"}

    _, answer = ask(
        application, "/ecr/", json.dumps({"repositoryName": "web", "layerDigest": digest_of("{}")}), **target
    )

    url = json.loads(answer)["downloadUrl"]
    assert url.startswith("http://localhost/ecr/layers/")
    assert ask(application, url.removeprefix("http://localhost")) == ("200 OK", b"{}")


def test_the_application_of_a_stopped_fake_says_so(ecr):
    with FakeECR() as other:
        application = other.wsgi_app

    status, answer = ask(application, body="{}")

    assert status == "503 Service Unavailable"
    assert "was stopped" in json.loads(answer)["message"]
