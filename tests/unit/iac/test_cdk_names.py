"""CDK code may call constructs and name functions in other words than those of the construct itself."""

import pytest

from powertune.errors import PlaceNotFound
from powertune.iac import Desired, Source, Wanted, change


def after(path: str, text: str) -> str:
    (edit,) = change((Source(path=path, text=text),), Wanted(function_name="fn-a"), Desired(memory_mb=640)).edits
    return edit.after


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "a.ts",
            "import { Function as Fn } from 'aws-cdk-lib/aws-lambda';\n"
            "new Fn(this, 'A', { functionName: 'fn-a', memorySize: 512 });\n",
        ),
        (
            "a.js",
            "const { Function: Fn } = require('aws-cdk-lib/aws-lambda');\n"
            "new Fn(this, 'A', { functionName: 'fn-a', memorySize: 512 });\n",
        ),
        (
            "a.ts",
            "const NAME = 'fn-a';\nnew lambda.Function(this, 'A', { functionName: NAME, memorySize: 512 });\n",
        ),
        (
            "a.ts",
            "export const NAME = `fn-a`;\nnew lambda.Function(this, 'A', { functionName: NAME, memorySize: 512 });\n",
        ),
        (
            "a.py",
            "from aws_cdk.aws_lambda import Function as F\nF(self, 'A', function_name='fn-a', memory_size=512)\n",
        ),
        ("a.py", "NAME = 'fn-a'\nlambda_.Function(self, 'A', function_name=NAME, memory_size=512)\n"),
        ("a.py", "NAME: str = 'fn-a'\nlambda_.Function(self, 'A', function_name=NAME, memory_size=512)\n"),
    ],
)
def test_aliases_and_constants_are_followed(path: str, text: str) -> None:
    assert after(path, text) == text.replace("512", "640")


TS = "new lambda.Function(this, 'A', { functionName: NAME, memorySize: 512 })"
PY = "lambda_.Function(self, 'A', function_name=NAME, memory_size=512)"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.ts", f"let NAME = 'fn-a';\n{TS};\n"),
        ("a.ts", f"const NAME = 'fn-a';\nfunction f(NAME: string) {{ {TS}; }}\n"),
        ("a.ts", f"const NAME = 'fn-a';\nfor (const NAME of all) {{ {TS}; }}\n"),
        ("a.ts", f"const NAME = 'fn-a';\nfor (const {{ NAME }} of all) {{ {TS}; }}\n"),
        ("a.ts", f"const NAME = 'fn-a';\nall.forEach(NAME => {TS});\n"),
        ("a.ts", f"function f() {{ const NAME = 'fn-a'; }}\n{TS};\n"),
        ("a.ts", f"const NAME = 7;\n{TS};\n"),
        ("a.py", f"NAME = 'fn-a'\nNAME = 'fn-b'\n{PY}\n"),
        ("a.py", f"NAME = 'fn-a'\ndef f(NAME):\n    {PY}\n"),
        ("a.py", f"NAME = 'fn-a'\nfor NAME in all:\n    {PY}\n"),
        ("a.py", f"NAME = 'fn-a'\nfrom names import NAME\n{PY}\n"),
        ("a.py", f"def f():\n    NAME = 'fn-a'\n{PY}\n"),
    ],
)
def test_a_name_that_may_be_another_one_is_not_followed(path: str, text: str) -> None:
    with pytest.raises(PlaceNotFound):
        after(path, text)
