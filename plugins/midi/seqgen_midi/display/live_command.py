"""seqgen live: answers phrases that are played on a virtual MIDI port. Imports little before it runs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from seqgen import OutputError, UsageError
from seqgen.contract.escaping import terminal_text

if TYPE_CHECKING:
    from seqgen_midi.io.phrases import Clock

PORT_NAME = "seqgen"


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--silence", default=1.0, type=click.FloatRange(0.1, 60), show_default=True,
              help="So many seconds without a key end a phrase.")  # fmt: skip
@click.option("--tempo", default=100.0, type=click.FloatRange(20, 400), show_default=True,
              help="Quarters a minute in which you play.")  # fmt: skip
@click.option("--phrases", type=click.IntRange(0), help="End after so many phrases.  [default: go on until Ctrl-C]")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE",
              help="Ask for something that every answer has, as for 'sample'. Repeat it for more.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="The same phrases and the same seed have the same answers.")
def live(run: Path, silence: float, tempo: float, phrases: int | None, settings: tuple[str, ...], seed: int) -> None:
    """Answer what is played on a MIDI port with the model in RUN.

    The command opens a virtual port called 'seqgen', to which a keyboard or a DAW is connected. A phrase ends when no
    key has been down for --silence seconds. The model continues it, and the answer is played on the same port. With
    --set harmonise=S, a model of chorales plays the phrase with three more voices.
    """
    import seqgen
    from seqgen_midi.io.phrases import Clock

    constraints = dict(parse_pair(pair) for pair in settings)
    trained = seqgen.load(run)
    source, target = open_ports()
    with source, target:
        click.echo(f"Play on the MIDI port '{PORT_NAME}'. Silence of {silence:g} seconds ends a phrase.")
        number = 0
        while phrases is None or number < phrases:
            number += 1
            line = answer(trained, source, target, silence, tempo, constraints, seed + number, Clock())
            click.echo(terminal_text(f"phrase {number}: {line}"))


def parse_pair(pair: str) -> tuple[str, str]:
    """Returns the key and the value of `key=value`. Raises UsageError."""
    key, equals, value = pair.partition("=")
    if not equals or not key:
        raise UsageError(f"--set takes key=value, not {pair!r}.")
    return key, value


def open_ports() -> tuple[Any, Any]:
    """Returns a virtual input and a virtual output. Raises UsageError and OutputError."""
    import mido

    backend = mido.Backend()
    try:
        backend.load()
    except ImportError as error:
        raise UsageError("MIDI ports need a library: install seqgen with the extra 'live'.") from error
    try:
        return backend.open_input(PORT_NAME, virtual=True), backend.open_output(PORT_NAME, virtual=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputError(
            f"The MIDI port '{PORT_NAME}' cannot be opened: {error}; check that this system has MIDI ports (ALSA)."
        ) from error


def answer(
    trained: Any, source: Any, target: Any, silence: float, tempo: float, constraints: dict[str, str], seed: int,
    clock: Clock,
) -> str:  # fmt: skip
    """Waits for a phrase and plays the answer. Returns what was played and how long it took to begin."""
    from seqgen_midi.io.phrases import play_file, wait_for_phrase, write_phrase
    from seqgen_midi.prompts.defaults import GIVING_CONSTRAINTS

    phrase = wait_for_phrase(source, silence, clock)
    heard = clock.now()
    with TemporaryDirectory() as folder:
        prompt = Path(folder) / "phrase.mid"
        write_phrase(phrase, tempo, prompt)
        is_within = any(constraints.get(name) for name in GIVING_CONSTRAINTS)
        (sample, *_) = trained.sample(
            1, prompt=prompt, constraints=constraints, with_prompt=is_within, seed=seed
        )  # fmt: skip
        (file,) = trained.write_item(sample, Path(folder) / "answer")
        begun = play_file(file, target, clock)
    latency = f"answered after {begun - phrase.end:.2f} s ({begun - heard:.2f} s to draw the answer)"
    return f"{phrase.note_count} notes, {latency}"
