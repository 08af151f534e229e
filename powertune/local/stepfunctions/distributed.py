"""Map states in distributed mode: every item, or batch of items, is an execution of its own."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from moto.stepfunctions.parser.api import (
    HistoryEventType,
    MapRunFailedEventDetails,
    MapRunStartedEventDetails,
    MapStateStartedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from powertune.local.stepfunctions import map_items, map_results
from powertune.local.stepfunctions.execution import LiveExecution
from powertune.local.stepfunctions.history import AbandonedError, details
from powertune.local.stepfunctions.map_run import MapRun, Tolerance
from powertune.local.stepfunctions.map_settings import MapSettings

_EXCEEDED = "The specified tolerated failure threshold was exceeded"


class EmbeddedMap(StateMap):
    """A Map state. Moto runs the inline ones; its distributed ones know no batches, no tolerance and no results."""

    settings = MapSettings()

    def _eval_execution(self, env: Any) -> None:
        if isinstance(self.iteration_component, DistributedIterationComponent):
            _Run(self, env).run()
        else:
            super()._eval_execution(env)


class _Run:
    def __init__(self, state: EmbeddedMap, env: Any) -> None:
        self._state, self._env, self._settings = state, env, state.settings
        self._parent: LiveExecution = env.execution

    def run(self) -> None:
        """Leave the state's result on the stack.

        Raises:
            FailureEventException: items could not be read, too many failed, or results could not be written.
            AbandonedError: the execution has ended.
        """
        state, env = self._state, self._env
        state.max_concurrency_decl.eval(env=env)
        concurrency = env.stack.pop()
        items = None if self._settings.reader else self._given_items()
        self._record(
            HistoryEventType.MapStateStarted,
            mapStateStartedEventDetails=MapStateStartedEventDetails(length=len(items or ())),
        )
        label = state.label.label if state.label else None
        map_run = MapRun(self._parent, label, concurrency, self._tolerance())
        self._parent.map_runs.append(map_run)
        forget = env.on_abandon(map_run.abort)
        self._record(
            HistoryEventType.MapRunStarted,
            mapRunStartedEventDetails=MapRunStartedEventDetails(mapRunArn=map_run.arn),
        )
        self._play(map_run, items)
        forget()
        self._record(HistoryEventType.MapRunSucceeded)
        self._record(HistoryEventType.MapStateSucceeded, update_source_event_id=False)

    def _play(self, map_run: MapRun, items: list[Any] | None) -> None:
        try:
            inputs = list(self._inputs(self._read() if items is None else items))
            tolerated = map_run.run(inputs, lambda given: self._child(map_run, given))
            if self._env.abandoned:
                raise AbandonedError
            map_run.finish("SUCCEEDED" if tolerated else "FAILED")
            result = self._result(map_run)
        except map_items.ItemReaderError as error:
            raise self._failed(map_run, "States.ItemReaderFailed", str(error)) from error
        except map_results.ResultWriterError as error:
            raise self._failed(map_run, "States.ResultWriterFailed", str(error)) from error
        except ValueError as error:
            raise self._failed(map_run, "States.Runtime", str(error)) from error
        if not tolerated:
            raise self._failed(map_run, "States.ExceedToleratedFailureThreshold", _EXCEEDED)
        self._env.stack.append(result)

    def _given_items(self) -> list[Any]:
        """The items in the state's input."""
        state, env = self._state, self._env
        if state.items_path:
            state.items_path.eval(env=env)
        if state.items:
            state.items.eval(env=env)
        items = env.stack.pop()
        if not isinstance(items, list):
            raise self._failure(
                "States.Runtime", f"Reference path must point to array, but was: {type(items).__name__}"
            )
        return items

    def _read(self) -> list[Any]:
        assert self._settings.reader is not None
        return map_items.read(self._s3(), self._settings.reader.evaluate(self._env))

    def _inputs(self, items: list[Any]) -> Iterator[tuple[str, int]]:
        """The inputs of children, as JSON, and how many items each has."""
        chosen = [self._select(index, item) for index, item in enumerate(items)]
        if self._settings.batcher is None:
            yield from ((to_json_str(item, separators=(",", ":")), 1) for item in chosen)
            return
        for batch in map_items.batches(chosen, self._settings.batcher.evaluate(self._env)):
            yield to_json_str(batch, separators=(",", ":")), len(batch["Items"])

    def _select(self, index: int, item: Any) -> Any:
        """What ItemSelector makes of an item."""
        selector = self._state.item_selector or self._state.parameters
        if selector is None:
            return item
        frame = self._env.open_inner_frame()
        try:
            given = self._env.states.get_input()
            frame.states.context_object.context_object_data["Map"] = MapData(Item=ItemData(Index=index, Value=item))
            frame.states.reset(input_value=given)
            frame.stack.append(given)
            selector.eval(frame)
            return frame.stack[-1]
        finally:
            self._env.delete_frame(frame)

    def _child(self, map_run: MapRun, given: str) -> LiveExecution:
        """An execution of the item processor."""
        component = self._state.iteration_component
        name = str(uuid.uuid4())
        express = self._settings.express
        order = replace(
            self._parent.order,
            arn=f"{map_run.machine_arn.replace(':stateMachine:', ':execution:')}:{name}",
            name=name,
            machine_arn=map_run.machine_arn,
            kind="EXPRESS" if express else "STANDARD",
            program=component._get_iteration_program(),
            input=given,
            map_run_arn=map_run.arn,
        )
        return self._parent.spawn(order)

    def _result(self, map_run: MapRun) -> Any:
        """The output of the state; written to S3 if asked for, also when too many failed."""
        writer = self._settings.writer.evaluate(self._env) if self._settings.writer else {}
        children: list[map_results.Child] = [*map_run.children, *cast(list[map_results.Child], map_run.pending)]
        if "Resource" in writer:
            result = map_results.write(self._s3(), writer, map_run.arn, children)
            map_run.results_written = True
            return result
        return map_results.transformed(children, (writer.get("WriterConfig") or {}).get("Transformation", "COMPACT"))

    def _tolerance(self) -> Tolerance:
        template = self._settings.tolerance
        try:
            return Tolerance.of(template.evaluate(self._env)) if template else Tolerance()
        except (ValueError, TypeError) as error:
            raise self._failure("States.Runtime", str(error)) from error

    def _s3(self) -> Any:
        told = self._env.aws_execution_details
        role = StateCredentials(role_arn=told.role_arn)
        return boto_client.boto_client_for(region=told.region, service="s3", state_credentials=role)

    def _failed(self, map_run: MapRun, error: str, cause: str) -> FailureEventException:
        """The failure of the Map Run, recorded."""
        map_run.finish("FAILED")
        failure: Any = self._failure(error, cause)
        self._record(HistoryEventType.MapRunFailed, **failure.failure_event.event_details)
        raised: FailureEventException = failure
        return raised

    def _failure(self, error: str, cause: str) -> FailureEventException:
        told = details(mapRunFailedEventDetails=MapRunFailedEventDetails(error=error, cause=cause))
        return FailureEventException(
            FailureEvent(
                env=self._env,
                error_name=CustomErrorName(error),
                event_type=HistoryEventType.MapRunFailed,
                event_details=told,
            )
        )

    def _record(self, kind: HistoryEventType, update_source_event_id: bool = True, **told: Any) -> None:
        self._env.event_manager.add_event(
            context=self._env.event_history_context,
            event_type=kind,
            event_details=details(**told) if told else None,
            update_source_event_id=update_source_event_id,
        )
