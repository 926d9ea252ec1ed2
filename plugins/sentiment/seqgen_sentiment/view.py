"""Where the content is within a labelled document."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqgen import BOS, EOS
from seqgen.contract.wrapping import BaseView
from seqgen_sentiment.frame import Frame
from seqgen_sentiment.labelled_item import LabelledItem


class ContentView(BaseView[LabelledItem, Any]):
    """The base's item is the content. The base's document is the ids of the content, and its EOS stands for `<end>`."""

    def __init__(self, layout: Frame) -> None:
        self.layout = layout

    def item(self, item: LabelledItem) -> Any:
        return item.content

    def document(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        content = np.flatnonzero(self.layout.is_content(ids))
        end = np.flatnonzero(ids == self.layout.end)[:1]
        document = np.concatenate([[BOS], ids[content], [EOS] * len(end)]).astype(np.int32)
        return document, np.concatenate([[0], content, end])
