"""The iterations of a Map state in inline mode: at most 40 at a time, and the first failure ends the others."""

import threading
from collections import deque
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, MapIterationEventDetails
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import Job

from powertune.local.stepfunctions.history import AbandonedError, details

MAX_CONCURRENT = 40


def eval_inline(self: Any, env: Any) -> None:
    """`InlineIterationComponent._eval_body`, which calls itself once per item and does not end others."""
    given = env.stack.pop()
    program = self._get_iteration_program()
    jobs = [Job(job_index=index, job_program=program, job_input=item) for index, item in enumerate(given.input_items)]
    iterations = _Iterations(
        jobs, self._create_worker(env=env, eval_input=given, job_pool=None), env, given.state_name
    )
    env.stack.append(iterations.run(min(given.max_concurrency or MAX_CONCURRENT, MAX_CONCURRENT, len(jobs))))


class _Iterations:
    def __init__(self, jobs: list[Any], worker: Any, env: Any, name: str) -> None:
        self._jobs, self._worker, self._env, self._name = jobs, worker, env, name
        self._lock = threading.Lock()
        self._waiting = deque(jobs)
        self._running: dict[int, Any] = {}
        self._failure: Exception | None = None
        self._done = threading.Event()
        self._left = 0

    def run(self, threads: int) -> list[Any]:
        """The outputs, in the order of the items.

        Raises:
            FailureEventException: an iteration failed.
            AbandonedError: the execution has ended.
        """
        self._left = threads
        forget = self._env.on_abandon(self._done.set)
        for _ in range(threads):
            threading.Thread(target=self._work, name=f"map-{self._name}", daemon=True).start()
        if threads:
            self._done.wait()
        forget()
        if self._env.abandoned:
            raise AbandonedError
        if self._failure is not None:
            self._abort_others()
            raise self._failure
        return [job.job_output for job in self._jobs]

    def _work(self) -> None:
        try:
            frame = self._env.open_frame()
            while (job := self._next()) is not None:
                self._iterate(frame, job)
            self._env.close_frame(frame)
        except AbandonedError as error:
            self._fail(error)
        finally:
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    self._done.set()

    def _next(self) -> Any:
        with self._lock:
            return self._waiting.popleft() if self._waiting and self._failure is None else None

    def _iterate(self, frame: Any, job: Any) -> None:
        inner = frame.open_inner_frame()
        with self._lock:
            self._running[job.job_index] = inner
        self._worker._eval_job(env=inner, job=job)
        with self._lock:
            self._running.pop(job.job_index, None)
        if isinstance(job.job_output, Exception):
            self._fail(job.job_output)
        frame.close_frame(inner)
        frame.event_history_context.source_event_id = inner.event_history_context.last_published_event_id

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self._failure = self._failure or error
        self._done.set()

    def _abort_others(self) -> None:
        with self._lock:
            running = dict(self._running)
        for index, frame in sorted(running.items()):
            frame.abandon()
            self._env.event_manager.add_event(
                context=self._env.event_history_context,
                event_type=HistoryEventType.MapIterationAborted,
                event_details=details(
                    mapIterationAbortedEventDetails=MapIterationEventDetails(name=self._name, index=index)
                ),
                update_source_event_id=False,
            )
