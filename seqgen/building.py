"""The use-case `build`: files, folders or a recipe become a corpus. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqgen.corpus.build import Progress as BuildProgress
from seqgen.corpus.build import build as build_corpus
from seqgen.corpus.recipes import find_recipe, recipes
from seqgen.corpus.store import Corpus
from seqgen.errors import UnknownName, UsageError
from seqgen.plugins import load_domain


def build(
    sources: Sequence[Path | str],
    out: Path | str,
    *,
    domain: str | None = None,
    settings: Mapping[str, Any] | None = None,
    bundled_only: bool = False,
    progress: BuildProgress | None = None,
) -> Corpus:
    """Makes a corpus of files and folders, or of the one recipe that is named, in the new folder `out`.

    `domain` may be left out for a recipe. Raises CorpusError, OutputError, UnknownName, InvalidValue, UsageError.
    """
    if not sources:
        raise UsageError(
            "There is nothing to build from; name files, folders or a recipe ('seqgen corpora' lists them)."
        )
    recipe = None
    if len(sources) == 1 and not Path(sources[0]).exists() and str(sources[0]) in recipes():
        recipe = find_recipe(str(sources[0]))
        if domain not in (None, recipe.domain):
            raise UsageError(f"The recipe {recipe.name!r} is of the domain {recipe.domain!r}, not {domain!r}.")
    name = recipe.domain if recipe else domain
    if name is None:
        missing = [str(source) for source in sources if not Path(source).exists()]
        if len(sources) == 1 and missing:
            raise UnknownName("file, folder or recipe", missing[0], recipes())
        raise UsageError("What kind of data is this? Say --domain ('seqgen domains' lists them).")
    made = load_domain(name, bundled_only=bundled_only)
    values = {**(recipe.settings if recipe else {}), **(settings or {})}
    paths = recipe.files() if recipe else [Path(source) for source in sources]
    return build_corpus(made(made.Settings.from_mapping(values)), paths, Path(out), recipe=recipe, progress=progress)
