"""A function to tune together with the AWS that it is on: the real one, another endpoint, or the embedded one."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions
from powertune.cli.code import Code, find_code
from powertune.cli.command_line_checks import region_of
from powertune.cli.console import say
from powertune.cli.sources import Folder, parse_folder
from powertune.config import LocalOptions, load_local
from powertune.config.from_file import inside
from powertune.engine.access import TunedFunction
from powertune.engine.restoring import restore_command
from powertune.errors import Interrupted, NotRestored, PowertuneError, UsageError
from powertune.model import FunctionRef
from powertune.units import printable

if TYPE_CHECKING:
    from powertune.local.embedded import EmbeddedAWS
    from powertune.local.package import Deployment

EMBEDDED_REGION = "us-east-1"
_DEPLOY_ATTEMPTS = 3
_ENDING_S = 2.0
"""A process that was killed has closed its connections before it counts as ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a function is and how to reach it. `folder` is where relative names start from."""

    connection: Connection
    ref: FunctionRef
    restore_command: str
    folder: Path
    payload: str | None = None
    embedded: bool = False

    @property
    def subject(self) -> TunedFunction:
        """The function, for the engine."""
        return TunedFunction(access=self.connection, ref=self.ref, restore_command=self.restore_command)

    def read_s3(self, bucket: str, key: str) -> bytes:
        """An object of S3.

        Raises:
            NotFound, AccessDenied, IdentityError, Unavailable: as AWS says.
        """
        aws = self.connection.aws()

        return aws.request("s3.get_object", lambda: aws.clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


@contextmanager
def open_site(target: str, place: ConnectionOptions, *, quiet: bool = False) -> Iterator[Site]:
    """Connect to AWS; for a path, serve its folder on the embedded AWS as long as the block lasts.

    Raises:
        UsageError: the target is neither a function nor a file, or its set-up failed.
        IdentityError: no credentials or no region.
    """
    folder = parse_folder(target)
    if folder is None:
        if not quiet and Path(target).is_dir():
            say(f"note: there is a folder {target!r}; write ./{target} to measure the code in it")
        ref = FunctionRef.parse(target)
        place = replace(place, region=region_of(ref, place.region))
        with connect(place) as connection:
            yield aws_site(target, connection)
        return
    options = load_local(folder.path)
    code = find_code(folder, options)
    with serve_embedded(quiet=quiet) as served:
        yield embedded_site(served, folder, code, options, quiet=quiet)


def aws_site(target: str, connection: Connection) -> Site:
    """A function on AWS, reached by a connection to its region."""
    command = restore_command(target, connection.place)
    return Site(connection=connection, ref=FunctionRef.parse(target), restore_command=command, folder=Path())


def embedded_site(
    served: "ServedAws",
    folder: Folder,
    code: Code,
    options: LocalOptions,
    *,
    name: str | None = None,
    prepared: bool = False,
    quiet: bool,
) -> Site:
    """Set up and deploy the code of a folder on the embedded AWS.

    Args:
        name: of the function; by default made of the folder's.
        prepared: the folder was set up for another function of it.

    Raises:
        UsageError: its set-up failed, or there is nothing to package.
    """
    name = name or folder.name
    if not quiet:
        say(f"the code in {folder.path} runs on this machine{and_setup(options)}")
    if not prepared:
        set_up(folder.path, options, served)
    served.deploy(replace(deployment_of(folder, code, options, served), name=name))
    return Site(
        connection=served.connection,
        ref=FunctionRef(name=name),
        restore_command=restore_command(name, served.connection.place),
        folder=folder.path,
        payload=options.payload,
        embedded=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedAws:
    """The embedded AWS while it runs: how it is reached, and the role of its functions."""

    connection: Connection
    variables: Mapping[str, str]
    role_arn: str

    def deploy(self, deployment: "Deployment") -> None:
        """Create the function, and wait until it is there.

        Raises:
            UsageError: there is nothing to package.
        """
        from powertune.aws.lambda_function import LambdaFunction
        from powertune.local.package import deploy

        aws = self.connection.aws()
        arn = deploy(aws.clients.control, deployment, aws.clients.s3, replace(aws, attempts=_DEPLOY_ATTEMPTS).call)
        LambdaFunction(aws, FunctionRef.parse(arn)).wait_until_updated()

    def publish(self, deployment: "Deployment", description: str) -> str:
        """Publish a version of a function that exists, with the code of a deployment; returns its number.

        Raises:
            UsageError: there is nothing to package.
        """
        from powertune.aws.lambda_function import LambdaFunction
        from powertune.local.package import publish

        aws = self.connection.aws()
        function = LambdaFunction(aws, FunctionRef(name=deployment.name))
        call = replace(aws, attempts=_DEPLOY_ATTEMPTS).call
        version = publish(
            aws.clients.control,
            deployment,
            description,
            wait=function.wait_until_updated,
            s3=aws.clients.s3,
            call=call,
        )
        function.wait_until_active(version)
        return version


@contextmanager
def serve_embedded(*, quiet: bool, environments: int | None = None) -> Iterator[ServedAws]:
    """Serve the embedded AWS as long as the block lasts, and keep this process off its functions' processors.

    Args:
        environments: how many execution environments there may be at least; None for as many as usual.

    Raises:
        UsageError, Unavailable: it cannot be started.
        Interrupted: it has ended before the block.
    """
    from powertune.local.embedded import EmbeddedAWS
    from powertune.local.settings import Settings

    settings = Settings(region=EMBEDDED_REGION)
    if environments is not None:
        settings = replace(settings, max_environments=max(settings.max_environments, environments))
    with EmbeddedAWS(settings) as embedded, embedded.aside():
        if not quiet:
            say(f"embedded AWS on {embedded.endpoint_url} ({embedded.cpu_limiter}, {embedded.cores} cores)")
            if embedded.note:
                say(f"note: {embedded.note}")
        place = ConnectionOptions(
            region=EMBEDDED_REGION,
            endpoint_url=embedded.endpoint_url,
            access_key=embedded.environment["AWS_ACCESS_KEY_ID"],
            secret_key=embedded.environment["AWS_SECRET_ACCESS_KEY"],
        )
        with connect(place) as connection, _noticing_the_end(connection, embedded):
            yield ServedAws(connection=connection, variables=embedded.environment, role_arn=embedded.role_arn)


@contextmanager
def _noticing_the_end(connection: Connection, embedded: "EmbeddedAWS") -> Iterator[None]:
    """Find out before each call whether the server still runs: if it does not, neither patience nor restoring helps.

    A function that is not restored is gone with the server, so that what counts is why.

    Raises:
        Unavailable: the server has ended.
    """
    connection.session.events.register("before-call", lambda **_: embedded.check())
    try:
        yield
    except NotRestored as error:
        embedded.check(_ENDING_S)
        if isinstance(error.__cause__, PowertuneError):
            raise error.__cause__ from None
        raise Interrupted("interrupted", hint="nothing is left to restore: the embedded AWS has ended too") from None


def deployment_of(folder: Folder, code: Code, options: LocalOptions, served: ServedAws) -> "Deployment":
    """What to create of a folder."""
    from powertune.local.package import Deployment
    from powertune.local.settings import own_architecture

    return Deployment(
        source=folder.path,
        handler=code.handler,
        name=folder.name,
        runtime=code.runtime,
        role_arn=served.role_arn,
        memory_mb=options.memory,
        timeout_s=options.timeout,
        environment=dict(options.environment),
        architecture=own_architecture(),
    )


def and_setup(options: LocalOptions) -> str:
    """The script that its configuration file names runs as well, as the person who runs powertune."""
    return "" if options.setup is None else f", after {printable(options.setup)}, which its configuration file names"


def set_up(folder: Path, options: LocalOptions, served: ServedAws) -> None:
    """Run the example's own script, if it has one, against the embedded AWS: it fills a bucket, say.

    Raises:
        UsageError: there is no such script, or it fails.
    """
    script = options.setup
    if script is None:
        return
    path = inside(folder, script, f"setup {script!r}")
    if not path.is_file():
        raise UsageError(f"there is no set-up script {script!r} in {str(folder)!r}", hint="fix `setup` in [local]")
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(  # noqa: S603 - a script of the folder whose code the person has asked to run
        [sys.executable, str(path)], cwd=folder, env={**own, **served.variables}, stdout=sys.stderr, check=False
    )
    if done.returncode != 0:
        raise UsageError(f"set-up script {script!r} failed with exit status {done.returncode}", hint="fix the script")
