"""Several tuned functions, and their plans, for programs: a document each, and a row for each function."""

from powertune import documents
from powertune.errors import PowertuneError
from powertune.report.csv_report import cell, written
from powertune.report.functions.model import FunctionPlans, FunctionResult, FunctionResults
from powertune.report.json_report import DIGITS, Value, analysis_document
from powertune.report.plan_report import plan_values

SCHEMA = "powertune/functions/1"
PLANS_SCHEMA = "powertune/function-plans/1"
#: The columns of `csv`. Amounts are in `currency`, savings per 30 days.
COLUMNS = (
    "rank",
    "target",
    "function",
    "qualifier",
    "region",
    "status",
    "memory_mb",
    "architecture",
    "recommended_memory_mb",
    "recommended_architecture",
    "monthly_saving",
    "monthly_saving_low",
    "monthly_saving_high",
    "cost_ratio",
    "duration_ratio",
    "spent",
    "currency",
    "results_file",
    "error",
    "exit_code",
)


def render_functions_json(results: FunctionResults) -> bytes:
    """The document `powertune/functions/1`: all functions in the order of their ranks."""
    failure = results.failure
    return documents.write(
        {
            "schema": SCHEMA,
            "tool_version": results.tool_version,
            "started_at": results.started_at,
            "finished_at": results.finished_at,
            "interrupted": results.interrupted,
            "exit_code": 0 if failure is None else int(failure.exit_code),
            "currency": results.currency,
            "max_spend": _figure(results.max_spend),
            "spent": _figure(results.spent),
            "monthly_saving": _figure(results.saving),
            "functions": [_function(rank, each) for rank, each in enumerate(results.ranked, start=1)],
        }
    )


def render_functions_csv(results: FunctionResults) -> bytes:
    """One row per function, in the order of their ranks; what is not known is an empty cell."""
    rows = [_row(rank, each) for rank, each in enumerate(results.ranked, start=1)]
    return written(COLUMNS, ([cell(row.get(name)) for name in COLUMNS] for row in rows))


def render_plans_json(plans: FunctionPlans) -> bytes:
    """The document `powertune/function-plans/1`: every plan as a run of that function alone prints it."""
    return documents.write(
        {
            "schema": PLANS_SCHEMA,
            "currency": plans.currency,
            "max_spend": plans.max_spend,
            "parallel": plans.at_once,
            "advisories": plans.advisories,
            "plans": [plan_values(plan) for plan in plans.plans],
            "refused": [{"target": each.target, "error": _error(each.error)} for each in plans.refusals],
        }
    )


def _function(rank: int, result: FunctionResult) -> Value:
    function, error = result.function, result.error
    return {
        "rank": rank,
        "target": result.target,
        "function": None
        if function is None
        else {
            "name": function.name,
            "arn": function.arn,
            "region": function.region,
            "qualifier": function.qualifier,
        },
        "status": result.status.value,
        "monthly_saving": _figure(result.saving),
        "results_file": result.file,
        "error": None if error is None else _error(error),
        "analysis": None if result.analysis is None else analysis_document(result.analysis),
    }


def _figure(value: float | None) -> float | None:
    """An amount with as many digits as one of the analysis document has."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def _error(error: PowertuneError) -> Value:
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
    }


def _row(rank: int, result: FunctionResult) -> Value:
    function, error, answer, analysis = result.function, result.error, result.answer, result.analysis
    row: Value = {
        "rank": rank,
        "target": result.target,
        "status": result.status.value,
        "monthly_saving": result.saving,
        "results_file": result.file,
    }
    if function is not None:
        row |= {"function": function.name, "qualifier": function.qualifier, "region": function.region}
        row |= {"memory_mb": function.memory_mb, "architecture": str(function.architecture)}
    if error is not None:
        row |= {"error": error.message, "exit_code": int(error.exit_code)}
    if analysis is not None:
        row |= {"spent": analysis.spent, "currency": analysis.currency}
    if answer is not None:
        chosen = answer.configuration
        low, high = (answer.saving and answer.saving.interval) or (None, None)
        row |= {"recommended_memory_mb": chosen.memory_mb, "recommended_architecture": str(chosen.architecture)}
        row |= {"monthly_saving_low": low, "monthly_saving_high": high}
        row["cost_ratio"] = answer.cost_ratio and answer.cost_ratio.ratio
        row["duration_ratio"] = answer.duration_ratio and answer.duration_ratio.ratio
    return row
