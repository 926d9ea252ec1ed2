"""seqgen: train an LSTM with attention on your own sequences, and generate new ones.

A plugin imports the names in `__all__`, and the packages `seqgen.contract` and `seqgen.grammar`. Every name is imported
when it is first used (PEP 562): `import seqgen` loads nothing, and TensorFlow is loaded by `train`, `load`, `evaluate`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqgen.contract.capabilities import (
        BrowserDisplay,
        Capability,
        Deduplication,
        Defaults,
        Display,
        Metrics,
        Prediction,
        Prompting,
        Reading,
        SettingsInference,
        Training,
        VocabularyLearning,
    )
    from seqgen.contract.core import INTERFACE_VERSION
    from seqgen.contract.discovery import load_domain
    from seqgen.contract.documents import (
        Answer,
        AuxiliaryTargets,
        Example,
        Prompt,
        PromptConditions,
        Record,
        Remark,
    )
    from seqgen.contract.domain import Domain
    from seqgen.contract.options import Options
    from seqgen.contract.oracle import Oracle
    from seqgen.contract.vocabulary import Learned, Vocabulary
    from seqgen.corpus.recipes.downloads import cache_folder
    from seqgen.engine.decoding.sampling_options import SamplingOptions
    from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation
    from seqgen.engine.scoring.neural_cache import NeuralCache
    from seqgen.errors import (
        BrokenStream,
        BundleError,
        CorpusError,
        EmptyLanguage,
        ImpossibleConstraints,
        InvalidValue,
        MissingCapability,
        OutputError,
        PluginError,
        PluginFailure,
        SeqgenError,
        SeqgenWarning,
        TooManyStates,
        TrainingError,
        UnknownName,
        UnreachableBudget,
        UnusableFile,
        UsageError,
    )
    from seqgen.files import atomic_write
    from seqgen.grammar import BOS, EOS, Grammar
    from seqgen.workflows.build import build
    from seqgen.workflows.evaluate import evaluate
    from seqgen.workflows.load import load
    from seqgen.workflows.train import train

__version__ = "0.2.0"
__all__ = [
    "BOS",
    "EOS",
    "INTERFACE_VERSION",
    "Answer",
    "AuxiliaryTargets",
    "BrokenStream",
    "BrowserDisplay",
    "BundleError",
    "Capability",
    "CorpusError",
    "Deduplication",
    "Defaults",
    "Display",
    "Domain",
    "DynamicEvaluation",
    "EmptyLanguage",
    "Example",
    "Grammar",
    "ImpossibleConstraints",
    "InvalidValue",
    "Learned",
    "Metrics",
    "MissingCapability",
    "NeuralCache",
    "Options",
    "Oracle",
    "OutputError",
    "PluginError",
    "PluginFailure",
    "Prediction",
    "Prompt",
    "PromptConditions",
    "Prompting",
    "Reading",
    "Record",
    "Remark",
    "SamplingOptions",
    "SeqgenError",
    "SeqgenWarning",
    "SettingsInference",
    "TooManyStates",
    "Training",
    "TrainingError",
    "UnknownName",
    "UnreachableBudget",
    "UnusableFile",
    "UsageError",
    "Vocabulary",
    "VocabularyLearning",
    "atomic_write",
    "build",
    "cache_folder",
    "evaluate",
    "load",
    "load_domain",
    "train",
]
_NAMES_BY_MODULE = {
    "files": ("atomic_write",),
    "contract.capabilities": (
        "Capability",
        "BrowserDisplay",
        "Deduplication",
        "Defaults",
        "Display",
        "SettingsInference",
        "VocabularyLearning",
        "Metrics",
        "Prediction",
        "Prompting",
        "Reading",
        "Training",
    ),
    "contract.core": ("INTERFACE_VERSION",),
    "contract.discovery": ("load_domain",),
    "contract.documents": (
        "Answer",
        "AuxiliaryTargets",
        "Example",
        "Prompt",
        "PromptConditions",
        "Record",
        "Remark",
    ),
    "contract.domain": ("Domain",),
    "contract.options": ("Options",),
    "contract.oracle": ("Oracle",),
    "contract.vocabulary": (
        "Learned",
        "Vocabulary",
    ),
    "corpus.recipes.downloads": ("cache_folder",),
    "engine.decoding.sampling_options": ("SamplingOptions",),
    "engine.scoring.dynamic_evaluation": ("DynamicEvaluation",),
    "engine.scoring.neural_cache": ("NeuralCache",),
    "errors": (
        "BrokenStream",
        "BundleError",
        "CorpusError",
        "EmptyLanguage",
        "ImpossibleConstraints",
        "InvalidValue",
        "MissingCapability",
        "OutputError",
        "PluginError",
        "PluginFailure",
        "SeqgenError",
        "SeqgenWarning",
        "TooManyStates",
        "TrainingError",
        "UnknownName",
        "UnreachableBudget",
        "UnusableFile",
        "UsageError",
    ),
    "grammar": (
        "BOS",
        "EOS",
        "Grammar",
    ),
    "workflows.build": ("build",),
    "workflows.evaluate": ("evaluate",),
    "workflows.load": ("load",),
    "workflows.train": ("train",),
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'seqgen' has no attribute {name!r}")
    return getattr(importlib.import_module(f"seqgen.{_MODULE_OF[name]}"), name)
