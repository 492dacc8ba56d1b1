"""Reward callables of the shape that each training framework calls; none of them imports its framework."""
