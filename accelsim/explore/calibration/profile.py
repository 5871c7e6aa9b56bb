"""How is a calibrated profile written? As one that extends the profile fitted and says what was fitted to what."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from accelsim.documents.writing import in_one_line
from accelsim.errors import InputError
from accelsim.explore.calibration.calibration import Calibration, Parameter
from accelsim.explore.calibration.parameters import SOURCE
from accelsim.files import check_place, check_suffix, write_whole
from accelsim.library import find
from accelsim.provenance import Sourced


def save(calibration: Calibration, path: Path) -> Path:
    """Write the profile; see `Calibration.save`."""
    place = check_place(check_suffix(path, (".yaml", ".yml"), "a calibrated profile"))
    text = profile_text(calibration, place)
    return write_whole(place, lambda unfinished: _write(unfinished, text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def profile_text(calibration: Calibration, place: Path) -> str:
    """Return the YAML of a calibrated profile that is to stand at a place."""
    base = _base(calibration.profile, place)
    rows = f"{len(calibration.outcomes)} measured values of {calibration.measurements.name}"
    errors = "; ".join(
        f"mean absolute error of {quantity} {own['fitted']:.1%}, with each row left out {own['leave_one_out']:.1%}"
        for quantity, own in calibration.summary.items()
    ).replace("nan%", "not known")
    head = {
        "name": _name(place), "title": f"{calibration.base.title}, fitted to {rows}"[:160], "extends": base,
        "description": (
            f"{calibration.base.name} with {len(calibration.parameters)} numbers fitted to {rows}, mapping "
            f"{calibration.mapping}, objective {calibration.objective}: {errors}."
        ),
        "sources": {SOURCE: {"title": f"measurements in {calibration.measurements.name}, {rows.split(' of ')[0]}"}},
    }  # fmt: skip
    lines = [f"# {calibration.base.name}, fitted to {calibration.measurements.name} by accelsim calibrate"]
    lines += [f"{key}: {in_one_line(value)}" for key, value in head.items()]
    for key, value in _fields(calibration).items():
        if key == "levels":
            lines += ["levels:", *(f"  - {in_one_line(level)}" for level in value)]
        elif isinstance(value, dict) and "value" not in value:
            lines += [f"{key}:", *_nested(value, "  ")]
        else:
            lines.append(f"{key}: {in_one_line(value)}")
    return "\n".join(lines) + "\n"


def _nested(fields: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in fields.items():
        if isinstance(value, dict) and "value" not in value:
            lines += [f"{indent}{in_one_line(key)}:", *_nested(value, f"{indent}  ")]
        else:
            lines.append(f"{indent}{in_one_line(key)}: {in_one_line(value)}")
    return lines


def _base(profile: str, place: Path) -> str:
    """Return how the profile is named from beside the new file; InputError if that is the new file."""
    path = find("hw_profiles", profile, "hardware profile")
    by_file = bool(path.suffix) and Path(profile) == path
    if path.resolve() == place.resolve() or (not by_file and place.stem == profile):
        raise InputError(f"{place} must not be the profile that it extends, nor have its name; choose another name.")
    return os.path.relpath(path.resolve(), place.resolve().parent) if by_file else profile


def _name(place: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "-", place.stem)
    return name if re.match(r"[A-Za-z0-9]", name) else f"fitted{name}"


def _fields(calibration: Calibration) -> dict[str, Any]:
    """Return the fields of the profile that hold fitted numbers."""
    fields: dict[str, Any] = {}
    levels: dict[str, dict[str, Any]] = {}
    entries = {one.path: _entry(calibration, one) for one in calibration.parameters}
    entries |= {
        path: {"value": cost.value, "source": SOURCE, "status": "assumed", "note": cost.note}
        for path, cost in calibration.starts.items()
    }
    for path, entry in entries.items():
        table, _, key = path.partition(".")
        if table == "levels":
            name, _, field = key.rpartition(".")
            levels.setdefault(name, {"name": name})[field] = entry
        elif table == "array":
            name, _, field = key.rpartition(".")
            fields.setdefault(table, {}).setdefault(name, {})[field] = entry
        elif table == "vector":
            fields.setdefault(table, {}).setdefault("ops_pj", {})[key.partition(".")[2]] = entry
        elif key:
            fields.setdefault(table, {})[key] = entry
        else:
            fields[table] = entry
    return fields | ({"levels": list(levels.values())} if levels else {})


def _entry(calibration: Calibration, one: Parameter) -> dict[str, Any]:
    number = _fitted(calibration, one)
    note = f"{one.label}: fitted to {one.rows} rows, mostly lines {_lines(one.informed_by)}; "
    if one.standard_error == one.standard_error:
        note += f"standard error {one.standard_error:.3g} {one.unit}".rstrip()
    else:
        note += "held at its bound" if one.at_bound else "no standard error, as many parameters as rows"
    share = one.path.startswith("macs_per_pe_cycle.")
    if share:
        note = f"{one.value:.4g} of the peak rate; {note}"
    entry: dict[str, Any] = {"value": number, "source": SOURCE, "status": "fitted"}
    if not share and one.standard_error == one.standard_error:
        most = 1.0 if one.path.endswith(".efficiency") else float("inf")
        entry |= {
            "low": max(number - 2 * one.standard_error, _least(one, number)),
            "high": max(number, min(number + 2 * one.standard_error, most)),
        }
    return entry | {"note": note}


def _least(one: Parameter, number: float) -> float:
    """Return the least that a number may be: a share must stay above 0."""
    return number / 100 if one.path.endswith(".efficiency") else 0.0


def _lines(lines: tuple[int, ...]) -> str:
    shown = ", ".join(str(line) for line in lines[:8])
    return shown + (" ..." if len(lines) > 8 else "")


def _fitted(calibration: Calibration, one: Parameter) -> float:
    """Return the number as it stands in the profile: of a share of a rate the rate, else the fitted number."""
    if not one.path.startswith("macs_per_pe_cycle."):
        return one.value
    pair = one.path.partition(".")[2]
    rates: dict[str, Sourced] = {
        "*".join(dict.fromkeys((weight, operand))): number for weight, operand, _, number in calibration.chip.rates
    }
    return rates[pair].value
