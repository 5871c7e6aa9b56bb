"""Does Eyeriss v1 take the time, traffic and energy that its authors measured and modeled for AlexNet?"""

from __future__ import annotations

from accelsim.validation.comparison import Comparison
from accelsim.validation.studies.eyeriss.analysis import normalized_dram_energy
from accelsim.validation.studies.eyeriss.energy import chip_energy
from accelsim.validation.studies.eyeriss.traffic import dram_traffic, glb_traffic, processing_latency


def comparisons() -> list[Comparison]:
    """Return the comparisons with the measured chip (JSSC 2017) and the analysis before it (ISCA 2016)."""
    return [processing_latency(), glb_traffic(), dram_traffic(), chip_energy(), normalized_dram_energy()]
