"""The constraints on samples, in any encoding. A constraint narrows the grammar, so every sample satisfies it."""
