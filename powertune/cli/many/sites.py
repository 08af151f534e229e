"""How several functions are reached: one connection for each region, or one embedded AWS for all code."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions
from powertune.cli.code import find_code
from powertune.cli.site import ServedAws, Site, aws_site, embedded_site, serve_embedded
from powertune.cli.sources import parse_folder
from powertune.config import load_local
from powertune.model import FunctionRef

_LONGEST_NAME = 60


class Sites(Protocol):
    """Where functions are."""

    def site(self, target: str) -> Site:
        """Where a function is, and how it is reached.

        Raises:
            PowertuneError: it cannot be reached, or its code not be deployed.
        """
        ...


@contextmanager
def open_sites(targets: Sequence[str], place: ConnectionOptions, *, quiet: bool) -> Iterator[Sites]:
    """Connect to AWS; or serve the embedded AWS as long as the block lasts, for code on this machine.

    Raises:
        IdentityError: no credentials or no region.
        UsageError: AWS's configuration cannot be used, or the embedded AWS not be started.
    """
    if parse_folder(targets[0]) is not None:
        with serve_embedded(quiet=quiet) as served:
            yield EmbeddedSites(served=served, quiet=quiet)
        return
    regions = [FunctionRef.parse(target).region or place.region for target in targets]
    # The usual region, where one function needs it: only signing in tells which it is.
    home = None if None in regions else regions[0]
    with ExitStack() as stack, connect(replace(place, region=home)) as base:
        yield AwsSites(region=place.region, base=base, stack=stack)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSites:
    """Functions on AWS. Those of a region share a connection, and with it the limit of calls per second.

    `region` is that of functions whose names tell none; None for the one of `base`.
    """

    region: str | None
    base: Connection
    stack: ExitStack
    others: dict[str, Connection] = field(default_factory=dict)

    def site(self, target: str) -> Site:
        """A function. Nothing is asked of it yet."""
        region = FunctionRef.parse(target).region or self.region or self.base.region
        if region == self.base.region:
            return aws_site(target, self.base)
        if region not in self.others:
            self.others[region] = self.stack.enter_context(self.base.in_region(region))
        return aws_site(target, self.others[region])


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedSites:
    """Code of several folders on one embedded AWS."""

    served: ServedAws
    quiet: bool
    names: dict[str, str] = field(default_factory=dict)
    prepared: set[Path] = field(default_factory=set)

    def site(self, target: str) -> Site:
        """Set up and deploy the code that a path names, under a name that no other has."""
        folder = parse_folder(target)
        assert folder is not None
        options = load_local(folder.path)
        name, number = folder.name, 2
        while self.names.setdefault(name, target) != target:
            name, number = f"{folder.name[:_LONGEST_NAME]}-{number}", number + 1
        code, place = find_code(folder, options), folder.path.resolve()
        prepared = place in self.prepared
        site = embedded_site(self.served, folder, code, options, name=name, prepared=prepared, quiet=self.quiet)
        self.prepared.add(place)
        return site
