"""How are the mappings of a result kept? As a mapping file, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from accelsim.errors import UsageError
from accelsim.files import check_place, check_suffix, write_whole
from accelsim.mapping.file import SUFFIXES
from accelsim.mapping.file_text import file_text
from accelsim.simulation.proof import proof
from accelsim.simulation.result import LayerResult, Result
from accelsim.units import engineering


def check_mapping_place(path: str | Path) -> Path:
    """Return the path if a mapping file can be made there; see `save_mapping` for what it raises."""
    return check_place(check_suffix(path, SUFFIXES, "a mapping file"))


def save_mapping(result: Result | LayerResult, path: str | Path) -> Path:
    """Write the mapping of every layer with multiply-accumulates as a mapping file.

    `load_mapping` reads it back, ``estimate(..., mapping=path)`` and ``evaluate_mapping`` use it.

    Raises
    ------
    UsageError
        The suffix is not .yaml or .yml, or the result has no mapping.
    InputError
        The file cannot be written.
    """
    place = check_mapping_place(path)
    layers = [result] if isinstance(result, LayerResult) else result.layers
    mapped = {one.layer.name: (one.layer.shape, one.nest) for one in layers if one.layer.shape and one.nest}
    if not mapped:
        raise UsageError("a result must have a layer with multiply-accumulates for its mapping to be saved.")
    text = file_text({name: (shape, nest) for name, (shape, nest) in mapped.items()}, _heading(result))
    return write_whole(place, lambda unfinished: _write(unfinished, text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _heading(result: Result | LayerResult) -> list[str]:
    if isinstance(result, LayerResult):
        return [proof(result)]
    cost = f"{engineering(result.energy_pj, 'pJ')}, {engineering(result.latency_s, 's')}"
    where = f"{result.network.name} in {result.scheme.name} on {result.chip.name}"
    proofs = [proof(result.layers[0])] if len(result.layers) == 1 else []
    return [f"{where}: {result.mapping} mapping for {result.objective}, {cost}", *proofs]
