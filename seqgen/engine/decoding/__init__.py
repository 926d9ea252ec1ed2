"""Making sequences: sampling, beam search, guidance and infilling."""
