"""How much there is."""

from __future__ import annotations

from fakeecr import FakeECR
from fakeecr.store import totals
from fakeecr.store.database import open_store
from fakeecr.store.repositories import get_registry, get_repository


def test_everything_is_counted_but_what_is_upstream(tmp_path, new_postgresql):
    for database in (tmp_path / "state.db", new_postgresql()):
        with FakeECR(database) as ecr:
            ecr.push("web", "1.0", layers=[b"one"])
            ecr.push("multi", "1.0", platforms=["linux/amd64", "linux/arm64"], size=1000)
            ecr.seed(
                {"upstream": [{"url": "quay.io", "repositories": [{"name": "base", "images": [{"tags": ["1"]}]}]}]}
            )
            size = ecr.client().describe_images(repositoryName="web")["imageDetails"][0]["imageSizeInBytes"]
        store = open_store(database)

        with store.reading() as connection:
            everything = totals.count_everything(connection)
            registry_key = get_registry(connection, "123456789012", "us-east-1")
            by_name = totals.of_repositories(connection, registry_key)
            multi = get_repository(connection, "123456789012", "us-east-1", "multi")
            counts = totals.count_images(connection, multi.key)
        store.close()

        assert everything == (1, 2, 4)
        assert by_name == {"web": (1, size), "multi": (3, 2000)}
        assert counts == (3, 2, 1)
