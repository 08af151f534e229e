"""Why a definition is refused, and where."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import machine_of
from strategies import documents

from powertune.local.stepfunctions.validation import problems_in

DONE = {"Type": "Succeed"}


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (machine_of(A=DONE), []),
        (machine_of(A={"Type": "Pass", "Next": "B"}, B=DONE), []),
        (machine_of(A={"Type": "Pass", "Next": "C"}, B=DONE),
         ["MISSING_TRANSITION_TARGET /States/A/Next", "MISSING_TRANSITION_TARGET /States/B"]),
        ({"StartAt": "B", "States": {"A": DONE}},
         ["MISSING_TRANSITION_TARGET /StartAt", "MISSING_TRANSITION_TARGET /States/A"]),
        (machine_of(A={"Type": "Pass", "Next": "A"}), ["MISSING_END_STATE None"]),
        (machine_of(A={"Type": "Pass"}, B=DONE)["States"], ["SCHEMA_VALIDATION_FAILED /"]),
        (machine_of(A={"Type": "Pass"}), ["SCHEMA_VALIDATION_FAILED /States/A", "MISSING_END_STATE None"]),
        (machine_of(**{"A" * 81: DONE}), [f"INVALID_STATE_NAME /States/{'A' * 81}"]),
        (machine_of(A={"Type": "Choice", "Choices": [{"Variable": "$"}], "Default": "B"}, B=DONE),
         ["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]"]),
        (machine_of(A={"Type": "Task", "End": True, "Catch": [{"ErrorEquals": ["x"], "Next": "C"}]}),
         ["MISSING_TRANSITION_TARGET /States/A/Catch[0]/Next"]),
        (machine_of(A={"Type": "Parallel", "End": True,
                     "Branches": [machine_of(B=DONE), machine_of(B={"Type": "Pass", "Next": "A"}, C=DONE)]}),
         ["MISSING_TRANSITION_TARGET /States/A/Branches[1]/States/B/Next",
          "MISSING_TRANSITION_TARGET /States/A/Branches[1]/States/C"]),
        (machine_of(A={"Type": "Map", "End": True, "ItemProcessor": machine_of(B={"Type": "Pass", "Next": "B"})}),
         ["MISSING_END_STATE None"]),
        ([], ["SCHEMA_VALIDATION_FAILED /"]),
    ],
)  # fmt: skip
def test_problems_and_where_they_are(definition: Any, expected: list[str]) -> None:
    assert [f"{problem.code} {problem.location}" for problem in problems_in(definition)] == expected


@pytest.mark.long
@given(documents | st.fixed_dictionaries({"StartAt": documents, "States": st.dictionaries(st.text(), documents)}))
def test_any_document_is_judged(definition: Any) -> None:
    for problem in problems_in(definition):
        assert problem.code in str(problem)
