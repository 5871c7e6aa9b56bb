"""How are operands stored, moved, converted and multiplied? Schemes by name or file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.library import names
from accelsim.scheme.grammar import FROM_MODEL, GRAMMAR, known_schemes, parse_name
from accelsim.scheme.layer_formats import FAMILIES, Conversion, LayerFormats, Multiply, Operation
from accelsim.scheme.scheme import Scheme

if TYPE_CHECKING:
    from accelsim.workload.network import Network

__all__ = [
    "FAMILIES",
    "FROM_MODEL",
    "GRAMMAR",
    "Conversion",
    "LayerFormats",
    "Multiply",
    "Operation",
    "Scheme",
    "known_schemes",
    "parse_scheme",
]


def parse_scheme(text_or_path: str | Path | Scheme, network: Network | None = None) -> Scheme:
    """Return the scheme that a name, a text of the grammar or a YAML file stands for.

    Parameters
    ----------
    text_or_path : str or Path
        ``int8``, ``w4g128a16``, ``w8a8-dequant-fp32`` ..., a path (it has a folder or ends in
        .yaml), or the name of a file in a ``schemes`` folder of ``ACCELSIM_PATH``; ``from-model``
        for what ``network`` itself states.
    network : Network, optional
        The model that the scheme is for.

    Raises
    ------
    InputError
        It is none of these; the grammar and the nearest known scheme are named.
    """
    if isinstance(text_or_path, Scheme):
        return text_or_path
    text = str(text_or_path)
    if text.strip().lower() == FROM_MODEL:
        return _stated_by(network)
    if isinstance(text_or_path, Path) or os.sep in text or text.lower().endswith((".yaml", ".yml")):
        return _load(Path(text))
    try:
        return parse_name(text)
    except InputError:
        if found := names("schemes").get(text):
            return _load(found)
        raise


def _stated_by(network: Network | None) -> Scheme:
    if network is None:
        raise InputError(
            f"{FROM_MODEL} is what a model itself states; it must be asked for with a model, as in estimate."
        )
    from accelsim.scheme.from_model import from_model

    return from_model(network)


def _load(path: Path) -> Scheme:
    from accelsim.scheme.file import load_scheme

    return load_scheme(path)
