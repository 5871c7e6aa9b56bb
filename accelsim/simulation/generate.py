"""What does a language model cost that reads a prompt and writes tokens? Prefill, and every decode step exactly.

Each new token passes the model once, behind a KV cache that is one token longer than at the token before: after a
prompt of P tokens, the steps of N new tokens have the contexts P + 1 ... P + N. Of a step only the attention depends
on the context. Everything else is estimated once; the attention is counted in every step, in mappings that are
chosen for a few steps, and the best of them for each other step (docs/generate.md). Every step is counted as
`accelsim.simulation.estimate` counts it in the same mappings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from accelsim.errors import InputError, UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.scheme import Scheme
from accelsim.simulation.estimate import check_objective, estimate
from accelsim.simulation.generation.phase import decode_phase, prefill_phase
from accelsim.simulation.generation.result import Generation
from accelsim.simulation.generation.steps import decode_steps
from accelsim.simulation.mac_layer import chosen_mappings
from accelsim.simulation.memory import stored_bits
from accelsim.simulation.requested import QUICK, request
from accelsim.simulation.residency import plan
from accelsim.simulation.result import Memory, Result
from accelsim.workload.catalog import load_workload

PHASES = ("prefill", "decode")
MOST_READ, MOST_WRITTEN = 2**24, 2**17
"""Most tokens of a prompt, and most to write: a step takes about a kilobyte."""


def generate(
    model: str | Path,
    chip: Chip | str | Path,
    scheme: Scheme | str | Path = "fp32",
    *,
    prompt: int = 2048,
    new_tokens: int = 2048,
    batch: int | None = None,
    mapping: str = QUICK,
    objective: str = "energy",
    keep_weights: bool = False,
    every_step: bool = False,
) -> Generation:
    """Estimate the cost of reading a prompt and writing tokens.

    Parameters
    ----------
    model : str or Path
        A workload with the phases prefill and decode: its shipped name ("llama-2-7b") or a file.
    chip : Chip, str or Path
    scheme : Scheme, str or Path
    prompt, new_tokens : int
        Tokens read and written, of each sequence.
    batch : int, optional
        Sequences at once, all of the same lengths; by default what the file says, mostly 1.
    mapping, objective, keep_weights
        As in `accelsim.simulation.estimate.estimate`; of ``mapping`` only names. By default
        the heuristic's: attention of many lengths is mapped quickly; "optimal" searches.
    every_step : bool
        Whether the attention of every step is mapped anew, as `estimate` would. By default that is done for a few
        steps, and their mappings are tried in all others.

    Returns
    -------
    Generation

    Raises
    ------
    InputError
        The model has no such phases, or a name or number is wrong.
    UsageError
        ``mapping`` is not a name.
    UnsupportedError, InfeasibleError
        As `estimate`.
    """
    for name, value, most in (("prompt", prompt, MOST_READ), ("new_tokens", new_tokens, MOST_WRITTEN)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise InputError(f"{name} must be a whole number from 1 to {most:,}; got {value!r}.")
    if not isinstance(mapping, str) or Path(mapping).suffix:
        raise UsageError(f"mapping must be a name, such as heuristic or ws, since steps differ; got {mapping!r}.")
    if Path(model).name in PHASES:
        raise UsageError(f"a generation runs both phases; leave /{Path(model).name} out of {model}.")
    chip = chip if isinstance(chip, Chip) else load_profile(chip)
    wanted = check_objective(objective)

    def run(phase: str, how: Scheme | str | Path, **option: int) -> Result:
        network = load_workload(f"{model}/{phase}", batch, **option)
        return estimate(network, chip, how, mapping=mapping, objective=wanted, keep_weights=keep_weights)

    first = run("prefill", scheme, tokens=prompt)
    asked = request(mapping, chip, first.network)
    steps = decode_steps(
        range(prompt + 1, prompt + new_tokens + 1),
        chip,
        wanted,
        lambda context: run("decode", first.scheme, context=context),
        lambda cases: chosen_mappings(chip, cases, asked, wanted),
        lambda step, bits: _stays(step, bits, keep_weights),
        every_step=every_step,
    )
    last, size = steps.estimated[prompt + new_tokens], first.network.batch
    return Generation(
        model=str(model),
        title=(first.network.title or first.network.name).removesuffix(", prefill"),
        chip=chip,
        scheme=first.scheme,
        mapping=first.mapping,
        objective=wanted,
        batch=size,
        prompt=prompt,
        new_tokens=new_tokens,
        first_pass=first,
        steps=steps,
        prefill=prefill_phase(first, size * prompt),
        decode=decode_phase(steps, size, chip.clock_hz.value),
        memory=_memory(first.memory, last.memory),
        warnings=_warnings(first, last),
    )


def _stays(step: Result, output_bits: Mapping[str, float], keep_weights: bool) -> tuple[object, ...]:
    """What is planned to stay on chip if the tensors of a step had other sizes."""
    formats = {one.layer.name: one.formats for one in step.layers if one.formats is not None}
    weights = stored_bits(step.network, step.scheme, formats) if keep_weights else 0.0
    found = plan(step.network, step.chip, output_bits, weights, keep_weights=keep_weights)
    return found.outputs, found.weights


def _memory(first: Memory, last: Memory) -> Memory:
    """What the device must hold: the cache of the last step, the most activations of either phase."""
    larger = first if first.activation_bytes > last.activation_bytes else last
    return replace(last, activation_bytes=larger.activation_bytes, peak_layer=larger.peak_layer)


def _warnings(first: Result, last: Result) -> tuple[str, ...]:
    """What a reader must know; whether all fits is said once, of the last step, which needs most."""
    said = [text for text in first.warnings if last.memory.fits is not False or not text.startswith(MISFIT)]
    return tuple(dict.fromkeys((*said, *last.warnings)))


MISFIT = "the model does not fit:"
"""How `estimate` begins the warning that the device is too small."""
