"""Training: one step, the loop, checkpoints, and the log of a run."""
