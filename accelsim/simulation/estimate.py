"""What does this model cost on this chip in this scheme? The whole flow, top to bottom.

profile + workload + scheme -> residency -> mapping -> counts -> energy and cycles -> result
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from accelsim.engine.case import Case
from accelsim.engine.sparsity import work_of
from accelsim.errors import InfeasibleError, InputError, UnsupportedError, UsageError, did_you_mean
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.mapping.file import MappingFile, load_mapping
from accelsim.mapping.nest import Nest
from accelsim.precision import parse_format
from accelsim.scheme import LayerFormats, Scheme, parse_scheme
from accelsim.search.heuristic import OBJECTIVES, Choice, Objective
from accelsim.simulation.bystanders import bystander_bits
from accelsim.simulation.fusion.result import Fusion, Unfused
from accelsim.simulation.lifetimes import alive_bits
from accelsim.simulation.mac_layer import chosen_mappings, mac_layers
from accelsim.simulation.memory import memory, misfit, output_bits, stored_bits, weights_of
from accelsim.simulation.optimal_residency import chosen_plan
from accelsim.simulation.power import costless
from accelsim.simulation.requested import DEFAULT, QUICK, Request, Wanted, called, request
from accelsim.simulation.residency import GREEDY, Residency
from accelsim.simulation.result import LayerResult, Memory, Result
from accelsim.simulation.training import INFERENCE, TRAINING, Training, check_pass, trained
from accelsim.simulation.vector_layer import unpriced, vector_layer
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network


def estimate(
    model: Network | str | Path,
    chip: Chip | str | Path,
    scheme: Scheme | str | Path = "fp32",
    *,
    mapping: Wanted = DEFAULT,
    objective: str = "energy",
    keep_weights: bool = False,
    on_chip: bool = True,
    residency: str = GREEDY,
    pass_: str = INFERENCE,
    training: Training | None = None,
    fuse: bool = False,
) -> Result:
    """Estimate energy, time, traffic and memory of one pass of a model.

    Parameters
    ----------
    model : Network, str or Path
        A workload, its shipped name or a file.
    chip : Chip, str or Path
        A hardware profile, its shipped name or a file.
    scheme : Scheme, str or Path
        How operands are stored and multiplied: "int8", "w4g128a16", a YAML file, "from-model" ...
    mapping : str, Path, Nest, mapping of layer name to Nest, Constraints or MappingFile
        "optimal" searches every layer for the best mapping, beginning with the heuristic's, and proves it
        where it can (docs/search.md); "heuristic" takes a good one of every dataflow of the chip,
        "weight-stationary" (or "ws") and so on of only one. A Nest maps a model of one such layer, a dict
        some layers by name; Constraints restrict the search of every layer; a
        YAML file holds mappings and constraints by layer name. Layers of which neither a dict nor a file
        says anything are mapped as by default.
    objective : {"energy", "latency", "edp"}
        What mappings are chosen for.
    keep_weights : bool
        Whether weights that all fit on chip stay there from one pass to the next; by default every
        pass loads them.
    on_chip : bool
        Whether activations that fit stay on chip between layers; False stores every one in DRAM.
    residency : {"greedy", "optimal"}
        How to choose what stays: first come, first served, or what saves most DRAM traffic (extra ``optimize``).
    pass_ : {"inference", "training"}
        The forward pass alone, or a training step: forward, both gradients, updates (docs/training.md).
    training : Training, optional
        The optimizer of a training step, and its formats; Adam in fp32 by default.
    fuse : bool
        Whether layers that hand on more than fits are run together, tile by tile, where that saves (docs/fusion.md).
        Then all layers and parts of tiles are mapped by the heuristic; nothing is searched.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        A name, file or value is wrong.
    UnsupportedError
        The chip cannot multiply the scheme's formats.
    InfeasibleError
        A layer's smallest tiles do not fit a level.
    """
    network = model if isinstance(model, Network) else load_workload(model)
    chip = chip if isinstance(chip, Chip) else load_profile(chip)
    scheme = parse_scheme(scheme, network)
    scheme.check_patterns(network)
    if check_pass(pass_) == TRAINING:
        if keep_weights:
            raise UsageError("weights that are trained change from pass to pass; leave keep_weights out.")
        network, scheme = trained(network, scheme, training or Training())
    wanted = check_objective(objective)
    asked = request(mapping, chip, network)
    if fuse and (asked.nests or asked.constraints):
        raise UsageError("fused layers are mapped tile by tile; fuse takes no given mappings. Leave one of them out.")
    if fuse and not asked.dataflows:
        asked = request(QUICK, chip, network)  # the parts of all tiles that are tried are too many to search
    _check_conversion(chip, scheme)
    formats, notes = _formats(network, chip, scheme)

    job = _Job(
        network, chip, scheme, formats, output_bits(network, scheme), stored_bits(network, scheme, formats)
    )  # fmt: skip
    stays = chosen_plan(
        residency, network, chip, scheme, job.output_bits, weights_of(network, scheme, formats, job.weight_bits),
        keep_weights=keep_weights,
    )  # fmt: skip
    if not on_chip:
        stays = replace(stays, outputs=frozenset(), spilled=())
    stays, costed = job.map(stays, asked, wanted)
    layers = tuple(
        replace(costed[layer.name], layer=layer) if layer.name in costed
        else vector_layer(chip, network, layer, scheme, stays)
        for layer in network.layers
    )  # fmt: skip

    groups: tuple[Fusion | Unfused, ...] = ()
    if fuse:
        stays, layers, groups = job.fused(stays, layers, asked, wanted)

    stored = memory(network, chip, scheme, job.weight_bits, stays)
    overhead = chip.step_overhead_s.value + chip.layer_overhead_s.value * sum(one.repeat for one in network.layers)
    warnings = tuple(_warnings(network, chip, stored, stays, notes, layers))
    name = called(asked, [one.mapping for one in layers])
    return Result(
        network, chip, scheme, name, wanted, layers, stored, stays, overhead, warnings, groups
    )  # fmt: skip


def estimate_layer(
    layer: Layer,
    chip: Chip | str | Path,
    scheme: Scheme | str | Path = "fp32",
    *,
    mapping: Wanted = DEFAULT,
    objective: str = "energy",
) -> Result:
    """Estimate one repeat of one layer by itself, every operand coming from and going to DRAM; see `estimate`."""
    network = Network(layer.name, (replace(layer, inputs=(), repeat=1),))
    whole = parse_scheme(scheme, network)
    own = replace(whole.for_layer(layer.name), name=whole.name, overrides=())
    return estimate(network, chip, own, mapping=mapping, objective=objective)


def evaluate_mapping(
    layer: Layer,
    chip: Chip | str | Path,
    mapping: Nest | MappingFile | str | Path,
    scheme: Scheme | str | Path = "fp32",
) -> LayerResult:
    """Return what one layer costs in one given mapping, every operand coming from and going to DRAM.

    Parameters
    ----------
    layer : Layer
    chip : Chip, str or Path
    mapping : Nest, MappingFile, str or Path
        A mapping, or a file with the mapping of a layer of this name.
    scheme : Scheme, str or Path

    Raises
    ------
    InputError, InfeasibleError
        The nest is not a mapping of the layer on the chip, or a tile does not fit a level.
    """
    file = load_mapping(mapping) if isinstance(mapping, str | Path) else mapping
    if isinstance(file, MappingFile):
        entry = file.entry(layer.name)
        if entry is not None and entry.nest is None:
            raise UsageError(
                f"evaluate_mapping takes a whole mapping; {file.path} states constraints for {layer.name}. "
                "Use search_mapping."
            )
    return estimate_layer(layer, chip, scheme, mapping=file).layers[0]


def check_objective(objective: str) -> Objective:
    """Return the objective, or raise UsageError with the nearest one."""
    if objective not in OBJECTIVES:
        known = ", ".join(OBJECTIVES)
        raise UsageError(
            f"objective must be one of {known}; got {objective!r}{did_you_mean(objective, OBJECTIVES) or '.'}"
        )
    return objective


def _formats(network: Network, chip: Chip, scheme: Scheme) -> tuple[dict[str, LayerFormats], list[str]]:
    """Formats of every layer with MACs, accumulated as the chip does, and what a reader must know."""
    formats: dict[str, LayerFormats] = {}
    notes: dict[str, None] = {}
    for layer in network.layers:
        if layer.shape is None:
            continue
        output = scheme.output_format(layer, network)
        asked = scheme.resolve(layer, output)
        weight, input_ = asked.compute_weight.name, asked.compute_input.name
        try:
            rate = chip.macs_per_pe_cycle(weight, input_, asked.accumulator.name)
        except UnsupportedError as error:
            raise UnsupportedError(error.message, where=f"layer {layer.name}" if scheme.overrides else None) from None
        formats[layer.name] = scheme.resolve(layer, output, parse_format(rate.accumulator))
        wanted = scheme.for_layer(layer.name).accumulator
        if wanted is not None and asked.accumulator == wanted and rate.accumulator != wanted.name:
            pair = f"{rate.weight} x {rate.input}"
            notes[f"{chip.name} accumulates {pair} in {rate.accumulator}, not in {wanted.name}."] = None
        if rate.widened:
            how = f"{weight} x {input_} is multiplied as {rate.weight} x {rate.input}"
            notes[f"{how}: {chip.name} has no narrower multiplier for it."] = None
        if rate.derived:
            notes[f"the rate of {weight} x {input_} is hypothetical (--what-if): {rate.number.note}."] = None
    return formats, list(notes)


@dataclass(frozen=True)
class _Job:
    """A network in a scheme on a chip, formats settled and sizes known."""

    network: Network
    chip: Chip
    scheme: Scheme
    formats: dict[str, LayerFormats]
    output_bits: dict[str, float]
    weight_bits: float

    def cases(self, residency: Residency) -> dict[str, Case]:
        """What is costed of every layer with MACs, given what stays on chip."""
        taken = bystander_bits(self.network, residency, self.output_bits, self.weight_bits, self.formats)
        return {
            name: Case(
                self.network[name],
                formats,
                self.scheme.for_layer(name).vector_format,
                residency.operands(self.network[name]),
                taken[name],
                work_of(self.chip, self.network[name], formats),
            )
            for name, formats in self.formats.items()
        }

    def map(
        self, residency: Residency, asked: Request, objective: Objective
    ) -> tuple[Residency, dict[str, LayerResult]]:
        """All layers mapped and costed, and what stays on chip: less than planned where tiles need the room."""
        while True:
            cases = self.cases(residency)
            try:
                choices = chosen_mappings(self.chip, cases, asked, objective)
                return residency, mac_layers(self.chip, cases, choices)
            except InfeasibleError as error:
                roomier = residency.without(self.network, error.where)
                if roomier == residency:
                    raise
                residency = roomier

    def fused(
        self, residency: Residency, layers: tuple[LayerResult, ...], asked: Request, objective: Objective
    ) -> tuple[Residency, tuple[LayerResult, ...], tuple[Fusion | Unfused, ...]]:
        """All layers with groups of them fused where that saves, and what then stays on chip."""
        from accelsim.simulation.fusion.choice import fuse as fuse_groups
        from accelsim.simulation.fusion.room import Setting

        def choose(cases: Mapping[str, Case]) -> Mapping[str, Choice]:
            return chosen_mappings(self.chip, cases, asked, objective)

        cases = self.cases(residency)
        around = Setting(self.network, self.chip, self.scheme, residency, cases, self.output_bits, choose)
        found = fuse_groups(around, layers, objective)
        inner = found.inner_bits
        stays = replace(
            residency,
            outputs=residency.outputs | inner.keys(),
            spilled=tuple(name for name in residency.spilled if name not in inner),
            alive_bits=alive_bits(self.network, {**self.output_bits, **inner}),
        )
        return stays, found.layers, found.records


def costed_cases(result: Result) -> dict[str, Case]:
    """Return what was costed of every layer with MACs of a result."""
    network, scheme = result.network, result.scheme
    formats = {one.layer.name: one.formats for one in result.layers if one.formats is not None}
    sizes = output_bits(network, scheme), stored_bits(network, scheme, formats)
    return _Job(network, result.chip, scheme, formats, *sizes).cases(result.residency)


def _check_conversion(chip: Chip, scheme: Scheme) -> None:
    """Refuse a conversion at a level that the chip does not have, or at its outermost."""
    inside = [level.name for level in chip.levels[:-1]]
    for own in (scheme, *(each for _, each in scheme.overrides)):
        if own.convert_at is not None and own.convert_at not in inside:
            hint = did_you_mean(own.convert_at, inside)
            known = ", ".join(inside) or "none"
            raise InputError(
                f"convert_at must be a level of {chip.name} inside {chip.outermost.name} ({known}); "
                f"got {own.convert_at!r}{hint}.",
                where=f"scheme {scheme.name}",
            )


def _unused_zeros(chip: Chip, layers: Sequence[LayerResult]) -> list[str]:
    """What the model declares of zeros and the chip makes no use of, and of how many layers."""
    found: dict[str, list[str]] = {}
    for one in layers:
        for note in work_of(chip, one.layer, one.formats).notes if one.formats is not None else ():
            found.setdefault(note, []).append(one.layer.name)
    return [f"{names[0]}{f' and {len(names) - 1} more' * (len(names) > 1)}: {note}" for note, names in found.items()]


def _warnings(
    network: Network,
    chip: Chip,
    stored: Memory,
    residency: Residency,
    notes: list[str],
    layers: Sequence[LayerResult],
) -> list[str]:
    found = [*network.notes, *notes, *chip.remarks, *_unused_zeros(chip, layers)]
    if stored.fits is False:
        found.append(misfit(stored, chip))
    for operator in network.uncounted:
        found.append(f"{operator} is not understood and not counted.")
    timeless = unpriced(chip, network)
    if timeless is not None:
        found.append(timeless)
    unknown = sorted(
        {f"{line.part} at {line.place}" for one in layers for line in one.lines if line.count and line.cost is None}
    )
    if unknown and not chip.has_costs:
        found.append(costless(chip))
    elif unknown:
        more = " ..." if len(unknown) > 4 else ""
        found.append(f"energy is unknown: {chip.name} gives no cost for {', '.join(unknown[:4])}{more}.")
    memory_only = sorted(
        {cost.source for one in layers for line in one.lines if (cost := line.cost) and cost.status == "from memory"}
    )
    if memory_only:
        found.append(f"some costs are unconfirmed (from memory): {', '.join(memory_only)}; see --cite.")
    if residency.spilled and not chip.outermost.read_only:
        count, first = len(residency.spilled), residency.spilled[0]
        verb = "activations do not fit" if count > 1 else "activation does not fit"
        found.append(f"{count} {verb} {residency.level}, {first} first; {chip.outermost.name} holds them.")
    return found
