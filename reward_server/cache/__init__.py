"""Verdicts that need not be worked out twice."""
