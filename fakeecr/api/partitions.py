"""Regions and the partitions that they belong to, as the installed botocore knows them."""

from __future__ import annotations

import functools
import re

from botocore.loaders import Loader

from fakeecr.rules.arns import Region


@functools.cache
def region_of(name: str) -> Region:
    """Return a region by its name; one that no partition's pattern matches is taken to be in the first, ``aws``."""
    partitions = Loader().load_data("partitions")["partitions"]
    matching = [partition for partition in partitions if re.match(partition["regionRegex"], name)]
    partition = (matching or partitions)[0]
    outputs = partition["outputs"]
    return Region(
        name=name,
        partition=outputs["name"],
        dns_suffix=outputs["dnsSuffix"],
        exists=name in partition["regions"],
    )
