"""Are early layers robust and deep ones delicate? Measured on five kinds of trained networks and on HAWQ's ResNet-18.

``python benchmarks/depth_sensitivity.py`` trains each network with five seeds (some minutes), quantizes one layer at
a time, and writes benchmarks/data/depth_layers.csv and the tables of docs/sensitivity.md. With ``--tables`` it makes
the tables from the file that is there.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import accelsim as sim
from accelsim.quantization.sensitivity.rank import RankCorrelation, rank_correlation

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "benchmarks" / "data"
LAYERS, HAWQ = DATA / "depth_layers.csv", DATA / "hawq_resnet18.csv"
PAGE = ROOT / "docs" / "sensitivity.md"
SEEDS, SAMPLES = 5, 512
CASES = {
    "weights, 2 bits": ("w2a32", "both"), "weights, 4 bits": ("w4a32", "both"), "weights, 8 bits": ("w8a32", "both"),
    "activations, 4 bits": ("w4a4", "activations"), "both, 4 bits": ("w4a4", "both"), "both, 8 bits": ("w8a8", "both"),
}  # fmt: skip
COLUMNS = ("network", "accuracy", "seed", "case", "layer", "depth", "elements", "kl_nats", "noise")
Row = dict[str, Any]


def measured(name: str, seed: int) -> Iterator[Row]:
    """Yield a row per case and layer of one network."""
    from depth_networks import trained

    network, digits, accuracy = trained(name, seed)
    images = digits.test_images[:SAMPLES]
    for part in ("both", "activations"):
        cases = {scheme: case for case, (scheme, own) in CASES.items() if own == part}
        found = sim.sensitivity(network, list(cases), images, parts=part)
        for row in found.rows:
            yield {
                "network": name, "accuracy": f"{accuracy:.4f}", "seed": seed, "case": cases[row.asked],
                "layer": row.layer, "depth": row.depth, "elements": row.elements,
                "kl_nats": f"{row.alone.kl_nats:.4g}", "noise": f"{row.alone.noise:.4g}",
            }  # fmt: skip


def measure_all() -> None:
    """Train and measure every network with every seed, and write the rows."""
    import torch
    from depth_networks import NETWORKS

    torch.set_num_threads(1)
    with LAYERS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for name in NETWORKS:
            for seed in range(SEEDS):
                writer.writerows(measured(name, seed))
                print(f"{name}, seed {seed}: done", file=sys.stderr)


def read(path: Path) -> list[Row]:
    """Return the rows of a file, comments left out."""
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return list(csv.DictReader(lines))


def by_depth(rows: Sequence[Row], column: str) -> list[float]:
    """Return a quantity by layer, in order of depth: its median over seeds."""
    values: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        values[int(row["depth"])].append(float(row[column]))
    return [median(values[depth]) for depth in sorted(values)]


def of_depth(values: Sequence[float]) -> RankCorrelation:
    """Return the rank correlation of values with their order."""
    return rank_correlation(range(len(values)), values)


def over_seeds(rows: Sequence[Row]) -> str:
    """Return the least and the largest correlation of a single seed."""
    seeds = sorted({row["seed"] for row in rows})
    found = [of_depth(by_depth([row for row in rows if row["seed"] == seed], "kl_nats")).rho for seed in seeds]
    return f"{min(found):+.2f} to {max(found):+.2f}"


def network_table() -> list[str]:
    """Return the correlations of every network and case in Markdown."""
    rows = read(LAYERS)
    header = [
        "network", "quantized", "depth and KL", "single seeds", "without first and last", "depth and noise",
        "last over the one before",
    ]  # fmt: skip
    lines = [f"| {' | '.join(header)} |", "|---|---|---|---|---|---|---|"]
    for name in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == name]
        scores = [float(row["accuracy"]) for row in own]
        title = f"{name}, {min(scores):.1%} to {max(scores):.1%} right"
        for case in CASES:
            some = [row for row in own if row["case"] == case]
            values = by_depth(some, "kl_nats")
            cells = [
                title, case, str(of_depth(values)), over_seeds(some), str(of_depth(values[1:-1])),
                str(of_depth(by_depth(some, "noise"))), f"{values[-1] / values[-2]:.1f}x",
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
            title = ""
    return lines


def hawq_table() -> list[str]:
    """Return the correlations of HAWQ's ResNet-18 in Markdown."""
    rows = read(HAWQ)
    main = [row for row in rows if "downsample" not in row["layer"]]
    lines = ["| quantity | all 19 layers | 16 layers without shortcuts |", "|---|---|---|"]
    for words, weight in (("trace", None), ("trace times squared error, 8 bits", "squared_error_w8"),
                          ("trace times squared error, 4 bits", "squared_error_w4")):  # fmt: skip
        cells = [
            str(of_depth([float(row["trace"]) * (float(row[weight]) if weight else 1.0) for row in some]))
            for some in (rows, main)
        ]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def with_tables(text: str) -> str:
    """Return a page with both tables made new."""
    for name, table in (("networks", network_table()), ("hawq", hawq_table())):
        body = "\n".join(table)
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda found, body=body: f"{found[1]}{body}\n{found[2]}",  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
    return text


if __name__ == "__main__":
    if "--tables" not in sys.argv[1:]:
        measure_all()
    print("\n".join([*network_table(), "", *hawq_table()]))
    if PAGE.is_file():
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
