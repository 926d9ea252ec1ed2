"""Turns files into a corpus."""
