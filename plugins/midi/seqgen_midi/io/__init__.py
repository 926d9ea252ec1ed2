"""Files of music: MIDI through symusic and pretty_midi, scores through music21, ABC."""
