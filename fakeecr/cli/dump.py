"""`fakeecr dump`: the seed that makes the same state again."""

from __future__ import annotations

import click

from fakeecr.cli.options import database_option, open_registries
from fakeecr.cli.output import Progress, encode_json, opened


@click.command(short_help="Write the seed that creates the same registries again.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    show_default=True,
    help="The file to write; - is standard output.",
)
@database_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of YAML; both are seeds.")
def command(output: str, database: str | None, as_json: bool) -> None:
    """Write the seed that creates the same registries again, with their repositories and images.

    Example: fakeecr dump --database state.db -o registries.yaml

    It leaves out what configures a whole registry, such as replication and cache rules.
    """
    from fakeecr.seeds.dump import dump
    from fakeecr.seeds.writer import write_yaml

    with open_registries(database) as backend, Progress("Describing images"):
        content = dump(backend.store)
        with opened(output) as stream:
            if as_json:
                stream.write(f"{encode_json(content)}\n")
            else:
                write_yaml(content, stream)
