"""Which network do safetensors files hold, with the formats of their own tensors? The graph is that of config.json.

A safetensors file has tensors and no graph. The config.json in its folder tells the graph; each layer then
takes the formats in which its tensors are stored. Only headers are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from accelsim.errors import InputError
from accelsim.workload.importers import huggingface
from accelsim.workload.importers.joining import Joined, join
from accelsim.workload.importers.modules import Notation
from accelsim.workload.importers.safetensors.header import FORMATS
from accelsim.workload.importers.safetensors.names import NAMES, is_constant, split
from accelsim.workload.importers.safetensors.packing import format_of
from accelsim.workload.importers.safetensors.shards import read_table, weights_file
from accelsim.workload.importers.stored import TensorTable
from accelsim.workload.importers.totals import uncounted
from accelsim.workload.network import Network
from accelsim.workload.passes import Option
from accelsim.workload.stated import Stated

CONFIG = "config.json"
NOTATION = Notation(NAMES, split, format_of, FORMATS)
FLOATS = {"BF16": "bf16", "F16": "fp16", "F32": "fp32"}


def load(path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Network:
    """Return the network of a safetensors file, an index of shards or a folder with either, for one pass.

    Parameters
    ----------
    phase, batch, options
        As of the config.json; see `accelsim.workload.importers.huggingface.load`.

    Raises
    ------
    InputError, UnsupportedError
        There is no config.json beside the file, or a file, the phase or an option is not what it must be.
    """
    return joined(path, phase, batch, options).network


def joined(path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Joined:
    """Return the network of safetensors files beside what their tensors say; see `load`."""
    config = config_of(path)
    network = huggingface.load(config, phase, batch, options)
    table = read_table(path)
    found = join(network, table, NOTATION, str(path))
    whole = replace(
        found.network,
        stated=_default(table, network).over(network.stated),
        source=f"{network.source}; formats of {', '.join(table.files[:2])}{' ...' if len(table.files) > 2 else ''}",
        uncounted=(*found.network.uncounted, *uncounted(found.beside, is_constant)),
    )
    return replace(found, network=whole)


def phases(path: Path) -> dict[str, dict[str, Option]]:
    """Return the passes that the config.json beside the file offers, with their options' defaults."""
    return huggingface.phases(config_of(path))


def config_of(path: Path) -> Path:
    """Return the config.json in the folder of ``path``, which may be the folder itself.

    Raises
    ------
    InputError
        There is none.
    """
    config = weights_file(path).parent / CONFIG
    if not config.is_file():
        raise InputError(
            f"a safetensors file has tensors but no graph: put the model's {CONFIG} into its folder, or see the "
            f"tensors alone with accelsim show {path.name}.",
            where=str(path),
        )
    return config


def _default(table: TensorTable, network: Network) -> Stated:
    """Return the formats of activations and KV cache where config.json has no torch_dtype: the float of most bytes."""
    if network.stated is not None and network.stated.activations:
        return Stated()
    usual = next((FLOATS[total.type] for total in table.by_type if total.type in FLOATS), "fp16")
    return Stated(activations=usual, kv=usual if network.kv_tokens else "")
