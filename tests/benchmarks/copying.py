"""Snapshots: a fake that starts from one, against seeding the same images."""

from __future__ import annotations

from fakeecr import FakeECR
from fakeecr.seeds.copies import seed_new
from tests.benchmarks.measuring import REGION, Row, medians, registry


def copying(rows: int, rounds: int) -> list[Row]:
    """Compare fakes that start from a snapshot, or return to it, or have a seed for the second time, with seeding."""
    seed = registry(rows)

    def seeded() -> None:
        with FakeECR(region=REGION) as ecr:
            ecr.seed(seed)

    with FakeECR(region=REGION) as ecr:
        ecr.seed(seed)
        snapshot = ecr.snapshot()
        first_tags = ecr.client().list_images(repositoryName="big")["imageIds"]

    def started() -> None:
        FakeECR(snapshot, region=REGION).start().stop()

    def seeded_again() -> None:
        with FakeECR(region=REGION) as ecr, ecr._in_use() as gate:
            seed_new(gate.backend, [seed])

    def empty() -> None:
        FakeECR(region=REGION).start().stop()

    with FakeECR(snapshot, region=REGION) as ecr:
        assert ecr.client().list_images(repositoryName="big")["imageIds"] == first_tags
        slow, start, restore, again = medians(
            seeded, started, lambda: ecr.restore(snapshot), seeded_again, rounds=rounds
        )
    with FakeECR(region=REGION) as ecr:
        nothing = ecr.snapshot()
        from_nothing, new = medians(
            lambda: FakeECR(nothing, region=REGION).start().stop(), empty, rounds=10 * rounds, each=10
        )
    measured = f"of {rows:,} images"
    return [
        Row(f"a fake from a snapshot {measured}", start, "seeding them", slow, "at most 1/50"),
        Row(f"restoring a snapshot {measured}", restore, "seeding them", slow, ""),
        Row(f"the second test with a seed {measured}", again, "the first one", slow, ""),
        Row("a fake from an empty snapshot", from_nothing, "an empty fake", new, ""),
    ]
