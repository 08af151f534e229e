"""A function as it is, without a change to it: pinned to one version, invoked by its number, and looked at again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from powertune.aws.client import Aws
from powertune.aws.function_caller import FunctionCaller
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import Changed, FunctionRefused, NotFound, SizeRefused
from powertune.measure import Publishing
from powertune.model import Advisory, Configuration, FunctionRef, Invocation
from powertune.plan import Plan

LATEST = "$LATEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What a name, an alias or a version stood for at one moment. `version` is a number, or `$LATEST`.

    `revision` and `code_sha256` are those of that moment: $LATEST can be deployed to while it is measured.
    """

    version: str
    revision: str
    code_sha256: str

    @classmethod
    def of(cls, snapshot: FunctionSnapshot) -> "Pin":
        """The version that was read."""
        configuration = snapshot.configuration
        return cls(
            version=str(configuration.get("Version", LATEST)),
            revision=str(configuration.get("RevisionId", "")),
            code_sha256=snapshot.code_sha256,
        )


def pinned_version(function: LambdaFunction, ref: FunctionRef) -> str | None:
    """The version that a qualifier stands for now; None for $LATEST.

    Raises:
        NotFound: there is no such alias or version.
        FunctionRefused: the alias shifts traffic between two versions, so that it stands for neither.
    """
    if ref.qualifier in (None, LATEST):
        return None
    if ref.qualifier is not None and ref.qualifier.isdecimal():
        return ref.qualifier
    alias = function.alias(str(ref.qualifier))
    if alias is None:
        function.read(ref.qualifier)  # says what is missing: the alias, or the function
        raise NotFound(f"function {ref.name} has no alias {ref.qualifier}", hint="check its name")
    if alias.shifted:
        shares = " and ".join(alias.versions)
        raise FunctionRefused(
            f"alias {ref.qualifier} of {ref.name} divides its traffic between versions {shares}",
            hint=f"name one of them, as in {ref.name}:{alias.version}, or wait until the shift has ended",
        )
    return None if alias.version == LATEST else alias.version


class PinnedTarget:
    """A version as a `measure.Target` that changes nothing: there is nothing to publish, to lock or to undo.

    Args:
        pin: what is invoked.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        aws: Aws,
        plan: Plan,
        pin: Pin,
        *,
        processors: tuple[FunctionRef | None, FunctionRef | None] = (None, None),
        clock: Callable[[], float],
    ) -> None:
        self._function = LambdaFunction.of(aws, plan.function)
        self._configuration = plan.function.current
        self._pin = pin
        self._caller = FunctionCaller(aws, plan, processors=processors, clock=clock)

    def open(self) -> None:
        """Nothing is going to be changed."""

    def publish(self, configurations: Sequence[Configuration], publishing: Publishing) -> None:
        """The version's own size is ready, and no other is going to be."""
        for configuration in configurations:
            if configuration == self._configuration:
                publishing.ready(configuration)
            else:
                publishing.refused(configuration, SizeRefused(f"{self._function.ref.name} is measured as it is"))

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        """Invoke the version once, with the processors around it.

        Raises:
            Changed: somebody has deleted it meanwhile.
        """
        name = self._function.ref.unqualified
        qualifier = None if self._pin.version == LATEST else self._pin.version
        try:
            return self._caller.invoke(configuration, payload, lane, function=name, qualifier=qualifier)
        except NotFound as error:
            raise Changed(
                f"version {self._pin.version} of {self._function.ref.name} is gone: {error.message}",
                hint="do not delete the version while it is measured",
            ) from None

    def check_unchanged(self) -> None:
        """See that nobody has deployed to $LATEST since it was pinned; a version with a number never changes.

        Raises:
            Changed: somebody has, so that what was measured may be of either code.
        """
        if self._pin.version != LATEST:
            return
        now = Pin.of(self._function.read())
        if now != self._pin:
            what = "has new code" if now.code_sha256 != self._pin.code_sha256 else "was updated"
            raise Changed(
                f"$LATEST of {self._function.ref.name} {what} while it was measured",
                hint="measure again when nobody deploys, or name a published version or an alias of one",
            )

    def recover(
        self, invocations: Mapping[Configuration, Sequence[Invocation]], *, patient: bool
    ) -> Mapping[str, Invocation]:
        """Read missing reports from CloudWatch Logs."""
        return self._caller.recover(invocations, patient=patient)

    def reports_are_lost(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> bool:
        """Look into why none of these has a report, and say so; False if the next ones may well have one."""
        return self._caller.reports_are_lost(invocations)

    def environments(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> Mapping[str, str]:
        """The environments that served them, as far as the logs tell."""
        return self._caller.environments(invocations)

    def undo(self) -> None:
        """Nothing was changed."""

    @property
    def throttles(self) -> int:
        """How many invocations Lambda throttled, and therefore did not execute."""
        return self._caller.throttles

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What came up while invoking and reading logs."""
        return self._caller.advisories
