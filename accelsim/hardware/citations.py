"""Which works do a profile's numbers name, and is each of them known?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accelsim.documents import Document
from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.schema import ProfileSpec
from accelsim.provenance import OWN_SOURCES, Source, bibliography, make_source

_LAWS = (
    "horowitz-isscc2014",
    "jouppi-isca2021",
    "mrazek-date2017",
    "markstein-ibm1990",
    "cody-waite1980",
    "balasubramonian-taco2017",
    "stillmaker-integration2017",
)


def cited_works(spec: ProfileSpec, document: Document) -> dict[str, Source]:
    """Return the works that a profile's numbers name, and those behind the laws that may complete it.

    Raises
    ------
    InputError
        A number names a work that is neither in the bibliography nor under ``sources:``.
    """
    works = bibliography()
    for key, fields in spec.sources.items():
        works[key] = make_source(key, fields, document.where("sources", key))
    cited: dict[str, tuple[str | int, ...]] = {spec.source: ("source",)}
    for path, number in _numbers(spec.model_dump(exclude={"sources", "extends"}), ()):
        for key in (number["source"], *number["also"]):
            cited.setdefault(key, path)
    for block in ("sparsity", "fusible"):
        if (own := getattr(spec, block)) is not None:
            cited.setdefault(own.source, (block, "source"))
    for key, path in cited.items():
        if key not in works:
            raise _unknown_source(key, document.where(*path), works)
    return {key: works[key] for key in (*cited, *_LAWS, *OWN_SOURCES) if key in works}


def _unknown_source(key: str, where: str, works: dict[str, Source]) -> InputError:
    hint = did_you_mean(key, works) or ". Describe it under `sources:`."
    return InputError(
        f"must name a work in the bibliography or under `sources:`; {key!r} is in neither{hint}", where=where
    )


def _numbers(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    if isinstance(data, dict) and "value" in data and "source" in data:
        yield path, data
    elif isinstance(data, dict | tuple | list):
        for key, inside in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _numbers(inside, (*path, key))
