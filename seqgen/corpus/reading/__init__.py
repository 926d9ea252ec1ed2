"""Reads files from outside in worker processes."""
