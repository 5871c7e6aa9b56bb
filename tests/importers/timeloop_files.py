"""How would Timeloop's users write the reference cases? As files of version 0.3 and of version 0.4."""

from __future__ import annotations

import re
from typing import Any

import yaml

TENSORS = ("Weights", "Inputs", "Outputs")
DIMENSIONS = "NMCPQRS"
PROJECTIONS: dict[str, list[Any]] = {
    "Weights": [[["C"]], [["M"]], [["R"]], [["S"]]],
    "Inputs": [[["N"]], [["C"]], [["R"], ["P", "Wstride"]], [["S"], ["Q", "Hstride"]]],
    "Outputs": [[["N"]], [["M"]], [["Q"]], [["P"]]],
}
ENERGY = {"DRAM": (512, 512), "GLB": (20, 18), "RF": (0.5, 0.5)}


def problem(layer: dict[str, int], version: str) -> dict[str, Any]:
    """Return the problem of a case; strides are coefficients, P and R the rows."""
    spaces, written = ("data_spaces", "read_write") if version == "0.4" else ("data-spaces", "read-write")
    shape = {
        "name": "conv",
        "dimensions": list(DIMENSIONS),
        "coefficients": [{"name": "Wstride", "default": 1}, {"name": "Hstride", "default": 1}],
        spaces: [
            {"name": name, "projection": axes, **({written: True} if name == "Outputs" else {})}
            for name, axes in PROJECTIONS.items()
        ],
    }
    instance = {name: layer[name] for name in DIMENSIONS} | {"Wstride": layer["st"], "Hstride": layer["st"]}
    return {"version": float(version), "shape": shape, "instance": instance}


def architecture(case: dict[str, Any], version: str) -> str:
    """Return DRAM, a buffer, a mesh and registers with a multiplier, as text: yaml has no word for its tags."""
    dram, bandwidth = (_bandwidth((case["arch"] or {}).get(key)) for key in ("dram_bw", "glb_bw"))
    x, y = case["X"], case["Y"]
    if version == "0.4":
        return f"""
architecture:
  version: 0.4
  nodes:
  - !Container
    name: system
    attributes: {{global_cycle_seconds: 1e-9}}
  - !Component
    name: DRAM
    class: DRAM
    attributes: {{width: 64, datawidth: 8{dram}}}
  - !Component
    name: GLB
    class: SRAM
    attributes: {{depth: 16384, width: 64, datawidth: 8{bandwidth}}}
  - !Container
    name: PE
    spatial: {{meshX: {x}, meshY: {y}}}
  - !Component
    name: RF
    class: regfile
    attributes: {{depth: 512, width: 8, datawidth: 8}}
  - !Component
    name: MAC
    class: intmac
    attributes: {{datawidth: 8}}
"""
    return f"""
architecture:
  version: 0.3
  subtree:
  - name: system
    local:
    - name: DRAM
      class: DRAM
      attributes: {{width: 64, block-size: 8, word-bits: 8{dram}}}
    subtree:
    - name: chip
      local:
      - name: GLB
        class: SRAM
        attributes: {{sizeKB: 128, width: 64, block-size: 8, word-bits: 8{bandwidth}}}
      subtree:
      - name: PE[0..{x * y - 1}]
        local:
        - name: RF
          class: regfile
          attributes: {{entries: 512, width: 8, word-bits: 8, meshX: {x}}}
        - name: MAC
          class: intmac
          attributes: {{datawidth: 8, meshX: {x}}}
"""


def _bandwidth(words: int | None) -> str:
    return f", read_bandwidth: {words}, write_bandwidth: {words}" if words else ""


def energies(case: dict[str, Any]) -> dict[str, Any]:
    """Return the reference costs as Accelergy would table them."""
    pes = case["X"] * case["Y"]
    count = {"DRAM": 1, "GLB": 1, "RF": pes}
    tables = [
        {
            "name": f"system.{name}[1..{count[name]}]",
            "actions": [{"name": "read", "energy": read}]
            + [{"name": action, "arguments": {"x": 1}, "energy": write} for action in ("write", "update")],
        }
        for name, (read, write) in ENERGY.items()
    ]
    tables.append({"name": f"system.PE[0..{pes - 1}].MAC", "actions": [{"name": "compute", "energy": 0.6}]})
    return {"version": 0.4, "tables": tables}


def mapping(case: dict[str, Any], version: str) -> list[dict[str, Any]]:
    """Return the printed nest of a case as directives, inner to outer, every dimension named."""
    loops: dict[str, dict[str, list[tuple[str, int]]]] = {}
    kept: dict[str, list[str]] = {}
    level = ""
    for line in case["map"].splitlines():
        if node := re.match(r"(DRAM|GLB|RF) \[(.*)\]", line):
            level = node[1]
            kept[level] = [part.split(":")[0] for part in node[2].split() if ":" in part]
            loops[level] = {"": [], "X": [], "Y": []}
        elif loop := re.match(r"[| ]*for (\w) in \[0:(\d+)\)(?: \(Spatial-(\w)\))?", line):
            loops[level][loop[3] or ""].append((loop[1], int(loop[2])))
    directives: list[dict[str, Any]] = []
    for name, tensors in kept.items():
        bypass = [one for one in TENSORS if one not in tensors]
        directives.append({"target": name, "type": "bypass", "keep": tensors, "bypass": bypass})
    for name, inside in loops.items():
        directives.append({"target": name, "type": "temporal"} | _loops([], inside[""], version))
        if inside["X"] or inside["Y"]:
            target = "PE" if version == "0.4" else name
            directives.append({"target": target, "type": "spatial"} | _loops(inside["X"], inside["Y"], version))
    return directives


def _loops(first: list[tuple[str, int]], second: list[tuple[str, int]], version: str) -> dict[str, Any]:
    """Return factors, permutation and split; ``first`` is inside ``second``."""
    inner = [name for name, _ in reversed(first)]
    outer = [name for name, _ in reversed(second)]
    others = [name for name in DIMENSIONS if name not in inner + outer]
    bounds = dict.fromkeys(DIMENSIONS, 1)
    for name, bound in first + second:
        bounds[name] *= bound
    factors = [f"{name}={bound}" for name, bound in bounds.items()]
    order = [*inner, *outer, *others]
    split = {"split": len(inner)} if first or inner else {}
    if version == "0.4":
        return {"factors": factors, "permutation": order} | split
    return {"factors": " ".join(factors), "permutation": "".join(order)} | split


def texts(case: dict[str, Any], version: str) -> dict[str, str]:
    """Return the files of a case: problem, architecture, mapping and ERT."""
    return {
        "problem.yaml": yaml.safe_dump({"problem": problem(case["layer"], version)}, sort_keys=False),
        "arch.yaml": architecture(case, version),
        "mapping.yaml": yaml.safe_dump({"mapping": mapping(case, version)}, sort_keys=False),
        "ERT.yaml": yaml.safe_dump({"ERT": energies(case)}, sort_keys=False),
    }
