"""The metrics that a gate knows: what each is measured in, what can be limited of it, and how it is compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MS, MEGABYTES, SHARE, PER_MILLION_UNIT = "ms", "MB", "%", "/1M"
#: What can be taken of a sample: the mean, the median, the ends, and any percentile.
OF_SAMPLES = ("avg", "med", "min", "max", "p")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedMetric:
    """A metric by its name in budgets and tolerances.

    `units` are the units that a budget may use and how many of the metric's own `unit` each is: currencies are not
    among them, nor is the share of the memory size. `aggregations` are empty for a single figure. `strict`: it hardly
    varies, so that it is compared without statistics. `more` and `less` are the words for a candidate that has more
    or less of it. `meaning` is a line of documentation.
    """

    name: str
    unit: str
    units: Mapping[str, float]
    aggregations: tuple[str, ...]
    strict: bool
    more: str
    less: str
    meaning: str


_TIMES = MappingProxyType({"ms": 1.0, "s": 1000.0})
_SIZES = MappingProxyType({"KB": 1 / 1024, "MB": 1.0, "GB": 1024.0})
METRICS: Mapping[str, GatedMetric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            GatedMetric(
                name="duration",
                unit=MS,
                units=_TIMES,
                aggregations=OF_SAMPLES,
                strict=False,
                more="slower",
                less="faster",
                meaning="the duration of warm invocations; in a run of cold starts alone, theirs with the init phase",
            ),
            GatedMetric(
                name="init",
                unit=MS,
                units=_TIMES,
                aggregations=OF_SAMPLES,
                strict=False,
                more="slower",
                less="faster",
                meaning="the init phase of cold starts, or the restore phase with SnapStart",
            ),
            GatedMetric(
                name="cost",
                unit=PER_MILLION_UNIT,
                units=MappingProxyType({}),
                aggregations=(),
                strict=False,
                more="more expensive",
                less="cheaper",
                meaning="the mean cost of a million invocations that succeed, with requests, the share of cold "
                "starts, and what failures cost",
            ),
            GatedMetric(
                name="max_memory",
                unit=MEGABYTES,
                units=_SIZES,
                aggregations=(),
                strict=True,
                more="more",
                less="less",
                meaning="the most memory that any invocation used; `%` is of the memory size",
            ),
            GatedMetric(
                name="package_size",
                unit=MEGABYTES,
                units=_SIZES,
                aggregations=(),
                strict=True,
                more="larger",
                less="smaller",
                meaning="the size of the deployment package, compressed",
            ),
            GatedMetric(
                name="errors",
                unit=SHARE,
                units=MappingProxyType({"%": 1.0}),
                aggregations=(),
                strict=False,
                more="more",
                less="fewer",
                meaning="the share of invocations that failed, cold starts included",
            ),
        )
    }
)
#: What a candidate is compared with its baseline in, by a tolerance. Errors are compared too, but have no tolerance.
COMPARED = tuple(name for name in METRICS if name != "errors")
