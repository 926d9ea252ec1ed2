"""Documents as JSON values for the page: notes in seconds, or texts of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Display
from seqgen.contract.domain import Domain
from seqgen.grammar import BOS
from seqgen.studio.takes import Take

NUM_LIKELY = 5
"""How many of the likeliest tokens are shown."""


def document_json(domain: Domain[Any], take: Take) -> dict[str, Any]:
    """Returns the document of a take: {"roll": …} for music, else {"tokens": […]}."""
    if not len(take.ids):
        return {}
    display = domain.display or Display()
    if display.offers("piano_roll"):
        return {"roll": display.piano_roll(item_of(domain, take), take.ids).as_json()}
    return {"tokens": token_texts(domain, take.ids)}


def item_of(domain: Domain[Any], take: Take) -> Any:
    """Returns the item of a take. One that was kept on disk is decoded."""
    if take.item is None:
        take.item = domain.decode(take.ids)
    return take.item


def changed_notes(before: Sequence[Any], after: Sequence[Any]) -> dict[str, Any]:
    """Returns the first note that differs, and all notes from it on."""
    first = next((n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    first = min(len(before), len(after)) if first is None else first
    return {"first": first, "notes": list(after[first:])}


def token_texts(domain: Domain[Any], ids: np.ndarray) -> list[str]:
    """Returns what people see of each of ids int32[n]; of a domain that streams no text, the names of the tokens."""
    if not domain.prompting.offers("stream_text"):
        return [domain.vocabulary[id] for id in ids.tolist()]
    texts, place = [""] * len(ids), 0

    def one_by_one() -> Iterator[np.ndarray]:
        nonlocal place
        for place in range(len(ids)):
            yield ids[place : place + 1]

    # A text is yielded while its last token is the one that was asked for last.
    for text in domain.prompting.stream_text(one_by_one()):
        texts[place] += text
    return texts


def likely_tokens(domain: Domain[Any], ids: np.ndarray, probabilities: np.ndarray) -> list[dict[str, Any]]:
    """Returns for each of ids int32[n] its probability and the likeliest tokens at its place; an empty one for BOS.

    probabilities: float32[n − 1, V] of the ids from the second one on
    """
    rows: list[dict[str, Any]] = [{}]
    texts: dict[int, str] = {}
    for id, distribution in zip(ids[1:].tolist(), probabilities, strict=True):
        likeliest = np.argsort(-distribution, kind="stable")[:NUM_LIKELY].tolist()
        for one in likeliest:
            if one not in texts:
                texts[one] = token_texts(domain, np.array([BOS, one], np.int32))[-1]
        rows.append(
            {
                "probability": round(float(distribution[id]), 6),
                "likeliest": [
                    {"id": one, "text": texts[one], "probability": round(float(distribution[one]), 6)}
                    for one in likeliest
                ],
            }
        )
    return rows


def nats_of(ids: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Returns −ln p of each of ids int32[n]: float[n], 0 for BOS. The other arguments are those of `likely_tokens`."""
    chosen = probabilities[np.arange(len(ids) - 1), ids[1:]]
    return np.concatenate([[0.0], -np.log(np.maximum(chosen, np.finfo(np.float32).tiny))])


def by_note(values: np.ndarray, note_numbers: np.ndarray, note_count: int) -> list[float]:
    """Returns the sum of values float[n] of the tokens of each note."""
    has_note = note_numbers >= 0
    summed = np.bincount(note_numbers[has_note], values[has_note], note_count)[:note_count]
    return [round(value, 3) for value in summed.tolist()]
