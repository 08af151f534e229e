"""Numbers to judgement: what was measured of each configuration, and which one to use. Pure."""

from powertune.analysis.analyze import analyze
from powertune.analysis.comparison import Comparison, Difference
from powertune.analysis.constraints import limits
from powertune.analysis.effort import effort_words
from powertune.analysis.judged_run import Analysis, Outcome
from powertune.analysis.model import (
    Amount,
    Billing,
    ColdStarts,
    Cost,
    Counts,
    Distinction,
    Effort,
    Move,
    Profile,
    ProfileStatus,
    Rank,
    Recommendation,
    Saving,
    Searched,
)
from powertune.analysis.observed_run import observe_run
from powertune.analysis.pareto import pareto_front
from powertune.analysis.run_comparison import Overall, Pair, RunComparison, compare_runs
from powertune.analysis.staying import TOO_SHORT, decision_words, unproven_words
from powertune.analysis.summary import Summary, outlying, summarize

__all__ = [
    "TOO_SHORT",
    "Amount",
    "Analysis",
    "Billing",
    "ColdStarts",
    "Comparison",
    "Cost",
    "Counts",
    "Difference",
    "Distinction",
    "Effort",
    "Move",
    "Outcome",
    "Overall",
    "Pair",
    "Profile",
    "ProfileStatus",
    "Rank",
    "Recommendation",
    "RunComparison",
    "Saving",
    "Searched",
    "Summary",
    "analyze",
    "compare_runs",
    "decision_words",
    "effort_words",
    "limits",
    "observe_run",
    "outlying",
    "pareto_front",
    "summarize",
    "unproven_words",
]
