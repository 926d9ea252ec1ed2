"""What quantising means, in plain Python with exact fractions, note by note: the tests hold the encodings to it.

A note is (start, end, pitch, velocity, (program, is_drum, track number)), times in ticks of `resolution` a quarter.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

from seqgen_midi.encodings.drums import CLASSES


def nearest(value: Fraction) -> int:
    """The nearest whole number, halves upward."""
    return math.floor(value + Fraction(1, 2))


def binned(velocity: int, bins: int) -> int:
    """The middle (rounded down) of the velocities 1 … 127 that share a bin with this one."""
    mine = (velocity - 1) * bins // 127
    together = [other for other in range(1, 128) if (other - 1) * bins // 127 == mine]
    return (together[0] + together[-1]) // 2


def score(notes, resolution, grid, bins, parts):
    """The multiset of (start, duration, pitch, velocity, program, part or "drums")."""
    found, order = Counter(), {}
    for *_, (program, drums, track) in notes:
        if not drums:
            order.setdefault(program, set()).add(track)
    for start, end, pitch, velocity, (program, drums, track) in notes:
        first = nearest(Fraction(start * grid, resolution))
        length = max(1, nearest(Fraction((end - start) * grid, resolution)))
        if drums:
            found[first, 1, pitch, binned(velocity, bins), "drums"] += 1
        else:
            part = min(sorted(order[program]).index(track), parts - 1)
            found[first, length, pitch, binned(velocity, bins), (program, part)] += 1
    return found


def drums(notes, resolution, grid):
    """The set of (step, class) of all hits."""
    found = set()
    for start, _, pitch, _, (_, is_drum, _) in notes:
        if is_drum:
            names = [name for name, keys in CLASSES.items() if pitch in keys]
            found.add((nearest(Fraction(start * grid, resolution)), names[0] if names else "percussion"))
    return found


def seconds_at(tick, tempos, resolution) -> Fraction:
    """The time of a tick in seconds, exactly; tempos as (tick, microseconds a quarter)."""
    now, last, speed = Fraction(0), 0, 500_000
    for change, following in tempos:
        if change > tick:
            break
        now += Fraction((change - last) * speed, resolution * 1_000_000)
        last, speed = change, following
    return now + Fraction((tick - last) * speed, resolution * 1_000_000)


def performance(notes, resolution, tempos, bins):
    """The multiset of (start, duration, pitch, velocity), times in 10 ms."""
    found = Counter()
    for start, end, pitch, velocity, (_, is_drum, _) in notes:
        if not is_drum:
            first, last = (nearest(100 * seconds_at(tick, tempos, resolution)) for tick in (start, end))
            found[first, max(1, last - first), pitch, binned(velocity, bins)] += 1
    return found


def melody(notes, resolution, grid):
    """The list of (start, end, pitch) of one voice; None when two notes begin at one step."""
    found = []
    for start, end, pitch, *_ in sorted(notes):
        first = nearest(Fraction(start * grid, resolution))
        last = max(first + 1, nearest(Fraction(end * grid, resolution)))
        if found and found[-1][0] == first:
            return None
        if found:
            found[-1] = (found[-1][0], min(found[-1][1], first), found[-1][2])
        found.append((first, last, pitch))
    return found
