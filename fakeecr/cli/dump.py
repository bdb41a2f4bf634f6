"""`fakeecr dump`: the seed that makes the same state again."""

from __future__ import annotations

from pathlib import Path

import click

from fakeecr.cli.options import database_option, open_registries
from fakeecr.cli.output import Progress, encode_json


@click.command(short_help="Write the seed that creates the same registries again.")
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. Default: standard output.",
)
@database_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of YAML; both are seeds.")
def command(file: Path | None, database: str | None, as_json: bool) -> None:
    """Write the seed that creates the same registries again, with their repositories and images.

    Example: fakeecr dump --database state.db -o registries.yaml

    It leaves out what configures a whole registry, such as replication and cache rules.
    """
    from fakeecr.seeds.dump import as_yaml, dump
    from fakeecr.seeds.files import replace_file

    with open_registries(database) as backend, Progress("Describing images"):
        content = dump(backend.store)
        text = f"{encode_json(content)}\n" if as_json else as_yaml(content)
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        replace_file(file, text)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None
