"""Sandboxes: where model-written programs run, and the drivers that make them."""
