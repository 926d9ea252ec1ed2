"""Pictures of activations: one for each call, whatever the names of the tokens and the length of the document."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from seqgen.contract.piano_roll import PianoRoll
from seqgen.engine.scoring.introspection import Activations
from seqgen.workflows.reports.inside_pictures import draw_attention, draw_gradients, draw_layer, draw_units

RANDOM = np.random.default_rng(0)


def activations_of(count: int) -> Activations:
    values = RANDOM.random((count, 2, 6)).astype(np.float32)
    return Activations({"forget_gate": values}, 2 * values - 1, None, values, None)


@pytest.mark.parametrize("count", [1, 60])
def test_a_layer_is_drawn_with_and_without_notes(count, tmp_path):
    names = ["$x$", "\x1b[31m", "<b>"] * 20
    roll = PianoRoll(np.array([[0, 1, 60, 1, 0]]), np.where(np.arange(count) < 5, 0, -1), ("Piano $",), (False,))
    heights = []
    for notes in (None, roll):
        draw_layer(activations_of(count), 1, names[:count], notes, tmp_path / "layer.png")
        heights.append(Image.open(tmp_path / "layer.png").size[1])
    assert heights[1] > heights[0]


def test_attention_is_a_map_of_tokens(tmp_path):
    by_distance = np.zeros((30, 4), np.float32)
    by_distance[:, 0] = 1
    draw_attention(by_distance, [str(number) for number in range(30)], tmp_path / "attention.png")
    image = np.asarray(Image.open(tmp_path / "attention.png").convert("RGB")).astype(int)
    is_bright = (abs(image - [253, 231, 37]) < 8).all(-1)  # the highest colour, along the diagonal
    rows, columns = np.nonzero(is_bright[:, : image.shape[1] * 3 // 4])
    assert np.corrcoef(rows, columns)[0, 1] > 0.9


def test_units_and_gradients_are_drawn(tmp_path):
    title = "layer 1, unit 3: depth $ (+0.9)"
    draw_units({title: RANDOM.random(20)}, {title: np.arange(20)}, ["a"] * 20, None, tmp_path / "units.png")
    draw_gradients({"lstm": np.array([1, 0.5]), "rnn": np.array([0.0, 0.0])}, tmp_path / "gradients.png")
    for name in ("units", "gradients"):
        assert Image.open(tmp_path / f"{name}.png").size[0] > 500
