"""One round of decisions: what is known of each function is held against its pull request, and acted on."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from powertune.analysis import Analysis
from powertune.autopilot.decisions import Decision, Step, assess, decide
from powertune.autopilot.due import TunedBefore
from powertune.autopilot.promise import Promise, ProposalRecord, Standing, promise_of
from powertune.autopilot.pull_request import PullRequest, branch_of
from powertune.autopilot.spending import SpendingRecord
from powertune.autopilot.verification import Deployed, Verification, not_deployed, verify, window
from powertune.engine.autopilot.protocols import ChangesCode, Forge, Proposal, ReadsUse
from powertune.engine.autopilot.runs import tuned_before
from powertune.engine.autopilot.state import AutopilotState
from powertune.errors import BranchTaken, LibraryMissing, PowertuneError
from powertune.iac import Change
from powertune.model import Configuration, FunctionRef
from powertune.prices import PriceTable
from powertune.report import RUN
from powertune.report.proposal import (
    ProposalText,
    commit_message,
    foreign_note,
    outdated_note,
    proposal_body,
    proposal_title,
    verification_lines,
    verified_note,
    withdrawn_note,
)
from powertune.scan.evidence import FunctionEvidence, PublishedVersion
from powertune.units import plural

#: Aliases that runs make, and that serve nobody.
_OWN_ALIASES = "powertune-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of a function. `lines` are figures; `error` says why what was decided could not be done."""

    function_arn: str
    decision: Decision
    pull_request: PullRequest | None = None
    lines: tuple[str, ...] = ()
    error: PowertuneError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledFunction:
    """A function with all that is known about it: the evidence of the scan, and its newest run."""

    evidence: FunctionEvidence
    analysis: Analysis
    before: TunedBefore
    record: SpendingRecord | None

    @property
    def arn(self) -> str:
        """Its ARN without a qualifier."""
        return self.evidence.function.arn

    @property
    def ref(self) -> FunctionRef:
        """It by its parts."""
        return FunctionRef.parse(self.arn)


@dataclass(slots=True, kw_only=True)
class Settling:
    """Goes through functions, and does what `decide` says.

    `now` is in seconds since the epoch, `labels` are for new pull requests, and no more than `most_open` of these are
    open at one time. With `only_look`, nothing is changed. `render` makes a report in a format.
    """

    forge: Forge
    code: ChangesCode
    state: AutopilotState
    use: ReadsUse
    prices: PriceTable
    now: float
    labels: tuple[str, ...]
    most_open: int
    only_look: bool = False
    render: Callable[[Analysis, str], bytes] = RUN.render
    _open: set[str] = field(default_factory=set, init=False)

    def go(self, functions: Sequence[SettledFunction]) -> tuple[Handled, ...]:
        """Go through the functions, those with the largest promises first. One that fails does not end the others."""
        self._open = set(self.forge.open_branches())
        promised = {each.arn: promise_of(each.analysis) for each in functions}
        return tuple(
            self._handle(each, promised[each.arn])
            for each in sorted(functions, key=lambda each: (-_amount(promised[each.arn]), each.arn))
        )

    def _handle(self, function: SettledFunction, found: Promise | str) -> Handled:
        decision = Decision(step=Step.LEAVE, why="it could not be looked at")
        try:
            evidence = assess(function.evidence, function.before, found)
            existing = self.forge.find(function.arn) if self._may_have_one(function, found) else None
            decision = decide(evidence, existing, function.evidence.function.current, self.now)
            return self._act(function, decision, existing, found)
        except PowertuneError as error:
            return Handled(function_arn=function.arn, decision=decision, error=error)

    def _may_have_one(self, function: SettledFunction, found: Promise | str) -> bool:
        """Whether to ask the forge: most functions of an account never had a pull request."""
        known = function.record is None or function.record.proposed or branch_of(function.arn) in self._open
        return known or isinstance(found, Promise)

    def _act(
        self, function: SettledFunction, decision: Decision, existing: PullRequest | None, found: Promise | str
    ) -> Handled:
        if decision.step is Step.OPEN and len(self._open) >= self.most_open:
            why = f"{decision.why}; open already: {plural(len(self._open), 'proposal')} (--max-open)"
            decision = Decision(step=Step.LEAVE, why=why)
        handled = Handled(function_arn=function.arn, decision=decision, pull_request=existing)
        if self.only_look and decision.step is not Step.VERIFY:
            return handled
        match decision.step:
            case Step.OPEN | Step.UPDATE if isinstance(found, Promise):
                return self._propose(function, handled, found)
            case Step.CLOSE | Step.NOTE if existing is not None and existing.record is not None:
                return self._say(handled, existing, existing.record)
            case Step.VERIFY if existing is not None and existing.record is not None:
                return self._verify(function, handled, existing, existing.record)
            case _:
                return handled

    def _propose(self, function: SettledFunction, handled: Handled, promise: Promise) -> Handled:
        change = self.code.change(function.ref, promise.before, promise.after)
        existing = handled.pull_request
        if not change.edits:
            why = f"the code already has {promise.after}, which is not deployed"
            if existing is None or not existing.is_open or existing.record is None:
                return replace(handled, decision=Decision(step=Step.LEAVE, why=why))
            closing = replace(handled, decision=Decision(step=Step.CLOSE, why=why))
            return self._say(closing, existing, existing.record)
        proposal = self._proposal(function.analysis, promise, change)
        if handled.decision.step is Step.OPEN:
            # Kept first: whoever loses the answer of the forge still has to look for the pull request.
            self._remember(function)
            self._open.add(proposal.branch)
            return replace(handled, pull_request=self.forge.open(proposal))
        assert existing is not None
        try:
            return replace(handled, pull_request=self.forge.update(existing, proposal))
        except BranchTaken as error:
            self._tell_once(existing, existing.record, f"taken {promise.run_id}", foreign_note(existing.branch))
            return replace(handled, decision=Decision(step=Step.LEAVE, why=error.message))

    def _proposal(self, analysis: Analysis, promise: Promise, change: Change) -> Proposal:
        report = self.render(analysis, "markdown").decode()
        picture = None
        with suppress(LibraryMissing):  # the figures are in the report
            picture = self.render(analysis, "png")
        shown = None if picture is None else self.forge.keep_picture(promise, picture)
        text = ProposalText(record=ProposalRecord(promise=promise), report=report, change=change, picture=shown)
        return Proposal(
            promise=promise,
            branch=branch_of(promise.function_arn),
            title=proposal_title(promise),
            body=proposal_body(text),
            message=commit_message(promise),
            labels=self.labels,
            change=change,
            report=report,
            picture=picture,
        )

    def _say(self, handled: Handled, existing: PullRequest, record: ProposalRecord) -> Handled:
        why = handled.decision.why
        if handled.decision.step is Step.CLOSE:
            self.forge.close(existing, replace(record, standing=Standing.WITHDRAWN), withdrawn_note(why))
            self._open.discard(existing.branch)
        else:
            self._tell_once(existing, record, why, outdated_note(why))
        return handled

    def _tell_once(self, existing: PullRequest, record: ProposalRecord | None, key: str, note: str) -> None:
        """Write a note, unless it is there already."""
        if record is not None and key not in record.told:
            self.forge.tell(existing, replace(record, told=(*record.told, key)), note)

    def _verify(
        self, function: SettledFunction, handled: Handled, existing: PullRequest, record: ProposalRecord
    ) -> Handled:
        found = self._verified(function, existing, record.promise)
        lines = verification_lines(record.promise, found)
        if found.standing is Standing.PROPOSED:
            decision = Decision(step=Step.VERIFY, why=f"cannot be told yet: {found.why}")
            return replace(handled, decision=decision, lines=lines)
        if not self.only_look:
            note = verified_note(record.promise, found)
            self.forge.tell(existing, replace(record, standing=found.standing), note)
        decision = Decision(step=Step.VERIFY, why=f"the saving {_verdict(found)}: {found.why}")
        return replace(handled, decision=decision, lines=lines)

    def _verified(self, function: SettledFunction, existing: PullRequest, promise: Promise) -> Verification:
        known = function.evidence.function
        serving = self._serving(function)
        for alias, version in serving:
            found = Configuration(memory_mb=version.memory_mb, architecture=version.architecture)
            if found != promise.after:
                return not_deployed(alias, version.number, found)
        deployed = Deployed(
            merged_at=known.modified_at if existing.ended_at is None else existing.ended_at,
            since=max([known.modified_at, *(version.modified_at for _, version in serving)]),
            code_sha256=known.code_sha256,
        )
        days = self.use.days(function.ref, *window(promise, deployed, self.now))
        return verify(promise, days, deployed, self.prices.region(known.place.region), self.now)

    def _serving(self, function: SettledFunction) -> tuple[tuple[str, PublishedVersion], ...]:
        """The published versions that aliases lead to, with the names of the aliases.

        The configuration of a function is that of $LATEST. Metrics do not tell which version has served whom.
        """
        versions = {version.number: version for version in function.evidence.function.versions}
        aliases = self.use.aliases(function.ref) if versions else {}
        return tuple(
            (alias, versions[number])
            for alias, numbers in sorted(aliases.items())
            for number in numbers
            if number in versions and not alias.startswith(_OWN_ALIASES)
        )

    def _remember(self, function: SettledFunction) -> None:
        if function.record is not None:
            self.state.keep(replace(function.record, proposed=True))


def settled_functions(
    known: Sequence[FunctionEvidence], judged: Mapping[str, Analysis], records: Sequence[SpendingRecord]
) -> tuple[SettledFunction, ...]:
    """The functions that have a run, each with its newest one."""
    by_run = {record.run_id: record for record in records}
    ever = {record.function_arn for record in records if record.proposed}
    found = []
    for each in known:
        analysis = judged.get(each.function.arn)
        if analysis is None:
            continue
        record = by_run.get(analysis.run.run_id)
        if record is not None and each.function.arn in ever:
            record = replace(record, proposed=True)
        found.append(
            SettledFunction(evidence=each, analysis=analysis, before=tuned_before(analysis, record), record=record)
        )
    return tuple(found)


def _amount(found: Promise | str) -> float:
    return found.saving.expected if isinstance(found, Promise) else 0.0


def _verdict(found: Verification) -> str:
    return {Standing.CAME_TRUE: "came true", Standing.DID_NOT: "did not come true"}.get(
        found.standing, "cannot be told"
    )
