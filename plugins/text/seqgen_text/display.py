"""How a text is shown on the page of samples."""

from __future__ import annotations

from seqgen import Display
from seqgen.contract.escaping import html_text


class TextDisplay(Display[str]):
    """Shows the text, with its prompt marked."""

    def html(self, item: str, given: str | None = None) -> str:
        given = given if given and item.startswith(given) else ""
        marked = f"<mark>{html_text(given)}</mark>" if given else ""
        return f"<pre>{marked}{html_text(item[len(given) :])}</pre>"
