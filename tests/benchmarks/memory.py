"""The memory of a server's process: over many requests, and while a large layer passes through it. Linux only."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.benchmarks.measuring import PAGE
from tests.benchmarks.servers import HOST, Client, fakeecr_server, request
from tests.manifests import image

MIB = 2**20
# The size of a part that InitiateLayerUpload proposes, and the largest that there may be.
PROPOSED, LARGEST = 10 * MIB, 20 * MIB


class Memory(NamedTuple):
    """A line of the table: how many bytes, measured when, against how many, and the goal."""

    what: str
    amount: int
    against: str
    other: int
    goal: str

    def __str__(self) -> str:
        amount, other = (f"{each / MIB:,.0f} MiB" for each in (self.amount, self.other))
        ratio = f"{self.amount / self.other:.2f}×"
        return f"{self.what:<58} {self.against:<34} {amount:>10} {other:>10} {ratio:>7}  {self.goal}"


def memory(requests: int) -> list[Memory]:
    """Compare the memory of a server after many requests with that after a fifth of them.

    Of ten requests eight list a page, one fails, and one is sent on a connection of its own. By a fifth of them the
    journal, which keeps 10,000 calls, is full.
    """
    listing = request("ListImages", repositoryName="big", maxResults=PAGE)
    failing = request("ListImages", repositoryName="missing")
    measured = {}
    with fakeecr_server() as server:
        client = Client(server.port)
        client.send(request("CreateRepository", repositoryName="big"))
        for number in range(PAGE + 1):
            client.send(
                request("PutImage", repositoryName="big", imageManifest=image(str(number)), imageTag=f"n{number}")
            )
        for number in range(1, requests + 1):
            if number % 10 == 0:
                client.send(failing, status=400)
            elif number % 10 == 1:
                other = Client(server.port)
                other.send(listing)
                other.close()
            else:
                client.send(listing)
            if number in (requests // 5, requests // 2, requests):
                measured[number] = server.memory()
        client.close()
    first, *later = measured
    return [
        Memory(
            f"the server's memory after {count:,} requests",
            measured[count],
            f"after {first:,}",
            measured[first],
            "flat",
        )
        for count in later
    ]


def layer(size: int) -> list[Memory]:
    """Compare the peak of a server's memory while a layer is pushed into a file, and downloaded, with that before.

    A fifth of the layer is pushed in the largest parts, too.
    """
    return [*_layer(size, PROPOSED), *_layer(size // 5, LARGEST)]


def _layer(size: int, part: int) -> list[Memory]:
    with tempfile.TemporaryDirectory() as folder, fakeecr_server(Path(folder) / "state.db") as server:
        client = Client(server.port)
        client.send(request("CreateRepository", repositoryName="web"))
        before = server.memory()
        server.forget_peak()
        digest = _push(client, size, part)
        pushed = server.memory("VmHWM")
        server.forget_peak()
        url = json.loads(client.send(request("GetDownloadUrlForLayer", repositoryName="web", layerDigest=digest)))
        # Its host is the one that the request was sent to, as the client calls it: without a port.
        address = urlsplit(url["downloadUrl"])._replace(netloc=f"{HOST}:{server.port}").geturl()
        received = hashlib.sha256()
        with urllib.request.urlopen(address) as response:
            while piece := response.read(MIB):
                received.update(piece)
        downloaded = server.memory("VmHWM")
        client.close()
    if f"sha256:{received.hexdigest()}" != digest:
        raise AssertionError("The layer was not downloaded as it was pushed.")
    shown = f"{size // MIB:,} MiB in parts of {part // MIB}"
    return [
        Memory(f"the server's memory, receiving {shown}", pushed, "before", before, "at most 100 MiB more"),
        Memory(f"the server's memory, sending {shown}", downloaded, "before", before, "at most 100 MiB more"),
    ]


def _push(client: Client, size: int, part: int) -> str:
    """Push a layer of random bytes and an image that has it, and return its digest."""
    upload = json.loads(client.send(request("InitiateLayerUpload", repositoryName="web")))["uploadId"]
    sha256 = hashlib.sha256()
    for first in range(0, size, part):
        content = os.urandom(min(part, size - first))
        sha256.update(content)
        client.send(
            request(
                "UploadLayerPart",
                repositoryName="web",
                uploadId=upload,
                partFirstByte=first,
                partLastByte=first + len(content) - 1,
                layerPartBlob=b64encode(content).decode("ascii"),
            )
        )
    digest = f"sha256:{sha256.hexdigest()}"
    client.send(request("CompleteLayerUpload", repositoryName="web", uploadId=upload, layerDigests=[digest]))
    manifest = image(layers=[{"mediaType": "application/octet-stream", "digest": digest, "size": size}])
    client.send(request("PutImage", repositoryName="web", imageManifest=manifest))
    return digest
