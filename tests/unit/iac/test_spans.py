"""Whatever the style of a file: but for the value, it stays byte for byte as it is."""

import json
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.iac import Desired, Source, Wanted, change

sizes = st.integers(128, 10_240)
quotes = st.sampled_from(["", "'", '"'])
newlines = st.sampled_from(["\n", "\r\n"])
comments = st.sampled_from(["", "  # MemorySize: 1", "   #\t128 MB", " # Grüße \U0001f600", "    "])
blanks = st.integers(0, 2)
marks = st.sampled_from(["", "\ufeff"])


class Written(NamedTuple):
    """A file before, with `@` in the place of the value."""

    path: str
    form: str
    before: int

    @property
    def source(self) -> Source:
        return Source(path=self.path, text=self.form.replace("@", str(self.before)))


@st.composite
def templates(draw: st.DrawFn) -> Written:
    quote, comment, newline = draw(quotes), draw(comments), draw(newlines)
    step = " " * draw(st.integers(1, 8))
    colon = ":" + " " * draw(st.integers(1, 5))
    properties = [
        "FunctionName: fn",
        "Handler: 'a.b' # of the zip",
        f"MemorySize{colon}{quote}@{quote}{comment}",
        "Environment: {Variables: {MEMORY: '512', A: !Sub '${B}', LIST: [1, 2]}}",
        f"Description: |{newline}{step * 4}MemorySize: 128{newline}{step * 4}# é",
    ]
    lines = ["# 世界", "Transform: AWS::Serverless-2016-10-31", "Resources:", f"{step}Fn:"]
    lines += [f"{step * 2}Type: AWS::Serverless::Function", f"{step * 2}Properties:"]
    lines += [f"{step * 3}{each}" for each in draw(st.permutations(properties))]
    lines += [f"{step}Other:", f"{step * 2}Type: AWS::Serverless::Function"]
    lines += [f"{step * 2}Properties: {{MemorySize: 512}}"]
    gap = newline * (1 + draw(blanks))
    ending = draw(st.sampled_from(["", newline, newline * 3]))
    return Written("template.yaml", draw(marks) + gap.join(lines) + ending, draw(sizes))


@st.composite
def json_templates(draw: st.DrawFn) -> Written:
    properties = {"FunctionName": "fn", "MemorySize": draw(st.sampled_from(["@", 77])), "Code": {"ZipFile": "é\n"}}
    names = draw(st.permutations(list(properties)))
    resource = {"Type": "AWS::Lambda::Function", "Properties": {name: properties[name] for name in names}}
    text = json.dumps(
        {"Resources": {"Fn": resource}},
        indent=draw(st.sampled_from([None, 1, 2, 4, "\t"])),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")])),
        ensure_ascii=draw(st.booleans()),
    )
    return Written("template.json", draw(marks) + text.replace(str(77), "@"), draw(sizes))


@st.composite
def terraform(draw: st.DrawFn) -> Written:
    quote, newline = draw(st.sampled_from(["", '"'])), draw(newlines)
    step, comment = draw(st.sampled_from(["  ", "\t", ""])), draw(comments)
    attributes = [
        'function_name = "fn"',
        f"memory_size{' ' * draw(st.integers(0, 5))}= {quote}@{quote}{comment}",
        f"description = <<-EOT{newline}  memory_size = 128 é{newline}  EOT",
        'tags = { memory_size = "512" } // no setting',
    ]
    lines = ['resource "aws_lambda_function" "fn" {']
    lines += [f"{step}{each}" for each in draw(st.permutations(attributes))] + ["}"]
    ending = draw(st.sampled_from(["", newline, newline * 2]))
    return Written("main.tf", draw(marks) + newline.join(lines) + ending, draw(sizes))


@st.composite
def services(draw: st.DrawFn) -> Written:
    quote, comment, newline = draw(quotes), draw(comments), draw(newlines)
    function = [f"memorySize: {quote}@{quote}{comment}", "name: fn", "handler: a.b"]
    lines = ["service: s", "provider: {name: aws, memorySize: 512}", "functions:", "  one:"]
    lines += [f"    {each}" for each in draw(st.permutations(function))]
    return Written("serverless.yml", newline.join(lines) + newline, draw(sizes))


@st.composite
def constructs(draw: st.DrawFn) -> Written:
    newline, gap = draw(newlines), draw(st.sampled_from(["", " ", "   "]))
    if draw(st.booleans()):
        properties = ["functionName: 'fn'", f"memorySize:{gap}@ /* MB */", "description: 'memorySize: 1 é'"]
        lines = ["// 世界 \U0001f600", "new lambda.Function(this, 'Fn', {"]
        lines += [f"\t{each}," for each in draw(st.permutations(properties))] + ["});"]
        return Written("stack.ts", draw(marks) + newline.join(lines), draw(sizes))
    arguments = ["function_name='fn'", f"memory_size{gap}={gap}@", "description='memory_size=1 é'"]
    lines = ["# 世界 \U0001f600", "x = '\\f'", "_lambda.Function(self, 'Fn',"]
    lines += [f"    {each}, # é" for each in draw(st.permutations(arguments))] + [")"]
    return Written("app.py", draw(marks) + newline.join(lines), draw(sizes))


@pytest.mark.long
@given(st.one_of(templates(), json_templates(), terraform(), services(), constructs()), sizes)
def test_everything_outside_of_the_value_stays_as_it_is(written: Written, memory_mb: int) -> None:
    made = change((written.source,), Wanted(function_name="fn"), Desired(memory_mb=memory_mb))
    if memory_mb == written.before:
        assert made.edits == ()
        return
    (edit,) = made.edits
    assert edit.before == written.source.text
    assert edit.after == written.form.replace("@", str(memory_mb))
