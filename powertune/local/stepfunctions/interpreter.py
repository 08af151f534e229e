"""Corrects moto's interpreter where it waits, matches errors, or runs a state otherwise than Step Functions does.

Each function here takes the place of the method that its docstring names.
"""

import logging
import sys
import threading
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringJSONata,
    StringVariableSample,
)
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component import (
    InlineIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback,
    state_task_service_factory,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.parse import preprocessor

from powertune.local.stepfunctions import iterations, queries, tasks
from powertune.local.stepfunctions.clients import Clients
from powertune.local.stepfunctions.distributed import EmbeddedMap
from powertune.local.stepfunctions.history import AbandonedError

_NEVER_CAUGHT = frozenset({"States.DataLimitExceeded", "States.Runtime"})
_SYNC_POLL_S = 0.1


def install(clients: Clients) -> None:
    """Let moto's interpreter be corrected, in this process."""
    methods: tuple[tuple[type, str, Any], ...] = (
        (EvalComponent, "eval", _eval),
        (EvalComponent, "heap_key", property(lambda component: str(id(component)))),
        (Program, "eval", _eval_program),
        (WaitFunction, "_wait_interval", _wait),
        (RetrierDecl, "_eval_body", _eval_retrier),
        (ErrorEqualsDecl, "_eval_body", _eval_error_equals),
        (CustomErrorName, "__init__", lambda self, error_name: ErrorName.__init__(self, error_name)),
        (StringJSONata, "_eval_body", queries.eval_expression),
        (StringVariableSample, "_eval_body", queries.eval_variable),
        (StateTaskService, "_normalise_parameters", tasks.normalise_parameters),
        (StateTaskService, "_normalise_response", tasks.normalise_response),
        (InlineIterationComponent, "_eval_body", iterations.eval_inline),
    )
    for owner, name, method in methods:
        setattr(owner, name, method)
    vars(state_task_service_factory).update(
        StateTaskServiceLambda=tasks.LambdaTask,
        StateTaskServiceAwsSdk=tasks.SdkTask,
        StateTaskServiceSfn=tasks.ExecutionTask,
    )
    vars(state_task_factory)["StateTaskLambda"] = tasks.FunctionTask
    vars(state_task_service_callback)["_DELAY_SECONDS_SYNC_CONDITION_CHECK"] = _SYNC_POLL_S
    vars(preprocessor)["StateMap"] = EmbeddedMap
    for module in list(sys.modules.values()):
        if module.__name__.startswith("moto.stepfunctions.") and "boto_client_for" in vars(module):
            vars(module)["boto_client_for"] = clients
    # A task that fails is part of a state machine's life, not of this server's log.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    _silence_abandoned_threads()


def _silence_abandoned_threads() -> None:
    report = threading.excepthook

    def hook(arguments: Any) -> None:
        if not issubclass(arguments.exc_type, AbandonedError):
            report(arguments)

    threading.excepthook = hook


def _eval(self: Any, env: Any) -> None:
    """`EvalComponent.eval`, which writes the whole definition to the log with every failure."""
    if env.is_running():
        name = self._field_name()
        if name is not None:
            env.next_field_name = name
        self._eval_body(env)


def _eval_program(self: Any, env: Any) -> None:
    """`Program.eval`, in the caller's thread: the execution's own timer watches over its time."""
    env.next_state_name = self.start_at.start_at_name
    EvalComponent.eval(self, env)


def _wait(self: Any, env: Any, wait_seconds: float) -> None:  # noqa: ARG001 - moto's
    """`WaitFunction._wait_interval`, which counts full seconds and so can wait twice as long."""
    env.pause(wait_seconds)


def _eval_retrier(self: Any, env: Any) -> None:
    """`RetrierDecl._eval_body`, which sleeps on when the execution has ended."""
    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for step in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
        step.eval(env)
    env.pause(env.stack.pop())
    env.stack.append(RetrierOutcome.Executed)


def _eval_error_equals(self: Any, env: Any) -> None:
    """`ErrorEqualsDecl._eval_body`, which lets States.ALL catch what AWS lets nothing catch."""
    error = env.stack.pop()
    names = {error.error_name, *getattr(error, "more_names", ())}
    wanted = {each.error_name for each in self.error_names}
    matches = bool(names & wanted)
    if not names & _NEVER_CAUGHT:
        matches = matches or "States.ALL" in wanted
        matches = matches or ("States.TaskFailed" in wanted and "States.Timeout" not in names)
    env.stack.append(matches)
