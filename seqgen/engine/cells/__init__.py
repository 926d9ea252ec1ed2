"""Recurrent cells: the equations of one step, and their gradients."""
