"""Where a value goes that is not there yet, what is said about it, and what hostile files cannot do."""

from textwrap import dedent

import pytest
from mutations import within

from powertune.errors import PlaceNotFound, PlaceRefused, UsageError
from powertune.iac import Change, Desired, Source, Wanted, change
from powertune.model import Architecture

BOTH = Desired(memory_mb=640, architecture=Architecture.ARM64)


def changed(path: str, text: str, resource: str = "Fn", desired: Desired = BOTH) -> Change:
    return change((Source(path=path, text=text),), Wanted(function_name="x", resource=resource), desired)


def after(path: str, text: str, resource: str = "Fn") -> str:
    """The file with both settings."""
    (edit,) = changed(path, text, resource).edits
    return edit.after


HEAD = "Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n"
ADDED = "      MemorySize: 640\n      Architectures: [arm64]\n"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("    Properties: {}\n", "    Properties: {MemorySize: 640, Architectures: [arm64]}\n"),
        (
            "    Properties: {Handler: a.b}\n",
            "    Properties: {Handler: a.b, MemorySize: 640, Architectures: [arm64]}\n",
        ),
        ("    Properties:\n      Handler: a.b # c\n", f"    Properties:\n      Handler: a.b # c\n{ADDED}"),
        (
            "    Properties:\n      Environment:\n        Variables: {A: b}\n",
            f"    Properties:\n{ADDED}      Environment:\n        Variables: {{A: b}}\n",
        ),
        (
            "    Properties:\n      Runtime: 'a\n        b'\n      Role: x\n",
            f"    Properties:\n      Runtime: 'a\n        b'\n      Role: x\n{ADDED}",
        ),
        (
            "    Properties:\n     Handler: a.b",
            "    Properties:\n     Handler: a.b\n" + ADDED.replace("      ", "     ")[:-1],
        ),
    ],
)
def test_where_properties_of_a_template_are_added(properties: str, expected: str) -> None:
    assert after("template.yaml", HEAD + properties) == HEAD + expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "  handler: 'x', // c\n  runtime: l.Runtime.X, // d\n",
            "  handler: 'x', // c\n  runtime: l.Runtime.X, // d\n"
            "  memorySize: 640,\n  architecture: l.Architecture.ARM_64,\n",
        ),
        (
            "  handler: 'x',\n  runtime: l.Runtime.X // d\n",
            "  handler: 'x',\n  memorySize: 640,\n  architecture: l.Architecture.ARM_64,\n"
            "  runtime: l.Runtime.X // d\n",
        ),
        (
            "  runtime: l.Runtime.X\n",
            "  runtime: l.Runtime.X,\n  memorySize: 640,\n  architecture: l.Architecture.ARM_64\n",
        ),
    ],
)
def test_where_properties_of_a_construct_are_added(code: str, expected: str) -> None:
    head = "new l.Function(this, 'Fn', {\n"
    assert after("a.ts", f"{head}{code}}});\n") == f"{head}{expected}}});\n"


def test_nothing_is_added_where_an_alias_would_take_it_elsewhere() -> None:
    text = f"{HEAD}    Properties: &p {{Handler: a.b}}\n  Other: {{Type: 'AWS::Lambda::Function', Properties: *p}}\n"
    with pytest.raises(PlaceRefused, match="would get MemorySize is shared through a YAML anchor"):
        changed("template.yaml", text)


def test_nothing_is_added_where_it_would_not_be_one_key() -> None:
    text = f"{HEAD}    Properties:\n      ? Handler\n      : a.b\n"
    with pytest.raises(PlaceRefused, match="putting 640 there would change more than the memory size"):
        changed("template.yaml", text)


def test_a_construct_without_properties() -> None:
    with pytest.raises(PlaceRefused, match="memorySize cannot be added here"):
        changed("a.ts", "new l.Function(this, 'Fn', {});\n")
    with pytest.raises(PlaceRefused, match="memory_size cannot be added here"):
        changed("a.py", "l.Function(self, 'Fn')\n")
    with pytest.raises(PlaceRefused, match="more properties come from elsewhere"):
        changed("a.ts", "new l.Function(this, 'Fn', props);\n")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "a.ts",
            "new l.Function(this, 'Fn', {\n  runtime: l.Runtime.X,\n});\n"
            "new l.Function(this, `Fn${n}`, { memorySize: n });\n",
        ),
        (
            "a.py",
            "l.Function(\n  self, 'Fn',\n  runtime=l.Runtime.X,\n)\nl.Function(self, f'Fn{n}', memory_size=n)\n",
        ),
    ],
)
def test_a_construct_below_moves_and_is_the_same(path: str, text: str) -> None:
    assert after(path, text).count("\n") == text.count("\n") + 2


def test_what_javascript_itself_calls_a_function_is_none() -> None:
    with pytest.raises(PlaceNotFound):
        changed("a.js", "new Function('a', 'Fn', 'return a');\n")


def test_an_architecture_that_code_already_has_is_not_changed_with_the_memory_size() -> None:
    made = changed("template.yaml", f"{HEAD}    Properties: {{MemorySize: 128, Architectures: [arm64]}}\n")
    assert made.edits[0].after.endswith("{MemorySize: 640, Architectures: [arm64]}\n")
    assert made.notes == ("the architecture of Fn is arm64 already",)


def test_a_value_in_globals_that_cannot_be_changed_leaves_room_for_an_own_one() -> None:
    text = dedent("""\
        Transform: AWS::Serverless-2016-10-31
        Globals: {Function: {MemorySize: !If [A, 128, 256]}}
        Resources:
          Fn: {Type: 'AWS::Serverless::Function', Properties: {Handler: a.b}}
        """)
    made = changed("template.yaml", text, desired=Desired(memory_mb=640))
    assert "Properties: {Handler: a.b, MemorySize: 640}" in made.edits[0].after
    reason = "template.yaml, line 2: the memory size of Fn comes from Fn::If"
    assert made.notes == (f"Fn gets its own memory size; Globals stays as it is ({reason})",)


def test_a_service_whose_provider_is_in_another_file() -> None:
    text = "service: s\nprovider: ${file(provider.yml)}\nfunctions:\n  Fn:\n    handler: a.b\n"
    made = changed("serverless.yml", text)
    assert made.place.memory_mb is None
    assert made.edits[0].after == text + "    memorySize: 640\n    architecture: arm64\n"


def test_a_provider_is_not_changed_for_functions_that_are_not_known() -> None:
    text = "service: s\nprovider: {name: aws, memorySize: 512}\nfunctions: [{Fn: {handler: a.b}}, '${file(f.yml)}']\n"
    assert "memorySize: 512}" in after("serverless.yml", text)


@pytest.mark.parametrize("text", ["a = ", "a = " + "[" * 20_000, "a = " + "9" * 5_000])
def test_a_configuration_of_sam_that_cannot_be_read(text: str) -> None:
    template = Source(path="template.yaml", text=f"{HEAD}    Properties: {{Handler: a.b}}\n")
    config = Source(path="samconfig.toml", text=text)
    with pytest.raises(PlaceRefused, match=r"samconfig\.toml"):
        change((template, config), Wanted(function_name="x", resource="Fn"), BOTH)


def test_a_quote_in_the_configuration_of_sam_that_is_not_closed() -> None:
    top = "Parameters: {Memory: {Type: Number, Default: 128}}\n"
    template = Source(path="template.yaml", text=f"{top}{HEAD}    Properties: {{MemorySize: !Ref Memory}}\n")
    config = Source(path="samconfig.toml", text='parameter_overrides = "Memory=1 A=\'b"\n')
    with pytest.raises(PlaceRefused, match=r"is set in samconfig\.toml"):
        change((template, config), Wanted(function_name="x", resource="Fn"), BOTH)


def test_files_that_cannot_be_read_are_not_all_listed() -> None:
    broken = tuple(Source(path=f"{n}/template.yaml", text="a: [") for n in range(9))
    good = Source(path="template.yaml", text=f"{HEAD}    Properties: {{Handler: a.b}}\n")
    made = change((*broken, good), Wanted(function_name="x", resource="Fn"), BOTH)
    assert made.notes[5] == "not looked into: 4 more files"


def test_terraform_in_json_is_said_not_to_be_read() -> None:
    with pytest.raises(PlaceNotFound, match=r"main\.tf\.json: Terraform in JSON is not looked into"):
        changed("main.tf.json", "{}")


ALIASES = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
MERGES = "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 30))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", f"a0: &a0 x\n{ALIASES}{HEAD}    Properties: {{MemorySize: *a29}}\n"),
        ("a.yaml", f"a0: &a0 {{k: v}}\n{MERGES}{HEAD}    Properties: {{<<: *a29}}\n"),
        ("a.yaml", HEAD.replace("Fn:", "Fn: &f") + "    Properties: *f\n"),
        ("a.py", "l.Function(self, 'Fn', memory_size=" + "-" * 200_000 + "1)"),
        ("a.py", "x = Function" + ".a" * 200_000),
        ("a.ts", "new l.Function(this, 'Fn', " + "(" * 200_000),
        ("a.tf", 'resource "aws_lambda_function" "Fn" { memory_size = ' + "(" * 200_000),
        ("a.tf", 'module "a" {\n  source = "./"\n}\nmodule "b" {\n  source = "../x"\n}\n'),
        ("a.tf", "locals {\n  a = local.b\n  b = local.a\n}\n" * 2),
    ],
    ids=range(9),
)
def test_hostile_files_end_soon(path: str, text: str) -> None:
    with within(60), pytest.raises(UsageError):
        changed(path, text)


def test_terraform_that_refers_to_itself() -> None:
    circle = "locals {\n  a = local.b\n  b = local.a\n}\n"
    text = circle + 'resource "aws_lambda_function" "f" {\n  memory_size = local.a\n  role = "x"\n}\n'
    with within(60), pytest.raises(PlaceRefused):
        changed("a.tf", text, "aws_lambda_function.f")


def test_a_reference_in_quotes_as_old_terraform_has_it() -> None:
    text = (
        'resource "aws_lambda_function" "f" {\n  memory_size   = "${var.m}"\n  architectures = ["${local.a}"]\n}\n'
        'variable "m" {\n  default = "128"\n}\nlocals {\n  a = "x86_64"\n}\n'
    )
    expected = text.replace('"128"', '"640"').replace("x86_64", "arm64")
    assert after("a.tf", text, "aws_lambda_function.f") == expected


def test_modules_that_call_each_other_in_a_circle() -> None:
    inner = (
        'module "n" {\n  source = "../b"\n}\n' + 'resource "aws_lambda_function" "f" {\n  function_name = "f"\n}\n'
    )
    sources = (
        Source(path="a/m.tf", text=inner),
        Source(path="b/m.tf", text=inner.replace("../b", "../a")),
        Source(path="m.tf", text='module "r" {\n  source = "./a"\n}\n'),
    )
    with within(60), pytest.raises(UsageError):
        change(sources, Wanted(function_name="f"), BOTH)
