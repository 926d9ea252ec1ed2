"""Training: one step, the loop, checkpoints and the run log."""
