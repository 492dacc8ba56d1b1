"""Structured data out of text, compared with a gold record field by field."""

from reward_server.verifiers.extraction.verifier import Extraction

__all__ = ["Extraction"]
