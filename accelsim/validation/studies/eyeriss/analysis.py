"""Does accelsim find the DRAM energy that the analysis before the chip found for AlexNet (ISCA 2016)?"""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.mapping.logical_sets import LogicalSets
from accelsim.mapping.nest import Nest
from accelsim.simulation.estimate import estimate_layer
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Row
from accelsim.validation.measurements import rows, sources
from accelsim.validation.studies.eyeriss.chip import SCHEME, nest_of, padded
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer

FIGURE = "eyeriss_isca2016"
BATCH = 16
OURS = {"fc1": "fc6", "fc2": "fc7", "fc3": "fc8"}

AS_ON_THE_CHIP = LogicalSets(
    taps=11, e=8, segments=1, across=(1, 2), down=(1, 1), p=16, q=1, n=1, m=96, columns=55, fx=11
)
"""CONV1 as Table III of JSSC 2017 lays it out, with strips of 8 on 16 columns where it has 7 on 14."""


def normalized_dram_energy() -> Comparison:
    """Return DRAM energy per layer in units of a MAC's energy, row-stationary mappings chosen for energy."""
    return Comparison(
        "eyeriss-normalized-dram-energy", "Eyeriss before the chip: normalized DRAM energy",
        "DRAM energy of AlexNet, batch 16", "10^9 MAC energies", "vendor estimate", sources(FIGURE), tuple(_rows()),
        bounds_of("eyeriss-normalized-dram-energy"),
        cannot=(
            "The mappings behind the figure are not published.",
            "The figure's numbers are those that nn_dataflow's tests hold, which reproduces it within 0.1.",
        ),
        remark="accelsim's row-stationary mappings are those of the fewest steps, and only among them of the least "
        "energy. For conv1 on 16 columns that means strips of one output row with sixteen filters beside each other: "
        "1.8% fewer steps than strips of 8 rows (330 and 336 for each column and channel), and no reuse of input "
        "rows between strips. The row 'strips of 8' is the layout of the chip on this array.",
    )  # fmt: skip


def _rows() -> Iterator[Row]:
    chip, network = load_profile("eyeriss-isca2016"), load_workload("alexnet", batch=BATCH)
    for row in rows(FIGURE):
        name, published = row["layer"], float(row["dram_1e9"])
        layer = padded(network[OURS.get(name, name)])
        yield Row(name, _dram(layer, chip, "rs"), published)
        if name == "conv1":
            nest = nest_of(layer, AS_ON_THE_CHIP, chip)
            yield Row(name, _dram(layer, chip, nest), published, "shown", "strips of 8 rows, two filters beside")


def _dram(layer: Layer, chip: Chip, mapping: str | Nest) -> float:
    """DRAM energy of a layer in 10^9 of a MAC's, which the profile has at 1 pJ."""
    one = estimate_layer(layer, chip, SCHEME, mapping=mapping).layers[0]
    return (one.energy_of("memory", place="DRAM") or 0.0) / 1e9
