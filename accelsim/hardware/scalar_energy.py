"""What does a scalar operation cost that is neither a plain add nor a plain multiply? So many of these."""

from __future__ import annotations

from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.chip import Chip
from accelsim.hardware.op_energy import tables
from accelsim.hardware.rates import as_format
from accelsim.precision import Format
from accelsim.provenance import Sourced
from accelsim.vocabulary import VECTOR_OPS

OPERATIONS = (*VECTOR_OPS, "convert")


def operation_pj(chip: Chip, op: str, fmt: Format | str) -> Sourced | None:
    """Return the energy of one scalar operation in a format, in pJ: listed, else derived.

    - convert: one addition in the float format involved (a shift and a rounding add), or in the
      format itself if it is an integer; "FROM>TO" is looked up in the profile first.
    - compare: one addition.
    - divide, sqrt, exp: a stated number of multiplies and adds (``data/op_energy.yaml``).

    Raises
    ------
    InputError
        The operation is unknown.
    """
    if op not in OPERATIONS:
        raise InputError(
            f"an operation must be one of {', '.join(OPERATIONS)}; got {op!r}{did_you_mean(op, OPERATIONS) or '.'}"
        )
    if op == "convert":
        return _convert_pj(chip, fmt)
    listed = dict(chip.vector.ops_pj) if chip.vector else {}
    if op in listed:
        return listed[op]
    if op == "add":
        return chip.add_pj(fmt)
    if op == "multiply":
        return chip.multiply_pj(fmt, fmt)
    return _composed(chip, op, fmt)


def _composed(chip: Chip, op: str, fmt: Format | str) -> Sourced | None:
    recipe = tables()["vector"][op]
    parts = [(recipe.get("multiply", 0), chip.multiply_pj(fmt, fmt)), (recipe.get("add", 0), chip.add_pj(fmt))]
    used = [(count, cost) for count, cost in parts if count and cost is not None]
    if len(used) < sum(bool(count) for count, _ in parts):
        return None
    counts = " + ".join(f"{recipe[kind]} {kind}" for kind in ("multiply", "add") if recipe.get(kind))
    note = f"{op} in {as_format(fmt).name} = {counts}: {recipe['why']} (assumed count)"
    keys = [key for _, cost in used for key in cost.sources] + ([recipe["source"]] if "source" in recipe else [])
    source, *also = dict.fromkeys(keys)
    value = sum(count * cost.value for count, cost in used)
    low = sum(count * cost.least for count, cost in used)
    high = sum(count * cost.most for count, cost in used)
    return Sourced(value, source, low, high, "derived", note, tuple(also))


def _convert_pj(chip: Chip, fmt: Format | str) -> Sourced | None:
    name = fmt if isinstance(fmt, str) else fmt.name
    listed = dict(chip.convert_table)
    if name in listed:
        return listed[name]
    ends = [as_format(part) for part in name.split(">")]
    floats = [end for end in ends if end.kind == "float"]
    widest = max(floats or ends, key=lambda end: end.bits)
    cost = chip.add_pj(widest)
    return cost and cost.scaled(1.0, f"conversion = one add in {widest.name}")
