"""`fakeecr capture`: describe a real registry as a seed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from fakeecr._version import __version__
from fakeecr.adapters.credentials import DUMMY_CREDENTIALS
from fakeecr.cli.options import REGION
from fakeecr.cli.output import Progress, opened

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from fakeecr.capturing import Capture

# In botocore's standard mode, which waits up to 1, 2, 4 and 8 seconds between them.
_ATTEMPTS = 5

# The characters that names of repositories have, and the wildcard.
_PATTERN = re.compile(r"[a-z0-9._/*-]+")

_LOCAL = {"127.0.0.1", "::1", "localhost"}

_REQUIRED = "capture needs ecr:DescribeRepositories, ecr:DescribeImages and ecr:BatchGetImage."
_LOGIN = "Log in with `aws sso login` or `aws configure`, or name a profile with --profile."
_LOGIN_AGAIN = "Log in again, for example with `aws sso login`, and check the clock of this machine."
_UNREACHABLE = "Check the network, --region and --endpoint-url."

# What to do about an error, by its code if AWS answered it, or else by the name of botocore's class or its base.
_ADVICE = {
    "AccessDeniedException": _REQUIRED,
    "AccessDenied": _REQUIRED,
    "ExpiredTokenException": _LOGIN_AGAIN,
    "ExpiredToken": _LOGIN_AGAIN,
    "RequestExpired": _LOGIN_AGAIN,
    "InvalidSignatureException": _LOGIN_AGAIN,
    "UnrecognizedClientException": _LOGIN,
    "InvalidClientTokenId": _LOGIN,
    "ThrottlingException": "Try again later, or capture fewer repositories with --repository.",
    "NoCredentialsError": _LOGIN,
    "PartialCredentialsError": _LOGIN,
    "CredentialRetrievalError": _LOGIN,
    "SSOError": _LOGIN,
    "TokenRetrievalError": _LOGIN,
    "LoginError": _LOGIN,
    "NoRegionError": "Give one with --region, or set AWS_DEFAULT_REGION.",
    "ProfileNotFound": "`aws configure list-profiles` shows those that exist.",
    "HTTPClientError": _UNREACHABLE,
    "ConnectionError": _UNREACHABLE,
}


@click.command()
@click.option(
    "--repository",
    "patterns",
    metavar="NAME|PATTERN",
    multiple=True,
    help="A repository, or a pattern such as 'team/*'; can be given several times. Default: all.",
)
@click.option(
    "--region",
    "regions",
    metavar="REGION",
    multiple=True,
    help="The region of the registry; can be given several times. Default: the configured one.",
)
@click.option("--endpoint-url", metavar="URL", help="Where to send the requests instead of to AWS.")
@click.option("--profile", metavar="NAME", help="The profile in the configuration of AWS.")
@click.option(
    "--findings", "with_findings", is_flag=True, help="Read the findings of scans, too: a call for each image."
)
@click.option(
    "--no-pull-times",
    "without_pull_times",
    is_flag=True,
    help="Leave out when images were pulled; reading them is a pull.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    show_default=True,
    help="The YAML file to write; - is standard output.",
)
def command(
    patterns: Sequence[str],
    regions: Sequence[str],
    endpoint_url: str | None,
    profile: str | None,
    with_findings: bool,
    without_pull_times: bool,
    output: str,
) -> None:
    """Describe a real registry as a seed.

    Reads repositories with their settings and policies, and images with their manifests, tags and dates, but no layers.
    The credentials and the configuration are those of boto3 and the AWS CLI. Only operations that read are called.

    Example: fakeecr capture --repository 'team/*' -o registries.yaml
    """
    from fakeecr.capturing import Capture
    from fakeecr.seeds.writer import write_yaml

    for pattern in patterns:
        _check_pattern(pattern)
    with opened(output) as stream, _explained(), Progress("Reading images") as progress:
        clients = _clients(regions, endpoint_url, profile)
        capture = Capture(
            clients,
            patterns,
            with_findings=with_findings,
            with_pull_times=not without_pull_times,
            advance=progress.advance,
        )
        if capture.unmatched:
            raise click.ClickException(f"No repository matches {', '.join(map(repr, capture.unmatched))}.")
        write_yaml(capture.content(), stream)
    _report(capture)


def _check_pattern(pattern: str) -> None:
    """Check that a pattern could match the name of a repository, before AWS is asked.

    Raises:
        click.UsageError: it could not.
    """
    from fakeecr.rules import names
    from fakeecr.rules.messages import show

    could_match = _PATTERN.fullmatch(pattern) if "*" in pattern else names.REPOSITORY_NAME.matches(pattern)
    if not could_match:
        raise click.UsageError(
            f"--repository: expected {names.REPOSITORY_NAME.expected}; only * is a wildcard; got {show(pattern)}"
        )


def _clients(regions: Sequence[str], endpoint_url: str | None, profile: str | None) -> list[ECRClient]:
    import boto3
    from botocore.config import Config

    session = boto3.Session(profile_name=profile)
    is_local = endpoint_url is not None and urlsplit(endpoint_url).hostname in _LOCAL
    if is_local and session.get_credentials() is None:
        # A fake on this machine takes any.
        session = boto3.Session(
            DUMMY_CREDENTIALS["aws_access_key_id"],
            DUMMY_CREDENTIALS["aws_secret_access_key"],
            region_name=session.region_name or REGION,
        )
    names: Sequence[str | None] = regions or [None]
    config = Config(
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS}, user_agent_extra=f"fakeecr/{__version__}"
    )
    try:
        return [
            session.client("ecr", region_name=region, endpoint_url=endpoint_url, config=config)
            for region in dict.fromkeys(names)
        ]
    except ValueError as error:  # what cannot be an endpoint or a region
        raise click.UsageError(str(error)) from None


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the errors of botocore into one that says what to do."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        raise click.ClickException(_explain(error, [error.response.get("Error", {}).get("Code", "")])) from None
    except exceptions.BotoCoreError as error:
        raise click.ClickException(_explain(error, [kind.__name__ for kind in type(error).__mro__])) from None
    except BrokenPipeError:
        raise
    except OSError as error:  # of a program that the configuration names for credentials
        raise click.ClickException(f"AWS's configuration cannot be used: {error}. {_LOGIN}") from None


def _explain(error: Exception, names: Sequence[str]) -> str:
    advice = next((_ADVICE[name] for name in names if name in _ADVICE), "")
    # botocore ends some of its messages with a full stop.
    return f"{str(error).rstrip('.')}. {advice}".strip()


def _report(capture: Capture) -> None:
    """Print to standard error what was captured, and what was left out."""
    click.echo(f"Captured repositories: {capture.repositories}, images: {capture.images}", err=True)
    if capture.left_out:
        click.echo("Left out:", err=True)
    for what, count in capture.left_out.items():
        click.echo(f"  {what}" + (f" ({count} times)" if count > 1 else ""), err=True)
    if capture.newer_names:
        click.echo(f'Repositories whose names only FakeECR(limits="installed") allows: {capture.newer_names}', err=True)
