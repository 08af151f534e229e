"""What earlier runs say, as the decisions of the autopilot take it."""

from powertune.analysis import Analysis
from powertune.autopilot.due import MeasuredMedian, TunedBefore
from powertune.autopilot.spending import SpendingRecord
from powertune.model import Configuration


def tuned_before(analysis: Analysis, record: SpendingRecord | None) -> TunedBefore:
    """The newest run of a function.

    Args:
        record: what was kept when it began; None for a run that somebody has made by hand.
    """
    run = analysis.run
    return TunedBefore(
        run_id=run.run_id,
        measured_at=max(run.started_at, run.finished_at),
        code_sha256=run.function.code_sha256,
        current=analysis.current,
        recommended=recommended(analysis),
        medians=tuple(
            MeasuredMedian(
                configuration=profile.configuration,
                p50_ms=profile.duration.median,
                noise=_noise(profile.duration.mean, profile.duration.interval),
            )
            for profile in analysis.profiles
            if profile.duration is not None
        ),
        production_p50_ms=None if record is None else record.production_p50_ms,
    )


def recommended(analysis: Analysis) -> Configuration | None:
    """What the run recommends; None where it has no answer."""
    return None if analysis.recommendation is None else analysis.recommendation.configuration


def _noise(mean: float, interval: tuple[float, float] | None) -> float:
    """Half the width of the interval of the mean, as a share of it, which stands for that of the median."""
    return 0.0 if interval is None or mean <= 0 else (interval[1] - interval[0]) / 2 / mean
