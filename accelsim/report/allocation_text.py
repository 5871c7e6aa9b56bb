"""What does a reader see of an allocation? The totals beside uniform schemes, the layers, what it rests on."""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.explore.allocation_front import AllocationFront
from accelsim.layout import percent, table
from accelsim.quantization.allocation.allocation import Allocation
from accelsim.quantization.allocation.budget import amount
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.text import titled

MEASURES = {
    "energy_pj": "energy", "latency_s": "time", "edp_pj_s": "energy x time", "error": "error",
    "weight_bytes": "weights", "bops": "bit operations",
}  # fmt: skip
MOST_LAYERS = 80


def allocation_page(found: Allocation, all_layers: bool = True) -> Page:
    """Return an allocation as a page: totals, layers with weights, remarks."""
    solution, result = found.solution, found.result
    within = " and ".join(
        f"{MEASURES[name]} of at most {amount(most, name)}" for name, most in solution.budgets.items()
    )
    asked = f"least {MEASURES[solution.minimized]}{f' with {within}' if within else ''}"
    page: Page = [
        Text(f"Bits per layer of {titled(result)} on {result.chip.name}", "title"),
        Text(f"{asked}; {result.mapping} mapping for {result.objective}", "note"),
        Text(""),
    ]
    page += headed(_totals(found))
    if all_layers:
        page += headed(_layers(found))
    page += sentences(list(_remarks(found)), "note")
    page += sentences([f"warning: {text}" for text in (*found.broken, *result.warnings)], "warning")
    return page


def _totals(found: Allocation) -> list[str]:
    shown = [name for name in MEASURES if name in found.totals]
    rows = [["added up", *(amount(found.totals[name], name) for name in shown)]]
    rows.append(["simulated", *(amount(found.simulated[name], name) for name in shown)])
    rows.append(["gap", *(_gap(found.gap.get(name)) for name in shown)])
    for name, totals in found.uniform.items():
        rows.append([f"all {name}", *(amount(totals[measure], measure) for measure in shown)])
    return table(["", *(MEASURES[name] for name in shown)], rows, "l" + "r" * len(shown))


def _gap(gap: float | None) -> str:
    return "-" if gap is None or abs(gap) < 1e-9 else f"{gap:+.2%}"


def _layers(found: Allocation) -> list[str]:
    cost = "energy_pj" if "energy_pj" in found.totals else "latency_s"
    shown = [one for one in found.layers if one.weight]
    rows = [
        [
            f"{one.layer.name}{f' x{one.layer.repeat}' if one.layer.repeat > 1 else ''}", one.choice,
            one.weight, one.activation, one.output, amount(one.measures[cost], cost),
            percent(one.measures[cost], found.totals[cost]), f"{one.measures['error']:.3g}",
        ]
        for one in shown[:MOST_LAYERS]
    ]  # fmt: skip
    if len(shown) > MOST_LAYERS:
        rows.append([f"... {len(shown) - MOST_LAYERS} more", *[""] * 7])
    header = ["layer", "choice", "weights", "reads", "writes", MEASURES[cost], "of all", "error"]
    return table(header, rows, "lllllrrr")


def _remarks(found: Allocation) -> list[str]:
    solution = found.solution
    if solution.proven:
        proof = f"Proven: no allocation of these choices is better by the added costs ({solution.programs} programs)."
    else:
        proof = f"Not proven: no allocation has less than {amount(solution.bound, solution.minimized)}."
    errors = f"Errors: {found.errors.source}. They are added up; accuracy is not known from them."
    return [f"- {text}" for text in (proof, errors, *found.notes)]


def front_page(found: AllocationFront) -> Page:
    """Return a trade-off as a page: every scheme, the front first, dominated ones marked."""
    allocator = found.allocator
    shown = [name for name in MEASURES if any(name in row for row in found.rows)]
    order = sorted(found.rows, key=lambda row: (row["dominated"], row[found.metrics[0].name]))
    rows = [[str(row["name"]), *_amounts(row, shown), "dominated" if row["dominated"] else "front"] for row in order]
    header = ["scheme", *(MEASURES[name] for name in shown), ""]
    metrics = " and ".join(one.words for one in found.metrics)
    title = f"{metrics} of {allocator.network.title or allocator.network.name} on {allocator.chip.name}"
    page: Page = [Text(title[:1].upper() + title[1:], "title"), Text("")]
    page += headed(table(header, rows, "l" + "r" * len(shown) + "l"))
    notes = [
        f"- Errors: {allocator.errors.source}.",
        *(f"- {text}" for text in (*allocator.choices.notes, *found.notes)),
    ]
    return page + list(sentences(notes, "note"))


def _amounts(row: Mapping[str, object], shown: list[str]) -> list[str]:
    return [amount(float(str(row[name])), name) if name in row else "unknown" for name in shown]
