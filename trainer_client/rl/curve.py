"""A learning curve, as a picture and as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Points = Sequence[tuple[int, float]]

WIDTH = 50


def draw(points: Points) -> str:
    """One bar for each point; shares of 0..1."""
    return "\n".join(f"{step:>5} {'█' * round(WIDTH * share):<{WIDTH}} {share:.2f}" for step, share in points)


def png(points: Points, path: Path, title: str) -> Path:
    """Write the curve to ``path``, and return it."""
    import matplotlib  # lazily: a second to import

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(*zip(*points, strict=True), marker="o")
    axes.set(xlabel="RL step", ylabel="pass@1", ylim=(0, 1), title=title)
    axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return path
