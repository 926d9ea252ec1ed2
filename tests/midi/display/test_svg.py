"""Piano rolls in SVG: well formed, and with every note in its place."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from seqgen_midi.display.svg import PITCH_HEIGHT, QUARTER_WIDTH, SECOND_WIDTH, piano_roll_svg, write_svg
from seqgen_midi.music.piece import Piece, Track

NAMESPACE = "{http://www.w3.org/2000/svg}"
NOTES = list(np.array([(0, 4, 60, 127, 0), (4, 8, 64, 0, 0), (8, 4, 36, 64, 1)]).T)
TRACKS = [Track(name="<b>Lead"), Track(is_drums=True)]


def test_the_boxes_are_the_notes(tmp_path: Path) -> None:
    path = write_svg(Piece.of(4, TRACKS, NOTES, meters=[(0, 4, 4)]), tmp_path / "piece")
    assert path == tmp_path / "piece.svg"
    root = ElementTree.parse(path).getroot()
    tracks = [[box.attrib for box in group] for group in root.findall(f"{NAMESPACE}g")]
    assert [[float(box["x"]) / QUARTER_WIDTH for box in track] for track in tracks] == [[0, 1], [2]]
    assert [[(float(box["width"]) + 1) / QUARTER_WIDTH for box in track] for track in tracks] == [[1, 2], [1]]
    (low, high), (drum,) = ([float(box["y"]) for box in track] for track in tracks)
    assert (low - high, drum - low) == (4 * PITCH_HEIGHT, 24 * PITCH_HEIGHT)


def test_a_piece_without_meters_is_drawn_in_real_time() -> None:
    root = ElementTree.fromstring(piano_roll_svg(Piece.of(4, TRACKS, NOTES)))
    boxes = [
        float(box.attrib["x"]) for box in root.iter(f"{NAMESPACE}rect") if box.find(f"{NAMESPACE}title") is not None
    ]
    seconds = Piece.of(4, TRACKS, NOTES).seconds(np.array([0, 4, 8]))
    np.testing.assert_allclose(boxes, SECOND_WIDTH * seconds, atol=0.1)
    assert root.find(f"{NAMESPACE}text") is None


def test_the_prompt_is_shaded_and_an_overlay_is_drawn_last() -> None:
    root = ElementTree.fromstring(piano_roll_svg(Piece.of(4, TRACKS, NOTES), 4, "<g class='over'/>"))
    assert [box.attrib["class"] for box in root if "class" in box.attrib] == ["given", "over"]
    assert list(root)[-1].attrib["class"] == "over"
