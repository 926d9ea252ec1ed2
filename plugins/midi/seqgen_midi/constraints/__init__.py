"""What can be asked of samples in any encoding. A constraint narrows the grammar, so every sample satisfies it."""
