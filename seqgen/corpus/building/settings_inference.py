"""Infers settings that the user left open from some of the files. Workers inspect the files."""

from __future__ import annotations

import json
from typing import Any

from seqgen.contract.domain import Domain
from seqgen.corpus.reading.sources import SourceFiles
from seqgen.corpus.reading.workers import Limits, WorkerPool
from seqgen.corpus.storage.journal import Journal

MAX_INSPECTED_FILES = 24
"""They are spread evenly over all files."""
RESULT = "inferred.part"


def infer_settings(
    domain: Domain[Any], files: SourceFiles, file_count: int, journal: Journal, limits: Limits | None
) -> tuple[Domain[Any], list[str]]:
    """Returns the domain with complete settings, and remarks about what was inferred.

    The journal keeps the result, so that a continued build has the same settings. Raises PluginError.
    """
    inference = domain.inference
    if inference is None or not inference.is_needed():
        return domain, []
    file = journal.open(RESULT)
    if not file.tell():
        chosen = {number * file_count // MAX_INSPECTED_FILES for number in range(MAX_INSPECTED_FILES)}
        walk = files.walk(journal.folder, chosen.__contains__)
        inspected = (source for number, source in enumerate(walk) if number in chosen)
        with WorkerPool(domain, limits=limits, task="inspect", spool=journal.folder) as pool:
            findings = [one.value for _, content in pool.read(inspected) for one in content.observations]
        inferred = inference.infer(findings).model_dump(mode="json")
        before = domain.settings.model_dump(mode="json")
        changed = {key: value for key, value in inferred.items() if value != before[key]}
        remarks = [f"{key}={value}, guessed from {len(findings)} of the files" for key, value in changed.items()]
        file.write(json.dumps({"settings": inferred, "remarks": remarks}).encode())
        journal.commit()
    result = json.loads((journal.folder / RESULT).read_text(encoding="utf-8"))
    return type(domain)(domain.Settings(**result["settings"])), result["remarks"]
