"""Planning a watch: which run counts, what is said of it, and what cannot be watched together."""

from pathlib import Path
from typing import Any

import pytest
from factories import make_function, make_measurement, make_run
from fakes import FakeLambda, client_error, fake_aws

from powertune import results
from powertune.config.watch_options import ChosenLimits, WatchOptions
from powertune.engine.watch_evidence import RunSources, plan_watch
from powertune.errors import UsageError
from powertune.model import FunctionRef
from powertune.prices import PriceTable
from powertune.watch import Watch

PRICES = PriceTable.bundled()
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
CHOSEN = WatchOptions(max_cost_per_day=ChosenLimits(everywhere=5.0))
STEADY = [100.0, 101.0, 99.0, 100.5] * 10


def account(*names: str) -> FakeLambda:
    fake = FakeLambda()
    for name in names:
        fake.add(name, memory_mb=512)
        fake.cloudwatch.metrics[("Invocations", name)] = [28_800.0] * 14
        fake.cloudwatch.series[("Duration", "Sum", name)] = [2_880_000.0] * 14
        fake.cloudwatch.series[("Duration", "p95", name)] = [110.0] * 14
    return fake


def plan(
    fake: FakeLambda,
    *names: str,
    files: tuple[Path, ...] = (),
    folder: Path = Path("no"),
    options: WatchOptions = CHOSEN,
) -> Watch:
    refs = tuple(FunctionRef.parse(name) for name in names)
    return plan_watch(fake_aws(fake), refs, RunSources(files, folder), PRICES, options, now=1_790_000_000.0)


def save(path: Path, name: str = "fn", durations: list[float] | None = None, **more: Any) -> Path:
    """A run that measured the size of the account's functions, and a larger one."""
    slow = make_measurement(memory_mb=512, durations=durations or STEADY, lanes=5)
    function = make_function(name=name, arn=f"{ARN}{name}", code_sha256="sha-of-the-code", **more.pop("function", {}))
    results.save(make_run(measurements=[slow, *more.pop("others", ())], function=function, **more), path)
    return path


def test_the_newest_run_in_the_folder_counts(tmp_path: Path) -> None:
    save(tmp_path / "a.json", run_id="newer", started_at=2_000.0)
    save(tmp_path / "b.json", run_id="older", started_at=1_000.0, durations=[900.0] * 40)
    (watch,) = plan(account("fn"), "fn", folder=tmp_path).functions
    assert watch.duration.evidence.startswith("run newer: p95 101 ms")
    assert watch.notes == ()


def test_a_file_that_is_named_counts_before_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    save(folder / "fn.json", run_id="newer", started_at=2_000.0)
    save(folder / "other.json", "other", run_id="others", started_at=2_000.0)
    named = save(tmp_path / "named.json", run_id="named", started_at=1_000.0)
    watch = plan(account("fn", "other"), "fn", "other", files=(named,), folder=folder)
    assert [each.duration.evidence.split(":")[0] for each in watch.functions] == ["run named", "run others"]


def test_two_files_of_one_function_are_ambiguous(tmp_path: Path) -> None:
    files = (save(tmp_path / "a.json"), save(tmp_path / "b.json"))
    with pytest.raises(UsageError, match=r"a\.json' and '.*b\.json' are runs of the same function, fn"):
        plan(account("fn"), "fn", files=files)


def test_a_file_of_another_function_or_region_is_refused(tmp_path: Path) -> None:
    other = save(tmp_path / "a.json", "other")
    with pytest.raises(UsageError, match="is a run of arn:aws:lambda:us-east-1:123456789012:function:other"):
        plan(account("fn"), "fn", files=(other,))
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(UsageError, match="not a results file"):
        plan(account("fn"), "fn", files=(tmp_path / "b.json",))


def test_a_run_of_another_size_is_no_evidence_of_this_one(tmp_path: Path) -> None:
    save(tmp_path / "a.json")
    fake = account("fn")
    fake.functions["fn"].configuration["MemorySize"] = 1024
    (watch,) = plan(fake, "fn", folder=tmp_path).functions
    assert watch.duration.evidence.startswith("production: p95 110 ms")
    assert not watch.duration.tuned


def test_what_is_not_applied_and_code_that_has_changed_are_said(tmp_path: Path) -> None:
    fast = make_measurement(memory_mb=1024, durations=[each / 4 for each in STEADY], lanes=5)
    save(tmp_path / "a.json", others=(fast,))
    fake = account("fn")
    fake.functions["fn"].configuration["CodeSha256"] = "newer"
    (watch,) = plan(fake, "fn", folder=tmp_path).functions
    assert watch.duration.tuned
    assert watch.notes == (
        "fn has 512 MB x86_64, and run 20260901-abcdef recommends 1024 MB x86_64: "
        "watch again after you have applied it",
        "the code of fn has changed since run 20260901-abcdef",
    )


def test_what_a_file_calls_its_run_stays_text(tmp_path: Path) -> None:
    save(tmp_path / "a.json", run_id="[x](http://evil.example)\n# " + "y" * 2_000)
    (watch,) = plan(account("fn"), "fn", folder=tmp_path).functions
    assert watch.duration.evidence.startswith("run ?x??http???evil?example????yyyyyyyyyyyyy: p95")


def test_limits_may_be_known_where_cloudwatch_does_not_answer(tmp_path: Path) -> None:
    save(tmp_path / "a.json")
    fake = account("fn")

    def deny(name: str, kwargs: object) -> None:
        if name == "get_metric_data":
            raise client_error("AccessDenied", "not you", 403)

    fake.on_call = deny
    (watch,) = plan(fake, "fn", folder=tmp_path).functions
    assert watch.duration.tuned
    assert "how often fn is invoked is not known" in watch.notes[0]
    with pytest.raises(UsageError, match=r"cost per day of fn .*cloudwatch:GetMetricData"):
        plan(fake, "fn", folder=tmp_path, options=WatchOptions())


def test_what_cannot_be_watched_together() -> None:
    fake = account("fn", "other")
    with pytest.raises(UsageError, match="function fn is named 2 times"):
        plan(fake, "fn", f"{ARN}fn")
    chosen = WatchOptions(max_p95_ms=ChosenLimits(by_label={"fm": 300.0}))
    with pytest.raises(UsageError, match="--max-p95 is given for 'fm', which is not watched") as wrong:
        plan(fake, "fn", "other", options=chosen)
    assert wrong.value.hint == "one of fn, other"
    fake.functions["other"].configuration["FunctionArn"] = "arn:aws:lambda:us-east-1:999999999999:function:other"
    with pytest.raises(UsageError, match="in different accounts: 123456789012, 999999999999"):
        plan(fake, "fn", "other")
    yuan = WatchOptions(max_cost_per_day=ChosenLimits(everywhere=5.0, currencies=frozenset({"CNY"})))
    with pytest.raises(UsageError, match="is in CNY, and AWS charges USD"):
        plan(fake, "fn", options=yuan)
