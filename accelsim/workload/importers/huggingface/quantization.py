"""In which formats does a config.json say that each of its matrices is stored and multiplied?

Stored beside the weights and not counted: AWQ and GPTQ hold the order of the channels
(``desc_act``: 32 bits per input channel). LLM.int8() multiplies outlying features in fp16; counted
is all of it in int8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accelsim.errors import InputError, UnsupportedError, did_you_mean
from accelsim.precision import element_of, parse_format
from accelsim.workload.importers.huggingface.config import Config, short
from accelsim.workload.importers.huggingface.patterns import Module, Parts, Targets
from accelsim.workload.importers.huggingface.storage import fp8, group_size, integer, told
from accelsim.workload.stated import Stated

DTYPES = {
    "float32": "fp32", "float16": "fp16", "bfloat16": "bf16", "float": "fp32", "half": "fp16",
    "float8_e4m3fn": "fp8e4m3", "float8_e5m2": "fp8e5m2",
}  # fmt: skip
HEADS = frozenset({"lm_head", "classifier", "cls.predictions.decoder"})
"""Modules that quantizers leave alone unless told otherwise."""


@dataclass(frozen=True)
class Group:
    """Modules that are alike: which ones, and their formats."""

    targets: Parts | Targets
    stated: Stated


@dataclass(frozen=True)
class Quantization:
    """What is stated of each module; the first group that has a module decides, and none of ``skipped``."""

    groups: tuple[Group, ...] = ()
    skipped: tuple[Parts | Targets, ...] = ()
    heads: bool = True
    kv: str = ""

    def of(self, module: Module) -> Stated | None:
        """Return the formats of a module, None where the model's own dtype holds."""
        if (not self.heads and module.name in HEADS) or any(module in names for names in self.skipped):
            return None
        return next((group.stated for group in self.groups if module in group.targets), None)


def dtype(config: Config) -> str:
    """Return the float that ``torch_dtype`` (or ``dtype``) names; "" where neither is given."""
    name = "dtype" if config.has("dtype") else "torch_dtype"
    return "" if config.data.get(name) in (None, "auto") else _float(config, name)


def _float(config: Config, name: str, default: str | None = None) -> str:
    return config.choice(name, DTYPES | {f"torch.{each}": found for each, found in DTYPES.items()}, default)


def read(config: Config, usual: str) -> Quantization:
    """Return what ``quantization_config`` states; ``usual`` is the model's own float.

    Raises
    ------
    InputError, UnsupportedError
        A field is impossible, or the method is not known; those that are known are named.
    """
    if not config.has("quantization_config"):
        return Quantization()
    section = config.section("quantization_config")
    method = section.text("quant_method", "bitsandbytes" if _bitsandbytes_says(section) else None)
    made = {name.replace("_", "-"): name for name in METHODS}.get(method.lower().replace("_", "-"))
    if made is None:
        hint = did_you_mean(method, METHODS)
        hint = f"{hint} Known" if hint else "; known"
        raise section.error("quant_method", f"{short(method)} is not a known method{hint} are {', '.join(METHODS)}.")
    return METHODS[made](section, usual or "fp16")


def _linear(section: Config, stated: Stated, skip: str = "modules_to_not_convert", heads: bool = False) -> Quantization:
    """Return one format for every linear module but the heads and those that the field ``skip`` lists."""
    group = Group(Targets.of(["Linear", "Conv1D"]), stated)
    return Quantization((group,), (Parts.of(section.texts(skip)),), heads)


def _gptq(section: Config, usual: str) -> Quantization:
    """GPTQ: integers; for every group an fp16 scale and, as stored, a zero point as wide as a weight."""
    if section.section("dynamic").data:
        raise UnsupportedError(
            "rules by module are not modeled; formats would be wrong.", where=f"{section.path}: {section.within}dynamic"
        )
    bits = section.whole("bits", least=2, most=8)
    weights = integer(bits, group_size(section, "group_size", 128), zero_point=True)
    found = _linear(section, Stated(weights=weights, compute=usual), heads=section.flag("lm_head"))
    only = section.data.get("modules_in_block_to_quantize")
    if only is None:
        return found
    rows = only if isinstance(only, list) else []
    flat = [name for row in rows for name in (row if isinstance(row, list) else [row])]
    if not flat or not all(isinstance(name, str) for name in flat):
        raise section.error("modules_in_block_to_quantize", f"must be a list of names; got {short(only)}.")
    return Quantization((Group(Parts.of(flat), found.groups[0].stated),), found.skipped, found.heads)


def _awq(section: Config, usual: str) -> Quantization:
    """AWQ: integers, an fp16 scale per group and, unless ``zero_point`` is false, a zero point as wide as a weight."""
    bits = section.whole("bits", section.whole("w_bit", 4, least=2, most=8), least=2, most=8)
    group = group_size(section, "group_size", group_size(section, "q_group_size", 128))
    weights = integer(bits, group, zero_point=section.flag("zero_point", True))
    return _linear(section, Stated(weights=weights, compute=usual))


def _bitsandbytes_says(section: Config) -> bool:
    return any(section.data.get(field) is True for field in ("load_in_4bit", "load_in_8bit"))


def _bitsandbytes(section: Config, usual: str) -> Quantization:
    """bitsandbytes: LLM.int8() multiplies in int8; 4 bits are a table's (nf4) or fp4, with a scale per 64.

    Inputs are cast to the compute type first, and counted as stored in it where it does not hold their own.
    """
    skip = "llm_int8_skip_modules"
    if section.flag("load_in_8bit"):
        return _linear(section, Stated(weights="int8gcsfp32", activations="int8"), skip)
    if not section.flag("load_in_4bit"):
        raise section.error("load_in_4bit", "must be true unless load_in_8bit is; got neither.")
    double = section.flag("bnb_4bit_use_double_quant")
    tables = {"nf4": "nf4_dq" if double else "nf4", "fp4": "fp4_dq" if double else "fp4e2m1g64sfp32"}
    weights = section.choice("bnb_4bit_quant_type", tables, "fp4")
    compute = _float(section, "bnb_4bit_compute_dtype", "float32")
    inputs = "" if parse_format(compute).holds(parse_format(usual)) else compute
    return _linear(section, Stated(weights, inputs, compute=compute), skip)


def _fp8(section: Config, usual: str) -> Quantization:
    """fp8 e4m3 weights and activations, multiplied as stored, with scales per channel or per block."""
    blocked = section.has("weight_block_size")
    weights, activations = fp8(section.pair("weight_block_size") if blocked else None)
    return _linear(section, Stated(weights=weights, activations=activations))


def _compressed(section: Config, usual: str) -> Quantization:
    """compressed-tensors: groups of targets, each with the arguments of weights and of input activations."""
    sparsity = section.section("sparsity_config")
    if sparsity.text("format", "dense") != "dense":
        raise UnsupportedError(
            "sparse storage is not modeled; counts would be wrong.", where=f"{sparsity.path}: {sparsity.within}format"
        )
    groups = []
    listed = section.section("config_groups")
    for name in listed.data:
        group = listed.section(name)
        if not group.has("weights"):
            continue
        weights = told(group.section("weights"), weights=True)
        inputs = told(group.section("input_activations"), weights=False) if group.has("input_activations") else ""
        outputs = told(group.section("output_activations"), weights=False) if group.has("output_activations") else ""
        stated = Stated(weights, inputs, outputs, compute=_multiplied_in(weights, inputs, usual))
        groups.append(Group(_targets(group, "targets"), stated))
    kv = told(section.section("kv_cache_scheme"), weights=False) if section.has("kv_cache_scheme") else ""
    return Quantization(tuple(groups), (_targets(section, "ignore"),), kv=kv)


def _multiplied_in(weights: str, inputs: str, usual: str) -> str:
    """Return what a pair is converted to: the model's float if inputs are not quantized, the wider element, or ""."""
    if not inputs:
        return usual
    stored, read = element_of(parse_format(weights)), element_of(parse_format(inputs))
    return read.name if stored.bits < read.bits else ""


def _targets(config: Config, name: str) -> Targets:
    try:
        return Targets.of(config.texts(name))
    except InputError as error:
        raise config.error(name, error.message) from None


METHODS: dict[str, Callable[[Config, str], Quantization]] = {
    "gptq": _gptq,
    "awq": _awq,
    "bitsandbytes": _bitsandbytes,
    "fp8": _fp8,
    "fbgemm_fp8": _fp8,
    "compressed-tensors": _compressed,
}
"""By ``quant_method``; underscores and hyphens are taken as equal."""
