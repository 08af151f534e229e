"""Waits for a function of the embedded AWS to be settled, as a client of AWS has to."""

from typing import Any


def settle(client: Any, name: str) -> None:
    """Wait until nothing is under way with a function."""
    for waiter in ("function_active_v2", "function_updated_v2"):
        client.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={"Delay": 0.02, "MaxAttempts": 500})
