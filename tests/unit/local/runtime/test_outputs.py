"""What functions write, collected from pipes."""

import os

import pytest

from powertune.local.runtime.outputs import Output, Outputs


def test_output_is_taken_whole() -> None:
    outputs = Outputs()
    output = outputs.open()
    os.write(output.write_end, b"one\ntwo\npart")
    assert [line.text for line in output.take()] == ["one\n", "two\n", "part"]
    os.write(output.write_end, b"\xff\n")
    assert [line.text for line in output.take()] == ["\ufffd\n"]
    assert output.take() == ()
    output.handed_over()
    outputs.close_one(output)
    outputs.close_one(output)
    assert output.take() == ()
    assert not output.pump()
    outputs.close()


def test_output_without_end_keeps_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powertune.local.runtime.outputs._KEPT_BYTES", 100)
    output = Output()
    for number in range(20):
        os.write(output.write_end, b"%02d" % number + b"x" * 17 + b"\n")
        output.pump()
    assert [line.text[:2] for line in output.take()] == ["15", "16", "17", "18", "19"]
    os.write(output.write_end, b"y" * 150)
    output.pump()
    assert [len(line.text) for line in output.take()] == [150]
    output.handed_over()
    output.close()


def test_a_process_that_closes_its_output_is_forgotten() -> None:
    outputs = Outputs()
    output = outputs.open()
    os.write(output.write_end, b"last\n")
    output.handed_over()
    outputs.close()
    assert "".join(line.text for line in output.take()) in ("last\n",)
    output.close()
