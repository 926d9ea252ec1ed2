"""How a text is shown on the page of samples."""

from __future__ import annotations

from html import escape

from seqgen import Display


class TextDisplay(Display[str]):
    """Shows the text, with its prompt marked."""

    def html(self, item: str, given: str | None = None) -> str:
        given = given if given and item.startswith(given) else ""
        marked = f"<mark>{escape(given)}</mark>" if given else ""
        return f"<pre>{marked}{escape(item[len(given) :])}</pre>"
