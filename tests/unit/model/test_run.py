"""What a run and a function find by a configuration."""

from factories import make_configuration, make_function, make_measurement, make_run

from powertune.model import (
    Architecture,
)


def test_a_run_finds_its_measurement_and_a_function_its_configuration() -> None:
    run = make_run(measurements=[make_measurement(memory_mb=128), make_measurement(memory_mb=256)])
    assert run.measurement(make_configuration(256)) is run.measurements[1]
    assert run.measurement(make_configuration(512)) is None
    assert make_function(memory_mb=1024).current == make_configuration(1024)
    assert str(make_configuration(128, Architecture.ARM64)) == "128 MB arm64"
    assert make_configuration(128) < make_configuration(256)
