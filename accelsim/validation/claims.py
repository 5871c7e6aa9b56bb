"""Where does what people quote of quantized inference hold? Claims, devices, and the ratios that accelsim estimates.

Times are those of a roofline: software gains less (`accelsim.validation.studies.quoted_ratios` has measurements beside
estimates). Whether a model fits the memory of a device is not asked: a ratio is of bytes and multiplies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from accelsim.errors import UnsupportedError
from accelsim.hardware import load_profile
from accelsim.hardware.chip import Chip
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result

Task = Literal["decode", "prefill", "CNN"]
TASKS: tuple[Task, ...] = ("decode", "prefill", "CNN")
GRACE = 0.05
"""A ratio that misses the quoted one by less still holds."""

LANGUAGE = (
    "h100", "a100-80gb", "rtx-4090", "rtx-3090", "jetson-agx-orin", "jetson-orin-nano", "apple-m1-max", "apple-m4-max",
    "raspberry-pi-5", "raspberry-pi-4", "tpu-v4i",
)  # fmt: skip
"""Profiles that run language models and networks for images."""
IMAGES = ("nvdla-full", "gap9", "stm32-mcu", "horowitz-45nm", "bitfusion-45nm")
"""Profiles that run networks for images alone."""
ONE_WIDTH = ("eyeriss-v1", "tpu-v1", "nvdla-small", "edge-tpu", "simba", "simba-package", "eie")
"""Profiles whose formats leave nothing to compare: one width, or none that the claims name."""
SMALL = ("gap9", "stm32-mcu")
WORKLOADS: dict[Task, str] = {"decode": "llama-2-7b/decode", "prefill": "llama-2-7b/prefill", "CNN": "resnet18"}
SMALL_CNN = "resnet8"


@dataclass(frozen=True)
class Claim:
    """Something that people say of the speed of a format against another.

    Parameters
    ----------
    key, said : str
        A short name, and the sentence.
    low, high : float
        Between which the ratio must be.
    schemes : tuple of (reference scheme, scheme), for decode and for all else
        ``{float}`` stands for the device's narrowest float of at least 16 bits.
    """

    key: str
    said: str
    low: float
    high: float
    decode: tuple[str, str]
    other: tuple[str, str]

    def pair(self, task: Task, chip: Chip) -> tuple[str, str]:
        """Return the reference scheme and the one that is said to be faster."""
        narrow = narrowest_float(chip)
        reference, scheme = self.decode if task == "decode" else self.other
        return reference.format(float=narrow), scheme.format(float=narrow)

    def verdict(self, ratio: float) -> str:
        """Return whether a ratio is as quoted: "holds", "less" or "more"."""
        if ratio < self.low * (1 - GRACE):
            return "less"
        return "more" if ratio > self.high * (1 + GRACE) else "holds"


CLAIMS = (
    Claim("2-4x", "Quantized inference is 2 to 4 times faster", 2, 4,
          ("{float}", "w4g128a{float}"), ("{float}", "int8")),
    Claim("int8-4x", "int8 is 4 times as fast as fp32", 4, 4, ("fp32", "int8"), ("fp32", "int8")),
    Claim("int4-2x", "int4 is twice as fast as int8", 2, 2, ("w8a{float}", "w4g128a{float}"), ("int8", "int4")),
)  # fmt: skip


@dataclass(frozen=True)
class Tested:
    """One claim on one device for one task.

    Parameters
    ----------
    claim : Claim
    device : str
    task : str
    pair : (str, str)
        The reference scheme and the other.
    faster : float or None
        Time of the reference over that of the other; None where the device multiplies one of them in no way.
    reason : str
        Why there is no ratio.
    """

    claim: Claim
    device: str
    task: Task
    pair: tuple[str, str]
    faster: float | None
    reason: str = ""

    @property
    def verdict(self) -> str:
        """Whether the claim holds here: "holds", "less", "more", or "" where there is no ratio."""
        return "" if self.faster is None else self.claim.verdict(self.faster)

    @property
    def leaner(self) -> float | None:
        """Energy of the reference over that of the other, mappings chosen for energy; None where costs are unknown."""
        if self.faster is None or _run(self.device, self.task, self.pair[0]).energy_pj is None:
            return None
        reference, other = (_run(self.device, self.task, scheme, "energy").energy_pj for scheme in self.pair)
        return reference / other if reference is not None and other else None


def narrowest_float(chip: Chip) -> str:
    """Return the narrowest float of at least 16 bits that a chip multiplies: fp16, else bf16, else fp32."""
    listed = {row[0] for row in chip.rates}
    return next((name for name in ("fp16", "bf16") if name in listed), "fp32")


def examine(devices: Iterable[str] = (*LANGUAGE, *IMAGES), tasks: Iterable[Task] = TASKS) -> Iterator[Tested]:
    """Yield every claim on every device for every task that it runs, weight-stationary mappings chosen for time.

    Parameters
    ----------
    devices : iterable of str
        Names of profiles.
    tasks : iterable of {"decode", "prefill", "CNN"}
    """
    wanted = tuple(tasks)
    for device in devices:
        for task in wanted:
            if task == "CNN" or device in LANGUAGE:
                yield from (_test(claim, device, task) for claim in CLAIMS)


def _test(claim: Claim, device: str, task: Task) -> Tested:
    pair = claim.pair(task, _chip(device))
    try:
        reference, other = (_run(device, task, scheme) for scheme in pair)
    except UnsupportedError as error:
        return Tested(claim, device, task, pair, None, error.message)
    return Tested(claim, device, task, pair, reference.latency_s / other.latency_s)


@cache
def _chip(device: str) -> Chip:
    return load_profile(device)


@cache
def _run(device: str, task: Task, scheme: str, objective: str = "latency") -> Result:
    workload = SMALL_CNN if task == "CNN" and device in SMALL else WORKLOADS[task]
    return estimate(workload, _chip(device), scheme, mapping="weight-stationary", objective=objective)
