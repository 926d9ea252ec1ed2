"""Measuring sequences: likelihood, attention, gates and gradients."""
