"""How do accelsim's predictions stand to every published measurement it is compared with?

A study, one module in ``accelsim/validation/studies``, holds the comparisons of one system. A comparison's name begins
with its study's (``eyeriss-glb-traffic``), so that one can be run without the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor
from accelsim.errors import InputError, did_you_mean
from accelsim.progress import progress
from accelsim.validation import bounds, studies
from accelsim.validation.comparison import Comparison
from accelsim.validation.statistics import Summary, Verdict, overall, summary, verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Validation:
    """Comparisons that were run.

    Attributes
    ----------
    comparisons : tuple of Comparison
    """

    comparisons: tuple[Comparison, ...]

    plot = Accessor("accelsim.report.plots:ValidationPlots")

    def __getitem__(self, name: str) -> Comparison:
        """Return a comparison by its name; an unknown one raises InputError."""
        found = {one.name: one for one in self.comparisons}
        if name not in found:
            raise InputError(f"{name!r} was not compared{did_you_mean(name, found) or '.'}")
        return found[name]

    def _repr_html_(self) -> str:
        return self.summary().to_html(index=False, na_rep="", float_format="{:.3f}".format)

    @cached_property
    def verdicts(self) -> dict[str, tuple[Verdict, ...]]:
        """What every bound says, by the comparison's name."""
        return {one.name: tuple(verdict(bound, one) for bound in one.bounds) for one in self.comparisons}

    @cached_property
    def summaries(self) -> dict[str, Summary]:
        """Mean error, bias and rank correlation by the comparison's name; ``""`` is that of all."""
        return {one.name: summary(one) for one in self.comparisons} | {"": overall(self.comparisons)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per measurement, predicted and measured in the unit of its row."""
        import pandas as pd

        frame = pd.DataFrame(self.to_dicts())
        frame.attrs["units"] = {one.name: one.unit for one in self.comparisons}
        return frame

    def summary(self) -> pd.DataFrame:
        """Return one row per comparison: rows judged, MAPE, bias, rank correlation, bounds and how many are met."""
        import pandas as pd

        names = [*(one.name for one in self.comparisons), ""]
        rows = []
        for name in names:
            said = self.verdicts.get(name, ()) if name else tuple(v for one in self.verdicts.values() for v in one)
            own = self.summaries[name]
            rows.append(
                {"comparison": name or "all", "rows": own.rows, "mape": own.mape, "bias": own.bias,
                 "rank_correlation": own.rank, "bounds": len(said), "met": sum(one.met for one in said)}
            )  # fmt: skip
        return pd.DataFrame(rows)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one record per measurement."""
        return [
            {"comparison": one.name, "group": row.group, "label": row.label, "role": row.role, "unit": one.unit,
             "predicted": row.predicted, "measured": row.measured, "error": row.error if row.measured else None,
             "note": row.note}
            for one in self.comparisons
            for row in one.rows
        ]  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, for JSON."""
        return {"comparisons": [self._record(one) for one in self.comparisons], "all": vars(self.summaries[""])}

    def _record(self, one: Comparison) -> dict[str, Any]:
        rows = [{key: value for key, value in row.items() if key not in ("comparison", "unit")}
                for row in Validation((one,)).to_dicts()]  # fmt: skip
        return {
            "name": one.name, "title": one.title, "quantity": one.quantity, "unit": one.unit, "kind": one.kind,
            "sources": list(one.sources), "rows": rows,
            "bounds": [
                {**vars(said.bound), "value": _finite(said.value), "met": said.met} for said in self.verdicts[one.name]
            ],
            "fitted": [{**vars(fit), "rows": list(fit.rows)} for fit in one.fitted],
            "cannot": list(one.cannot), "remark": one.remark, "summary": vars(self.summaries[one.name]),
        }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def study_names() -> tuple[str, ...]:
    """Return the names of the studies, as comparisons begin with them."""
    found = (module.name for module in iter_modules(studies.__path__) if not module.name.startswith("_"))
    return tuple(sorted(name.replace("_", "-") for name in found))


def validate(names: Iterable[str] | str | None = None) -> Validation:
    """Run comparisons with published measurements.

    Bounds were written down before a comparison was first run; what was fitted is judged on other rows only.

    Parameters
    ----------
    names : str or iterable of str, optional
        Comparisons (``eyeriss-glb-traffic``) or studies (``eyeriss``); by default everything.

    Returns
    -------
    Validation

    Raises
    ------
    InputError
        A name is unknown; the nearest one is named.

    Examples
    --------
    >>> import accelsim as sim
    >>> sim.validate("eyeriss").summary()  # doctest: +SKIP
    """
    asked = [names] if isinstance(names, str) else None if names is None else list(names)
    known = study_names()
    wanted = {name: study_of(name, known) for name in asked} if asked is not None else {name: name for name in known}
    found: list[Comparison] = []
    with progress(dict.fromkeys(wanted.values()), "validating", unit="study") as chosen:
        for study in chosen:
            found += (one for one in _compared(study) if study in wanted or one.name in wanted)
    return Validation(tuple(found))


def study_of(name: str, known: Iterable[str] = ()) -> str:
    """Return the study that a name of a study or a comparison belongs to; an unknown name raises InputError."""
    known = tuple(known) or study_names()
    if name in known:
        return name
    owners = [study for study in known if name.startswith(f"{study}-")]
    if owners and name in bounds.names():
        return max(owners, key=len)
    if name in bounds.names():
        raise InputError(f"the comparison {name} has bounds, but no study: none of {', '.join(known)} begins its name.")
    hint = did_you_mean(name, [*bounds.names(), *known]) or "; accelsim validate --list names them all."
    raise InputError(f"there is no comparison {name!r}{hint}")


def _compared(study: str) -> list[Comparison]:
    """The comparisons of a study, each under a name that begins with the study's."""
    module = import_module(f"{studies.__name__}.{study.replace('-', '_')}")
    found: list[Comparison] = module.comparisons()
    for one in found:
        if not one.name.startswith(f"{study}-"):
            raise InputError(f"a comparison of the study {study} must begin with {study}-; got {one.name!r}.")
    return found
