"""A command's groups of options, as Typer sees them and as the command gets them."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from powertune.cli import groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    place: Annotated[str | None, typer.Option("--where", help="A place.")] = None
    far: Annotated[bool, typer.Option("--far")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    day: Annotated[str | None, typer.Option()] = None


def invoke(*arguments: str) -> str:
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @groups.spread
    def go(
        who: Annotated[str, typer.Argument()],
        *,
        where: Where,
        often: Annotated[int, typer.Option()] = 1,
        when: When,
    ) -> None:
        """Go somewhere."""
        typer.echo(f"{who} {often} {where} {when} {groups.given(where, when)}")

    return CliRunner().invoke(app, arguments).output


def test_a_group_arrives_whole_and_with_its_defaults() -> None:
    assert invoke("me") == f"me 1 {Where()} {When()} {{'far': False}}\n"
    where, when = Where(place="here", far=True), When(day="Monday")
    given = {"place": "here", "far": True, "day": "Monday"}
    assert (
        invoke("me", "--where", "here", "--far", "--often", "3", "--day", "Monday")
        == f"me 3 {where} {when} {given}\n"
    )


def test_the_options_of_a_group_stand_where_the_group_stands() -> None:
    text = invoke("--help")
    places = [text.index(name) for name in ("Go somewhere.", "--where", "A place.", "--far", "--often", "--day")]
    assert places == sorted(places)


def test_an_option_that_no_group_has_is_refused() -> None:
    assert "No such option" in invoke("me", "--nowhere")
