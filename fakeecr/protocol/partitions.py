"""The partitions of AWS, which differ in the names of things."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from botocore.loaders import Loader


class Partition(NamedTuple):
    """A partition: its name in ARNs, and what its hosts end with."""

    name: str
    suffix: str


@functools.cache
def partition_of(region: str) -> Partition:
    """Give a region's partition, as the installed botocore has it; the first where no pattern fits."""
    partitions = Loader().load_data("partitions")["partitions"]
    fitting = [each for each in partitions if re.match(each["regionRegex"], region)]
    outputs = (fitting or partitions)[0]["outputs"]
    return Partition(outputs["name"], outputs["dnsSuffix"])
