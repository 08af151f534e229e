"""A Map state becomes a program, or is refused."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import machine_of
from strategies import documents

from powertune.local.stepfunctions.definitions import Refused, program_of
from powertune.local.stepfunctions.map_settings import FIELDS

SAME = machine_of(Same={"Type": "Pass", "End": True})

map_fields = st.dictionaries(
    st.sampled_from(sorted(FIELDS)),
    documents
    | st.dictionaries(
        st.sampled_from(["Resource", "ReaderConfig", "WriterConfig", "Parameters", "BatchInput", "MaxItemsPerBatch"]),
        st.sampled_from(["arn:aws:states:::s3:getObject", "arn:aws:states:::s3:putObject", {}, {"InputType": "CSV"}])
        | documents,
    ),
    max_size=2,
)


@pytest.mark.long
@given(map_fields, documents)
def test_a_map_is_a_program_or_refused(fields: dict[str, Any], processor: Any) -> None:
    distributed = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **SAME}
    for inner in (distributed, processor):
        state = {"Type": "Map", "End": True, "ItemProcessor": inner, **fields}
        with contextlib.suppress(Refused):
            program_of(json.dumps(machine_of(A=state)))


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("ItemReader", [], "ItemReader must be an object"),
        ("ItemReader", {"Resource": "arn:aws:states:::s3:putObject"}, "only s3:getObject, s3:listObjectsV2"),
        ("ItemReader", {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "PARQUET"}},
         "InputType 'PARQUET' is not supported"),
        ("ItemBatcher", 1, "ItemBatcher must be an object"),
        ("ResultWriter", {}, "needs a Resource"),
        ("ResultWriter", {"WriterConfig": {"Transformation": "ZIP"}}, "only NONE, COMPACT, FLATTEN"),
        ("ToleratedFailureCount", [], "ToleratedFailureCount"),
        ("ToleratedFailureCountPath", 1, "ToleratedFailureCountPath"),
    ],
)  # fmt: skip
def test_fields_of_a_map_that_are_refused(field: str, value: Any, told: str) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **SAME}
    state = {"Type": "Map", "End": True, "ItemProcessor": processor, field: value}
    with pytest.raises(Refused, match=told):
        program_of(json.dumps(machine_of(A=state)))


def test_data_are_no_fields_of_a_map() -> None:
    result = {"Type": "Map", "ItemReader": 1, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    parsed: Any = program_of(json.dumps(machine_of(A={"Type": "Pass", "Result": result, "End": True}))).states.states
    assert parsed["A"].result.result_obj == result
