"""Settings that were left open follow from a sample of the files, looked at in workers like all others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from seqgen.contract.domain import Domain
from seqgen.corpus.reading.sources import Source
from seqgen.corpus.reading.workers import Limits, Readers
from seqgen.corpus.storage.journal import Journal

SAMPLE = 24
"""Files, spread evenly over all of them."""
ANSWER = "settled.part"


def settled(
    domain: Domain[Any],
    files: Callable[[Callable[[int], bool]], Iterator[Source]],
    total: int,
    journal: Journal,
    limits: Limits | None,
) -> tuple[Domain[Any], list[str]]:
    """The domain with all of its settings decided, and what is to be said of it; the same again after an interruption.

    `files(wanted)` gives all `total` files in order. Raises PluginError.
    """
    inference = domain.inference
    if inference is None or not inference.is_needed():
        return domain, []
    file = journal.open(ANSWER)
    if not file.tell():
        chosen = {number * total // SAMPLE for number in range(SAMPLE)}
        sample = (source for number, source in enumerate(files(chosen.__contains__)) if number in chosen)
        with Readers(domain, limits=limits, task="inspect", spool=journal.folder) as readers:
            findings = [one.value for _, reading in readers.read(sample) for one in reading.observations]
        values = inference.infer(findings).model_dump(mode="json")
        asked = domain.settings.model_dump(mode="json")
        said = [f"{key}={value}, guessed from {len(findings)} of the files" for key, value in values.items()
                if value != asked[key]]  # fmt: skip
        file.write(json.dumps({"settings": values, "said": said}).encode())
        journal.commit()
    answer = json.loads((journal.folder / ANSWER).read_text(encoding="utf-8"))
    return type(domain)(domain.Settings(**answer["settings"])), answer["said"]
