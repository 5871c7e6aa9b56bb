"""Which parts of the documentation are made from the code? This script makes them again.

The outputs in the README and in the tutorials, the pictures, the table of number formats, the fields of files, the
table of commands and the page of the validation: ``python docs/refresh.py`` writes them all. Tests hold the tables
and the validation, .ci/run the first output; building the site runs the commands of the tutorials and warns where
they print something else.
"""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelsim.precision import Format

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))

from cost_tables import with_costs  # noqa: E402
from field_tables import with_fields  # noqa: E402
from outputs import with_outputs  # noqa: E402
from quoted_tables import with_claims  # noqa: E402

MAIN = "compare resnet50 --on horowitz-45nm --schemes fp32,fp16,w8a8-dequant-fp32,int8"
MAP = "map llama-2-7b/decode:layers.q_proj --on horowitz-45nm --scheme int8"
MEMORY = "memory mobilenetv2 --on eyeriss-v1 --schemes int8"
PICTURES = {"docs/images/resnet50.svg": MAIN, "docs/images/memory.svg": MEMORY}
ON = "--on horowitz-45nm --mapping heuristic"
PLOTS = {
    "costs": "--on horowitz-45nm",
    "energy": f"mobilenetv2 {ON} --scheme int8 --by level",
    "roofline": f"mobilenetv2 {ON} --scheme int8",
    "bits": f"llama-2-7b/decode {ON}",
    "heat": f"mobilenetv2 {ON} --scheme int8 --set array.rows=8,16,32,64 --set levels.SRAM.capacity=64KiB:2MiB:x2",
    "density": "",
    "uses": f"mobilenetv2 {ON} --scheme int8",
    "pareto": "mobilenetv2 --on horowitz-45nm,nvdla-full,eyeriss-v1 --mapping heuristic "
    "--schemes fp32,fp16,int8,w4a8,w4a16 --metrics energy,latency",
    "tornado": "mobilenetv2 --on eyeriss-v1 --mapping heuristic --scheme int8",
    "timeline": f"mobilenetv2 {ON} --scheme int8",
}
"""One picture of each kind in docs/plots.md; a heuristic mapping makes them again in a minute."""


def format_rows() -> list[str]:
    """Return the table of number formats in Markdown from the catalog; plain integers share two rows."""
    from accelsim.precision import CATALOG, element_of

    rows = [
        "| name | element | range | step | significand bits | stored as | bits per element |",
        "|---|---|---|---|---|---|---|",
        "| `int2` to `int32`, `int64` | intN | -2^(N-1) to 2^(N-1) - 1 | 1 | N - 1 | itself | N |",
        "| `uint2` to `uint32`, `uint64` | uintN | 0 to 2^N - 1 | 1 | N | itself | N |",
    ]
    for name, stored in CATALOG.items():
        if stored.block is None and stored.kind != "float":
            continue
        spread = f"{stored.min:.6g} to {stored.max:.6g}"
        grid = [element_of(stored).name, spread, f"{stored.step:.6g}", str(stored.significand)]
        rows.append(f"| {' | '.join([f'`{name}`', *grid, _stored(stored), _bits(stored.storage_bits())])} |")
    return rows


def _bits(bits: Fraction) -> str:
    exact = f"{float(bits):.10g}"
    return exact if Fraction(exact) == bits and len(exact) < 8 else f"{bits} = {float(bits):.6g}"


def _stored(stored: Format) -> str:
    block = stored.block
    if block is None:
        return "itself"
    groups = f", a scale per {block.group}" if block.group else ""
    shared = [f"{block.scale_bits} bits of scale ({block.scale})"]
    if block.zero_point_bits:
        shared.append(f"{block.zero_point_bits} of zero point")
    if block.sum_bits:
        shared.append(f"{block.sum_bits} of sums")
    return f"{float(stored.payload_bits):g}-bit codes in blocks of {block.size}{groups}; {', '.join(shared)}"


def with_table(text: str) -> str:
    """Return a page with the table between its markers made new."""
    table = "\n".join(format_rows())
    return re.sub(
        r"(<!-- table -->\n).*?(<!-- end -->)", lambda found: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL
    )


def with_tables(text: str) -> str:
    """Return a page with every table that is made from the code made new."""
    return with_commands(with_fields(with_table(text)))


def with_commands(text: str) -> str:
    """Return a page with the table of commands made new."""
    from accelsim.cli.app import app

    rows = [f"| `accelsim {name}` | {command.get_short_help_str(200)} |" for name, command in app.commands.items()]
    table = "\n".join(["| command | question |", "|---|---|", *rows])
    return re.sub(
        r"(<!-- commands -->\n).*?(<!-- end -->)", lambda found: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL
    )


def with_output(text: str, arguments: str, output: str) -> str:
    """Return a page with the first text block below a command made new."""
    block = rf"(accelsim {re.escape(arguments)}.*?^```text\n).*?(^```)"
    return re.sub(block, lambda found: f"{found[1]}{output}\n{found[2]}", text, count=1, flags=re.DOTALL | re.MULTILINE)


def run(arguments: str) -> str:
    """Return what a command of accelsim prints."""
    command = [sys.executable, "-m", "accelsim.cli", *arguments.split()]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Write the made parts, or those of the pages that are named."""
    named = [Path(name) for name in sys.argv[1:]]
    for page in named or sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(with_outputs(with_claims(with_costs(with_tables(text)))), encoding="utf-8")
    if named:
        return
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    for arguments in (MAIN, MAP):
        text = with_output(text, arguments, run(arguments).strip())
    readme.write_text(text, encoding="utf-8")
    for picture, arguments in PICTURES.items():
        run(f"{arguments} --plot {picture}")
    run("validate --write docs/validation.md")
    (ROOT / "docs" / "images" / "plots").mkdir(exist_ok=True)
    for kind, arguments in PLOTS.items():
        run(f"plot {kind} {arguments} -o docs/images/plots/{kind}.svg")


if __name__ == "__main__":
    main()
