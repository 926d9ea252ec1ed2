"""seqgen: train an LSTM with attention on your own sequences, and generate new ones.

What a plugin may import is what stands here; TensorFlow is loaded only when `train` or `load` is first called.
"""

from __future__ import annotations

from typing import Any

from seqgen.atomic import atomic_write
from seqgen.domain import Domain, Example, Options, Oracle, Prompt, Vocabulary
from seqgen.errors import (
    BundleError,
    CorpusError,
    ImpossibleConstraints,
    InvalidValue,
    OutputError,
    PluginError,
    SeqgenError,
    TrainingError,
    UnknownName,
    UnusableFile,
    UsageError,
)
from seqgen.grammar import BOS, EOS, Grammar

__version__ = "0.1.0"
__all__ = [
    "BOS",
    "EOS",
    "BundleError",
    "CorpusError",
    "Domain",
    "Example",
    "Grammar",
    "ImpossibleConstraints",
    "InvalidValue",
    "Options",
    "Oracle",
    "OutputError",
    "PluginError",
    "Prompt",
    "SeqgenError",
    "TrainingError",
    "UnknownName",
    "UnusableFile",
    "UsageError",
    "Vocabulary",
    "atomic_write",
    "build",
    "evaluate",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    """The use-cases are imported when they are first asked for, so that `import seqgen` stays quick (PEP 562)."""
    if name in {"build", "evaluate", "load", "train"}:
        from seqgen import project

        return getattr(project, name)
    raise AttributeError(f"module 'seqgen' has no attribute {name!r}")
