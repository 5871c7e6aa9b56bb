"""Under which names do the tensors of a layer stand in a file of weights?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.workload.importers.stored import Tensor, TensorTable

Suffixes = dict[str, Tensor]
"""What is stored under one stem, by what follows it: the ``weight`` and ``bias`` of ``blk.0.attn_q``."""

MOST_EXPERTS = 100_000


@dataclass(frozen=True)
class Notation:
    """How a kind of file writes weights down.

    Parameters
    ----------
    names : mapping
        Layer name to the stems under which its weights may stand, the first that exists being meant;
        ``{i}`` is the block, ``{e}`` the expert, ``{p}`` what the file puts before every name.
    split : callable
        Tensor name to (stem, suffix).
    format_of : callable
        (suffixes of one stem, elements of W, elements of one channel) to the format of W; the suffixes
        hold everything but biases.
    bare : mapping
        Format of a tensor type by the type's name.
    """

    names: Mapping[str, tuple[str, ...]]
    split: Callable[[str], tuple[str, str]]
    format_of: Callable[[Suffixes, int, int], str]
    bare: Mapping[str, str]


class Modules:
    """The tensors of a file by stem, and the stems of each layer.

    Parameters
    ----------
    table : TensorTable
    notation : Notation
    first : str
        Layer whose table shows what the file puts before every name.
    where : str
        Named in messages.
    """

    def __init__(self, table: TensorTable, notation: Notation, first: str, where: str) -> None:
        self.notation, self.where = notation, where
        self.stored: dict[str, Suffixes] = {}
        for tensor in table:
            stem, suffix = notation.split(tensor.name)
            self.stored.setdefault(stem, {})[suffix] = tensor
        self.prefix = self._prefix(first)

    def _prefix(self, first: str) -> str:
        for template in self.notation.names.get(first, ()):
            ending = template.removeprefix("{p}")
            for stem in self.stored:
                start = stem.removesuffix(ending)
                if stem.endswith(ending) and (not start or start.endswith(".")):
                    return start
        return ""

    def stems(self, layer: str, block: int) -> tuple[str, ...]:
        """Return the stems under which a layer of one block is stored: several for experts.

        Raises
        ------
        InputError
            There is none.
        """
        templates = self.notation.names.get(layer, ())
        for template in templates:
            if stems := tuple(self._written(template, block)):
                return stems
        asked = [template.format(p=self.prefix, i=block, e=0) for template in templates]
        raise InputError(
            f"the layer {layer} must have its tensors, {' or '.join(asked) or 'of some name'}; the file has none. "
            "Is it the whole model?",
            where=self.where,
        )

    def _written(self, template: str, block: int) -> Iterator[str]:
        """Yield the stems that a template stands for, as far as the file has them."""
        for expert in range(MOST_EXPERTS if "{e}" in template else 1):
            stem = template.format(p=self.prefix, i=block, e=expert)
            if stem not in self.stored:
                return
            yield stem
