"""Which machine, and which hardware profile, does a SCALE-Sim configuration describe?

A configuration is an INI file: ``[section]`` lines and ``Key : value`` or ``Key = value``. Keys are read in
any case. What cannot be said (sparsity, layouts of banks, Ramulator traces) is refused if it is
switched on. A word is a byte; the file states no clock and no energies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.documents import shown
from accelsim.documents.reading import read_text
from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.importers.imported import SOURCE, ImportedProfile, assumed_clock, plain_name
from accelsim.hardware.importers.scalesim_machine import Machine

SIZES = {
    "ArrayHeight": "rows", "ArrayWidth": "columns", "IfmapSramSzkB": "input_kib", "FilterSramSzkB": "weight_kib",
    "OfmapSramSzkB": "output_kib",
}  # fmt: skip
_BANKS = ("IfmapSRAMBankBandwidth", "FilterSRAMBankBandwidth")
_OFF = ("UseRamulatorTrace", "SparsitySupport", "IfmapCustomLayout", "FilterCustomLayout")
_IGNORED = (
    "IfmapOffset", "FilterOffset", "OfmapOffset", "ReadRequestBuffer", "WriteRequestBuffer", "MemoryBanks",
    "IfmapSRAMBankNum", "IfmapSRAMBankPort", "FilterSRAMBankNum", "FilterSRAMBankPort", "SparseRep",
    "OptimizedMapping", "BlockSize", "NonZeroElems", "RandomNumberGeneratorSeed", "TopologyCsvLoc",
)  # fmt: skip
_KNOWN = ("run_name", *SIZES, "Dataflow", "Bandwidth", "InterfaceBandwidth", *_BANKS, *_OFF, *_IGNORED)
MOST_PES, MOST_KIB, MOST_WORDS = 2**16, 2**24, 2**16


@dataclass(frozen=True)
class Setting:
    """One line of a configuration."""

    path: Path
    line: int
    key: str
    text: str

    def error(self, message: str) -> InputError:
        """Return the error that names file, line and key."""
        return InputError(message, where=f"{self.path}:{self.line}: {self.key}")

    def whole(self, most: int) -> int:
        """Return the value as a whole number from 1."""
        if not re.fullmatch(r"[0-9]{1,12}", self.text) or not 1 <= int(self.text) <= most:
            raise self.error(f"must be a whole number from 1 to {most}; got {shown(self.text)}.")
        return int(self.text)

    def one_of(self, *allowed: str) -> str:
        """Return the value, one of a few words."""
        if self.text not in allowed:
            hint = did_you_mean(self.text, allowed) or "."
            raise self.error(f"must be {' or '.join(allowed)}; got {shown(self.text)}{hint}")
        return self.text


@dataclass(frozen=True)
class ScaleSimConfig:
    """What a configuration says.

    Parameters
    ----------
    path : Path
    name : str
        Its ``run_name``, or the file's.
    machine : Machine
    remarks : tuple of str
        What it says that a machine does not have, and what had to be assumed.
    """

    path: Path
    name: str
    machine: Machine
    remarks: tuple[str, ...] = ()

    def profile(self) -> ImportedProfile:
        """Return a hardware profile of the machine."""
        remarks = (*self.remarks, "SCALE-Sim counts cycles and words; a clock of 1 GHz is assumed, energy is unknown.")
        return ImportedProfile(self.path, _profile(self), remarks)


def read_config(path: str | Path) -> ScaleSimConfig:
    """Return the machine of a SCALE-Sim configuration.

    Raises
    ------
    InputError
        A key is missing, given twice or wrong, or switches on what is not modeled; file, line and key are named.
    """
    place = Path(path)
    found = _settings(place)
    read = {
        name.lower() for name in ("run_name", *SIZES, "Dataflow", "Bandwidth", "InterfaceBandwidth", *_BANKS, *_OFF)
    }
    left = [setting.key for key, setting in found.items() if key not in read]
    remarks = [f"not imported: {', '.join(left)}."] if left else []
    for name in _OFF:
        if name.lower() in found and found[name.lower()].text.lower() != "false":
            raise found[name.lower()].error(f"must be False: it is not modeled; got {shown(found[name.lower()].text)}.")
    sizes = {field: _need(place, found, key).whole(MOST_KIB if "kB" in key else MOST_PES)
             for key, field in SIZES.items()}  # fmt: skip
    flow = _need(place, found, "Dataflow").one_of("ws", "os", "is")
    mode = _need(place, found, "InterfaceBandwidth").one_of("CALC", "USER")
    words = _bandwidths(place, found, remarks) if mode == "USER" else {}
    name = found["run_name"].text if "run_name" in found and found["run_name"].text else place.stem
    return ScaleSimConfig(place, name, Machine(dataflow=flow, mode=mode, **sizes, **words), tuple(remarks))


def _settings(path: Path) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for number, line in enumerate(read_text(path, "a configuration").splitlines(), 1):
        text = line.strip()
        if not text or text[0] in "#;" or re.fullmatch(r"\[[^\]]+\]", text):
            continue
        match = re.fullmatch(r"([^:=]+?)\s*[:=]\s*(.*)", text)
        if match is None:
            raise InputError(
                f"a line must be '[section]' or 'Key : value'; got {shown(text)}.", where=f"{path}:{number}"
            )
        setting = Setting(path, number, match[1], match[2].strip().strip("\"'"))
        key = match[1].lower()
        if key in found:
            raise setting.error(f"must be given once; it stands in line {found[key].line}, too.")
        if key not in {known.lower() for known in _KNOWN}:
            known = did_you_mean(match[1], _KNOWN)
            if known:
                raise setting.error(f"is not a key of a configuration{known}")
        found[key] = setting
    if not found:
        raise InputError("a configuration must have keys; it has none.", where=str(path))
    return found


def _need(path: Path, found: Mapping[str, Setting], key: str) -> Setting:
    if key.lower() not in found:
        raise InputError(f"a configuration must have {key}.", where=str(path))
    return found[key.lower()]


def _bandwidths(path: Path, found: Mapping[str, Setting], remarks: list[str]) -> dict[str, int]:
    """Words a cycle in USER mode: of the banks for reads, the first of Bandwidth for writes."""
    given = _need(path, found, "Bandwidth")
    every = [Setting(path, given.line, given.key, text.strip()).whole(MOST_WORDS) for text in given.text.split(",")]
    first = every[0]
    words = {"output_words": first}
    for key, field in zip(_BANKS, ("input_words", "weight_words"), strict=True):
        if key.lower() in found:
            words[field] = found[key.lower()].whole(MOST_WORDS)
        else:
            words[field] = first
            remarks.append(f"{key} is not given; Bandwidth, {first}, is taken.")
    return words


_DATAFLOWS = {"ws": "weight-stationary", "os": "output-stationary", "is": "input-stationary"}
_TAPS, _PIXELS = ["C", "FY", "FX"], ["B", "OY", "OX"]
_SPREAD = {"ws": (_TAPS, ["K"], "W"), "os": (_PIXELS, ["K"], "O"), "is": (_TAPS, _PIXELS, "I")}


def _profile(config: ScaleSimConfig) -> dict[str, Any]:
    machine = config.machine
    down, across, stays = _SPREAD[machine.dataflow]
    memories = (("ifmap-sram", "I", machine.input_kib), ("filter-sram", "W", machine.weight_kib),
                ("ofmap-sram", "O", machine.output_kib))  # fmt: skip
    levels: list[dict[str, Any]] = [
        {"name": "register", "inside": "cols", "capacity": "4 B" if stays == "O" else "1 B", "holds": stays,
         "buffering": "single"},
        *({"name": name, "capacity": f"{kib} KiB", "holds": operand, "buffering": "double"}
          for name, operand, kib in memories),
        {"name": "DRAM"},
    ]  # fmt: skip
    if machine.mode == "USER":
        levels[-1] |= {
            "read_bits_per_cycle": 8 * (machine.input_words + machine.weight_words),
            "write_bits_per_cycle": 8 * machine.output_words,
        }
    return {
        "name": plain_name(config.name, "chip"),
        "title": f"{config.name} (SCALE-Sim)",
        "description": f"Imported from {config.path.name}.",
        "source": SOURCE,
        "clock_hz": assumed_clock("SCALE-Sim"),
        "array": {
            "rows": {"size": machine.rows, "dims": down},
            "cols": {"size": machine.columns, "dims": across},
        },
        "timing": "systolic",
        "dataflows": [_DATAFLOWS[machine.dataflow]],
        "macs_per_pe_cycle": {"int8": 1},
        "accumulators": {"int8": "int32"},
        "levels": levels,
        "sources": {SOURCE: {"title": f"SCALE-Sim configuration {config.path.name}"}},
    }
