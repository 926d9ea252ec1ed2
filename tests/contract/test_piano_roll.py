import json

import numpy as np

from seqgen.contract.piano_roll import PianoRoll


def test_a_piano_roll_is_json():
    notes = np.array([[0, 0.50004, 60, 0.786, 0], [0.5, 1, 64, 1, 1]])
    roll = PianoRoll(notes, np.array([-1, 0, 1]), ("Soprano", "Drums"), (False, True), (0.0, 2.00004), 0, "C major")
    assert json.loads(json.dumps(roll.as_json())) == {
        "notes": [[0, 0.5, 60, 0.79, 0], [0.5, 1, 64, 1, 1]],
        "tracks": ["Soprano", "Drums"],
        "is_drums": [False, True],
        "bar_lines": [0, 2],
        "first_bar": 0,
        "title": "C major",
    }
