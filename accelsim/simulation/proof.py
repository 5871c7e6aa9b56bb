"""How good is a layer's mapping, and how do we know? The certificate in a sentence."""

from __future__ import annotations

from accelsim.simulation.requested import CONSTRAINED, GIVEN
from accelsim.simulation.result import LayerResult

_BETTER = {"energy": "takes less energy", "latency": "is faster", "edp": "has a smaller energy-delay product"}

_MEASURE = {"energy": "energy", "latency": "time", "edp": "energy-delay product"}

_BETTER_BITS = {
    "energy": "moves fewer bits of the outermost memory",
    "edp": "has a smaller product of time and bits of the outermost memory",
}

_MEASURE_BITS = {
    "energy": "bits of the outermost memory",
    "edp": "the product of time and bits of the outermost memory",
}


def proof(one: LayerResult) -> str:
    """Return what is known of a layer's mapping: proven best and how, searched, given, or a heuristic's choice."""
    found = one.certificate
    if found is None:
        if one.mapping == GIVEN:
            return "given: the caller's own mapping, checked but not compared with any other."
        return f"not proven: the choice of a heuristic ({one.mapping}); a search may find a better one."
    better, measure = _BETTER[found.objective], _MEASURE[found.objective]
    if one.energy_pj is None and found.objective != "latency":  # bits stand for an energy that is unknown
        better, measure = _BETTER_BITS[found.objective], _MEASURE_BITS[found.objective]
    if not found.proven:
        return (
            f"not proven: the best of {amount(found.candidates)} partial mappings looked at; no mapping can be more "
            f"than {found.gap:.1%} below it in {measure}."
        )
    within = " that the constraints leave" if one.mapping == CONSTRAINED else ""
    return (
        f"proven: none of the {amount(found.space)} mappings{within} {better}; {amount(found.evaluated)} evaluated, "
        "the rest excluded by bound."
    )


def amount(count: int) -> str:
    """Return a count in full up to a million, then as a power of ten: "3,410", "1.2e15"."""
    if count < 10**6:
        return f"{count:,}"
    mantissa, exponent = f"{count:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"
