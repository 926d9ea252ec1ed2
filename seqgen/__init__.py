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
    from seqgen.contract.discovery import load_domain
    from seqgen.contract.domain import Answer, Domain, Example, Options, Oracle, Prompt, Questions, Remark, Vocabulary
    from seqgen.corpus.recipes.downloads import cache_folder
    from seqgen.engine.decoding.sampling_options import SamplingOptions
    from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation
    from seqgen.engine.scoring.neural_cache import NeuralCache
    from seqgen.errors import (
        BundleError,
        CorpusError,
        EmptyLanguage,
        ImpossibleConstraints,
        InvalidValue,
        OutputError,
        PluginError,
        SeqgenError,
        TooManyStates,
        TrainingError,
        UnknownName,
        UnreachableBudget,
        UnusableFile,
        UsageError,
    )
    from seqgen.grammar import BOS, EOS, Grammar
    from seqgen.workflows.build import build
    from seqgen.workflows.evaluate import evaluate
    from seqgen.workflows.load import load
    from seqgen.workflows.train import train

__version__ = "0.1.0"
__all__ = [
    "BOS",
    "EOS",
    "Answer",
    "BundleError",
    "CorpusError",
    "Domain",
    "DynamicEvaluation",
    "EmptyLanguage",
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
    "SamplingOptions",
    "SeqgenError",
    "TooManyStates",
    "TrainingError",
    "UnknownName",
    "UnreachableBudget",
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
    "contract.discovery": ("load_domain",),
    "contract.domain": (
        "Answer",
        "Domain",
        "Example",
        "Options",
        "Oracle",
        "Prompt",
        "Questions",
        "Remark",
        "Vocabulary",
    ),
    "corpus.recipes.downloads": ("cache_folder",),
    "engine.decoding.sampling_options": ("SamplingOptions",),
    "engine.scoring.dynamic_evaluation": ("DynamicEvaluation",),
    "engine.scoring.neural_cache": ("NeuralCache",),
    "grammar": ("BOS", "EOS", "Grammar"),
    "workflows.build": ("build",),
    "workflows.evaluate": ("evaluate",),
    "workflows.load": ("load",),
    "workflows.train": ("train",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'seqgen' has no attribute {name!r}")
    return getattr(importlib.import_module(f"seqgen.{_HOME_OF.get(name, 'errors')}"), name)
