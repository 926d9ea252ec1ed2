"""From files to batches: reading, storage, recipes and building, in this order of imports."""
