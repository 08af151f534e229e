"""The fakes, in one place to import them from. Each is in a file of its own, one for each protocol or service."""

from fake_account import FakeFunction
from fake_aws import fake_aws, fake_clients
from fake_clock import FakeClock
from fake_invoke import answer
from fake_lambda import FakeLambda
from fake_packages import elf, make_zip
from fake_reports import report_json, report_text
from fake_service import client_error
from fake_step_functions import BUCKET, MACHINE, FakeCloudFormation, FakeConnection, FakeStepFunctions
from fake_target import FakeTarget, RecordingObserver, invocation

__all__ = [
    "BUCKET",
    "MACHINE",
    "FakeClock",
    "FakeCloudFormation",
    "FakeConnection",
    "FakeFunction",
    "FakeLambda",
    "FakeStepFunctions",
    "FakeTarget",
    "RecordingObserver",
    "answer",
    "client_error",
    "elf",
    "fake_aws",
    "fake_clients",
    "invocation",
    "make_zip",
    "report_json",
    "report_text",
]
