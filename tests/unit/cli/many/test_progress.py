"""What a person sees while several functions are measured."""

import io
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_invocation, make_run
from many_functions import fake_functions, planned
from many_results import analysis_of, result
from rich.console import Console

from powertune.cli.many.progress import FunctionsProgress
from powertune.errors import NotFound
from powertune.model import Advisory, Batch, Trial


def test_a_terminal_shows_a_bar_for_each_and_the_money_of_all(tmp_path: Path) -> None:
    one, two = planned(fake_functions("one", "two"), tmp_path, "one", "two")
    size = one.plan.design.configurations[0]
    buffer = io.StringIO()
    terminal = Console(file=buffer, force_terminal=True, color_system=None, width=100, height=40)
    with FunctionsProgress(2.0, "USD", embedded=False, quiet=False, terminal=terminal) as progress:
        first, second = progress.observe(one), progress.observe(two)
        first.chosen(Batch(trials=(Trial(configuration=size, invocations=10),), why="it is the cheapest"))
        for _ in range(3):
            first.invoked(size, make_invocation(duration_ms=100.0), 0.25)
        second.waiting(size, "publishing")
        second.invoked(size, make_invocation(duration_ms=100.0), 0.5)
    shown = buffer.getvalue()
    assert f"one: {size}: it is the cheapest" in shown
    # 2 sizes of 4 invocations in 2 environments, and 10 more.
    assert "3/22" in shown
    assert "$0.75 of $2.00 spent" in shown
    assert f"{size} 100 ms" in shown


def test_elsewhere_lines_name_their_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = planned(fake_functions("one"), tmp_path, "one")
    size = one.plan.design.configurations[0]
    with FunctionsProgress(1.0, "USD", embedded=True, quiet=False) as progress:
        observer = progress.observe(one)
        observer.published(size)
        observer.unmeasured(size, "too large")
        warning = Advisory(code="error-answer", message="it answers with errors", next_step="look at the event")
        for _ in range(2):
            observer.saved(make_run(advisories=(warning,)))
        observer.restoring()
        observer.restored()
        progress.ended(one, result("one", analysis_of("one")))
        progress.ended(one, result("one", failed=NotFound("it is gone", hint="look")))
    assert capsys.readouterr().err.splitlines() == [
        "one: begun",
        f"one: {size} is left out: too large",
        "warning: one: it answers with errors; look at the event",
        "one: change to 512 MB x86_64, saving $0.833 [$0.828, $0.839] a month",
        "one: failed: it is gone; look",
    ]
    with FunctionsProgress(1.0, "USD", embedded=True, quiet=True) as silent:
        silent.observe(one).restored()
        silent.ended(one, result("one", analysis_of("one")))
    assert capsys.readouterr().err == ""


def test_arns_and_long_paths_leave_room_for_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = planned(fake_functions("one"), tmp_path, "one")
    progress = FunctionsProgress(1.0, "USD", embedded=False, quiet=False)
    for target in ("arn:aws:lambda:us-east-1:123456789012:function:one:live", f"{'deep/' * 20}app.py:handler"):
        progress.observe(replace(one, target=target))
    first, second = capsys.readouterr().err.splitlines()
    assert first == "one:live (us-east-1): begun"
    assert second == ".../deep/deep/deep/deep/deep/app.py:handler: begun"


def test_functions_are_told_of_by_threads_of_their_own(tmp_path: Path) -> None:
    names = ("one", "two", "three", "four")
    functions = planned(fake_functions(*names), tmp_path, *names)
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    with FunctionsProgress(1.0, "USD", embedded=False, quiet=False, terminal=terminal) as progress:
        observers = [progress.observe(each) for each in functions]

        def tell(number: int) -> None:
            size = functions[number].plan.design.configurations[0]
            for turn in range(200):
                observers[number].invoked(size, make_invocation(duration_ms=10.0), turn / 1000)

        threads = [threading.Thread(target=tell, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [task.completed for task in progress.bars.tasks] == [200] * 4
        assert progress.bars.summary == "$0.796 of $1.00 spent"
