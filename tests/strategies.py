"""Hypothesis strategies for the nouns."""

from hypothesis import strategies as st

from powertune.model import (
    Advisory,
    Architecture,
    Batch,
    Configuration,
    Design,
    Exploration,
    FunctionState,
    Goal,
    GridDesign,
    Hint,
    Invocation,
    Invocations,
    Leader,
    Limit,
    Measurement,
    Payload,
    Statistic,
    Status,
    Strategy,
    Traffic,
    Trial,
    TuningRun,
    Usage,
    Workload,
)
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB

texts = st.text(max_size=20)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
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
    waited_ms=st.none() | milliseconds,
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

shares = st.just(0.0) | st.floats(1e-9, 1.0)
goals = st.builds(
    Goal,
    strategy=st.sampled_from(Strategy),
    cost_tolerance=shares,
    balanced_weight=shares,
    max_duration=st.none()
    | st.builds(Limit, statistic=st.sampled_from(Statistic), at_most_ms=st.floats(1e-9, 900_000)),
    max_cost=st.none() | st.floats(1e-9, 1.0),
    max_cost_currency=st.none() | texts,
    headroom=st.none() | st.floats(1, 10),
)
usages = st.builds(
    Usage,
    cold_share=st.none() | shares,
    invocations_per_month=st.none() | st.floats(1, 1e9),
    savings_plan=shares,
)

explorations = st.builds(
    Exploration,
    smallest_mb=memory_sizes,
    largest_mb=memory_sizes,
    architectures=st.lists(st.sampled_from(Architecture), min_size=1, max_size=2, unique=True).map(tuple),
    goal=goals,
    precision=st.none() | st.floats(0.001, 0.5),
    invocations_per_month=st.none() | st.floats(1, 1e9),
    lanes=st.none() | counts,
    weights=st.lists(st.floats(0.1, 10), min_size=1, max_size=4).map(tuple),
    current=st.none() | configurations,
    memory_used_mb=st.none() | counts,
    hints=st.lists(
        st.builds(Hint, origin=texts, configuration=configurations, duration_ms=milliseconds), max_size=3
    ).map(tuple),
)

batches = st.builds(
    Batch,
    trials=st.lists(
        st.builds(Trial, configuration=configurations, invocations=counts, lanes=st.none() | counts), max_size=3
    ).map(tuple),
    why=st.none() | texts,
    leader=st.none()
    | st.builds(
        Leader,
        configuration=configurations,
        cost=st.tuples(shares, shares).map(sorted).map(tuple),
        loss=shares,
    ),
)

designs = st.builds(
    Design,
    search=st.builds(
        GridDesign,
        configurations=st.lists(configurations, max_size=5, unique=True).map(tuple),
        invocations=counts,
        goal=st.none() | goals,
    ),
    usage=st.none() | usages,
    allowed_errors=st.lists(texts, max_size=2).map(tuple),
    only_cold_starts=st.booleans(),
    prices_as_of=st.none() | texts,
    lanes=counts,
    concurrency=counts,
    seed=st.integers(-(2**63), 2**63),
)

advisories = st.lists(st.builds(Advisory, code=texts, message=texts, next_step=texts), max_size=3).map(tuple)
traffics = st.builds(
    Traffic,
    invocations=counts,
    days=milliseconds,
    reports=st.just(100),
    cold_starts=st.integers(0, 100),
    max_memory_used_mb=st.none() | counts,
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
    advisories=advisories,
    stopped=texts,
    throttles=counts,
)

workloads = st.lists(
    st.builds(Payload, body=st.binary(max_size=4), weight=st.floats(0.1, 10)), min_size=1, max_size=6
).map(lambda payloads: Workload(payloads=tuple(payloads)))

#: Samples of durations: several values, of at most a few magnitudes.
samples = st.lists(st.floats(0.01, 100_000), min_size=1, max_size=60)
