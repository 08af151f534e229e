"""Reads one account in one region: its functions first, then what the rules need to know of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from powertune.aws.client import Aws
from powertune.aws.scanning.inquiry import Inquiry, why
from powertune.aws.scanning.inventory import FunctionInventory, read_inventory
from powertune.aws.scanning.invocation_usage import read_usage
from powertune.aws.scanning.invokers import Invokers, read_invokers
from powertune.aws.scanning.log_groups import read_log_groups, with_ingestion
from powertune.aws.scanning.memory_evidence import MemoryEvidence, read_memory
from powertune.aws.scanning.metric_data import MetricSpan
from powertune.aws.scanning.provisioned_concurrency import read_provisioned
from powertune.errors import PowertuneError
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import (
    AccountRegion,
    FunctionEvidence,
    FunctionLogGroup,
    FunctionUsage,
    PlaceEvidence,
    Provisioned,
    ScannedFunction,
)
from powertune.scan.request import ScanRequest
from powertune.scan.rule import Need

#: Told of each question before it is asked: the place, and what the question is about.
ScanObserver = Callable[[AccountRegion, str], None]

_INVENTORY = "inventory"
#: What can only be asked about the right functions, or be understood, if it is known how these are used.
_BY_USAGE = frozenset({Need.USAGE, Need.MEMORY, Need.REPORTS, Need.PROVISIONED, Need.RESERVED, Need.TRIGGERS})
_IN_LOGS = frozenset({Need.LOG_GROUPS, Need.MEMORY, Need.REPORTS})
_OF_MEMORY = frozenset({Need.MEMORY, Need.REPORTS, Need.ENVIRONMENT})


def read_place(
    aws: Aws, place: AccountRegion, request: ScanRequest, observer: ScanObserver = lambda *_: None
) -> ScannedPlace:
    """What the rules need to know of the functions in one account and region, and what could not be read.

    A question that is denied, or fails, leaves a gap and takes nothing else with it. Only if the functions cannot be
    listed, or the credentials end, there is one gap for the whole place, and no functions. Never raises for what AWS
    does not answer.
    """
    inquiry = Inquiry.begin(aws, place, request)
    observer(place, _INVENTORY)
    try:
        inventory = read_inventory(inquiry.aws, place, now=request.now)
        evidence = _read(inquiry, inventory, observer)
    except PowertuneError as error:
        inquiry.note("", why(error), action=inquiry.denied_action(error))
        evidence = PlaceEvidence(place=place, now=request.now, days=request.days, functions=(), prices=request.prices)
    return ScannedPlace(evidence=evidence, gaps=tuple(inquiry.gaps), effort=inquiry.meter.effort)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlaceReadings:
    """What was read, by the names of the functions; `groups` by those of the log groups."""

    usage: Mapping[str, FunctionUsage]
    provisioned: Mapping[str, tuple[Provisioned, ...]]
    reserved: Mapping[str, int | None]
    groups: Mapping[str, FunctionLogGroup] | None
    memory: MemoryEvidence
    invokers: Mapping[str, Invokers]


def _read(inquiry: Inquiry, inventory: FunctionInventory, observer: ScanObserver) -> PlaceEvidence:
    """Ask what is needed. What brings most money comes first: the limit of calls is one for all."""
    request, functions = inquiry.request, inventory.functions
    span = MetricSpan.of(request.days, request.now)

    def needed(*needs: Need) -> bool:
        wanted = bool(request.needs.intersection(needs)) and bool(functions)
        if wanted:
            observer(inquiry.place, needs[0])
        return wanted

    usage = read_usage(inquiry, functions, span) if needed(Need.USAGE, *_BY_USAGE) else {}
    provisioned = read_provisioned(inquiry, functions, usage, span) if needed(Need.PROVISIONED) else {}
    reserved = _reserved(inquiry, functions, usage) if needed(Need.RESERVED) else {}
    groups = _groups(inquiry, functions, usage, span) if needed(Need.LOG_GROUPS, *_IN_LOGS) else None
    memory = (
        read_memory(inquiry, functions, usage, groups, span) if needed(Need.MEMORY, *_OF_MEMORY) else MemoryEvidence()
    )
    idle = [each for each in functions if each.name in usage and _is_idle(usage[each.name])]
    invokers = read_invokers(inquiry, idle) if needed(Need.TRIGGERS) else {}
    known = _PlaceReadings(
        usage=usage, provisioned=provisioned, reserved=reserved, groups=groups, memory=memory, invokers=invokers
    )
    return PlaceEvidence(
        place=inquiry.place,
        now=request.now,
        days=request.days,
        functions=tuple(_evidence(each, known, inventory, request) for each in functions),
        prices=request.prices,
        log_groups=groups,
    )


def _is_idle(usage: FunctionUsage) -> bool:
    return usage.invocations == 0 and usage.throttles == 0


def _reserved(
    inquiry: Inquiry, functions: Sequence[ScannedFunction], usage: Mapping[str, FunctionUsage]
) -> dict[str, int | None]:
    """The reserved concurrency of the functions that were throttled, those first that were throttled most."""
    throttled = [each for each in functions if each.name in usage and usage[each.name].throttles]
    aws = inquiry.aws

    def ask(function: ScannedFunction) -> int | None:
        return aws.call(aws.clients.control.get_function_concurrency, FunctionName=function.name).get(
            "ReservedConcurrentExecutions"
        )

    return inquiry.each(Need.RESERVED, sorted(throttled, key=lambda each: -usage[each.name].throttles), ask)


def _groups(
    inquiry: Inquiry, functions: Sequence[ScannedFunction], usage: Mapping[str, FunctionUsage], span: MetricSpan
) -> dict[str, FunctionLogGroup] | None:
    """The log groups, with what was written to them: nothing to those of which no function was invoked."""
    groups = read_log_groups(inquiry, functions)
    if not groups:
        return groups
    written = {each.log_group for each in functions if each.name not in usage or usage[each.name].invocations}
    silent = {name: replace(group, ingested_bytes=0) for name, group in groups.items() if name not in written}
    return with_ingestion(inquiry, groups | silent, sorted(written & groups.keys()), span)


def _evidence(
    function: ScannedFunction, known: _PlaceReadings, inventory: FunctionInventory, request: ScanRequest
) -> FunctionEvidence:
    name = function.name
    invokers = known.invokers.get(name)
    return FunctionEvidence(
        function=function,
        usage=known.usage.get(name),
        memory=known.memory.memory.get(name),
        reports=known.memory.reports.get(name),
        environment=known.memory.environments.get(name),
        provisioned=known.provisioned.get(name),
        reserved=known.reserved.get(name),
        triggers=None if invokers is None else invokers.triggers,
        edge=name in inventory.replicas or (invokers is not None and invokers.edge),
        tuned=request.tuned.get(function.arn),
    )
