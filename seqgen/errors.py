"""Every error that a user of seqgen can meet: one sentence that says what, where, and what to do.

SeqgenError
├── UsageError                 the call was wrong (the command exits with 2)
│   ├── UnknownName            no domain, setting, constraint, recipe or size is called that
│   ├── InvalidValue           a setting or constraint has a value that cannot be
│   └── MissingCapability      the domain does not offer what was asked for
├── UnusableFile               a file cannot be read as this domain's data
├── CorpusError                files, shards or a split that cannot be trained on
├── ImpossibleConstraints      no sequence satisfies what was asked for, or none that can be found
│   ├── EmptyLanguage          no sequence satisfies everything at once
│   ├── TooManyStates          the automaton of what was asked for is too large
│   ├── UnreachableBudget      sequences of that cost cannot be made token by token
│   └── BrokenStream           a sequence that was shown while it was drawn cannot go on
├── PluginError                a plugin is broken, missing, or one of two with the same name
│   └── PluginFailure          a method of a plugin fails, or returns what the contract does not allow
├── TrainingError              training cannot start, go on or be resumed
├── BundleError                a trained model's files are missing, damaged or of another shape
└── OutputError                a result cannot be written where it was asked for

SeqgenWarning is no error: it says something about a result that is good.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

MAX_NAME_LENGTH = 40
"""How much of an unknown name is shown."""
MAX_NAMES_LENGTH = 80
"""How much of the names that exist is shown: a sentence stays short however many settings a domain has."""


class SeqgenError(Exception):
    """The root: catch this one to catch whatever seqgen says to a user."""


class SeqgenWarning(UserWarning):
    """Something that a user may want to know about a result that is good: one sentence."""


class UsageError(SeqgenError):
    """The call itself was wrong."""


class UnknownName(UsageError):
    """Nothing is called that; names what exists and suggests the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        name = name if len(name) <= MAX_NAME_LENGTH else f"{name[: MAX_NAME_LENGTH - 1]}…"
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        super().__init__(f"There is no {kind} {name!r}; {hint}there is: {_listed(names) or 'none'}.")


def _listed(names: Sequence[str]) -> str:
    """Returns the first of the names that have room, and how many more there are."""
    shown = next((count for count in range(len(names)) if len(", ".join(names[: count + 1])) > MAX_NAMES_LENGTH), None)
    return ", ".join(names) if shown is None else f"{', '.join(names[:shown])} and {len(names) - shown} more"


class InvalidValue(UsageError):
    """A setting or a constraint was given a value that cannot be."""


class MissingCapability(UsageError):
    """The domain does not offer a capability, or a method of one."""

    def __init__(self, domain: str, capability: str, method: str | None = None) -> None:
        what = f"{capability}.{method}" if method else capability
        super().__init__(
            f"The domain {domain!r} does not offer {what}; 'seqgen domains {domain}' lists what it offers."
        )
        self.domain = domain
        self.capability = capability
        self.method = method


class UnusableFile(SeqgenError):
    """A file cannot be used.

    `reason` is a short phrase under which dropped files are counted; `detail` is what is true of this one alone, such
    as the offset of the first byte that is wrong.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        self.detail = detail


class CorpusError(SeqgenError):
    """The files, the shards made from them or their split cannot be trained on."""


class ImpossibleConstraints(SeqgenError):
    """No sequence satisfies everything that was asked for, or none that can be found."""


class EmptyLanguage(ImpossibleConstraints):
    """No sequence satisfies everything at once."""


class TooManyStates(ImpossibleConstraints):
    """The automaton of what was asked for is too large."""


class UnreachableBudget(ImpossibleConstraints):
    """A document of the cost that was asked for cannot be made token by token."""


class BrokenStream(ImpossibleConstraints):
    """A sequence that was shown while it was drawn cannot go on, and another attempt might."""


class PluginError(SeqgenError):
    """A plugin is broken, missing, or shares its name with another."""


class PluginFailure(PluginError):
    """A method of a plugin raises an error that it must not raise, or returns a value that it must not return.

    `summary` is a phrase without the text of the error. Dropped items are counted under it.
    """

    def __init__(self, sentence: str, summary: str) -> None:
        super().__init__(sentence)
        self.summary = summary


class TrainingError(SeqgenError):
    """Training cannot start, go on or be resumed."""


class BundleError(SeqgenError):
    """The files of a trained model are missing, damaged, or do not fit together."""


class OutputError(SeqgenError):
    """A result cannot be written where it was asked for."""


def printable(text: str) -> str:
    """Returns foreign text as one line for a message. Characters that cannot be printed become question marks."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
