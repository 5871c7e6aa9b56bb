"""What do another tool's files hold, in accelsim's terms? A network, a chip, a nest, and files that say the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from accelsim.documents.timeloop import read_parts
from accelsim.errors import InputError
from accelsim.hardware.chip import Chip
from accelsim.mapping.file_text import file_text
from accelsim.mapping.nest import Nest
from accelsim.workload.network import Network

WORKLOAD, PROFILE, MAPPING = "workload.yaml", "profile.yaml", "mapping.yaml"


@dataclass(frozen=True)
class Imported:
    """What was imported.

    Parameters
    ----------
    network : Network or None
    chip : Chip or None
    nest : Nest or None
        Of the network's only layer.
    files : dict of str to str
        Text of each file by its name: workload.yaml, profile.yaml, mapping.yaml.
    remarks : tuple of str
        What the imported files say that these do not, and what had to be assumed.
    """

    network: Network | None
    chip: Chip | None
    nest: Nest | None
    files: dict[str, str]
    remarks: tuple[str, ...]


def import_scalesim(topology: str | Path, config: str | Path | None = None) -> Imported:
    """Return the network of a SCALE-Sim topology and, with a configuration, the chip of that.

    Raises
    ------
    InputError
        See `accelsim.workload.importers.scalesim.read_topology` and
        `accelsim.hardware.importers.scalesim.read_config`.
    """
    from accelsim.hardware.importers.scalesim import read_config
    from accelsim.workload.importers.scalesim import read_topology

    workload = read_topology(topology)
    network, files = workload.network(), {WORKLOAD: workload.text()}
    if config is None:
        return Imported(network, None, None, files, workload.remarks)
    profile = read_config(config).profile()
    files[PROFILE] = profile.text()
    return Imported(network, profile.chip, None, files, (*workload.remarks, *profile.remarks))


def import_timeloop(*paths: str | Path) -> Imported:
    """Return what Timeloop files hold: a problem, an architecture and a mapping, or some of them.

    Parameters
    ----------
    *paths : str or Path
        Files of version 0.2 to 0.4, in any order; an ERT of Accelergy gives the architecture its energies.

    Raises
    ------
    InputError, InfeasibleError
        Something is unknown, wrong or cannot be said; file, line and field are named.
    """
    from accelsim.hardware.importers.timeloop import read_architecture
    from accelsim.mapping.importers.timeloop import read_mapping
    from accelsim.workload.importers.timeloop import read_problems, workload_of

    parts = read_parts(paths)
    held = [key for key in ("problem", "architecture", "mapping") if key in parts.found]
    if not {"problem", "architecture"} & set(held):
        raise InputError(
            "the files must hold a problem or an architecture.", where=str(Path(paths[0])) if paths else None
        )
    remarks, files = list(parts.remarks), {}
    problems, network, chip, nest, architecture = [], None, None, None, None
    if "problem" in held:
        problems = read_problems(parts)
        workload = workload_of(parts, problems)
        network, files[WORKLOAD] = workload.network(), workload.text()
        remarks += workload.remarks
    if "architecture" in held:
        architecture = read_architecture(parts, problems[0].operands if problems else None)
        chip, files[PROFILE] = architecture.chip, architecture.text()
        remarks += architecture.remarks
    if "mapping" in held:
        if architecture is None or network is None or len(problems) != 1:
            raise parts.found["mapping"].error("a mapping must come with its architecture and with one problem.")
        layer = network.layers[0]
        assert layer.shape is not None
        nest = read_mapping(parts, problems[0], layer.shape, architecture)
        heading = [f"Imported from {parts.found['mapping'].document.path.name}, a Timeloop mapping."]
        files[MAPPING] = file_text({layer.name: (layer.shape, nest)}, heading)
    return Imported(network, chip, nest, files, tuple(remarks))


def import_zigzag(*paths: str | Path) -> Imported:
    """Return what ZigZag files hold: a workload, an accelerator, or both, in any order.

    Raises
    ------
    InputError
        Something is unknown, wrong or cannot be said; file, line and field are named.
    """
    from accelsim.hardware.importers.zigzag import is_accelerator, read_accelerator
    from accelsim.workload.importers.zigzag import read_workload

    remarks: list[str] = []
    files: dict[str, str] = {}
    network, chip = None, None
    for path in paths:
        if is_accelerator(path):
            kind, profile = PROFILE, read_accelerator(path)
            chip, text, said = profile.chip, profile.text(), profile.remarks
        else:
            kind, workload = WORKLOAD, read_workload(path)
            network, text, said = workload.network(), workload.text(), workload.remarks
        if kind in files:
            raise InputError(
                f"only one file can be the {kind.removesuffix('.yaml')}; this is another.", where=str(path)
            )
        files[kind] = text
        remarks += said
    return Imported(network, chip, None, files, tuple(remarks))
