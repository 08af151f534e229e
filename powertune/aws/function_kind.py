"""Kinds of functions whose duration and memory size do not tell what they cost."""

from collections.abc import Mapping
from typing import Any

from powertune.errors import FunctionRefused

#: A setting that makes memory size the wrong question, or one that this tool cannot ask, and why.
_REFUSED = {
    "CapacityProviderConfig": "runs on Lambda Managed Instances, which bills instances and reports no billed time",
    "DurableConfig": "is a durable function: one execution spans several invocations, and one report is not its cost",
    "TenancyConfig": "isolates tenants, so every invocation needs a tenant id and a tenant's own environments",
    "AcceleratorConfig": "uses an accelerator, which is not allotted by memory size",
}


def check_kind(configuration: Mapping[str, Any], name: str) -> None:
    """See that a function is charged for its duration, at its memory size.

    Raises:
        FunctionRefused: it is of another kind.
    """
    for setting, why in _REFUSED.items():
        if configuration.get(setting):
            raise FunctionRefused(f"{name} {why}", hint="only ordinary functions can be tuned by memory size")
