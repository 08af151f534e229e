"""A plan for programs, and what others notice of the run that it describes."""

from typing import Any

from powertune import documents
from powertune.config.from_file import FromFile
from powertune.plan import Plan
from powertune.plan_document import plan_document


def render_plan_json(plan: Plan) -> bytes:
    """Everything but the payloads, so that it can be read back by whoever has them."""
    return documents.write(plan_values(plan))


def plan_values(plan: Plan) -> dict[str, Any]:
    """The document of a plan as plain values."""
    return {
        **plan_document(plan, payloads=False),
        "others_notice": noticed(plan),
        "configuration_file": _settings(plan.from_file),
    }


def noticed(plan: Plan) -> tuple[str, ...]:
    """What others may notice of the run; nobody else uses the embedded AWS."""
    if plan.function.platform is not None:
        return ()
    name = plan.function.name
    if not plan.touches_original:
        return (f"callers of {name} notice nothing; its log group gets the log lines of the copies",)
    return (
        "callers of $LATEST get a trial size while it is published; so does a version that somebody else publishes "
        "at that moment",
        f"the metrics, alarms, and log group of {name} include the invocations and errors of this run",
    )


def _settings(found: FromFile | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "path": str(found.file),
        "settings": dict(found.settings),
        "foreign": [item.key for item in found.foreign],
    }
