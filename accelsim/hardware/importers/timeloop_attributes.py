"""How wide, how large and how fast is a component, as the attributes of a Timeloop architecture say?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from accelsim.documents.part import Part
from accelsim.errors import AccelsimError, InputError, did_you_mean
from accelsim.hardware.importers.timeloop_tree import Step
from accelsim.precision import parse_format

_SPELLINGS = {
    "depth": ("depth", "memory_depth"),
    "width": ("width", "memory_width"),
    "datawidth": ("datawidth", "word_bits", "data_width"),
}
_MESH = ("meshX", "meshY")
_READ = {
    "storage": (
        "depth", "memory_depth", "width", "memory_width", "datawidth", "word_bits", "data_width", "block_size",
        "cluster_size", "entries", "sizeKB", "read_bandwidth", "write_bandwidth", "shared_bandwidth",
        "multiple_buffering", "technology", "type", "global_cycle_seconds", "vector_access_energy", *_MESH,
    ),
    "compute": (
        "datawidth", "word_bits", "data_width", "multiplier_width", "adder_width", "exponent", "mantissa",
        "technology", "global_cycle_seconds", "energy_per_op", *_MESH,
    ),
}  # fmt: skip
_KNOWN = (
    "n_banks", "n_buffets", "n_ports", "n_rd_ports", "n_wr_ports", "n_rdwr_ports", "update_fifo_depth", "latency",
    "action_latency_cycles", "network_fill_latency", "network_drain_latency", "min_utilization",
    "reduction_supported", "allow_overbooking", "has_power_gating", "power_gated_at", "metadata_block_size",
    "metadata_datawidth", "metadata_storage_width", "metadata_storage_depth", "metadata_counter_width",
    "concordant_compressed_tile_traversal", "tile_partition_supported", "decompression_supported",
    "compression_supported", "per_dataspace_bandwidth_consumption_scale", "network_word_bits", "voltage",
    "temperature", "cacti_config", "version", "num_pipeline_stages", "n_pipeline_stages", "type", "width",
    "width_a", "width_b", "cluster_size", "block_size",
)  # fmt: skip
"""Attributes that Timeloop or Accelergy knows and a profile has no field for."""


@dataclass(frozen=True)
class Width:
    """Bits of one access of one instance, and the instances that an access of the file serves."""

    bits: int
    instances: int


def checked(step: Step, kind: str) -> list[str]:
    """Return the attributes that stand in a component itself and are not imported.

    Raises
    ------
    InputError
        One is neither imported nor known; the nearest is named.
    """
    own = step.part.value.get("attributes") or {}
    unused = []
    for name, part in step.attributes.items():
        if name in _READ[kind]:
            continue
        if name not in _KNOWN and name not in (*_READ["storage"], *_READ["compute"]):
            known = (*_READ[kind], *_KNOWN)
            hint = did_you_mean(name, known) or f"; {step.name} has {', '.join(_READ[kind])}."
            raise InputError(
                f"{name} is not an attribute of a component{hint}", where=part.document.where_key(*part.at)
            )
        if name in {str(key).replace("-", "_") for key in own}:
            unused.append(name)
    return unused


def _given(step: Step, names: Iterable[str]) -> Part | None:
    found = [step.attributes[name] for name in names if name in step.attributes]
    if len(found) > 1:
        raise found[1].error(f"must be given once; {found[0].at[-1]} says the same.")
    return found[0] if found else None


def datawidth(step: Step) -> int:
    """Return the bits of a word of a component."""
    part = _given(step, _SPELLINGS["datawidth"])
    if part is None:
        raise step.part.error(f"datawidth of {step.name}, the bits of a word, must be given.")
    return part.whole()


def width_of(step: Step) -> Width:
    """Return the width of an access: width, or datawidth * block_size * cluster_size; of one of the cluster."""
    words = datawidth(step)
    block, cluster = (
        step.attributes[name].whole() if name in step.attributes else None for name in ("block_size", "cluster_size")
    )
    part = _given(step, _SPELLINGS["width"])
    made = words * (block or 1) * (cluster or 1)
    if part is None:
        return Width(made // (cluster or 1), cluster or 1)
    width = part.whole()
    if (block is not None and width != made) or width % (cluster or 1):
        raise part.error(f"must be datawidth * block_size * cluster_size = {made}; got {width}.")
    return Width(width // (cluster or 1), cluster or 1)


def capacity_bits(step: Step, width: Width, words: int) -> int | None:
    """Return the bits that one instance holds; None for an unbounded one."""
    sizes = [name for name in ("depth", "memory_depth", "entries", "sizeKB") if name in step.attributes]
    if len(sizes) > 1:
        raise step.attributes[sizes[1]].error(f"must be given once; {sizes[0]} says the size too.")
    if not sizes:
        if "dram" not in step.cls.lower():
            raise step.part.error(f"the size of {step.name} must be given: depth, entries or sizeKB.")
        return None
    count = step.attributes[sizes[0]].whole()
    if sizes[0] == "entries":
        return count * words
    return count * 1024 * 8 if sizes[0] == "sizeKB" else count * width.bits


def mac_format(step: Step) -> tuple[str, str]:
    """Return the formats of the multiplier and of its sums.

    Raises
    ------
    InputError
        No width is given, or no format has it.
    """
    part = _given(step, ("multiplier_width",)) or _given(step, _SPELLINGS["datawidth"])
    floats = "fp" in step.cls.lower() or "exponent" in step.attributes
    if floats and "exponent" in step.attributes and "mantissa" in step.attributes:
        shape = (step.attributes["exponent"].whole(), step.attributes["mantissa"].whole())
        names = {
            (8, 23): "fp32",
            (8, 7): "bf16",
            (5, 10): "fp16",
            (8, 10): "tf32",
            (4, 3): "fp8e4m3",
            (5, 2): "fp8e5m2",
        }
        if shape not in names:
            raise step.attributes["exponent"].error(
                f"no format has an exponent of {shape[0]} and a mantissa of {shape[1]}."
            )
        return names[shape], "fp32"
    if part is None:
        raise step.part.error(f"datawidth of {step.name}, the bits of its operands, must be given.")
    if floats:
        if part.value not in (16, 32):
            raise part.error(f"a float multiplier must have 16 or 32 bits, or exponent and mantissa; got {part.value}.")
        return f"fp{part.whole()}", "fp32"
    adder = step.attributes.get("adder_width", part)
    return _integer(part), _integer(adder)


def _integer(part: Part) -> str:
    name = f"int{part.whole()}"
    try:
        return parse_format(name).name
    except AccelsimError as error:
        raise part.error(f"no format has this width: {error.message}") from None
