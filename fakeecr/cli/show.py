"""`fakeecr show`: one repository, or one image."""

import click

command = click.Command("show")
