"""What a model says about given documents: likelihoods, distributions, and what happens inside it."""
