"""The bundled plugin for music in MIDI files and scores: registers the domain `midi`.

What the entry point loads stays cheap: the domain is imported when seqgen first asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from seqgen_midi.domain import MidiDomain

hookimpl = pluggy.HookimplMarker("seqgen")


@hookimpl
def seqgen_domain() -> type[MidiDomain]:
    """The domain that this plugin brings."""
    from seqgen_midi.domain import MidiDomain

    return MidiDomain
