"""A value that something else uses is never changed, whichever way the other use takes to it."""

from textwrap import dedent

import pytest

from powertune.errors import PlaceRefused
from powertune.iac import Change, Desired, Source, Wanted, change

DESIRED = Desired(memory_mb=640)


def changed(files: dict[str, str], resource: str) -> Change:
    sources = tuple(Source(path=path, text=dedent(text)) for path, text in files.items())
    return change(sources, Wanted(function_name="x", resource=resource), DESIRED)


def notes(files: dict[str, str], resource: str) -> list[str]:
    """What is said, but for the name of the function, which nothing here is about."""
    return [note for note in changed(files, resource).notes if " is called " not in note]


def refusal(files: dict[str, str], resource: str) -> str:
    with pytest.raises(PlaceRefused) as caught:
        changed(files, resource)
    assert caught.value.hint
    return caught.value.message


def template(properties: str, more: str = "") -> str:
    return (
        "Parameters:\n  Mem: {Type: Number, Default: 512}\nResources:\n  A:\n    Type: AWS::Lambda::Function\n"
        f"    Properties:\n      MemorySize: !Ref Mem\n      {properties}\n{more}"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (template("EphemeralStorage: {Size: !Ref Mem}"), 8),
        (template("Timeout: !Ref Mem"), 8),
        (template("Timeout: {Ref: Mem}"), 8),
        (template("Environment: {Variables: {M: !Ref Mem}}"), 8),
        (template("Environment: {Variables: {M: !Sub 'x${Mem}y'}}"), 8),
        (template("Environment: {Variables: {M: !Sub ['x${Mem}${y}', {y: 1}]}}"), 8),
        (template("Environment: {Variables: {M: {'Fn::Sub': '${Mem}'}}}"), 8),
        (template("Environment: {Variables: {M: !Join ['', [a, !Ref Mem]]}}"), 8),
        (template("Handler: a.b", "Outputs:\n  M: {Value: !Ref Mem, Export: {Name: m}}\n"), 10),
        (template("Handler: a.b", "Conditions:\n  Big: !Equals [!Ref Mem, 1024]\n"), 10),
        (template("Handler: a.b", "Rules:\n  R: {Assertions: [{Assert: !Equals [!Ref Mem, 512]}]}\n"), 10),
        (template("Handler: a.b", "    Metadata: {M: !Ref Mem}\n"), 9),
    ],
)
def test_a_parameter_of_a_template(text: str, line: int) -> None:
    message = refusal({"template.yaml": text}, "A")
    assert message == (f"template.yaml, line {line}: parameter Mem, which holds the memory size, is also used here")


def test_the_order_of_parameters_in_the_console_is_no_use() -> None:
    more = "Metadata: {'AWS::CloudFormation::Interface': {ParameterGroups: [{Parameters: [Mem]}]}}\n"
    (edit,) = changed({"template.yaml": template("Handler: a.b", more)}, "A").edits
    assert "Default: 640" in edit.after


A = 'resource "aws_lambda_function" "a" {\n  function_name = "a"\n'
VARIABLE = 'variable "m" {\n  default = 512\n}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{A}  memory_size = var.m\n  timeout = var.m\n}}\n{VARIABLE}", "line 4: var.m, which holds"),
        (
            f'{A}  memory_size = var.m\n  environment {{\n    variables = {{ M = "x${{var.m}}" }}\n  }}\n}}\n'
            f"{VARIABLE}",
            "line 5: var.m, which holds",
        ),
        (f'{A}  memory_size = var.m\n}}\n{VARIABLE}output "m" {{\n  value = var.m\n}}\n', "line 9: var.m, which"),
        (
            f"{A}  memory_size = local.m\n}}\nlocals {{\n  m = local.base\n  base = 512\n  n = local.base\n}}\n",
            "line 8: local.base, which holds",
        ),
        (
            'module "a" {\n  source = "terraform-aws-modules/lambda/aws"\n  memory_size = local.m\n'
            "  ephemeral_storage_size = local.m\n}\nlocals {\n  m = 512\n}\n",
            "line 4: local.m, which holds",
        ),
        (
            f'{A}  memory_size = 512\n}}\nresource "aws_lambda_function" "b" {{\n'
            "  memory_size = aws_lambda_function.a.memory_size\n}\n",
            "line 6: memory_size of aws_lambda_function.a is also used here",
        ),
        (
            f'{A}}}\nresource "aws_cloudwatch_metric_alarm" "b" {{\n'
            "  threshold = aws_lambda_function.a.memory_size * 0.9\n}\n",
            "line 5: memory_size of aws_lambda_function.a is also used here",
        ),
        (
            f'{A}  count = 1\n  memory_size = 512\n}}\noutput "m" {{\n'
            "  value = aws_lambda_function.a[0].memory_size\n}\n",
            "line 7: memory_size of aws_lambda_function.a is also used here",
        ),
        (
            f'{A}  count = 1\n  memory_size = 512\n}}\noutput "m" {{\n'
            "  value = aws_lambda_function.a[*].memory_size\n}\n",
            "line 7: memory_size of aws_lambda_function.a is also used here",
        ),
        (
            f'{A}  count = 1\n  memory_size = 512\n}}\noutput "m" {{\n'
            "  value = aws_lambda_function.a.*.memory_size\n}\n",
            "line 7: memory_size of aws_lambda_function.a is also used here",
        ),
    ],
)
def test_values_of_terraform(text: str, message: str) -> None:
    name = "module.a" if text.startswith("module") else "aws_lambda_function.a"
    assert f"main.tf, {message}" in refusal({"main.tf": text}, name)


def test_the_argument_of_a_module_of_ones_own() -> None:
    files = {
        "main.tf": 'module "a" {\n  source = "./fn"\n  m = var.m\n  t = var.m\n}\n' + VARIABLE,
        "fn/main.tf": f'{A}  memory_size = var.m\n}}\nvariable "m" {{}}\n',
    }
    message = refusal(files, "module.a.aws_lambda_function.a")
    assert message == "main.tf, line 4: var.m, which holds the memory size, is also used here"


def test_an_output_of_a_module_counts() -> None:
    files = {
        "main.tf": 'module "a" {\n  source = "./fn"\n}\nresource "x" "y" {\n  z = module.a.m\n}\n',
        "fn/main.tf": f'{A}  memory_size = var.m\n}}\n{VARIABLE}output "m" {{\n  value = var.m\n}}\n',
    }
    assert refusal(files, "module.a.aws_lambda_function.a").startswith("fn/main.tf, line 9: var.m, which holds")


def test_a_default_in_a_module_has_no_note_about_what_does_not_reach_it() -> None:
    files = {
        "main.tf": 'module "a" {\n  source = "./fn"\n}\n',
        "fn/main.tf": f"{A}  memory_size = var.m\n}}\n{VARIABLE}",
    }
    assert notes(files, "module.a.aws_lambda_function.a") == []
    alone = {"main.tf": files["fn/main.tf"]}
    assert "TF_VAR_m" in "".join(notes(alone, "aws_lambda_function.a"))


def test_a_resource_that_is_handed_on_as_a_whole_is_noted() -> None:
    text = f'{A}  memory_size = 512\n}}\noutput "a" {{\n  value = aws_lambda_function.a\n}}\n'
    (note,) = notes({"main.tf": text}, "aws_lambda_function.a")
    assert note.startswith("main.tf, line 6, refers to aws_lambda_function.a as a whole")
    harmless = (
        f'{A}  memory_size = 512\n}}\nresource "x" "y" {{\n  z = aws_lambda_function.a.arn\n'
        "  depends_on = [aws_lambda_function.a]\n}\nmoved {\n  from = x.y\n  to = aws_lambda_function.a\n}\n"
    )
    assert notes({"main.tf": harmless}, "aws_lambda_function.a") == []


def service(custom: str, a: str, b: str, provider: str = "{name: aws}", more: str = "") -> str:
    return (
        f"service: s\nprovider: {provider}\ncustom: {custom}\nfunctions:\n"
        f"  a: {{handler: h.a, {a}}}\n  b: {{handler: h.b, {b}}}\n{more}"
    )


FOLLOWS = "memorySize: '${self:functions.a.memorySize}'"


@pytest.mark.parametrize(
    "text",
    [
        service("{m: 512, x: y}", "name: 'fn-${self:custom.x}', memorySize: '${self:custom.m}'", FOLLOWS),
        service("{}", "memorySize: 512", FOLLOWS),
        service("{}", "timeout: 3", FOLLOWS),
        service("{}", "memorySize: 512", "memorySize: '${self:functions.a.memorySize, 128}'"),
        service("{}", "memorySize: 512", "environment: '${self:functions.a}'"),
    ],
)
def test_a_function_of_a_service_that_another_one_follows(text: str) -> None:
    message = refusal({"serverless.yml": text}, "a")
    assert message == "serverless.yml, line 6: the memory size of a is also used here"


def test_functions_in_a_list() -> None:
    text = """\
        service: s
        provider: {name: aws}
        functions:
          - a: {handler: h.a, memorySize: 512}
          - b: {handler: h.b, memorySize: '${self:functions.0.a.memorySize}'}
        """
    assert refusal({"serverless.yml": text}, "a") == "serverless.yml, line 5: the memory size of a is also used here"


@pytest.mark.parametrize(
    ("provider", "more"),
    [
        ("{name: aws, memorySize: 512, environment: {M: '${self:provider.memorySize}'}}", ""),
        ("{name: aws, memorySize: 512}", "resources: {Resources: {C: {M: '${self:provider.memorySize}'}}}\n"),
        ("{name: aws, memorySize: 512}", "outputs: {all: '${self:provider}'}\n"),
    ],
)
def test_the_value_of_a_provider(provider: str, more: str) -> None:
    text = service("{}", "timeout: 3", "memorySize: 128", provider, more)
    made = changed({"serverless.yml": text}, "a")
    assert "a: {handler: h.a, timeout: 3, memorySize: 640}" in made.edits[0].after
    assert "memorySize: 512" in made.edits[0].after
    (note,) = notes({"serverless.yml": text}, "a")
    assert note.startswith("a gets its own memory size; provider.memorySize stays as it is (serverless.yml, line ")
    assert note.endswith("provider.memorySize is also used here)")


def test_a_function_that_refers_to_what_others_inherit() -> None:
    provider = "{name: aws, memorySize: 512}"
    text = service("{}", "memorySize: '${self:provider.memorySize}'", "timeout: 3", provider)
    assert refusal({"serverless.yml": text}, "a") == (
        "serverless.yml, line 2: self:provider.memorySize is also that of b (serverless.yml:6)"
    )


def test_a_file_that_is_read_by_itself_or_through_a_variable() -> None:
    for other in ("${file(./serverless.yml):custom.m}", "${self:functions.${self:custom.w}.memorySize}"):
        text = service("{m: 512, w: a}", "memorySize: '${self:custom.m}'", f"memorySize: '{other}'")
        assert refusal({"serverless.yml": text}, "a").endswith("is also used here")


def test_another_service_that_reads_the_file() -> None:
    files = {
        "a/serverless.yml": service("{m: 512}", "memorySize: '${self:custom.m}'", "timeout: 3"),
        "b/serverless.yml": service(
            "{m: '${file(../a/serverless.yml):custom.m}'}", "timeout: 3", "timeout: 3"
        ).replace("a: {", "c: {"),
    }
    message = refusal(files, "a")
    assert message.startswith("b/serverless.yml, line 3: self:custom.m, which holds the memory size of a")


def test_a_value_behind_an_anchor_says_so() -> None:
    text = "x-mem: &m 256\n" + template("Handler: a.b").replace("!Ref Mem", "*m")
    assert refusal({"template.yaml": text}, "A").endswith("the memory size of A is shared through a YAML anchor")


def test_code_that_disagrees_with_the_function_is_noted() -> None:
    text = f"{A}  memory_size = 384\n}}\n"
    source = Source(path="main.tf", text=text)
    made = change((source,), Wanted(function_name="a", memory_mb=256), DESIRED)
    assert made.notes == (
        "aws_lambda_function.a has 384 MB in the code, but a had 256 MB when it was measured; "
        "check that this is its code",
    )
    assert change((source,), Wanted(function_name="a", memory_mb=384), DESIRED).notes == ()


@pytest.mark.parametrize(
    ("value", "hint"),
    [("!Sub '${Mem}'", "change the value by hand"), ("!If [A, 1, 2]", "change the right one of its values by hand")],
)
def test_the_hint_fits_the_number_of_values(value: str, hint: str) -> None:
    text = template("Handler: a.b").replace("!Ref Mem", value)
    with pytest.raises(PlaceRefused) as caught:
        changed({"template.yaml": text}, "A")
    assert caught.value.hint == hint


def test_a_provider_stays_for_a_function_that_another_one_follows() -> None:
    text = service("{}", "timeout: 3", "timeout: 4", "{name: aws, memorySize: 512}").replace(
        "functions:\n", "functions:\n  c: {handler: h.c, memorySize: '${self:functions.b.memorySize}'}\n"
    )
    (edit,) = changed({"serverless.yml": text}, "a").edits
    assert edit.after == text.replace("timeout: 3", "timeout: 3, memorySize: 640")


def test_globals_with_a_parameter_that_is_used_elsewhere() -> None:
    text = """\
        Transform: AWS::Serverless-2016-10-31
        Parameters: {Mem: {Type: Number, Default: 512}}
        Globals: {Function: {MemorySize: !Ref Mem, Timeout: !Ref Mem}}
        Resources:
          A: {Type: 'AWS::Serverless::Function', Properties: {Handler: a.b}}
        """
    (edit,) = changed({"template.yaml": text}, "A").edits
    assert edit.after == dedent(text).replace("a.b}", "a.b, MemorySize: 640}")


@pytest.mark.parametrize(
    ("files", "resource"),
    [
        ({"template.yaml": template("Timeout: !Ref Mem").replace("512", "640")}, "A"),
        (
            {"main.tf": f"{A}  memory_size = var.m\n  timeout = var.m\n}}\n{VARIABLE}".replace("512", "640")},
            "aws_lambda_function.a",
        ),
        ({"serverless.yml": service("{}", "memorySize: 640", FOLLOWS)}, "a"),
    ],
)
def test_nothing_is_refused_where_nothing_has_to_change(files: dict[str, str], resource: str) -> None:
    made = changed(files, resource)
    assert made.edits == ()
    assert made.place.memory_mb == 640
