"""A corpus on disk, and the batches that are made of it."""
