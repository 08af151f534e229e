"""The command line: the only door to typer and rich."""
