"""Recipes: where real data sets come from."""
