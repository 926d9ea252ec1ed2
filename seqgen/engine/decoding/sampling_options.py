"""The settings of the sampling filters (filters.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seqgen.errors import InvalidValue

MAX_NGRAM_SIZE = 100


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """Settings of the sampling filters. By default, tokens are drawn from the model's distribution as it is."""

    temperature: float = 1.0
    """Divides the logits. Below 1, likely tokens become likelier; 0 takes the likeliest token (greedy decoding)."""
    top_k: int = 0
    """Draw from the k likeliest tokens; 0 is off."""
    top_p: float = 1.0
    """Draw from the likeliest tokens that together have probability p (nucleus sampling); 1 is off."""
    min_p: float = 0.0
    """Draw from tokens at least min_p times as likely as the likeliest; 0 is off."""
    repetition_penalty: float = 1.0
    """Makes tokens that have occurred less likely; 1 is off."""
    no_repeat_ngram_size: int = 0
    """No n-gram of this size occurs twice; 0 is off."""
    filters: Mapping[str, float] = field(default_factory=dict)
    """Values of more filters by name, such as {"typical": 0.9}: those of the hook seqgen_filters."""

    def __post_init__(self) -> None:
        """Raises InvalidValue for a value out of range."""
        if not (self.temperature == 0 or 0.01 <= self.temperature <= 100):
            raise InvalidValue(f"The temperature cannot be {self.temperature}; it must be 0, or between 0.01 and 100.")
        if self.top_k < 0:
            raise InvalidValue(f"top-k cannot be {self.top_k}; it must be 0 (off) or more.")
        if not 0 < self.top_p <= 1:
            raise InvalidValue(f"top-p cannot be {self.top_p}; it must be above 0 and at most 1 (off).")
        if not 0 <= self.min_p <= 1:
            raise InvalidValue(f"min-p cannot be {self.min_p}; it must be between 0 (off) and 1.")
        if not 1 <= self.repetition_penalty <= 100:
            raise InvalidValue(
                f"The repetition penalty cannot be {self.repetition_penalty}; it must be between 1 (off) and 100."
            )
        if not 0 <= self.no_repeat_ngram_size <= MAX_NGRAM_SIZE:
            raise InvalidValue(
                f"no_repeat_ngram_size cannot be {self.no_repeat_ngram_size}; "
                f"it must be between 0 (off) and {MAX_NGRAM_SIZE}."
            )
