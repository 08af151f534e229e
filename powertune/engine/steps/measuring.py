"""The steps that measure: prepare, publish, measure and record."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from powertune import documents
from powertune.aws.answers import invocations_of
from powertune.aws.copies.names import copy_names
from powertune.aws.invocation import with_allowed
from powertune.aws.journal import alias_name, check_free
from powertune.aws.lambda_function import LambdaFunction
from powertune.config.execution_input import TuningRequest, parse_request
from powertune.config.execution_words import advisory_in_keys
from powertune.engine.access import TunedFunction
from powertune.engine.direct import plan_run
from powertune.engine.restoring import restore_command
from powertune.engine.steps.part_keeper import PartKeeper
from powertune.engine.steps.store import Errand, RunStore
from powertune.engine.steps.worker import Worker, run_id_of, run_of
from powertune.errors import FunctionRefused, OutOfTime, SizeRefused, UsageError
from powertune.measure import OUT_OF_TIME, Turn, gather, nothing_yet, play_turn, propose
from powertune.model import (
    Architecture,
    Configuration,
    Invocations,
    Measurement,
    Trial,
    TuningRun,
)
from powertune.plan import Plan
from powertune.plan_document import plan_document
from powertune.prices import PriceTable
from powertune.units import shown

#: A function that may run longer cannot be waited for by a worker, which Lambda ends after 15 minutes.
LONGEST_WAIT_S = 840
#: How many bytes of events fit into a state, beside what else is in it.
_LARGEST_EVENTS = 128 * 1024
#: Who invokes the function.
WORKER, STEP_FUNCTIONS = "worker", "stepFunctions"

State = dict[str, Any]


def prepare(worker: Worker, event: Mapping[str, Any]) -> State:
    """Check the input, look at the function, plan, and take the lock; nothing is changed before all is found right.

    Args:
        event: `execution` is the ARN of the execution, `input` its input.

    Raises:
        UsageError: the input is wrong; the message says what to change.
        PowertuneError: as `plan_run` and `AwsTarget.open`.
    """
    run_id = run_id_of(event["execution"])
    with worker.run(run_id) as store:
        request = parse_request(event["input"], lambda address: _payload(store, address))
        with worker.access(request.target, request.role_arn) as connection:
            ref = replace(request.target, region=request.target.region or connection.region)
            subject = TunedFunction(
                access=connection, ref=ref, restore_command=restore_command(str(ref), connection.place)
            )
            # As the engine of this machine does: also where copies are measured, which take no lock.
            check_free(LambdaFunction(connection.aws(), ref), run_id, subject.restore_command)
            prices = PriceTable.bundled().region(connection.region)
            request.options.goal.check_currency(prices.currency)
            plan = plan_run(subject, request.options, prices, run_id=run_id, now=worker.clock(), earlier=None)
            invoked_by = _invoked_by(plan, request, own_region=store.objects.aws.region)
            if request.dry_run:
                return {"state": None, "events": [], "planned": _planned(plan)}
            run, turns = propose(plan, nothing_yet(plan, worker.clock()))
            store.begin(_errand(request, plan), plan, run)
            if turns:
                with store.changing(worker.attempt):
                    worker.target(connection, plan, stop=store.check).open()
    state = {
        "run": {"id": run_id, "function": plan.function.arn, "role": request.role_arn},
        "batch": 0,
        "invokedBy": invoked_by,
        "apply": request.auto_optimize,
    }
    events = _events(plan) if invoked_by == STEP_FUNCTIONS else []
    return {"state": state | _next(plan, run, turns), "events": events, "planned": None}


def publish(worker: Worker, state: State) -> State:
    """Publish the configurations that are to be measured next; what is refused takes no turn."""
    run_id, ref, role = run_of(state)
    with worker.run(run_id) as store, worker.access(ref, role) as connection:
        plan, run, told = store.plan, store.run(state["batch"]), _Refusals()
        new = [turn.configuration for turn in _turns(state) if run.measurement(turn.configuration) is None]
        if new:
            target = worker.target(connection, plan, stop=store.check)
            with store.changing(worker.attempt):
                target.resume()
                target.publish(new, told)
        if told.reasons:
            refused = tuple(
                Measurement(configuration=each, invocations=Invocations.of(()), unmeasured=reason)
                for each, reason in told.reasons.items()
                if run.measurement(each) is None
            )
            store.save(state["batch"], replace(run, measurements=_in_order((*run.measurements, *refused))))
    turns = tuple(turn for turn in _turns(state) if turn.configuration not in told.reasons)
    return {**state, **_next(plan, run, turns)}


def measure(worker: Worker, event: Mapping[str, Any]) -> None:
    """Take the turn of one configuration; what it has measured is kept after every round.

    Args:
        event: the state, and `turn`; where Step Functions has invoked the function, `answers` are what came of it.

    Raises:
        FunctionBusy: the execution was stopped, or fails, while the worker measured.
        OutOfTime: there is more to measure, which another worker can go on with.
    """
    run_id, ref, role = run_of(event)
    turn, batch = _turn(event["turn"]), event["batch"]
    with worker.run(run_id) as store:
        plan, run = store.plan, store.run(batch)
        part = store.part(batch, turn.configuration)
        if "answers" in event:
            store.save_part(batch, turn.configuration, _answered(run, turn, event["answers"]))
            return
        with worker.access(ref, role) as connection:
            target = worker.target(connection, plan)
            target.join()
            part = play_turn(
                plan,
                target,
                PartKeeper(lambda part: store.save_part(batch, turn.configuration, part), store.check, worker.clock),
                run,
                turn,
                part=part,
                deadline=worker.deadline,
                clock=worker.clock,
                sleep=worker.sleep,
            )
        store.save_part(batch, turn.configuration, part)
    if part.stopped == OUT_OF_TIME:
        raise OutOfTime(f"{turn.configuration} needs another worker", hint="invoke this one again")


def record(worker: Worker, state: State) -> State:
    """Put together what the turns have measured, look up missing reports, and propose what to measure next."""
    run_id, ref, role = run_of(state)
    batch = state["batch"]
    with worker.run(run_id) as store, worker.access(ref, role) as connection:
        plan, run = store.plan, store.run(batch)
        found = (store.part(batch, turn.configuration) for turn in _turns(state))
        target = worker.target(connection, plan)
        target.join()
        run, turns = gather(
            plan,
            target,
            run,
            tuple(part for part in found if part is not None),
            clock=worker.clock,
            sleep=worker.sleep,
        )
        store.save(batch + 1, run)
    return {**state, "batch": batch + 1, **_next(plan, run, turns)}


def _payload(store: RunStore, address: str) -> bytes:
    """The events at `s3://bucket/key`.

    Raises:
        UsageError: they are in the results bucket. Whoever may only start executions would have what others have
            measured sent to a function, and could read it there.
    """
    bucket, _, key = address.removeprefix("s3://").partition("/")
    if bucket == store.objects.bucket:
        raise UsageError(
            f"payloadS3 {shown(address)} is in the results bucket of the state machine",
            hint="put the events into another bucket, which `powertune deploy --payload-bucket` allows",
        )
    return replace(store.objects, bucket=bucket, owner=None).read(key)


def _invoked_by(plan: Plan, request: TuningRequest, *, own_region: str) -> str:
    """Who can invoke the function: a worker, or Step Functions where it may run for too long for that.

    Raises:
        FunctionRefused: neither.
        UsageError: no worker can wait as long as is asked for.
    """
    function = plan.function
    if plan.sleep_s > LONGEST_WAIT_S:
        raise UsageError(
            f"sleepBetweenRunsMs {plan.sleep_s * 1000:,.0f} is longer than a worker can wait",
            hint=f"use at most {LONGEST_WAIT_S * 1000:,}",
        )
    if plan.longest_round_s <= LONGEST_WAIT_S:
        return WORKER
    obstacles = {
        "is in another region": function.region != own_region,
        "is reached through a role": request.role_arn is not None,
        "has processors around it": (plan.design.pre_processor, plan.design.post_processor) != (None, None),
        f"gets events of more than {_LARGEST_EVENTS:,} bytes": len(json.dumps(_events(plan))) > _LARGEST_EVENTS,
    }
    for obstacle, is_there in obstacles.items():
        if is_there:
            raise FunctionRefused(
                f"{function.name} has a timeout of {function.timeout_s} s, so that Step Functions has to invoke it "
                f"itself, which it cannot: the function {obstacle}",
                hint=f"lower the timeout to {LONGEST_WAIT_S} s, or use `powertune run` without the state machine",
            )
    return STEP_FUNCTIONS


def _events(plan: Plan) -> list[str]:
    return [payload.body.decode() for payload in plan.workload.payloads]


def _planned(plan: Plan) -> State:
    """The plan as `powertune run --dry-run --format json` prints it, without payloads, and in keys of the input."""
    plan = replace(plan, advisories=tuple(map(advisory_in_keys, plan.advisories)))
    planned: State = json.loads(documents.write(plan_document(plan, payloads=False)))
    return planned


def _errand(request: TuningRequest, plan: Plan) -> Errand:
    return Errand(
        function=plan.function.arn,
        role_arn=request.role_arn,
        include_output_results=request.include_output_results,
        discard_top_bottom=request.discard_top_bottom,
        auto_optimize=request.auto_optimize,
        auto_optimize_alias=request.auto_optimize_alias,
    )


def _next(plan: Plan, run: TuningRun, turns: Sequence[Turn]) -> State:
    """What the states need to know of the turns to take: those themselves, and how many at one time."""
    lanes = max((turn.trial.lanes or plan.design.lanes for turn in turns), default=1)
    lanes = min(lanes, plan.design.concurrency)
    return {
        "turns": [_turn_state(plan, run, turn) for turn in turns],
        "lanes": lanes,
        "sideBySide": max(1, plan.design.concurrency // lanes),
    }


def _turn_state(plan: Plan, run: TuningRun, turn: Turn) -> State:
    """A turn as JSON. `function` is what to invoke, and `payloads` are the events to send, by their index.

    There are no more events than the turn's allowance pays for, whatever each invocation costs.
    """
    done, worst = _done(run, turn.configuration), plan.worst_cost(turn.configuration)
    count = min(turn.trial.invocations, int(turn.allowance / worst)) if worst else turn.trial.invocations
    return {
        "memory": turn.configuration.memory_mb,
        "architecture": turn.configuration.architecture.value,
        "invocations": turn.trial.invocations,
        "lanes": turn.trial.lanes,
        "whole": turn.whole,
        "allowance": turn.allowance,
        "function": f"{_holder(plan, turn.configuration)}:{alias_name(plan.run_id, turn.configuration.memory_mb)}",
        "payloads": list(plan.workload.first(done + count)[done:]),
    }


def _holder(plan: Plan, configuration: Configuration) -> str:
    """The ARN of what holds a configuration: the function, or a copy of it."""
    names = copy_names(plan.function.name, plan.run_id, len(plan.copies))
    name = dict(zip(plan.copies, names, strict=True)).get(configuration.architecture, plan.function.name)
    return f"{plan.function.arn.removesuffix(plan.function.name)}{name}"


def _done(run: TuningRun, configuration: Configuration) -> int:
    """How often a configuration was invoked."""
    known = run.measurement(configuration)
    return 0 if known is None else len(known.invocations)


def _turn(given: Mapping[str, Any]) -> Turn:
    configuration = Configuration(memory_mb=given["memory"], architecture=Architecture(given["architecture"]))
    trial = Trial(configuration=configuration, invocations=given["invocations"], lanes=given["lanes"])
    return Turn(trial=trial, whole=given["whole"], allowance=given["allowance"])


def _turns(state: Mapping[str, Any]) -> tuple[Turn, ...]:
    return tuple(map(_turn, state["turns"]))


def _in_order(measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    return tuple(sorted(measurements, key=lambda each: each.configuration))


def _answered(run: TuningRun, turn: Turn, answers: Sequence[Mapping[str, Any]]) -> TuningRun:
    """The part of a run that Step Functions has invoked itself: the reports are still to be looked up."""
    known = run.measurement(turn.configuration)
    lanes = turn.trial.lanes or run.design.lanes
    new = (with_allowed(each, run.design.allowed_errors) for each in invocations_of(answers, lanes))
    invocations = Invocations.of((*(() if known is None else known.invocations), *new))
    measurement = Measurement(configuration=turn.configuration, invocations=invocations)
    return replace(run, measurements=(measurement,), advisories=(), throttles=0, batches=(), stopped="complete")


class _Refusals:
    """A `Publishing` that keeps why configurations were refused."""

    def __init__(self) -> None:
        self.reasons: dict[Configuration, str] = {}

    def waiting(self, configuration: Configuration, what: str) -> None:
        """Nobody watches."""

    def ready(self, configuration: Configuration) -> None:
        """Nobody watches."""

    def refused(self, configuration: Configuration, refused: SizeRefused) -> None:
        """Keep the reason."""
        self.reasons[configuration] = refused.message
