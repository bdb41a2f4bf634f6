""".ci/run runs this outside the checkout, with only the wheel installed: an example, the plugin, a migration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import fakeecr
from fakeecr.store import migrations

folder = Path.cwd()
assert Path(sys.prefix) in Path(fakeecr.__file__).parents, "the checkout was imported, not the wheel"
assert migrations.scripts().parent == Path(fakeecr.__file__).parent, "the wheel has no migrations"
assert (Path(fakeecr.__file__).parent / "py.typed").exists()
assert (Path(fakeecr.__file__).parent / "seeds" / "seed.schema.json").exists()


def run(*command: str) -> str:
    """Run a command with this interpreter; print its output and return it."""
    process = subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True)
    sys.stdout.write(process.stdout)
    return process.stdout


assert "build-" in run("examples/quickstart.py")
assert " passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/test_with_pytest.py")

engine = sa.create_engine(f"sqlite:///{folder / 'migrated.db'}")
with engine.begin() as connection:
    config = Config()
    config.set_main_option("script_location", str(migrations.scripts()))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.exec_driver_sql("INSERT INTO secret VALUES (1, '00')")
engine.dispose()
with fakeecr.FakeECR(folder / "migrated.db") as ecr:
    ecr.push("web", "latest")
    assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1
script = subprocess.run([Path(sys.prefix, "bin", "fakeecr")], capture_output=True, text=True, check=False)
assert script.returncode == 1, "the command line works without its extra"
assert "pip install 'fakeecr[server]'" in script.stderr
sys.stdout.write("The wheel is complete.\n")
