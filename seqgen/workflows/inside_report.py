"""Draws what happens inside a model while it reads a file, and lists the units that follow something with a name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen.contract.capabilities import Display
from seqgen.contract.piano_roll import PianoRoll
from seqgen.engine.model import Model
from seqgen.engine.scoring.introspection import Introspector
from seqgen.files import atomic_write
from seqgen.workflows.file_records import read_file
from seqgen.workflows.inside import NamedUnit, find_named_units, token_features
from seqgen.workflows.reports.inside_pictures import draw_attention, draw_gradients, draw_layer, draw_units

if TYPE_CHECKING:
    from seqgen.workflows.trained_model import TrainedModel

MAX_TOKENS = 600
"""So many tokens are drawn; more would not be told apart in a picture."""
DRAWN_UNITS = 8
MAX_DISTANCE = 128
GRADIENT_ENDS = 4
"""Gradients are averaged over so many tokens."""
COMPARED_CELLS = ("lstm", "rnn")


@dataclass(frozen=True)
class InsideReport:
    """What was found.

    tokens: how many tokens were read
    files:  the pictures
    units:  the units that follow something with a name, the closest first
    """

    tokens: int
    files: list[Path]
    units: list[NamedUnit]


def write_inside_report(trained: TrainedModel, source: Path, folder: Path) -> InsideReport:
    """Draws the first document of a file into a folder. Raises UnusableFile and OutputError.

    There is a picture of the gates and states of each layer, one of the units that were found, one of attention if the
    model has it, and one of how far back gradients reach, in this model and in untrained ones of two cells.
    """
    ids = next(iter(read_file(trained.domain, source, "encode"))).ids[:MAX_TOKENS]
    activations, features = trained.activations(ids), token_features(trained, ids)
    units, roll, files = find_named_units(activations, features), _roll(trained, ids), []
    for layer in range(trained.model.settings.num_layers):
        files.append(folder / f"layer-{layer + 1}.png")
        with atomic_write(files[-1]) as temporary:
            draw_layer(activations, layer, activations.tokens, roll, temporary)
    states = activations.hidden_states if activations.cell_states is None else activations.cell_states
    closest = {unit.feature: unit for unit in reversed(units)}
    drawn = {title_of(unit): unit for unit in [unit for unit in units if closest[unit.feature] is unit][:DRAWN_UNITS]}
    if drawn:
        files.append(folder / "units.png")
        with atomic_write(files[-1]) as temporary:
            draw_units(
                {title: states[:, unit.layer, unit.unit] for title, unit in drawn.items()},
                {title: features[unit.feature] for title, unit in drawn.items()},
                activations.tokens, roll, temporary,
            )  # fmt: skip
    if activations.attention is not None:
        files.append(folder / "attention.png")
        with atomic_write(files[-1]) as temporary:
            draw_attention(activations.attention[:, 0], activations.tokens, temporary)
    files.append(folder / "gradients.png")
    with atomic_write(files[-1]) as temporary:
        draw_gradients(gradients_of_cells(trained, ids), temporary)
    return InsideReport(len(ids), files, units)


def title_of(unit: NamedUnit) -> str:
    """Returns a unit and what it follows, in words."""
    return f"layer {unit.layer + 1}, unit {unit.unit}: {unit.feature} ({unit.correlation:+.2f})"


def gradients_of_cells(trained: TrainedModel, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the gradient norm by distance float64[K + 1], in the first layer: of the model, and of untrained ones."""
    model, distance = trained.model, min(MAX_DISTANCE, len(ids) - 2)
    models = {f"this model ({model.settings.cell})": Introspector(model)}
    for cell in COMPARED_CELLS:
        settings = model.settings.model_copy(update={"cell": cell})
        untrained = Model.new(settings, model.grammar, 0, model.registers, model.conditions)
        models[f"{cell}, untrained"] = Introspector(untrained)
    ends = np.unique(np.linspace(distance + 2, len(ids), GRADIENT_ENDS).astype(int)).tolist()
    return {
        name: np.mean([one.gradient_norms(ids[:end], distance)[:, 0] for end in ends], axis=0)
        for name, one in models.items()
    }


def _roll(trained: TrainedModel, ids: np.ndarray) -> PianoRoll | None:
    display = trained.domain.display
    if not isinstance(display, Display) or not display.offers("piano_roll"):
        return None
    return display.piano_roll(trained.domain.decode(ids), ids)
