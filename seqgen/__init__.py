"""seqgen: train an LSTM with attention on your own sequences, and generate new ones.

What stands in `__all__`, with the module `seqgen.grammar`, is what a plugin may import. Every name is imported when it
is first asked for (PEP 562): `import seqgen` loads nothing, and TensorFlow waits for `train`, `load` or
`evaluate`, and for settings of the engine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqgen.atomic import atomic_write
    from seqgen.building import build
    from seqgen.corpus.fetching import cache_folder
    from seqgen.domain import Answer, Domain, Example, Options, Oracle, Prompt, Questions, Remark, Vocabulary
    from seqgen.engine.dynamic import DynamicEvaluation
    from seqgen.engine.neural_cache import NeuralCache
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
    from seqgen.loading import load
    from seqgen.plugins import load_domain
    from seqgen.project import evaluate, train

__version__ = "0.1.0"
__all__ = [
    "BOS",
    "EOS",
    "Answer",
    "BundleError",
    "CorpusError",
    "Domain",
    "DynamicEvaluation",
    "Example",
    "Grammar",
    "ImpossibleConstraints",
    "InvalidValue",
    "NeuralCache",
    "Options",
    "Oracle",
    "OutputError",
    "PluginError",
    "Prompt",
    "Questions",
    "Remark",
    "SeqgenError",
    "TrainingError",
    "UnknownName",
    "UnusableFile",
    "UsageError",
    "Vocabulary",
    "atomic_write",
    "build",
    "cache_folder",
    "evaluate",
    "load",
    "load_domain",
    "train",
]
_HOMES = {
    "atomic": ("atomic_write",),
    "building": ("build",),
    "corpus.fetching": ("cache_folder",),
    "domain": ("Answer", "Domain", "Example", "Options", "Oracle", "Prompt", "Questions", "Remark", "Vocabulary"),
    "grammar": ("BOS", "EOS", "Grammar"),
    "loading": ("load",),
    "engine.dynamic": ("DynamicEvaluation",),
    "engine.neural_cache": ("NeuralCache",),
    "plugins": ("load_domain",),
    "project": ("evaluate", "train"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'seqgen' has no attribute {name!r}")
    return getattr(importlib.import_module(f"seqgen.{_HOME_OF.get(name, 'errors')}"), name)
