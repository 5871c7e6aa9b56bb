"""What did fusing a group of layers bring, and why was another left as it is?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fusion:
    """A group of layers that is run tile by tile, against layer by layer; all repeats together.

    Parameters
    ----------
    layers : tuple of str
    rows : int
        Rows of the last layer's output (of an image, or tokens) in one tile.
    tiles : int
        In one repeat.
    weights : {"kept", "read again"}
        Whether the group's weights stay on chip from tile to tile, or are read for every tile.
    energy_pj, unfused_energy_pj : float or None
    cycles, unfused_cycles : float
    dram_bits, unfused_dram_bits : float
    """

    layers: tuple[str, ...]
    rows: int
    tiles: int
    weights: str
    energy_pj: float | None
    unfused_energy_pj: float | None
    cycles: float
    unfused_cycles: float
    dram_bits: float
    unfused_dram_bits: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return {**vars(self), "layers": list(self.layers)}


@dataclass(frozen=True)
class Unfused:
    """A group that could have been fused.

    Parameters
    ----------
    layers : tuple of str
    reason : str
        Why it was not.
    """

    layers: tuple[str, ...]
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return {"layers": list(self.layers), "reason": self.reason}
