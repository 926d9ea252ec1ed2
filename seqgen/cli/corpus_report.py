"""The report of a build, which `seqgen build` and `seqgen train` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.cli.output import print_table

if TYPE_CHECKING:
    from seqgen.corpus.storage.store import Corpus


def print_corpus(corpus: Corpus, place: str | None = None) -> None:
    """Prints what the corpus keeps, and what was dropped and why. `place` is where it is, if that is not its path."""
    splits = corpus.manifest["splits"]
    kept = [[name, str(part["documents"]), str(part["tokens"])] for name, part in splits.items()]
    print_table(f"Corpus {place or corpus.path}", ["kept", "documents", "tokens"], kept)
    if corpus.dropped:
        dropped = [[reason, str(count), corpus.examples[reason]] for reason, count in corpus.dropped.items()]
        print_table("", ["dropped because", "number", "for example"], dropped)
    if corpus.remarks:
        print_table("", ["remark", "number"], [[remark, str(count)] for remark, count in corpus.remarks.items()])
