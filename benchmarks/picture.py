"""The figures as a picture: throughput as a share of the empty route's, by number of clients."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.measure import YARDSTICK, Figure


def draw(figures: Sequence[Figure], file: Path) -> None:
    """Writes an SVG whose bytes depend on the figures alone."""
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "kin", "font.size": 10, "svg.fonttype": "none"})
    figures = [figure for figure in figures if figure.units == 1]
    clients = list(dict.fromkeys(figure.clients for figure in figures if figure.work != YARDSTICK))
    works = [work for work in dict.fromkeys(figure.work for figure in figures) if work != YARDSTICK]
    drawing, axes = plt.subplots(figsize=(10, 4.5), layout="constrained")
    width = 0.8 / len(works)
    for i, work in enumerate(works):
        mine = [figure for figure in figures if figure.work == work]
        places = [clients.index(figure.clients) + (i - (len(works) - 1) / 2) * width for figure in mine]
        bars = axes.bar(places, [figure.ratio for figure in mine], width * 0.92, label=work)
        axes.bar_label(bars, [f"{figure.rate:,.0f}" for figure in mine], fontsize=6, padding=2, rotation=90)
    axes.axhline(1, color="0.4", linewidth=1)
    axes.annotate(YARDSTICK, (len(clients) - 0.5, 1), ha="right", va="bottom", color="0.4")
    axes.set_xticks(range(len(clients)), [f"{n} client{'s' if n > 1 else ''}" for n in clients])
    axes.set_ylabel("throughput as a share of the empty route's")
    axes.set_title("one worker; numbers on the bars: requests/s", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    drawing.savefig(file, metadata={"Date": None})
    plt.close(drawing)
