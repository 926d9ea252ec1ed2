"""A domain of pairs wraps a domain of lines: the second line of a pair is what the base shows and measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from complete_domain import A, B, Complete, CompleteDisplay
from letters import Letters, Remembering

from seqgen import BOS, EOS, Deduplication, Display, Metrics, Record
from seqgen.contract.wrapping import (
    BaseView,
    WrappedDeduplication,
    WrappedDisplay,
    WrappedMetrics,
    learns_from_data,
)

SEPARATOR = 4
Pair = tuple[str, str]
PAIR: Pair = ("b", "ab")
IDS = np.array([BOS, B, SEPARATOR, A, B, EOS])


class TargetView(BaseView[Pair, str]):
    """The base's document is what follows the separator."""

    def item(self, item: Pair) -> str:
        return item[1]

    def document(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        separator = int(np.append(np.flatnonzero(ids == SEPARATOR), len(ids))[0])
        positions = np.array([0, *range(separator + 1, len(ids))])
        return ids[positions], positions


def test_the_bases_part_of_an_item_is_shown(tmp_path: Path) -> None:
    display = WrappedDisplay(Complete().display, TargetView())
    assert display.renderings == CompleteDisplay.renderings
    assert display.html(PAIR, ("b", "a")) == "<b>ab</b>a"
    assert display.script() == "play()"
    assert display.render(PAIR, "txt", tmp_path / "sample").read_text() == "ab None"


def test_surprise_is_that_of_the_bases_tokens(tmp_path: Path) -> None:
    display = WrappedDisplay(Complete().display, TargetView())
    drawn = display.draw_surprise(IDS, np.arange(6.0), tmp_path / "surprise")
    assert drawn.read_text() == f"{[BOS, A, B, EOS]} {[0.0, 3.0, 4.0, 5.0]}"


def test_notes_are_those_of_the_bases_tokens() -> None:
    roll = WrappedDisplay(Complete().display, TargetView()).piano_roll(PAIR, IDS)
    assert roll.title == "ab"
    assert roll.note_numbers.tolist() == [-1, -1, -1, 0, 1, -1]


def test_the_bases_part_of_an_item_is_measured() -> None:
    metrics = WrappedMetrics(Complete().metrics, TargetView())
    records = [Record(PAIR, {"row": 2})]
    assert metrics.period == 7
    assert metrics.sizes(PAIR) == {"letter": 2}
    assert metrics.compare(records, records) == {"held out": 2, "samples": 2}
    np.testing.assert_array_equal(metrics.token_features(IDS)["is b"], [0, 0, 0, 0, 1, 0])


@pytest.mark.parametrize("length", range(1, 7))
def test_copy_symbols_are_the_bases_however_a_document_is_cut(length: int) -> None:
    metrics = WrappedMetrics(Complete().metrics, TargetView())
    assert metrics.copy_symbols(IDS[:length]).tolist() == [-1, -1, -1, 10 + A, 10 + B, -1][:length]


def test_the_bases_part_of_an_item_tells_duplicates() -> None:
    deduplication = WrappedDeduplication(Complete().deduplication, TargetView())
    assert deduplication.differences == "case"
    assert deduplication.key(("b", "AB")) == deduplication.key(("a", "ab"))
    assert deduplication.group(Record(PAIR, {"source": "x"})) == ("a", "x")


def test_a_wrapper_offers_what_the_base_offers() -> None:
    class Pages(Display[str]):
        def html(self, item: str, prompt_item: str | None = None) -> str:
            return item

    view = TargetView()
    offered = {name for name in Display.method_names() if WrappedDisplay(Pages(), view).offers(name)}
    assert offered == {"html"}
    assert not WrappedMetrics(Metrics(), view).offers("sizes")
    assert not WrappedDeduplication(Deduplication(), view).offers("key")
    complete = Complete()
    for wrapped in (WrappedDisplay(complete.display, view), WrappedMetrics(complete.metrics, view)):
        assert all(wrapped.offers(name) for name in type(wrapped).method_names())


def test_a_domain_with_a_fixed_vocabulary_does_not_learn() -> None:
    assert not learns_from_data(Letters())
    assert learns_from_data(Remembering())
