"""What do a profile, a workload, a scheme and a number format say of themselves? A readable card each."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from accelsim.hardware.chip import Chip, Level
from accelsim.layout import table
from accelsim.precision import CATALOG, Format
from accelsim.provenance import DEFAULT, Sourced, bibliography
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.text import array_of
from accelsim.scheme import Scheme
from accelsim.simulation.costs import short_source
from accelsim.units import capacity, engineering
from accelsim.workload.network import Network

MAX_LAYERS = 40


def profile_card(chip: Chip) -> Page:
    """Return what a chip is: structure, rates, memories, costs with their sources, and works in full."""
    known = bibliography() | chip.sources
    page = [
        Text(f"{chip.name}: {chip.title}", "title"),
        *sentences([chip.description] if chip.description else [], "note"),
    ]
    page += [Text(""), *(Text(line) for line in table(["", ""], list(_structure(chip)), "ll")[1:]), Text("")]
    rates = [
        [_pair(weight, operand), f"{float(value):g}", f"{float(value) * chip.pes:,.0f}", short_source(number, known)]
        for weight, operand, value, number in chip.rates
    ]
    page += headed(table(["multiplies", "MACs/PE/cycle", "in all", "source"], rows=rates, align="lrrl"))
    page += headed(table(_LEVEL_HEADER, [_level_row(chip, level) for level in reversed(chip.levels)], "lrrlrrrl"))
    costs = [
        [name, f"{number.value:.4g}", _span(number), short_source(number, known)]
        for name, number in chip.numbers() if _is_cost(name)
    ]  # fmt: skip
    page += headed(table(["cost", "value", "range", "source"], costs, "lrll"))
    notes: dict[str, list[str]] = {}
    for name, number in chip.numbers():
        if number.note and number.source != DEFAULT:
            notes.setdefault(number.note, []).append(name)
    page += (
        [
            Text("  notes", "head"),
            *sentences([f"{', '.join(names)}: {note}" for note, names in notes.items()]),
            Text(""),
        ]
        if notes
        else []
    )
    page.append(Text("  sources", "head"))
    cited = dict.fromkeys(key for _, number in chip.numbers() for key in number.sources)
    page += sentences([known[key].cite() for key in cited if key in known and known[key].author])
    return page


def _structure(chip: Chip) -> Iterator[list[str]]:
    fanouts = ", ".join(
        f"{fanout.name} {fanout.size}" + (f" ({' '.join(sorted(fanout.dims))})" if fanout.dims else "")
        for fanout in chip.fanouts
    )
    yield ["array", f"{array_of(chip)}: {fanouts}" if fanouts else array_of(chip)]
    yield ["timing", f"{chip.timing}; {', '.join(chip.dataflows)}"]
    yield ["clock", engineering(chip.clock_hz.value, "Hz")]
    for name, number, unit in (
        ("node", chip.node_nm, "nm"),
        ("voltage", chip.voltage_v, "V"),
        ("TDP", chip.tdp_w, "W"),
        ("under load", chip.load_w, "W"),
        ("area", chip.area_mm2, "mm2"),
    ):
        if number is not None:
            yield [name, f"{number.value:g} {unit}"]
    if chip.vector is not None:
        yield ["vector unit", f"{chip.vector.lanes.value:g} operations per cycle"]


_LEVEL_HEADER = [
    "memory",
    "instances",
    "size of one",
    "holds",
    "reads B/cycle",
    "writes B/cycle",
    "pJ/bit read, write",
    "buffers",
]


def _level_row(chip: Chip, level: Level) -> list[str]:
    costs = [("-" if cost is None else f"{cost.value:.3g}") for cost in (level.read_pj_per_bit, level.write_pj_per_bit)]
    speeds = [
        "unlimited" if bits is None else f"{bits / 8:.4g}"
        for bits in (level.read_bits_per_cycle, level.write_bits_per_cycle)
    ]
    if level.shared_port:
        speeds[1] = "shared"
    return [
        level.name,
        str(chip.instances(level.name)),
        "unbounded" if level.capacity_bits is None else capacity(level.capacity_bits),
        level.holds,
        *speeds,
        ", ".join(costs),
        level.buffering,
    ]


def _pair(weight: str, operand: str) -> str:
    return weight if weight == operand else f"{weight} x {operand}"


def _is_cost(name: str) -> bool:
    return "_pj" in name or name.endswith(("leakage_w", "background_w", "idle_w"))


def _span(number: Sourced) -> str:
    return f"{number.least:.4g} to {number.most:.4g}" if number.most > number.least else ""


def _clipped(lines: list[str], width: int = 110) -> list[str]:
    return [line if len(line) <= width else f"{line[: width - 3]}..." for line in lines]


def workload_card(network: Network) -> Page:
    """Return what a model computes: totals, and its layers with their loops."""
    page = [
        Text(f"{network.name}: {network.title or network.name}", "title"),
        *sentences([network.source] if network.source else [], "note"),
        Text(""),
    ]
    totals = [
        ["MACs", f"{network.macs:,}"],
        ["parameters", f"{network.parameters:,}"],
        ["batch", str(network.batch)],
        *(
            [["KV cache", f"{network.kv_elements_per_token:,} words per token, {network.kv_tokens:,} tokens"]]
            if network.kv_elements_per_token
            else []
        ),
        *([[option, str(value)] for option, value in network.options.items()]),
    ]
    page += [*(Text(line) for line in table(["", ""], totals, "ll")[1:]), Text("")]
    rows = []
    for layer in network.layers[:MAX_LAYERS]:
        extents = layer.shape.extents.items() if layer.shape else ()
        loops = (
            " ".join(f"{dim}={extent}" for dim, extent in extents if extent > 1)
            or f"{layer.output_elements:,} words out"
        )
        repeat = f"x{layer.repeat}" if layer.repeat > 1 else ""
        rows.append(
            [
                layer.name,
                layer.kind,
                repeat,
                engineering(layer.macs * layer.repeat, ""),
                f"{layer.weight_elements + layer.parameters:,}",
                loops,
            ]
        )
    page += headed(_clipped(table(["layer", "kind", "", "MACs", "parameters", "loops"], rows, "lllrrl")))
    if len(network.layers) > MAX_LAYERS:
        page.append(Text(f"  ... {len(network.layers) - MAX_LAYERS} more layers", "note"))
    page += sentences(
        [f"warning: {note}" for note in network.notes]
        + [f"warning: {operator} is not understood and not counted." for operator in network.uncounted],
        "warning",
    )
    return page


def scheme_card(scheme: Scheme) -> Page:
    """Return what a scheme does: how operands are stored, converted and multiplied."""
    how = scheme.multiply(scheme.weight_format)
    page = [
        Text(scheme.name, "title"),
        *sentences([scheme.description] if scheme.description else [], "note"),
        *sentences([scheme.summary]),
        Text(""),
    ]
    rows = [
        ["family", how.family],
        ["weights", stored_words(scheme.weight_format)],
        ["activations", stored_words(scheme.activation_format)],
        ["KV cache", stored_words(scheme.kv_format)],
        ["multiplied as", _pair(how.weight.name, how.input.name)],
        ["accumulated in", how.accumulator.name],
        ["norms, softmax", scheme.vector_format.name],
        ["converted at", scheme.convert_at or "the innermost memory that keeps the operand"],
    ]
    rows += [[f"layers {pattern}", own.name] for pattern, own in scheme.overrides]
    return page + [Text(line) for line in table(["", ""], rows, "ll")[1:]]


def stored_words(stored: Format) -> str:
    """Return how a format is stored: its name, bits, and what a block shares."""
    block = stored.block
    if block is None:
        return f"{stored.name}, {_bits(stored.payload_bits)} bits"
    shared = [f"{_bits(block.scale_bits)}-bit scale"]
    if block.zero_point_bits:
        shared.append(f"{block.zero_point_bits}-bit zero point")
    if block.sum_bits:
        shared.append(f"{block.sum_bits}-bit sum")
    size = f"{block.size} words" if isinstance(block.size, int) else block.size
    return f"{stored.name}, {_bits(stored.payload_bits)} bits + {', '.join(shared)} per {size}{_in_all(stored)}"


def _in_all(stored: Format) -> str:
    return (
        f", {_bits(stored.storage_bits())} bits in all" if stored.block and isinstance(stored.block.size, int) else ""
    )


def _bits(bits: int | Fraction) -> str:
    return f"{float(bits):g}"


def format_rows() -> list[list[str]]:
    """Return one row per named format: name, stored bits, range, what a block shares."""
    rows = []
    for name, stored in CATALOG.items():
        if stored.kind != "float" and stored.block is None and stored.bits not in (2, 3, 4, 5, 6, 8, 16, 32):
            continue
        rows.append(
            [
                name,
                stored.kind,
                _bits(stored.storage_bits()),
                f"{stored.max:.4g}",
                stored_words(stored).partition(", ")[2].removesuffix(_in_all(stored)),
            ]
        )
    return rows
