"""Generation: sampling, beam search, guidance, and infilling."""
