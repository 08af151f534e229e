from dataclasses import replace

from factories import make_analysis, make_invocation, make_measurement, make_prices

from powertune.analysis import Analysis, analyze
from powertune.model import Goal
from powertune.report import RUN


def cold_analysis() -> Analysis:
    measurements = [
        make_measurement(
            memory_mb=size,
            cold=0,
            others=[
                make_invocation(duration_ms=duration + lane, init_ms=100.0, lane=lane, memory_mb=size)
                for lane in range(4)
            ],
        )
        for size, duration in ((512, 200.0), (1024, 40.0))
    ]
    run = make_analysis(*measurements).run
    return analyze(replace(run, design=replace(run.design, only_cold_starts=True)), make_prices(), Goal())


def test_reports_of_cold_starts_do_not_call_them_warm() -> None:
    pages = {name: RUN.render(cold_analysis(), name).decode(errors="replace") for name in RUN.renderers}
    assert "20 cold starts asked for per configuration, at one time" in pages["markdown"] + pages["html"]
    assert "4 cold invocations" in pages["html"]
    assert "How cold durations are spread" in pages["html"]
    assert "mean duration when warm" not in pages["html"]
    assert "warm invocations" not in pages["svg"]
    assert "0/4" in pages["markdown"]
