"""The core of a domain: six methods that turn one kind of file into token ids and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic

import numpy as np

from seqgen.contract.documents import Example, Item, Record, Remark
from seqgen.contract.options import Options
from seqgen.contract.plugin_identity import PluginIdentity
from seqgen.contract.vocabulary import Learned, Vocabulary
from seqgen.grammar import Grammar, unconstrained

INTERFACE_VERSION = 2
"""The version of this contract. It grows when a plugin that was written for the version before no longer works."""


class Core(Generic[Item]):
    """Reads, encodes, decodes and writes one kind of data.

    `read`, `learn`, `encode`, `decode` and `write` must be implemented. `grammar` has a default.
    """

    name: ClassVar[str]
    """The name of the domain, as in `--domain midi`."""
    interface_version: ClassVar[int]
    """The version of the contract that the plugin was written for. Each plugin states it."""
    reads: tuple[str, ...] = ()
    """The file endings that `build` looks for in a folder, in lower case with their dot. Empty means every file."""
    unit: str = "token"
    """What reports call one token, as in "nats a note"."""
    plugin: ClassVar[PluginIdentity | None] = None
    """The plugin that the domain came with. Discovery sets it."""

    class Settings(Options):
        """What can be set when a model is trained. The bundle stores it."""

    class Constraints(Options):
        """What can be asked of a sample."""

    def __init__(
        self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        """Makes a domain with these settings, and with what `learn` returned, if something was learned already.

        settings:   an instance of `Settings`; the defaults if None
        vocabulary: the tokens; if None, what `learn` returns for no observations
        state:      the other state that `learn` returned
        """
        self.settings: Any = settings if settings is not None else self.Settings()
        learned = self.learned(()) if vocabulary is None else Learned(vocabulary, state or {})
        self.vocabulary: Vocabulary = learned.vocabulary
        self.state: Mapping[str, Any] = learned.state

    def read(self, path: Path) -> Iterator[Item | Record[Item] | Remark]:
        """Yields the items of one file, with or without metadata, and remarks.

        Raises UnusableFile, and nothing else, if the file cannot be used. `read` runs in a worker process.
        """
        raise NotImplementedError

    def learn(self, observations: Iterable[Any]) -> Vocabulary | Learned:
        """Returns the vocabulary, with other learned state if there is any.

        A fixed vocabulary does not look at `observations`. One that is learned from data iterates over them: there is
        one observation for each document of the training split (see `VocabularyLearning.observe`; by default the
        item). They can be iterated over several times and are never all in memory. `learn` is called without
        observations when a domain is made without a vocabulary.
        """
        raise NotImplementedError

    def encode(self, item: Item) -> Example:
        """Returns the ids and weights of an item. Raises UnusableFile for an item that has no encoding.

        `encode` runs in a worker process.
        """
        raise NotImplementedError

    def decode(self, ids: np.ndarray) -> Item:
        """Returns the item of ids int32[n]. Works for every document of the grammar, whole or cut after any token."""
        raise NotImplementedError

    def write(self, item: Item, path: Path) -> list[Path]:
        """Writes an item to `path` with the domain's own ending added, and returns the files that were made.

        The file is written completely or not at all (`seqgen.atomic_write`). Raises OutputError.
        """
        raise NotImplementedError

    def grammar(self, constraints: Any = None) -> Grammar:
        """Returns the automaton of the documents, narrowed by `constraints`. By default any token may follow any other.

        Raises ImpossibleConstraints.
        """
        return unconstrained(len(self.vocabulary))

    def learned(self, observations: Iterable[Any]) -> Learned:
        """Returns what `learn` returns, always with its state."""
        found = self.learn(observations)
        return found if isinstance(found, Learned) else Learned(found)
