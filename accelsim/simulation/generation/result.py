"""What did a generation cost, by phase, by token and by step? An immutable answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.engine.case import Floats
from accelsim.hardware.chip import Chip
from accelsim.scheme import Scheme
from accelsim.simulation.generation.phase import Phase, together
from accelsim.simulation.generation.steps import Steps
from accelsim.simulation.power import power_energy_pj
from accelsim.simulation.result import Memory, Result
from accelsim.units import engineering

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Generation:
    """The cost of reading a prompt and writing tokens.

    Parameters
    ----------
    model, title : str
    chip : Chip
    scheme : Scheme
    mapping, objective : str
    batch, prompt, new_tokens : int
        Sequences, and tokens of each.
    first_pass : Result
        The prefill's own estimate.
    steps : Steps
        The decode steps.
    prefill, decode : Phase
    memory : Memory
        At the last step, when the KV cache holds everything; activations are the most of either phase.
    warnings : tuple of str
    """

    model: str
    title: str
    chip: Chip
    scheme: Scheme
    mapping: str
    objective: str
    batch: int
    prompt: int
    new_tokens: int
    first_pass: Result
    steps: Steps
    prefill: Phase
    decode: Phase
    memory: Memory
    warnings: tuple[str, ...]

    @property
    def total(self) -> Phase:
        """Both phases together; its tokens are those written."""
        return together(self.prefill, self.decode)

    @property
    def phases(self) -> tuple[Phase, Phase, Phase]:
        """Prefill, decode, and both together."""
        return self.prefill, self.decode, self.total

    @property
    def energy_pj(self) -> float | None:
        """Energy of everything in pJ."""
        return self.total.energy_pj

    @property
    def latency_s(self) -> float:
        """Time of everything in s."""
        return self.prefill.latency_s + self.decode.latency_s

    @property
    def macs(self) -> int:
        """Multiply-accumulates of everything."""
        return self.prefill.macs + self.decode.macs

    @property
    def power_energy_pj(self) -> float | None:
        """The chip's power under load, or by design, times the time, in pJ, where its costs are not known."""
        return power_energy_pj(self.chip, self.latency_s) if self.energy_pj is None else None

    @property
    def energy_per_token_j(self) -> float | None:
        """Energy of both phases over the tokens written, in J."""
        return self.total.energy_per_token_j

    @property
    def tokens_per_s(self) -> float:
        """Tokens written over the time of both phases."""
        return self.total.tokens_per_s

    @property
    def time_to_first_token_s(self) -> float:
        """Time of the prefill, whose head gives the first token."""
        return self.prefill.latency_s

    @property
    def step_latency_s(self) -> Floats:
        """Time of every decode step in s."""
        return np.asarray(self.steps.tally.cycles / self.chip.clock_hz.value)

    @property
    def step_energy_pj(self) -> Floats:
        """Energy of every decode step in pJ; NaN where the chip gives no cost."""
        return self.steps.tally.energy_pj

    def to_dict(self) -> dict[str, Any]:
        """Return the generation as plain data, as ``accelsim generate --json`` prints it."""
        memory = self.memory
        return {
            "workload": self.model,
            "profile": self.chip.name,
            "scheme": self.scheme.name,
            "mapping": self.mapping,
            "objective": self.objective,
            "batch": self.batch,
            "prompt": self.prompt,
            "new_tokens": self.new_tokens,
            "macs": self.macs,
            "energy_pj": self.energy_pj,
            "power_energy_pj": self.power_energy_pj,
            "latency_s": self.latency_s,
            "energy_per_token_j": self.energy_per_token_j,
            "tokens_per_s": self.tokens_per_s,
            "time_to_first_token_s": self.time_to_first_token_s,
            "first_step_latency_s": float(self.step_latency_s[0]),
            "last_step_latency_s": float(self.step_latency_s[-1]),
            "weight_bytes": memory.weight_bytes,
            "kv_bytes": memory.kv_bytes,
            "activation_bytes": memory.activation_bytes,
            "peak_memory_bytes": memory.peak_bytes,
            "device_memory_bytes": memory.capacity_bytes,
            "fits_memory": memory.fits,
            "phases": [phase.to_dict() for phase in self.phases],
            "warnings": list(self.warnings),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the phases as a frame, a row each; ``attrs["units"]`` names the unit of each column."""
        import pandas as pd

        columns = {
            "tokens": "1", "passes": "1", "macs": "1", "energy_pj": "pJ", "latency_s": "s", "cycles": "cycle",
            "dram_read_bits": "bit", "dram_write_bits": "bit", "tokens_per_s": "1/s", "energy_per_token_j": "J",
        }  # fmt: skip
        rows = [{"phase": phase.name} | {name: getattr(phase, name) for name in columns} for phase in self.phases]
        frame = pd.DataFrame(rows)
        frame.attrs["units"] = columns
        return frame

    def __repr__(self) -> str:
        energy = "energy unknown" if self.energy_pj is None else engineering(self.energy_pj, "pJ")
        what = f"{self.prompt:,} tokens read, {self.new_tokens:,} written, batch {self.batch}"
        answer = f"{energy}, {engineering(self.latency_s, 's')}, {self.tokens_per_s:.3g} tokens/s"
        return f"{self.title} in {self.scheme.name} on {self.chip.name}: {what}: {answer}"
