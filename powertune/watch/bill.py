"""What alarms and a dashboard cost per month."""

from dataclasses import dataclass

from powertune.units import format_usd, plural
from powertune.watch.model import Watch
from powertune.watch.template import watch_alarms

#: The prices of US East (Amazon CloudWatch pricing page); other regions differ.
ALARM_METRIC_USD, DASHBOARD_USD = 0.10, 3.00
FREE_ALARM_METRICS, FREE_DASHBOARDS, FREE_DASHBOARD_METRICS = 10, 3, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchBill:
    """What a stack costs. An alarm of metric math is charged for each of its metrics."""

    alarms: int
    alarm_metrics: int

    @property
    def usd_per_month(self) -> float:
        """At list price, before what is free."""
        return self.alarm_metrics * ALARM_METRIC_USD + DASHBOARD_USD

    @property
    def words(self) -> str:
        """What it is made of, in a sentence."""
        return (
            f"the stack costs about {format_usd(self.usd_per_month)} a month: {plural(self.alarms, 'alarm')} with "
            f"{plural(self.alarm_metrics, 'metric')} at {format_usd(ALARM_METRIC_USD)}, and a dashboard at "
            f"{format_usd(DASHBOARD_USD)} (prices of US East; an account's first {FREE_ALARM_METRICS} alarm metrics, "
            f"and its first {FREE_DASHBOARDS} dashboards of up to {FREE_DASHBOARD_METRICS} metrics, are free)"
        )


def watch_bill(watch: Watch) -> WatchBill:
    """The bill of all alarms and the dashboard."""
    alarms = watch_alarms(watch)
    return WatchBill(alarms=len(alarms), alarm_metrics=sum(alarm.metrics for alarm in alarms))
