"""Questions about a take, which the worker answers with the loaded model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Metrics
from seqgen.corpus.storage.store import Corpus
from seqgen.errors import CorpusError, TrainingError, UsageError
from seqgen.studio.documents import by_note, item_of, likely_tokens, nats_of, token_texts
from seqgen.studio.takes import Take
from seqgen.workflows.reports.copied_passages import copied_lengths


def novelty(trained: Any, take: Take) -> dict[str, Any]:
    """Returns how long a passage of the training data each note or token is a part of: {"lengths": […]}.

    Raises UsageError if the training data is not at hand.
    """
    corpus = training_corpus(trained.bundle.path)
    if corpus is None:
        raise UsageError("The training data of this model is not beside it, so nothing can be compared with it.")
    metrics = trained.domain.metrics or Metrics()
    (lengths,) = copied_lengths([take.ids], corpus.documents("train"), metrics.copy_symbols)
    display = trained.domain.display
    if display is not None and display.offers("piano_roll"):
        roll = display.piano_roll(item_of(trained.domain, take), take.ids)
        longest = np.zeros(len(roll.notes), int)
        has_note = roll.note_numbers >= 0
        np.maximum.at(longest, roll.note_numbers[has_note], lengths[has_note])
        return {"lengths": longest.tolist()}
    return {"lengths": lengths.tolist()}


def training_corpus(bundle: Path) -> Corpus | None:
    """Returns the corpus that a run was trained on, or None if the bundle is in no run or the corpus is gone."""
    from seqgen.models.run_settings import RunSettings

    run = bundle.parent
    try:
        settings = RunSettings.read(run)
        return Corpus.open(run / settings.corpus)
    except (CorpusError, TrainingError):
        return None


def surprise(trained: Any, take: Take) -> dict[str, Any]:
    """Returns how improbable each note or token of a take is: {"nats": […]}.

    Tokens that are text come with the likeliest ones at each place.
    """
    ids = take.ids
    probabilities = trained.probabilities(ids[:-1])
    nats = nats_of(ids, probabilities)
    display = trained.domain.display
    if display is not None and display.offers("piano_roll"):
        roll = display.piano_roll(item_of(trained.domain, take), ids)
        return {"nats": by_note(nats, roll.note_numbers, len(roll.notes))}
    return {
        "nats": [round(value, 3) for value in nats.tolist()],
        "texts": token_texts(trained.domain, ids),
        "tokens": likely_tokens(trained.domain, ids, probabilities),
    }
