"""Which modules does a quantization_config mean by a list of names?

Two readings. `Parts` is that of ``modules_to_not_convert``: a name, or a run of its parts, matches
("lm_head", "self_attn", "model.layers.0", "block_sparse_moe.gate"); a "*" behind it changes
nothing. `Targets` is that of compressed-tensors: a whole name, the class of the module
("Linear"), or "re:" and a regular expression that must match from the name's start.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field

from accelsim.errors import InputError

MOST_EXPRESSIONS = 50
MOST_QUANTIFIERS = 3
_QUANTIFIER = re.compile(r"(?:\\.|\[(?:\\.|[^\]\\])*\]|[^*+?{])*?([*+?{])")


@dataclass(frozen=True)
class Module:
    """A module of transformers: its dotted name and its class."""

    name: str
    kind: str = "Linear"


@dataclass(frozen=True)
class Parts:
    """Runs of the parts of a name."""

    runs: frozenset[str]

    @classmethod
    def of(cls, names: list[str]) -> Parts:
        """Return the reading of a list."""
        return cls(frozenset(name.rstrip("*").strip(".") for name in names) - {""})

    def __contains__(self, module: Module) -> bool:
        if not self.runs:
            return False
        parts = module.name.split(".")
        ends = range(1, len(parts) + 1)
        return any(".".join(parts[start:end]) in self.runs for end in ends for start in range(end))


@dataclass(frozen=True)
class Targets:
    """Names, classes and regular expressions."""

    names: frozenset[str]
    expressions: tuple[re.Pattern[str], ...] = field(default=())

    @classmethod
    def of(cls, texts: list[str]) -> Targets:
        """Return the reading of a list.

        Raises
        ------
        InputError
            A regular expression is wrong, or so rich in repetition that matching it could take forever.
        """
        written = [text.removeprefix("re:") for text in texts if text.startswith("re:")]
        if len(written) > MOST_EXPRESSIONS:
            raise InputError(f"must have at most {MOST_EXPRESSIONS} regular expressions; got {len(written)}.")
        names = frozenset(text for text in texts if not text.startswith("re:"))
        return cls(names, tuple(_expression(text) for text in dict.fromkeys(written)))

    def __contains__(self, module: Module) -> bool:
        if module.name in self.names or module.kind in self.names:
            return True
        return any(expression.match(module.name) for expression in self.expressions)


def _expression(text: str) -> re.Pattern[str]:
    shown = text if len(text) <= 60 else f"{text[:56]}..."
    if len(text) > 500 or len(_QUANTIFIER.findall(text)) > MOST_QUANTIFIERS or re.search(r"\)[*+{]", text):
        raise InputError(
            f"a regular expression must repeat at most {MOST_QUANTIFIERS} times and no group; got {shown!r}."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(text)
    except (re.error, RecursionError, OverflowError):
        raise InputError(f"must be regular expressions where they begin with re:; got {shown!r}.") from None
