"""Layers read by URL with the HTTP clients that people use, in processes of their own."""

from __future__ import annotations

import hashlib
import sys

import pytest

from tests.adapters.server.clients.children import clients_folder, run_child
from tests.manifests import digest_of

CONTENT = bytes(range(256)) * 4096 + b"the end"
DIGEST = digest_of(CONTENT)

# Each prints the status, the header Content-Range and the SHA-256 of the body. Its arguments are a URL and a range.
URLLIB3 = """
import sys, urllib3
_, url, bytes_range = sys.argv
response = urllib3.request("GET", url, headers={"Range": bytes_range})
status, headers, body = response.status, response.headers, response.data
"""
URLLIB = """
import sys, urllib.request
_, url, bytes_range = sys.argv
with urllib.request.urlopen(urllib.request.Request(url, headers={"Range": bytes_range})) as response:
    status, headers, body = response.status, response.headers, response.read()
"""
REQUESTS = """
import sys, requests
_, url, bytes_range = sys.argv
with requests.get(url, headers={"Range": bytes_range}, stream=True, timeout=10) as response:
    status, headers, body = response.status_code, response.headers, b"".join(response.iter_content(10_000))
"""
HTTPX = """
import sys, httpx
_, url, bytes_range = sys.argv
with httpx.stream("GET", url, headers={"Range": bytes_range}) as response:
    status, headers, body = response.status_code, response.headers, b"".join(response.iter_bytes())
"""
AIOHTTP = """
import asyncio, sys, aiohttp
_, url, bytes_range = sys.argv
async def main():
    async with aiohttp.ClientSession() as session, session.get(url, headers={"Range": bytes_range}) as response:
        return response.status, response.headers, await response.read()
status, headers, body = asyncio.run(main())
"""
PRINT = "import hashlib; print(status, headers.get('Content-Range', ''), hashlib.sha256(body).hexdigest(), sep='|')"


@pytest.fixture
def url(ecr, server):
    """Return the URL of a layer, as a client in this process gets it."""
    ecr.push("web", "v1", layers=[CONTENT])
    return ecr.client().get_download_url_for_layer(repositoryName="web", layerDigest=DIGEST)["downloadUrl"]


RANGES = {
    "whole": ("bytes=0-", slice(None), f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"),
    "middle": ("bytes=300000-599999", slice(300000, 600000), f"bytes 300000-599999/{len(CONTENT)}"),
    "end": ("bytes=-7", slice(-7, None), f"bytes {len(CONTENT) - 7}-{len(CONTENT) - 1}/{len(CONTENT)}"),
}


def downloaded(server, python, script, url, bytes_range):
    outcome = run_child(server, [python, "-", url, bytes_range], f"{script}\n{PRINT}")
    assert outcome.exit_code == 0, outcome.errors
    return outcome.output.strip().split("|")


def hash_of(content):
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("bytes_range", RANGES.values(), ids=RANGES)
@pytest.mark.parametrize(
    "script",
    [pytest.param(URLLIB3, id="urllib3"), pytest.param(URLLIB, id="urllib"), pytest.param(REQUESTS, id="requests")],
)
def test_a_range_is_read_with(server, url, script, bytes_range):
    asked, part, answered = bytes_range

    assert downloaded(server, sys.executable, script, url, asked) == ["206", answered, hash_of(CONTENT[part])]


@pytest.mark.clients
@pytest.mark.parametrize("bytes_range", RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("script", [pytest.param(HTTPX, id="httpx"), pytest.param(AIOHTTP, id="aiohttp")])
def test_a_range_is_read_by_another_client_with(server, url, script, bytes_range):
    asked, part, answered = bytes_range
    python = clients_folder() / "bin" / "python"

    assert downloaded(server, python, script, url, asked) == ["206", answered, hash_of(CONTENT[part])]


@pytest.mark.clients
@pytest.mark.parametrize("bytes_range", RANGES.values(), ids=RANGES)
def test_a_range_is_read_with_curl(server, url, tmp_path, bytes_range):
    asked, part, answered = bytes_range
    target = tmp_path / "layer"
    written = "%{http_code}|%header{content-range}"

    outcome = run_child(
        server,
        [
            *["curl", "--silent", "--show-error", "--fail", "--range", asked.removeprefix("bytes=")],
            *["--output", target, "--write-out", written, url],
        ],
    )

    assert (outcome.exit_code, outcome.output, outcome.errors) == (0, f"206|{answered}", "")
    assert target.read_bytes() == CONTENT[part]


@pytest.mark.clients
def test_curl_continues_a_download(server, url, tmp_path):
    target = tmp_path / "layer"
    target.write_bytes(CONTENT[:1000])

    outcome = run_child(server, ["curl", "--silent", "--fail", "--continue-at", "-", "--output", target, url])

    assert outcome.exit_code == 0
    assert target.read_bytes() == CONTENT


@pytest.mark.clients
@pytest.mark.parametrize(("change", "code"), [("/sha256:", "403"), ("Signature=", "403")])
def test_curl_is_refused_by_a_url_that_was_changed(server, url, change, code):
    # Another digest, or another signature.
    before, _, after = url.partition(change)
    changed = f"{before}{change}{'0' if after[0] != '0' else '1'}{after[1:]}"

    outcome = run_child(server, ["curl", "--silent", "--write-out", "|%{http_code}", changed])

    body, _, status = outcome.output.rpartition("|")
    assert status == code
    assert "<Code>SignatureDoesNotMatch</Code>" in body
