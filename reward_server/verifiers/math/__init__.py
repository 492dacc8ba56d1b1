"""The verifier of mathematical answers; one module per stage, in this order.

``extraction`` finds the answer in a completion, ``reading`` turns its text into trees by way of ``tokens`` and
``parser``, ``compare`` decides in tiers: ``canonical`` text, ``exact`` rationals, shapes with their elements
(``shapes``, ``reals``, ``equations``), evaluation with ``balls``, and SymPy (``symbolic``) last.
"""

from __future__ import annotations

from reward_server.verifiers.math.verifier import MathVerifier

__all__ = ["MathVerifier"]
