"""Which plots are there, what does each answer, and how is one drawn by its name?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from accelsim.errors import AccelsimError, UsageError, did_you_mean
from accelsim.explore.pareto import pareto
from accelsim.files import check_suffix
from accelsim.report.facts.curves import bit_schemes
from accelsim.report.plots.bars import comparison_figure, energy_figure
from accelsim.report.plots.costs import cost_figure
from accelsim.report.plots.curves import bits_figure
from accelsim.report.plots.density import density_figure
from accelsim.report.plots.front import front_figure
from accelsim.report.plots.heat import heat_figure
from accelsim.report.plots.memory import memory_figure
from accelsim.report.plots.roofline import roofline_figure
from accelsim.report.plots.timeline import timeline_figure
from accelsim.report.plots.tornado import tornado_figure
from accelsim.report.plots.uses import uses_figure
from accelsim.report.plots.wish import METRICS, Wish
from accelsim.report.style import SUFFIXES, Chart, save
from accelsim.simulation.memory_needs import memory


@dataclass(frozen=True)
class Kind:
    """One kind of plot.

    Parameters
    ----------
    question : str
        What it answers.
    needs : str
        What it is drawn from.
    draw : callable
        Returns the figure of a `Wish`.
    """

    question: str
    needs: str
    draw: Callable[[Wish], Chart]


def _roofline(wish: Wish) -> Chart:
    if len(wish.schemes) > 1:
        return roofline_figure(*wish.comparison.results)
    return roofline_figure(wish.result)


def _heat(wish: Wish) -> Chart:
    if wish.points is None:
        raise UsageError(
            "a heat map needs a sweep: two parameters with values (--set array.rows=8,16,32), or its file."
        )
    return heat_figure(wish.points(), wish.x, wish.y, (wish.metrics or METRICS)[0])


def _pareto(wish: Wish) -> Chart:
    points = wish.comparison if wish.points is None else wish.points()
    return front_figure(pareto(points, wish.metrics or METRICS))


def _tornado(wish: Wish) -> Chart:
    if len(wish.schemes) > 1:
        sure = wish.comparison.uncertainty(unranged=wish.unranged)
        return tornado_figure(sure.tornado(sure.names[-1], sure.names[0]), _heading(wish))
    return tornado_figure(wish.result.uncertainty(unranged=wish.unranged).tornado(), _heading(wish))


def _heading(wish: Wish) -> str:
    return f"{wish.network.title or wish.network.name} on {', '.join(chip.name for chip in wish.chips)}: "


def _memory(wish: Wish) -> Chart:
    chip = wish.chip if wish.chips else None
    return memory_figure(memory(wish.network, list((wish.schemes or ("fp32",))[:1]), chip))


KINDS: Mapping[str, Kind] = {
    "costs": Kind(
        "What does an operation cost, by format, beside a word from each memory?", "a chip",
        lambda wish: cost_figure(wish.chip),
    ),
    "energy": Kind(
        "Where does the energy go, by layer, level or operand?", "a model, a chip, a scheme",
        lambda wish: energy_figure(wish.result, wish.by),
    ),
    "schemes": Kind(
        "How much energy does each scheme take, and how do they compare?", "a model, chips, schemes",
        lambda wish: comparison_figure(wish.comparison),
    ),
    "roofline": Kind(
        "Which layers are bound by bandwidth, which by the array?", "a model, a chip, one or several schemes", _roofline
    ),
    "bits": Kind(
        "What do fewer bits bring, for weights alone and for both operands?", "a model, a chip",
        lambda wish: bits_figure(wish.of_schemes(bit_schemes())),
    ),
    "heat": Kind("How does a metric change over two parameters?", "a sweep", _heat),
    "density": Kind(
        "How many MACs per second does a square millimeter give?", "chips; by default all",
        lambda wish: density_figure(wish.chips),
    ),
    "uses": Kind(
        "How often is a fetched weight used, layer by layer and batch by batch?", "a model, a chip, a scheme, batches",
        lambda wish: uses_figure(wish.of_batches),
    ),
    "pareto": Kind("Which points are not beaten in everything?", "a model, chips, schemes; or a sweep", _pareto),
    "tornado": Kind("Which cost matters most?", "a model, a chip, a scheme, or two to compare", _tornado),
    "timeline": Kind(
        "What happens when, and what is busy meanwhile?", "a model, a chip, a scheme",
        lambda wish: timeline_figure(wish.result),
    ),
    "memory": Kind("How much memory do activations take, layer by layer?", "a model, a scheme", _memory),
}  # fmt: skip
"""Every kind of plot by its name."""


def draw(kind: str, wish: Wish) -> Chart:
    """Return a plot by its name; an unknown one raises UsageError with the nearest."""
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"; there are {', '.join(KINDS)}."
        raise UsageError(f"there is no plot {kind!r}{hint}")
    return KINDS[kind].draw(wish)


def gallery(wish: Wish, folder: str | Path, suffix: str = ".svg") -> tuple[dict[str, Path], dict[str, str]]:
    """Write every plot that can be drawn into a folder, each named for its kind.

    Parameters
    ----------
    wish : Wish
    folder : path
        Made if it is not there.
    suffix : str
        ".svg", ".png" or ".pdf".

    Returns
    -------
    written : dict of kind to path
    left_out : dict of kind to str
        Why the others cannot be drawn.
    """
    place = Path(folder)
    check_suffix(f"plot{suffix}", SUFFIXES, "a plot")
    written: dict[str, Path] = {}
    left_out: dict[str, str] = {}
    for kind, one in KINDS.items():
        try:
            figure = one.draw(wish)
        except AccelsimError as error:
            left_out[kind] = error.message
            continue
        place.mkdir(parents=True, exist_ok=True)
        written[kind] = save(figure, place / f"{kind}{suffix}")
    return written, left_out
