"""Verifiers: code that turns (completion, reference, params) into a verdict. One file each."""
