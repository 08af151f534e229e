"""An embedded AWS whose clock of schedules goes ahead: others would wonder about it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from formations import Formation
from machines import Machines
from schedules import Schedules

from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings


@pytest.fixture(scope="package")
def _ahead() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(Settings(service_latency_ms=1)) as aws:
        yield aws


@pytest.fixture
def there(_ahead: EmbeddedAWS, connect: Callable[[EmbeddedAWS], Any]) -> Iterator[Any]:
    cloud = connect(_ahead)
    yield cloud
    cloud.clean()


@pytest.fixture
def machines_there(there: Any) -> Iterator[Machines]:
    made = Machines.of(there)
    yield made
    made.clean()


@pytest.fixture
def schedules(there: Any) -> Iterator[Schedules]:
    made = Schedules(there.aws, there.client("scheduler"))
    yield made
    made.clean()


@pytest.fixture
def formation_there(there: Any) -> Iterator[Formation]:
    made = Formation(there.client("cloudformation"), "scheduled")
    yield made
    made.clean()
