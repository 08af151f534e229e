"""What a proposed change rests on and is to save, in a form that a later run reads back from a pull request."""

import re
from dataclasses import dataclass, fields
from enum import StrEnum

from powertune import documents
from powertune.analysis import Analysis
from powertune.documents import Document, Schema
from powertune.errors import UsageError
from powertune.model import Configuration, FunctionRef
from powertune.scan.finding import MonthlySaving

SCHEMA = Schema(
    kind="powertune/proposal",
    version=1,
    called="record of a proposal",
    remedy="close the pull request and delete its branch; the next run proposes the change again",
)
#: How the record stands in the text of a pull request: in a comment, which GitHub does not show.
_RECORD = re.compile(r"<!-- powertune-record: (?P<record>\{[^\n]*\}) -->")


class Standing(StrEnum):
    """What has become of a proposal."""

    PROPOSED = "proposed"
    WITHDRAWN = "withdrawn"
    """Its evidence no longer held, so it was closed."""
    CAME_TRUE = "came true"
    """It was merged, and CloudWatch shows the saving."""
    DID_NOT = "did not come true"
    """It was merged, and CloudWatch shows less than the least that was expected."""
    UNTESTABLE = "cannot be told"
    """It was merged, and something else has changed as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedRatio:
    """A quantity after the change, as a multiple of that before it, with its 95 % interval."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a run has found of one function: the change, and what it saves in 30 days.

    `measured_at` is when the run ended, in seconds since the epoch. `code_sha256` is that of the measured code, empty
    where it is not known. `cost` and `duration` are those of an invocation after the change, by those before it.
    """

    function_arn: str
    run_id: str
    measured_at: float
    code_sha256: str
    before: Configuration
    after: Configuration
    currency: str
    saving: MonthlySaving
    cost: PromisedRatio
    duration: PromisedRatio
    invocations_per_month: float

    @property
    def function(self) -> FunctionRef:
        """The function, by its parts."""
        return FunctionRef.parse(self.function_arn)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRecord:
    """What a pull request holds for the next run: the promise, and what has become of it.

    `told` are the notes that were written below the pull request, so that none is written twice.
    """

    promise: Promise
    standing: Standing = Standing.PROPOSED
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _ProposalDocument(Document):
    """The record as a document."""

    promise: Promise
    standing: Standing
    told: tuple[str, ...] = ()


def promise_of(analysis: Analysis) -> Promise | str:
    """What the analysis of a run promises; or, in words, why it promises nothing.

    Nothing is promised without a proven saving: the interval of the saving must not hold 0.
    """
    found, function = analysis.recommendation, analysis.function
    if found is None:
        return f"the last run has no answer: {analysis.explanation}"
    if found.configuration == analysis.current:
        return f"the last run recommends to stay at {found.configuration}"
    saving, cost, duration = found.saving, found.cost_ratio, found.duration_ratio
    if saving is None or saving.interval is None or cost is None or duration is None:
        return f"the last run cannot tell what {found.configuration} saves"
    if not saving.interval[0] > 0:
        return f"the last run does not prove that {found.configuration} saves money"
    if cost.ratio is None or cost.interval is None or duration.ratio is None or duration.interval is None:
        return f"the last run cannot tell what {found.configuration} saves"
    low, high = saving.interval
    return Promise(
        function_arn=FunctionRef.parse(function.arn).unqualified,
        run_id=analysis.run.run_id,
        measured_at=max(analysis.run.started_at, analysis.run.finished_at),
        code_sha256=function.code_sha256,
        before=analysis.current,
        after=found.configuration,
        currency=analysis.currency,
        saving=MonthlySaving(expected=saving.per_month, low=low, high=high),
        cost=PromisedRatio(expected=cost.ratio, low=cost.interval[0], high=cost.interval[1]),
        duration=PromisedRatio(expected=duration.ratio, low=duration.interval[0], high=duration.interval[1]),
        invocations_per_month=analysis.billing.invocations_per_month or 0.0,
    )


def dump_record(record: ProposalRecord) -> bytes:
    """The record as a document of its own."""
    document = {"schema": SCHEMA.header, **{f.name: getattr(record, f.name) for f in fields(record)}}
    return documents.write(document)


def parse_record(data: bytes) -> ProposalRecord:
    """The record from a document.

    Raises:
        UsageError: it is none, or damaged.
    """
    found = documents.read(data, _ProposalDocument, SCHEMA)
    function = FunctionRef.parse(found.promise.function_arn)
    if function.region is None or function.qualifier is not None:
        raise SCHEMA.wrong("promise.function_arn", found.promise.function_arn)
    return ProposalRecord(promise=found.promise, standing=found.standing, told=found.told)


def hidden(record: ProposalRecord) -> str:
    """The record as a comment in Markdown: on one line, and nothing in it can end the comment."""
    text = "".join(line.strip() for line in dump_record(record).decode().split("\n"))
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<!-- powertune-record: {safe} -->"


def found_in(body: str) -> ProposalRecord | None:
    """The record in the text of a pull request; None where there is none, or somebody has damaged it."""
    match = _RECORD.search(body)
    if match is None:
        return None
    try:
        return parse_record(match["record"].encode())
    except UsageError:
        return None
