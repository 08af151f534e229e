"""A plan as a document that another process can read back and carry out."""

from dataclasses import asdict, dataclass
from typing import Any

from powertune import documents
from powertune.config.from_file import FromFile
from powertune.design_document import DesignDocument
from powertune.documents import Document, Schema
from powertune.errors import UsageError
from powertune.estimate import RunEstimate
from powertune.model import Advisory, Architecture, FunctionState, Traffic, Workload
from powertune.placement import Placement, Share
from powertune.plan import Plan, payload_shares
from powertune.region_prices import RegionPrices

SCHEMA = Schema(
    kind="powertune/plan",
    version=1,
    called="plan",
    remedy="write it anew with `powertune run --dry-run --format json`",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan(Document):
    """What of a plan's document is read. The rest follows from it, and is there for people and their programs."""

    run_id: str
    function: FunctionState
    design: DesignDocument
    prices: RegionPrices
    max_spend: float
    sleep_s: float
    estimate: RunEstimate
    placement: Placement
    concurrency: Share
    workload: Workload | None = None
    advisories: tuple[Advisory, ...] = ()
    traffic: Traffic | None = None
    image_uris: tuple[tuple[Architecture, str], ...] = ()
    from_file: FromFile | None = None


def plan_document(plan: Plan, *, payloads: bool) -> dict[str, Any]:
    """The plan as JSON objects, for `documents.write`.

    Args:
        payloads: whether the events to send are part of it. They may be confidential: without them, the document
            holds the SHA-256 of each, and whoever reads it has to have them.
    """
    return {
        "schema": SCHEMA.header,
        "run_id": plan.run_id,
        "currency": plan.prices.currency,
        "function": plan.function,
        "design": DesignDocument.of(plan.design),
        "copies": plan.copies,
        "placement": {**asdict(plan.placement), "why": plan.placement.why, "touches_original": plan.touches_original},
        "concurrency": plan.share,
        "estimate": plan.estimate,
        "max_spend": plan.max_spend,
        "sleep_s": plan.sleep_s,
        "prices": plan.prices,
        "traffic": plan.traffic,
        "image_uris": plan.image_uris,
        "from_file": plan.from_file,
        "workload": plan.workload if payloads else None,
        "advisories": plan.advisories,
    }


def parse_plan(data: bytes, workload: Workload | None = None) -> Plan:
    """The plan that a document holds.

    Args:
        workload: the events to send, where the document does not hold them.

    Raises:
        UsageError: not a plan, incomplete, damaged, or written by a newer powertune; or the events are missing, or
            other ones than were planned with.
    """
    document = documents.read(data, _Plan, SCHEMA)
    events, design = document.workload or workload, document.design.design()
    if events is None:
        raise UsageError("the plan does not hold its payloads", hint="give the payloads that it was made with")
    if payload_shares(events) != design.payloads:
        raise UsageError("the payloads are not those of the plan", hint="give the payloads that it was made with")
    return Plan(
        run_id=document.run_id,
        function=document.function,
        design=design,
        workload=events,
        prices=document.prices,
        max_spend=document.max_spend,
        sleep_s=document.sleep_s,
        estimate=document.estimate,
        placement=document.placement,
        share=document.concurrency,
        advisories=document.advisories,
        traffic=document.traffic,
        image_uris=document.image_uris,
        from_file=document.from_file,
    )
