"""Log tails as Lambda writes them."""

import json


def report_text(
    request_id: str,
    *,
    duration: float = 12.34,
    billed: int = 13,
    memory: int = 128,
    used: int = 40,
    init: float | None = None,
    status: str = "",
) -> str:
    """A log tail as Lambda writes it."""
    more = f"Init Duration: {init:.2f} ms\t" if init is not None else ""
    return (
        f"START RequestId: {request_id} Version: 1\nhello\nEND RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {used} MB\t{more}{status}\n"
    )


def report_json(
    request_id: str,
    *,
    duration: float = 12.34,
    billed: int = 13,
    memory: int = 128,
    used: int = 40,
    init: float | None = None,
    status: str = "success",
) -> str:
    """A log tail as Lambda writes it where a function logs in JSON, at the system log level INFO."""
    metrics = {"durationMs": duration, "billedDurationMs": billed, "memorySizeMB": memory, "maxMemoryUsedMB": used}
    if init is not None:
        metrics["initDurationMs"] = init
    record = {"requestId": request_id, "metrics": metrics, "status": status}
    start = {"type": "platform.start", "record": {"requestId": request_id, "version": "1"}}
    return "".join(json.dumps(line) + "\n" for line in (start, {"type": "platform.report", "record": record}))
