"""Music without files and without tokens: pieces, meters, tempos, keys, chords, instruments, voices."""
