"""Which options ask how sure an energy is, and what do they stand for?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.explore.uncertainty import Uncertainty

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--uncertainty", is_flag=True, help="Print what the published ranges of the costs leave open."),
    click.option(
        "--spread",
        metavar="S",
        help="With --uncertainty: how costs lie in their ranges: triangular, uniform, log-uniform.",
    ),
    click.option(
        "--unranged",
        metavar="SHARE",
        help="With --uncertainty: vary costs without a range too, such as 20% either way.",
    ),
)


def uncertainty_options(command: Command) -> Command:
    """Give a command the options of everything whose energies have ranges."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def check_uncertainty(uncertainty: bool, spread: str | None, unranged: str | None, other: bool) -> None:
    """Refuse options that mean nothing together, before anything is computed."""
    if not uncertainty and (spread is not None or unranged is not None):
        raise UsageError(f"{'--unranged' if spread is None else '--spread'} needs --uncertainty.")
    if uncertainty and other:
        raise UsageError("--uncertainty prints text or JSON; it excludes --csv and --explain.")
    if spread is not None:
        from accelsim.explore.spread import check_spread

        check_spread(spread)
    share_of(unranged)


def uncertainty_of(ask: Callable[..., Uncertainty], spread: str | None, unranged: str | None) -> Uncertainty:
    """Return the answer of ``result.uncertainty`` or ``comparison.uncertainty`` under the options."""
    return ask(**({} if spread is None else {"spread": spread}), unranged=share_of(unranged))


def share_of(text: str | None) -> float:
    """Return a share of at least 0 and less than 1 from "20%" or "0.2"; 0 where none is given."""
    if text is None:
        return 0.0
    number = text.strip()
    try:
        share = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise UsageError(f"--unranged must be a share from 0% to less than 100%, such as 20%; got {text!r}.")
    return share
