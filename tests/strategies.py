"""Hypothesis strategies for the nouns."""

from hypothesis import strategies as st

from powertune.model import (
    Advisory,
    Architecture,
    Configuration,
    Design,
    FunctionState,
    Invocation,
    Invocations,
    Measurement,
    Payload,
    Status,
    TuningRun,
    Workload,
)
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB

texts = st.text(max_size=20)
milliseconds = st.just(0.0) | st.floats(1e-9, 900_000)
counts = st.integers(0, 1_000_000)
times = st.floats(0, 4e9, allow_nan=False)

memory_sizes = st.integers(MEMORY_MIN_MB, MEMORY_MAX_MB)
configurations = st.builds(Configuration, memory_mb=memory_sizes, architecture=st.sampled_from(Architecture))

invocations = st.builds(
    Invocation,
    started_at=times,
    duration_ms=st.none() | milliseconds,
    billed_ms=st.none() | counts,
    init_ms=st.none() | milliseconds,
    restore_ms=st.none() | milliseconds,
    max_memory_used_mb=st.none() | counts,
    memory_mb=st.none() | memory_sizes,
    status=st.sampled_from(Status),
    error_type=st.none() | texts,
    request_id=st.none() | texts,
    executed_version=st.none() | texts,
    trace_id=st.none() | texts,
    environment=st.none() | texts,
    lane=st.integers(0, 8),
)

measurements = st.builds(
    Measurement,
    configuration=configurations,
    invocations=st.lists(invocations, max_size=12).map(Invocations.of),
    unmeasured=st.none() | texts,
)

functions = st.builds(
    FunctionState,
    name=texts,
    arn=texts,
    region=texts,
    qualifier=st.none() | texts,
    runtime=texts,
    memory_mb=memory_sizes,
    architecture=st.sampled_from(Architecture),
    timeout_s=counts,
    snapstart=st.booleans(),
    reserved_concurrency=st.none() | counts,
    platform=st.none() | texts,
)

designs = st.builds(
    Design,
    configurations=st.lists(configurations, max_size=5, unique=True).map(tuple),
    invocations=counts,
    lanes=counts,
    concurrency=counts,
    seed=st.integers(-(2**63), 2**63),
    search=texts,
)

runs = st.builds(
    TuningRun,
    run_id=texts,
    tool_version=texts,
    started_at=times,
    finished_at=times,
    engine=texts,
    function=functions,
    design=designs,
    measurements=st.lists(measurements, max_size=4, unique_by=lambda m: m.configuration).map(tuple),
    advisories=st.lists(st.builds(Advisory, code=texts, message=texts, next_step=texts), max_size=3).map(tuple),
    stopped=texts,
    throttles=counts,
)

workloads = st.lists(
    st.builds(Payload, body=st.binary(max_size=4), weight=st.floats(0.1, 10)), min_size=1, max_size=6
).map(lambda payloads: Workload(payloads=tuple(payloads)))

#: Samples of durations: several values, of at most a few magnitudes.
samples = st.lists(st.floats(0.01, 100_000), min_size=1, max_size=60)
