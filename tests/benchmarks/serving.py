"""Requests over HTTP: fakeecr's server against moto's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.benchmarks.measuring import PAGE, Row, medians
from tests.benchmarks.servers import Client, Process, fakeecr_server, moto_server, request
from tests.manifests import image

# How many requests are timed together.
BURST = 80


def serving(rounds: int) -> list[Row]:
    """Compare requests on one and on eight connections with moto's server.

    Both servers get the same requests in turn, and have the same images. The repository that is listed has a page of
    images, because moto ignores `maxResults` and returns all. The repositories that are pushed to are empty first, and
    grow by the same pushes; moto looks at all images of a repository for each of them.
    """
    result = []
    pushes = (rounds + 3) * BURST
    with ExitStack() as stack:
        servers = [stack.enter_context(server()) for server in (fakeecr_server, moto_server)]
        for server in servers:
            _fill(server)
        for connections in (1, 8):
            shown = "1 connection" if connections == 1 else f"{connections} connections"
            listing = request("ListImages", repositoryName="listed", maxResults=PAGE)
            listings = [_bursts(stack, server, connections, [listing] * pushes) for server in servers]
            result.append(_row(f"a page of {PAGE} by HTTP, {shown}", *medians(*listings, rounds=rounds)))
            requests = _pushes(f"pushed-{connections}", pushes)
            pushing = [_bursts(stack, server, connections, requests) for server in servers]
            result.append(_row(f"PutImage of {pushes:,} by HTTP, {shown}", *medians(*pushing, rounds=rounds)))
    return result


def _row(what: str, ours: float, theirs: float) -> Row:
    ours, theirs = ours / BURST, theirs / BURST
    return Row(what, ours, "moto's server", theirs, f"at most 1/3 ({1 / ours:,.0f} and {1 / theirs:,.0f} a second)")


def _fill(server: Process) -> None:
    client = Client(server.port)
    for name in ("listed", "pushed-1", "pushed-8"):
        client.send(request("CreateRepository", repositoryName=name))
    for push in _pushes("listed", PAGE):
        client.send(push)
    client.close()


def _pushes(repository: str, count: int) -> list[bytes]:
    """Return the requests that push so many images, each with a tag of its own."""
    return [
        request(
            "PutImage",
            repositoryName=repository,
            imageManifest=image(f"{repository} {number}"),
            imageTag=f"build-{number}",
        )
        for number in range(count)
    ]


def _bursts(stack: ExitStack, server: Process, connections: int, requests: list[bytes]) -> Callable[[], None]:
    """Return a function that sends the next of the requests, evenly on some connections at the same time."""
    clients = [Client(server.port) for _ in range(connections)]
    for client in clients:
        stack.callback(client.close)
    pool = stack.enter_context(ThreadPoolExecutor(connections))
    share = BURST // connections
    batches = iter([requests[first : first + share] for first in range(0, len(requests), share)])

    def send(client: Client, batch: list[bytes]) -> None:
        for each in batch:
            client.send(each)

    def burst() -> None:
        list(pool.map(send, clients, [next(batches) for _ in clients]))

    return burst
