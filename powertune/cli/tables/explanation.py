"""Why a search measured what it did, batch by batch."""

from powertune.model import TuningRun
from powertune.units import PER_MILLION, format_share, format_usd, printable


def explanation(run: TuningRun, currency: str) -> str:
    """Why each batch of a search was chosen, and what the best answer was at that moment."""
    if not run.batches:
        return "this run measured the given sizes equally often, so no search decided what to measure\n"
    lines = []
    for number, batch in enumerate(run.batches, start=1):
        what = ", ".join(f"{trial.invocations} x {trial.configuration}" for trial in batch.trials) or "stop"
        lines += [f"{number:>3}  {what}", f"     why   {batch.why}"]
        if batch.leader is not None:
            low, high = (format_usd(PER_MILLION * cost, currency) for cost in batch.leader.cost)
            loss = format_share(batch.leader.loss)
            lines.append(f"     best  {batch.leader.configuration}, {low} to {high} per million, may lose {loss}")
    return "".join(f"{printable(line)}\n" for line in lines)
