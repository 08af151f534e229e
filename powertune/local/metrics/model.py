"""The nouns of metrics: what a metric is, what was published, and what the API refuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


class Refused(Exception):
    """A request that CloudWatch answers with an error: `code` is the API's name for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def invalid_value(message: str) -> Refused:
    """A parameter has a value that is not allowed."""
    return Refused("InvalidParameterValue", message)


def invalid_combination(message: str) -> Refused:
    """Parameters exclude each other, or one of several is missing."""
    return Refused("InvalidParameterCombination", message)


def validation_error(*messages: str) -> Refused:
    """What GetMetricData answers: one line per fault, the last one ended as well."""
    return Refused("ValidationError", "".join(f"{message}\n" for message in messages))


def require(given: Mapping[str, object], *names: str) -> None:
    """Check that a request has parameters. boto3 does so itself, other clients may not.

    Raises:
        Refused: one is missing.
    """
    for name in names:
        if given.get(name) is None:
            raise Refused("MissingParameter", f"The parameter {name} is required.")


def exclusive(one: str, other: str) -> str:
    """CloudWatch's words for two parameters of which a request may have one."""
    return f"The parameters {one} and {other} are mutually exclusive and you have specified both."


@dataclass(frozen=True)
class MetricKey:
    """The identity of a metric. `dimensions` are pairs of name and value, sorted: their order does not matter."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> "MetricKey":
        """From dimensions in any order."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))

    @cached_property
    def dimension_names(self) -> frozenset[str]:
        """The schema of the metric, with its namespace."""
        return frozenset(name for name, _ in self.dimensions)

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.namespace} {self.name} {dict(self.dimensions)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was published for one moment, `at` seconds since the epoch: `count` values between `low` and `high`.

    One value has low = high; a statistic set has not, in general.
    """

    at: int
    count: float
    total: float
    low: float
    high: float
    unit: str = "None"

    @classmethod
    def single(cls, at: int, value: float, unit: str = "None", count: float = 1.0) -> "Sample":
        """A value that occurred `count` times."""
        return cls(at=at, count=count, total=value * count, low=value, high=value, unit=unit)
