"""Which options say that a model is trained, and how?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.simulation.training import Training

_OPTIONS = (
    click.option(
        "--pass",
        "pass_",
        default="inference",
        show_default=True,
        metavar="PASS",
        help="inference, or training: forward, both gradients and updates.",
    ),
    click.option("--optimizer", metavar="NAME", help="With --pass training: adam (default), momentum or sgd."),
    click.option("--gradients", metavar="F", help="Format of the gradients of parameters; fp32 by default."),
    click.option("--states", metavar="F", help="Format of optimizer states and master weights; fp32 by default."),
)


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a training step."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def training_of(pass_: str, **given: str | None) -> Training | None:
    """Return how to train, or None where nothing is said of it.

    Raises
    ------
    UsageError
        Something is said of it, but the pass is not training.
    """
    stated = {name: value for name, value in given.items() if value is not None}
    if not stated:
        return None
    from accelsim.simulation.training import TRAINING, Training, check_pass

    if check_pass(pass_) != TRAINING:
        raise UsageError(f"--{next(iter(stated))} speaks of training; give --pass training with it.")
    return Training(**stated)
