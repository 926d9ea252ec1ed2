"""The sound of drums on a web page: the studio's page and those that plugins write play the same."""

from __future__ import annotations

from importlib.resources import files


def drum_script() -> str:
    """Returns JavaScript that defines `drumSound(audio, out, at, pitch, loudness)`."""
    return files("seqgen.contract").joinpath("drum_sound.js").read_text(encoding="utf-8")
