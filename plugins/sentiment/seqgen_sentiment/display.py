"""How a labelled item is shown: as the base shows its content, with the label."""

from __future__ import annotations

from pathlib import Path

from seqgen.contract.escaping import html_text
from seqgen.contract.wrapping import WrappedDisplay
from seqgen_sentiment.labelled_item import LabelledItem, labelled_path


class LabelledDisplay(WrappedDisplay[LabelledItem]):
    """Shows the label above the content, and writes renderings into a folder that is named after the label."""

    def render(self, item: LabelledItem, rendering: str, path: Path, prompt_item: LabelledItem | None = None) -> Path:
        return super().render(item, rendering, labelled_path(item, path), prompt_item)

    def html(self, item: LabelledItem, prompt_item: LabelledItem | None = None) -> str:
        label = f"<p>{html_text(item.label)}</p>\n" if item.label else ""
        return label + super().html(item, prompt_item)
