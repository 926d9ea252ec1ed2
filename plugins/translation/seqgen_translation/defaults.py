"""The settings of the model that suit translation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqgen import Defaults
from seqgen_translation.sentence_pair import SentencePair


class PairDefaults(Defaults[SentencePair]):
    """Recommends attention that reaches the whole source, and streams of short documents."""

    def settings(self) -> Mapping[str, Any]:
        return {
            "num_layers": 1,
            "attention_window": 64,
            "attention_size": 256,
            "feed_forward_size": 512,
            "batch_size": 16,
            "bptt_length": 128,
            "dropout": 0.2,
            "dropout_mask": "locked",
        }
