"""`powertune local`: serve the embedded AWS for other clients until Ctrl-C."""

import shlex
import sys
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer

from powertune.cli import options as common


class Latency(StrEnum):
    """A choice of `powertune.local.settings.LATENCIES`."""

    SHORT = "short"
    AWS = "aws"


def local(
    region: common.Region = None,
    port: Annotated[
        int, typer.Option(help="Port on the loopback address; 0 takes a free one.", min=0, max=65535)
    ] = 0,
    memory_limit: Annotated[
        int, typer.Option(help="The largest memory size of the account, in MB.", min=128, max=10240)
    ] = 10240,
    service_latency: Annotated[
        int, typer.Option(help="How long S3 and the like take to answer, in ms.", min=0, max=60000)
    ] = 60,
    latency: Annotated[
        Latency, typer.Option(help="How long functions take to become active or updated: 50 ms, or about as on AWS.")
    ] = Latency.SHORT,
) -> None:
    """Serve an AWS on this machine whose Lambda really runs functions, under Lambda's CPU allotment."""
    from powertune.cli.console import say
    from powertune.cli.interrupts import interruptible
    from powertune.local.embedded import EmbeddedAWS
    from powertune.local.settings import LATENCIES, Settings

    settings = Settings(
        region=region or "us-east-1",
        port=port,
        account_memory_limit_mb=memory_limit,
        service_latency_ms=service_latency,
        latencies=LATENCIES[latency],
    )
    ending = ("ending", "ending; press Ctrl-C once more to end at once")
    with interruptible(*ending), EmbeddedAWS(settings) as embedded:
        say(f"embedded AWS on {embedded.endpoint_url} ({embedded.cpu_limiter}, {embedded.cores} cores)")
        if embedded.note:
            say(f"note: {embedded.note}")
        say("Ctrl-C ends it; another shell finds it by these variables:")
        typer.echo("\n".join(f"export {name}={shlex.quote(text)}" for name, text in embedded.environment.items()))
        # A token would be sent with the keys, and a profile would take their place.
        typer.echo("unset AWS_SESSION_TOKEN AWS_PROFILE")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            if embedded.wait() != 0:
                embedded.check()
