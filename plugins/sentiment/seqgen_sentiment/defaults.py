"""What is recommended for labelled content: what the base recommends, but for its constraints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqgen import Defaults
from seqgen.contract.wrapping import Wrapper
from seqgen_sentiment.labelled_item import LabelledItem


class LabelledDefaults(Wrapper, Defaults[LabelledItem]):
    """The settings and sampling options of the base. Its constraints are not those of labelled content."""

    wrapped: Defaults[Any]

    def __init__(self, base: Defaults[Any]) -> None:
        self.wrapped = base

    def settings(self) -> Mapping[str, Any]:
        return self.wrapped.settings()

    def sampling(self) -> Mapping[str, float]:
        return self.wrapped.sampling()

    def offers(self, method: str) -> bool:
        return method != "constraints" and super().offers(method)
