"""The page about what the embedded AWS supports says what the tests declare."""

from pathlib import Path

import pytest
import surface
from botocore.session import get_session
from conformance.cases import cases

from powertune.local.endpoint.unsupported import LAMBDA_OPERATIONS


@pytest.mark.long
def test_the_page_is_fresh() -> None:
    assert surface.PAGE.read_text() == surface.page(), f"run `{surface.COMMAND}`"


@pytest.mark.long
def test_every_operation_exists() -> None:
    session, known = get_session(), {}
    steps = [step.operation for case in cases(b"", b"", b"").values() for step in case if step.kind == "call"]
    for operation in [*steps, *(proof.operation for proof in surface.proofs())]:
        service, name = operation.split(":")
        if service not in known:
            known[service] = set(session.get_service_model(service).operation_names)
        assert name in known[service], operation


@pytest.mark.long
def test_what_is_proven_is_not_listed_as_missing() -> None:
    proven = {proof.operation.removeprefix("lambda:") for proof in surface.proofs()}
    assert not proven & set(LAMBDA_OPERATIONS)


def test_declarations_are_read_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(
        'supports = pytest.mark.supports\n\n@supports("s3:PutObject", "one")\n'
        '@pytest.mark.supports("s3:GetObject", "two " "parts")\ndef test_x(): ...\n'
    )
    proofs = [(proof.operation, proof.feature, proof.test) for proof in surface.proofs(tmp_path)]
    place = f"{tmp_path.name}/test_a.py::test_x"
    assert proofs == [("s3:GetObject", "two parts", place), ("s3:PutObject", "one", place)]


@pytest.mark.parametrize("marker", ['"PutObject", "x"', '"s3:PutObject"', 'OPERATION, "x"', '"s3:PutObject", f"{x}"'])
def test_declarations_that_cannot_be_read(tmp_path: Path, marker: str) -> None:
    (tmp_path / "test_a.py").write_text(f"@pytest.mark.supports({marker})\ndef test_x(): ...\n")
    with pytest.raises(ValueError, match=r"test_a\.py:1: supports\(\) takes"):
        surface.proofs(tmp_path)
