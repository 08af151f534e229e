"""What `--help` of a command shows: options in panels, in an order of its own, and examples as they are typed."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption


class _Panels:
    """Shows options by panels; what no panel names comes last, under "Options"."""

    #: The options of each panel, by the names of their parameters.
    panels: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    params: list[Any]
    epilog: str | None
    options_metavar: str | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order = {name: panel for panel, names in self.panels.items() for name in names}
        for parameter in self.params:
            if isinstance(parameter, TyperOption):
                parameter.rich_help_panel = order.get(parameter.name or "")
                # Typer's own word is the Python type.
                parameter.metavar = parameter.metavar or (None if parameter.is_flag else "VALUE")
        places = {name: place for place, name in enumerate(order, start=1)}
        self.params.sort(key=lambda parameter: _place(parameter, places))

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, with `--help`."""
        found: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        return found

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage line, without the arguments that are hidden."""
        shown = [each for each in self.get_params(ctx) if not getattr(each, "hidden", False)]
        return [self.options_metavar or "", *(piece for each in shown for piece in each.get_usage_pieces(ctx))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and each panel."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(_title(parameter), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Write the examples line by line: wrapped ones could not be copied."""
        lines = inspect.cleandoc(self.epilog or "").splitlines()
        formatter.write("".join(f"{line}\n" for line in ("", *lines)) if lines else "")


class PanelCommand(_Panels, TyperCommand):
    """A command that shows its options by panels."""


class PanelGroup(_Panels, TyperGroup):
    """A command that has others below it, and takes files: what is the name of one below is no file."""

    allow_interspersed_args = True

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Leave everything to the command below, if there is one; its options are not this one's."""
        if not args or args[0] not in self.commands:
            return super().parse_args(ctx, args)
        super().parse_args(ctx, [])
        ctx._protected_args, ctx.args = args[:1], args[1:]
        return list(ctx.args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, each panel, and the commands below."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def _place(parameter: object, places: Mapping[str, int]) -> int:
    """Arguments first, then panels, then the rest."""
    if isinstance(parameter, TyperOption):
        return places.get(parameter.name or "", len(places) + 1)
    return 0


def _title(parameter: object) -> str:
    if isinstance(parameter, TyperArgument):
        return "Arguments"
    return getattr(parameter, "rich_help_panel", None) or "Options"
