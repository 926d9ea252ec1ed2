"""How a text is shown on the page of samples."""

from __future__ import annotations

from seqgen import Display
from seqgen.contract.escaping import html_text


class TextDisplay(Display[str]):
    """Shows the text, with its prompt marked."""

    def html(self, item: str, prompt_item: str | None = None) -> str:
        prompt_item = prompt_item if prompt_item and item.startswith(prompt_item) else ""
        marked = f"<mark>{html_text(prompt_item)}</mark>" if prompt_item else ""
        return f"<pre>{marked}{html_text(item[len(prompt_item) :])}</pre>"
