"""What does an access or an operation cost, as an energy reference table of Accelergy, or an attribute, says?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from accelsim.documents.part import Part

COMPUTE = ("compute", "mac", "mac_random", "multiply", "read")
"""Actions that are one multiply-accumulate; the first that stands in the table is taken."""


@dataclass
class Energies:
    """Energy in pJ by component and action, what of it was taken, and how it was found.

    Parameters
    ----------
    values : dict of str to dict of str to float
        By component, then by action.
    several : list of str
        Actions with several energies, of which the largest is taken, as Timeloop does.
    file : str
        Of the table.
    """

    values: dict[str, dict[str, float]] = field(default_factory=dict)
    several: list[str] = field(default_factory=list)
    file: str = ""
    missing: str = ""
    taken: set[tuple[str, str]] = field(default_factory=set)

    def of(self, component: str, action: str) -> float | None:
        """Return the energy of an action of a component in pJ; None if the table has none."""
        return self.values.get(component, {}).get(action)

    def take(self, component: str, action: str) -> float | None:
        """Return the energy of an action, which is then imported."""
        self.taken.add((component, action))
        return self.of(component, action)

    def take_mac(self, component: str) -> float | None:
        """Return the energy of one multiply-accumulate in pJ, which is then imported; None if the table has none."""
        action = next((one for one in COMPUTE if self.of(component, one) is not None), None)
        return None if action is None else self.take(component, action)

    def remarks(self, components: Iterable[str]) -> Iterator[str]:
        """Yield what the table says that is not imported, and what it lacks."""
        if self.missing:
            yield f"no energy of {self.missing} is given (an ERT would have it), so energy is unknown (null)."
        if self.several:
            yield f"of the energies of {', '.join(self.several)} the largest is taken."
        known = set(components)
        if unknown := sorted(set(self.values) - known):
            yield f"the ERT lists components that the architecture lacks: {', '.join(unknown)}."
        left: dict[str, list[str]] = {}
        for component in sorted(known & set(self.values)):
            for action, energy in self.values[component].items():
                if energy and (component, action) not in self.taken:
                    left.setdefault(action, []).append(component)
        for action, names in left.items():
            yield f"energy of {action} of {', '.join(names)} is not imported."


def energies_of(part: Part | None) -> Energies:
    """Return what an energy reference table says; nothing where there is none.

    Raises
    ------
    InputError
        A field is unknown, a component stands twice, or an energy is no number of at least 0.
    """
    table = Energies()
    if part is None:
        return table
    table.file = part.document.path.name
    fields = part.fields(("version", "tables"), "an ERT", needed=("tables",))
    for one in fields["tables"].items("tables"):
        entries = one.fields(("name", "actions"), "a table of an ERT", needed=("name", "actions"))
        name = (
            entries["name"].text().rpartition(".")[2] if "[" not in entries["name"].text() else _last(entries["name"])
        )
        if name in table.values:
            raise entries["name"].error(f"a component must have one table; {name} has two.")
        table.values[name] = _actions(entries["actions"], name, table)
    return table


def _last(part: Part) -> str:
    """Return the component of system.PE[0..15].spad[1..16]."""
    bare, depth = "", 0
    for letter in part.text():
        depth += (letter == "[") - (letter == "]")
        bare += letter if depth == 0 and letter != "]" else ""
    return bare.rpartition(".")[2]


def _actions(part: Part, component: str, table: Energies) -> dict[str, float]:
    known: dict[str, float] = {}
    for one in part.items("actions"):
        fields = one.fields(("name", "arguments", "energy"), "an action of an ERT", needed=("name", "energy"))
        name, energy = fields["name"].text(), fields["energy"].energy_pj()
        if name in known and known[name] != energy:
            table.several = list(dict.fromkeys([*table.several, f"{name} of {component}"]))
        known[name] = max(energy, known.get(name, 0.0))
    return known
