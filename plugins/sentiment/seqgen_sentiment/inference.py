"""The base's settings that follow from the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqgen import SettingsInference
from seqgen.contract.wrapping import Wrapper
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.reading import LabelledReader
from seqgen_sentiment.settings import SentimentSettings


class LabelledInference(Wrapper, SettingsInference[LabelledItem]):
    """Infers the base's settings from the content. Of a table, the first file that it names is inspected."""

    wrapped: SettingsInference[Any]

    def __init__(self, wrapped: SettingsInference[Any], settings: SentimentSettings, reader: LabelledReader) -> None:
        self.wrapped = wrapped
        self.settings = settings
        self.reader = reader

    def is_needed(self) -> bool:
        return self.wrapped.is_needed()

    def inspect(self, path: Path) -> Any:
        return self.wrapped.inspect(self.reader.content_file(path))

    def infer(self, findings: Sequence[Any]) -> Any:
        return self.settings.with_base(self.wrapped.infer(findings))
