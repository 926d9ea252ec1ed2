"""The bundled plugin for music in MIDI files and scores: the domain `midi`, SVG pictures, `seqgen live` and `render`.

What the entry points load stays cheap: everything else is imported when seqgen first asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from seqgen.contract.hooks import Renderer
    from seqgen_midi.domain import MidiDomain

hookimpl = pluggy.HookimplMarker("seqgen")


@hookimpl
def seqgen_domain() -> type[MidiDomain]:
    """Returns the domain that this plugin brings."""
    from seqgen_midi.domain import MidiDomain

    return MidiDomain


@hookimpl
def seqgen_commands() -> list[click.Command]:
    """Returns the commands `seqgen live` and `seqgen render`."""
    from seqgen_midi.display.live_command import live
    from seqgen_midi.display.render_command import render

    return [live, render]


@hookimpl
def seqgen_renderers() -> list[Renderer]:
    """Returns the renderer of piano rolls as vector graphics."""
    from seqgen.contract.hooks import Renderer
    from seqgen_midi.display.svg import write_svg

    return [Renderer("midi", "svg", write_svg)]
