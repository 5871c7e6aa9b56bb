"""What does an inference of MLPerf Tiny take on a microcontroller and on an NPU, its power fitted on one task?

::

    energy = power * latency,    power fitted to image classification, latency as the profile has it

No vendor publishes an energy per operation of these chips. The power that fits one task also stands for whatever the
software loses everywhere; the other tasks judge whether accelsim has their times in proportion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from accelsim.explore.calibration.least_squares import fit
from accelsim.hardware.catalog import load_profile
from accelsim.simulation.estimate import estimate
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Fitted, Role, Row
from accelsim.validation.measurements import rows, sources

TABLE = "mlperf_tiny"
MODELS = {"ic": "resnet8", "vww": "mobilenetv1-0.25", "kws": "ds-cnn", "ad": "autoencoder"}
TASKS = {"ic": "image classification", "vww": "visual wake words", "kws": "keyword spotting", "ad": "anomaly detection"}
FITTED = "ic"
"""The task that powers are fitted to: the one with most MACs, where what a pass costs in any case matters least."""

JUDGED = {"stm32-mcu": ("L4R5",), "gap9": ("GAP9",)}
"""The boards that the profiles describe."""

OTHERS = {"stm32-mcu": ("H7A3", "U575", "U385"), "gap9": ()}
"""Boards with other cores, shown with their own power and the same proportions of time."""

_CLOCKS = {"gap9_650_240": 2.4e8}
"""Clocks that differ from the profile's, in Hz."""

Systems = dict[tuple[str, str], dict[str, float]]
"""Measured energy in uJ by (system, board) and task."""


def comparisons() -> list[Comparison]:
    """Return the comparisons of a microcontroller and of an NPU; heuristic mappings."""
    return [_microcontroller(), _npu()]


def _microcontroller() -> Comparison:
    return _compared(
        "mlperf-tiny-microcontroller", "MLPerf Tiny on Cortex-M microcontrollers", "stm32-mcu",
        (
            "Kernels: loops, packing and calls cost cycles of their own, more in small layers and depthwise ones, and "
            "every software has others; accelsim has the instruction set's bound.",
            "Power that differs between tasks; that of a microcontroller hardly does (at most 30% with one software).",
            "H7A3, U575 and U385 have other cores and caches; their rows show the proportions of the L4R5.",
        ),
    )  # fmt: skip


def _npu() -> Comparison:
    return _compared(
        "mlperf-tiny-npu", "MLPerf Tiny on GAP9", "gap9",
        (
            "What starting a layer and a pass takes: a good part of the time of the smallest task.",
            "Power that differs between tasks: measured 19 to 29 mW at 240 MHz, 41 to 65 mW at 370 MHz.",
            "Depthwise layers, which the engine runs in a mode of its own or leaves to the cores.",
            "Syntiant's NDP9120, the other NPU of the round, has no profile: nothing of its array is published.",
        ),
    )  # fmt: skip


def _compared(name: str, title: str, profile: str, cannot: tuple[str, ...]) -> Comparison:
    found, fits = [], []
    systems = _systems((*JUDGED[profile], *OTHERS[profile]))
    worst: dict[str, float] = defaultdict(float)
    known = {clock: _times_s(profile, clock) for clock in {_clock(system) for system, _ in systems}}
    for (system, board), measured in systems.items():
        times_s = known[_clock(system)]
        power_w = _power_w(times_s, measured, FITTED)
        shown = board in OTHERS[profile]
        found += list(_rows(system, times_s, measured, power_w, shown))
        fits.append(Fitted(f"power of {system}", power_w * 1e3, "mW", (_label(system, FITTED),), group=system))
        for task in MODELS if not shown else ():
            worst[task] = max(worst[task], _factor(times_s, measured, task))
    choices = ", ".join(f"{TASKS[task]} {factor:.2f}" for task, factor in worst.items())
    remark = f"The largest factor over the boards judged, by the task that power is fitted to: {choices}."
    return Comparison(
        name, title, "energy of an inference", "uJ", "silicon", sources(TABLE), tuple(found), bounds_of(name),
        tuple(fits), cannot, remark,
    )  # fmt: skip


def _systems(boards: tuple[str, ...]) -> Systems:
    found: Systems = defaultdict(dict)
    for board in boards:
        for row in rows(TABLE):
            if row["board"] == board:
                system = f"{row['organization']} {row['system']} {row['round']}"
                found[system, board][row["task"]] = float(row["energy_uj"])
    return found


def _clock(system: str) -> float | None:
    """Return the clock of a system in Hz where it is not the profile's."""
    return next((clock for name, clock in _CLOCKS.items() if name in system), None)


def _times_s(profile: str, clock_hz: float | None) -> dict[str, float]:
    """Return the latency of every task in s, by the profile at a clock."""
    chip = load_profile(profile, {} if clock_hz is None else {"clock_hz": clock_hz})
    return {task: estimate(model, chip, "int8", mapping="heuristic").latency_s for task, model in MODELS.items()}


def _power_w(times_s: dict[str, float], measured_uj: dict[str, float], task: str) -> float:
    """Return the power in W that fits one task: energy = power * time."""
    return fit([[times_s[task] * 1e6]], [measured_uj[task]], names=["power"]).value("power")


def _factor(times_s: dict[str, float], measured_uj: dict[str, float], task: str) -> float:
    """Return the largest factor between predicted and measured over all tasks but the one that power is fitted to."""
    power_w = _power_w(times_s, measured_uj, task)
    ratios = (power_w * times_s[other] * 1e6 / measured_uj[other] for other in MODELS if other != task)
    return max(max(ratio, 1 / ratio) for ratio in ratios)


def _rows(
    system: str, times_s: dict[str, float], measured_uj: dict[str, float], power_w: float, shown: bool
) -> Iterator[Row]:
    for task in MODELS:
        role: Role = "fitted" if task == FITTED else "shown" if shown else "judged"
        yield Row(_label(system, task), power_w * times_s[task] * 1e6, measured_uj[task], role, MODELS[task], system)


def _label(system: str, task: str) -> str:
    return f"{system}, {TASKS[task]}"
