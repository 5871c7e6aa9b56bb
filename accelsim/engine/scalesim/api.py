"""What does SCALE-Sim report of a topology on a configuration? One table, a row for each layer that it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.engine.scalesim.report import Convention, report_columns
from accelsim.errors import UsageError, did_you_mean
from accelsim.hardware.importers.scalesim import read_config
from accelsim.hardware.importers.scalesim_machine import Machine
from accelsim.workload.importers.scalesim import read_layers
from accelsim.workload.importers.scalesim_layer import TopologyLayer

if TYPE_CHECKING:
    import pandas as pd

CONVENTIONS = ("accelsim", "scalesim")


def scalesim_report(
    topology: str | Path | Sequence[TopologyLayer], config: str | Path | Machine, convention: Convention = "accelsim"
) -> pd.DataFrame:
    """Return the columns of SCALE-Sim's compute, bandwidth and detailed access reports.

    Parameters
    ----------
    topology : str, Path or sequence of TopologyLayer
        A topology file, or its rows.
    config : str, Path or Machine
        A configuration file, or what it describes.
    convention : {"accelsim", "scalesim"}
        "scalesim" gives its numbers to the last bit; "accelsim" those of the same array without its
        slips (docs/scalesim.md).

    Returns
    -------
    DataFrame
        A row for each layer, for each channel of a depthwise one, with "Layer" first, then the columns under
        SCALE-Sim's names. Cycles, words, words per cycle (BW) and percent.

    Raises
    ------
    InputError
        A file is not what it must be; file, line and field are named.
    UsageError
        The convention is unknown.
    """
    import pandas as pd

    if convention not in CONVENTIONS:
        hint = did_you_mean(str(convention), CONVENTIONS) or "."
        raise UsageError(f"convention must be accelsim or scalesim; got {convention!r}{hint}")
    machine = config if isinstance(config, Machine) else read_config(config).machine
    rows = read_layers(topology) if isinstance(topology, str | Path) else topology
    names, layers = [], []
    for row in rows:
        one = replace(row, repeat=1)
        names += [row.name] if row.repeat == 1 else [f"{row.name}Channel_{channel}" for channel in range(row.repeat)]
        layers += [one] * row.repeat
    return pd.DataFrame({"Layer": names, **report_columns(layers, machine, convention)})
