"""The voices of ABC tunes, gathered so that music21 reads them as sounding together.

music21 knows a voice by a line of its own with a number (`V:1`). It takes an inline field (`[V:1]`) or a name (`V:S`)
for nothing, so the voices of such a tune would follow one another.
"""

from __future__ import annotations

import re

from seqgen import UnusableFile

VOICE_FIELD = re.compile(r"^V:\s*(\S+)(.*)$", re.MULTILINE)
INLINE_VOICE = re.compile(r"\[V:\s*([^\]\s]+)[^\]]*\]")
FIELD = re.compile(r"^[A-Za-z+]:")
KEY_FIELD = re.compile(r"^K:.*$\n?", re.MULTILINE)
NO_MUSIC = re.compile(r'%.*|"[^"]*"|![^!]*!|\[[A-Za-z]:[^\]]*\]')
"""Comments, chord symbols and annotations, decorations, inline fields."""


def gather_voices(tune: str) -> str:
    """Returns a tune with each of its voices once, numbered, on lines of its own; a tune of one voice as it is.

    Raises UnusableFile for overlays (`&`), which give a voice a second line of notes within a bar.
    """
    key = KEY_FIELD.search(tune)
    if key is None:
        return tune
    head, body = tune[: key.end()], tune[key.end() :]
    if any("&" in NO_MUSIC.sub("", line) for line in body.splitlines() if not FIELD.match(line)):
        raise UnusableFile("a tune with overlays (&)")
    fields: dict[str, str] = {}
    for field in VOICE_FIELD.finditer(tune):
        fields.setdefault(field.group(1), field.group(2))
    for name in INLINE_VOICE.findall(body):
        fields.setdefault(name, "")
    if len(fields) < 2:
        return tune
    lines: dict[str, list[str]] = {name: [] for name in fields}
    voice = next(iter(fields))
    for line in INLINE_VOICE.sub(lambda field: f"\nV:{field.group(1)}\n", body).splitlines():
        if switch := VOICE_FIELD.match(line):
            voice = switch.group(1)
        elif line.strip():
            lines[voice].append(line)
    gathered = [(fields[name], music) for name, music in lines.items() if music]
    voices = ("\n".join([f"V:{number}{rest}", *music]) for number, (rest, music) in enumerate(gathered, 1))
    other_fields = (line for line in head.splitlines() if not VOICE_FIELD.match(line))
    return "\n".join(other_fields) + "\n" + "\n".join(voices) + "\n"
