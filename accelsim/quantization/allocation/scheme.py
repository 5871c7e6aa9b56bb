"""Which scheme is an allocation? The choice of the network's last results, with an override for layers that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from accelsim.documents.writing import in_lines
from accelsim.files import check_suffix, write_whole
from accelsim.quantization.allocation.choices import Choices
from accelsim.scheme import Scheme
from accelsim.scheme.patterns import escape
from accelsim.workload.network import Network

SUFFIXES = (".yaml", ".yml")


def base_choice(network: Network, chosen: Mapping[str, str]) -> str:
    """Return the choice of the last layer whose result no layer reads: such results are stored as the scheme says."""
    read = {name for layer in network.layers for name in layer.inputs}
    unread = [layer.name for layer in network.layers if layer.name not in read and layer.output_role != "kv"]
    return chosen[unread[-1] if unread else network.layers[-1].name]


def scheme_of(network: Network, choices: Choices, chosen: Mapping[str, str], description: str = "") -> Scheme:
    """Return the scheme in which every layer has its choice.

    Parameters
    ----------
    network : Network
    choices : Choices
    chosen : dict of str to str
        The choice of each layer.
    description : str
    """
    base = choices.schemes[base_choice(network, chosen)]
    overrides = tuple(
        (escape(layer.name), choices.schemes[chosen[layer.name]])
        for layer in network.layers
        if choices.schemes[chosen[layer.name]] != base
    )
    return replace(base, name=f"allocated-{network.name}", overrides=overrides, description=description)


def scheme_text(scheme: Scheme, base: str, remarks: Sequence[str] = ()) -> str:
    """Return a scheme as the text of a YAML file that `accelsim.scheme.file.load_scheme` takes back.

    Parameters
    ----------
    scheme : Scheme
        Of an allocation: its overrides are named as the choices are.
    base : str
        The choice that it is without its overrides.
    remarks : sequence of str
        Comments at the top.
    """
    fields: dict[str, object] = {
        "name": scheme.name, "description": scheme.description, "base": base, "kv": scheme.kv_format.name,
    }  # fmt: skip
    if scheme.overrides:
        fields["layers"] = {pattern: {"base": own.name} for pattern, own in scheme.overrides}
    comment = "".join(f"# {line}\n" for remark in remarks for line in remark.splitlines())
    return comment + in_lines(fields)


def save_scheme(scheme: Scheme, base: str, path: str | Path, remarks: Sequence[str] = ()) -> Path:
    """Write a scheme as a YAML file, whole or not at all, and return its path.

    Raises
    ------
    UsageError
        The path does not end in .yaml or .yml.
    InputError
        The file cannot be written.
    """
    text = scheme_text(scheme, base, remarks)

    def write(file: Path) -> None:
        file.write_text(text, encoding="utf-8")

    return write_whole(check_suffix(path, SUFFIXES, "a scheme"), write)
