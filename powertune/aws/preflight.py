"""Whether a function can be tuned, and what it is, before anything is changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.copies.names import SOURCE_TAG, is_copy
from powertune.aws.function_kind import check_kind
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.pinned import LATEST, Pin, pinned_version
from powertune.aws.usage.callers import read_peaks, read_production
from powertune.aws.usage.compute_optimizer import read_projection
from powertune.aws.usage.traffic import read_provisioned_concurrency, read_traffic
from powertune.errors import AccessDenied, FunctionBusy, FunctionRefused, Unavailable
from powertune.model import Advisory, Architecture, FunctionRef, FunctionState, Hint, Usage
from powertune.plan import PriorKnowledge

#: How far back the average duration is looked up, for the estimate.
_HISTORY = timedelta(days=14)
_BRIEF_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What AWS says before the first change: of the function, and of its use and its account.

    `advisories` are about what measures, and about what may keep the function from being published.
    """

    state: FunctionState
    known: PriorKnowledge
    advisories: tuple[Advisory, ...] = ()


def preflight(aws: Aws, ref: FunctionRef, *, now: float, usage: Usage | None = None) -> Preflight:
    """Read the function and the account; changes nothing.

    Args:
        now: seconds since the epoch.
        usage: what is known of the traffic, and need not be looked up.

    Raises:
        NotFound: no such function, version or alias.
        FunctionRefused: it is of a kind, or in a state, that cannot be tuned.
        FunctionBusy: it is being updated.
    """
    function = LambdaFunction(aws, ref)
    latest = function.read()
    _refuse(latest, ref)
    tuned = latest
    if ref.qualifier not in (None, "$LATEST"):
        tuned = function.read(ref.qualifier)
        if tuned.fingerprint != latest.fingerprint:
            raise FunctionRefused(
                f"{ref.name}:{ref.qualifier} differs from $LATEST in code or configuration",
                hint="sizes can be tried with $LATEST only: deploy the same code there, or leave the qualifier out",
            )
    state = _state(tuned.configuration, latest, aws, ref)
    # What only informs the plan gets few attempts: a network may lead to Lambda and not to CloudWatch.
    brief = replace(aws, attempts=_BRIEF_ATTEMPTS)
    unsure: tuple[Advisory, ...] = ()
    if state.platform is None:
        provisioned, unsure = read_provisioned_concurrency(aws, ref)
        state = replace(state, provisioned_concurrency=provisioned)
    version = str(tuned.configuration.get("Version", "$LATEST"))
    traffic, unknown = read_traffic(brief, state, now=now, executed_version=version, usage=usage)
    average_ms = _average_ms(brief, state, now)
    settings = aws.call(aws.clients.control.get_account_settings)
    return Preflight(
        state=state,
        known=PriorKnowledge(
            account_concurrency=int(settings["AccountLimit"]["UnreservedConcurrentExecutions"]),
            average_ms=average_ms,
            production=read_production(LambdaFunction(brief, ref), latest, state, settings, now=now),
            traffic=traffic,
            hints=(*_current(state, average_ms), *read_projection(brief, state)),
        ),
        advisories=(
            *_Platform.parse(latest.platform).advisories(state.runtime),
            *_about_key(latest, ref),
            *unsure,
            *unknown,
        ),
    )


def preflight_as_is(aws: Aws, ref: FunctionRef, *, now: float, usage: Usage | None = None) -> tuple[Preflight, Pin]:
    """Read a function that is only going to be invoked as it is, and which version that means; changes nothing.

    Unlike a function that is tuned, a version may differ from $LATEST in whatever it likes.

    Args:
        now: seconds since the epoch.
        usage: what is known of the traffic, and need not be looked up.

    Raises:
        NotFound: no such function, version or alias.
        FunctionRefused: it is of a kind, or in a state, that cannot be measured; or an alias of two versions.
        FunctionBusy: it is being updated.
    """
    function = LambdaFunction(aws, replace(ref, qualifier=None))
    latest = function.read()
    version = pinned_version(function, ref)
    pinned = latest if version is None else function.read(version)
    # Only the whole function has tags: a copy that a run has made is refused whichever version is named.
    _refuse(replace(pinned, tags=latest.tags), ref)
    state = replace(_state(pinned.configuration, latest, aws, ref), fingerprint=pinned.fingerprint)
    brief = replace(aws, attempts=_BRIEF_ATTEMPTS)
    pin = Pin.of(pinned)
    traffic, unknown = read_traffic(brief, state, now=now, executed_version=pin.version, usage=usage)
    settings = aws.call(aws.clients.control.get_account_settings)
    advisories = (
        *_Platform.parse(latest.platform).advisories(state.runtime),
        *_about_provisioned(brief, ref, pin),
        *unknown,
    )
    known = PriorKnowledge(
        account_concurrency=int(settings["AccountLimit"]["UnreservedConcurrentExecutions"]),
        average_ms=_average_ms(brief, state, now),
        production=read_peaks(LambdaFunction(brief, ref), state, now=now),
        traffic=traffic,
    )
    return Preflight(state=state, known=known, advisories=advisories), pin


def _about_provisioned(aws: Aws, ref: FunctionRef, pin: Pin) -> tuple[Advisory, ...]:
    """That what is measured starts cold, and what production calls may not; or takes from what is kept ready."""
    if pin.version == LATEST:
        return ()
    of_version, _ = read_provisioned_concurrency(aws, replace(ref, qualifier=pin.version))
    if of_version:
        advisory = Advisory(
            code="provisioned-in-use",
            message=f"version {pin.version} of {ref.name} has a provisioned concurrency of {of_version}, which this "
            "measurement uses as well",
            next_step="measure when the function is not busy, or compare versions that have none",
        )
        return (advisory,)
    if ref.qualifier == pin.version:
        return ()
    of_alias, _ = read_provisioned_concurrency(aws, ref)
    if not of_alias:
        return ()
    advisory = Advisory(
        code="provisioned-not-measured",
        message=f"alias {ref.qualifier} of {ref.name} has a provisioned concurrency of {of_alias}; version "
        f"{pin.version} was invoked by its number, which is served on demand",
        next_step="expect fewer cold starts behind the alias; warm durations and their costs are comparable",
    )
    return (advisory,)


def _about_key(latest: FunctionSnapshot, ref: FunctionRef) -> tuple[Advisory, ...]:
    """That publishing may take the permission to use a key, which nothing but trying shows."""
    key = latest.configuration.get("KMSKeyArn")
    if not key:
        return ()
    environment = latest.configuration.get("Environment") or {}
    denied = (environment.get("Error") or {}).get("Message")
    message = f"{ref.name} is encrypted with the customer managed key {key}, which each update may have to use"
    if denied:
        message += f"; this identity may not decrypt its environment variables: {denied}"
    advisory = Advisory(
        code="customer-managed-key",
        message=message,
        next_step=f"if publishing is refused, `powertune iam run --kms-key {key}` prints the policy that allows it",
    )
    return (advisory,)


def _current(state: FunctionState, average_ms: float | None) -> tuple[Hint, ...]:
    """What CloudWatch shows of the current size."""
    if average_ms is None:
        return ()
    return (Hint(origin="CloudWatch", configuration=state.current, duration_ms=average_ms),)


def _refuse(latest: FunctionSnapshot, ref: FunctionRef) -> None:
    configuration = latest.configuration
    if is_copy(ref.name, latest.tags):
        source = latest.tags.get(SOURCE_TAG)
        raise FunctionRefused(
            f"{ref.name} is a temporary copy{f' of {source}' if source else ''} that a run has made",
            hint="tune the function itself; `powertune restore` of that function deletes the copies of dead runs",
        )
    check_kind(configuration, ref.name)
    if latest.updating:
        raise FunctionBusy(f"{ref.name} is being updated at this moment", hint="run again when the update has ended")
    if configuration.get("LastUpdateStatus") == "Failed":
        reason = configuration.get("LastUpdateStatusReason", "no reason given")
        raise FunctionRefused(f"the last update of {ref.name} failed: {reason}", hint="deploy it again, then tune it")
    state = configuration.get("State", "Active")
    if state != "Active":
        hint = "invoke it once and wait until it is Active" if state == "Inactive" else "only Active functions run"
        raise FunctionRefused(f"{ref.name} is in state {state}", hint=hint)


def _state(configuration: Mapping[str, Any], latest: FunctionSnapshot, aws: Aws, ref: FunctionRef) -> FunctionState:
    logging = configuration.get("LoggingConfig", {})
    platform = _Platform.parse(latest.platform)
    qualifier = None if ref.qualifier == "$LATEST" else ref.qualifier
    return FunctionState(
        name=configuration["FunctionName"],
        arn=latest.configuration["FunctionArn"],
        region=aws.region,
        qualifier=qualifier,
        runtime=configuration.get("Runtime") or configuration.get("PackageType", ""),
        memory_mb=int(configuration["MemorySize"]),
        architecture=Architecture(configuration.get("Architectures", ["x86_64"])[0]),
        timeout_s=int(configuration.get("Timeout", 3)),
        ephemeral_storage_mb=int(configuration.get("EphemeralStorage", {}).get("Size", 512)),
        package_type=configuration.get("PackageType", "Zip"),
        snapstart=configuration.get("SnapStart", {}).get("ApplyOn", "None") == "PublishedVersions",
        log_format=logging.get("LogFormat", "Text"),
        log_group=logging.get("LogGroup") or f"/aws/lambda/{configuration['FunctionName']}",
        system_log_level=logging.get("SystemLogLevel"),
        reserved_concurrency=latest.reserved_concurrency,
        fingerprint=latest.fingerprint,
        code_sha256=str(configuration.get("CodeSha256", "")),
        platform=platform.limiter,
        cores=platform.cores,
        vpc=bool((configuration.get("VpcConfig") or {}).get("SubnetIds")),
        package_bytes=_package_bytes(configuration),
    )


def _package_bytes(configuration: Mapping[str, Any]) -> int | None:
    """The size of the deployment package; that of a container image is not told."""
    size = configuration.get("CodeSize")
    return None if size is None or configuration.get("PackageType", "Zip") != "Zip" else int(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Platform:
    """What the embedded AWS says of itself, as in `cgroup v1; cores=2; python=3.11`. AWS says nothing of the kind."""

    limiter: str | None = None
    cores: float | None = None
    python: str | None = None

    @classmethod
    def parse(cls, header: str | None) -> "_Platform":
        if header is None:
            return cls()
        limiter, *facts = header.split("; ")
        known = dict(fact.split("=", 1) for fact in facts if "=" in fact)
        cores = known.get("cores")
        return cls(limiter=limiter, cores=float(cores) if cores else None, python=known.get("python"))

    def advisories(self, runtime: str) -> tuple[Advisory, ...]:
        """The embedded AWS has one Python, whatever runtime is asked for."""
        if self.python is None or not runtime.startswith("python") or runtime == f"python{self.python}":
            return ()
        advisory = Advisory(
            code="other-runtime",
            message=f"the function asks for {runtime}, and was run by Python {self.python}",
            next_step=f"use powertune with {runtime.replace('python', 'Python ')} for figures of that runtime",
        )
        return (advisory,)


def _average_ms(aws: Aws, state: FunctionState, now: float) -> float | None:
    """The mean duration of the last two weeks; only the estimate needs it, so not knowing it is fine."""
    end = datetime.fromtimestamp(now, UTC)
    resource = f"{state.name}:{state.qualifier}" if state.qualifier else state.name
    try:
        answer = aws.call(
            aws.clients.cloudwatch.get_metric_statistics,
            Namespace="AWS/Lambda",
            MetricName="Duration",
            Dimensions=[{"Name": "FunctionName", "Value": state.name}, {"Name": "Resource", "Value": resource}],
            StartTime=end - _HISTORY,
            EndTime=end,
            Period=int(_HISTORY.total_seconds()),
            Statistics=["Average", "SampleCount"],
        )
    except (AccessDenied, Unavailable):
        return None
    points = [(point["Average"], point["SampleCount"]) for point in answer["Datapoints"]]
    count = sum(samples for _, samples in points)
    return sum(average * samples for average, samples in points) / count if count else None
