from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fake_lambda import FakeLambda

from powertune.aws.boto_clients import BotoClients, Role
from powertune.errors import UsageError


def test_a_client_is_made_when_it_is_first_used() -> None:
    made: list[Role] = []

    def make(role: Role) -> FakeLambda:
        made.append(role)
        return FakeLambda()

    clients = BotoClients(make)
    assert made == []
    assert clients.logs is clients.logs
    assert clients.control is not clients.invoke
    assert made == ["logs", "control", "invoke"]


def test_threads_that_come_at_once_get_the_same_client() -> None:
    made: list[Role] = []
    together = Barrier(8)

    def make(role: Role) -> FakeLambda:
        made.append(role)
        return FakeLambda()

    clients = BotoClients(make)

    def use(_: int) -> int:
        together.wait(10)
        return id(clients.invoke)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(8)))) == 1
    assert made == ["invoke"]


def test_what_cannot_be_made_is_said_at_each_use() -> None:
    def make(role: Role) -> FakeLambda:
        raise UsageError(f"no {role}")

    clients = BotoClients(make)
    for _ in range(2):
        with pytest.raises(UsageError, match="no control"):
            _ = clients.control


def test_there_are_no_clients_of_other_services() -> None:
    with pytest.raises(AttributeError, match="dynamodb"):
        _ = BotoClients(lambda role: FakeLambda()).dynamodb
