"""Next steps in pieces: what of them is a command to copy, and what are words around it."""

#: A next step that begins so is a command as a whole, unless it has marked one.
_TOOLS = ("powertune ", "aws ")


def step_pieces(text: str) -> tuple[tuple[str, bool], ...]:
    """The pieces of a text, each with whether it is a command: it stands between backticks, or is all there is.

    A backtick that has no partner is one of the text.
    """
    pieces = text.split("`")
    if len(pieces) == 1:
        return ((text, text.startswith(_TOOLS)),)
    if len(pieces) % 2 == 0:
        *pieces, before, after = pieces
        pieces.append(f"{before}`{after}")
    return tuple((piece, bool(number % 2)) for number, piece in enumerate(pieces) if piece)


def plain_step(pieces: tuple[tuple[str, bool], ...]) -> str:
    """The text again; a command is marked only where there are words around it."""
    if len(pieces) == 1:
        return pieces[0][0]
    return "".join(f"`{piece}`" if is_command else piece for piece, is_command in pieces)
