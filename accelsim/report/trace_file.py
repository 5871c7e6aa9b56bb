"""How is a trace written to a file? Piece by piece, CSV (plain or .gz) or Parquet; whole or not at all."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from accelsim.engine.tracing.piece import COLUMNS, Piece
from accelsim.errors import UnsupportedError, UsageError
from accelsim.files import write_whole

SUFFIXES = (".csv", ".csv.gz", ".parquet")


def check_trace_place(path: str | Path) -> Path:
    """Return the path if a trace can be written there.

    Raises
    ------
    UsageError
        The name ends in none of .csv, .csv.gz and .parquet.
    UnsupportedError
        It ends in .parquet and pyarrow is not installed.
    """
    place = Path(path)
    if not place.name.lower().endswith(SUFFIXES):
        raise UsageError(f"a trace must be a file ending in {', '.join(SUFFIXES)}; got {str(path)!r}.")
    if place.suffix.lower() == ".parquet":
        try:
            import_module("pyarrow")
        except ImportError:
            raise UnsupportedError(
                "Parquet needs pyarrow, which is not installed; pip install 'accelsim[distributed]'"
            ) from None
    return place


def save_trace(pieces: Iterable[Piece], path: str | Path) -> tuple[Path, int]:
    """Write a trace, in as much memory as a piece takes; return the path and the number of lines.

    Parameters
    ----------
    pieces : iterable of Piece
        From `accelsim.trace`.
    path : str or Path
        Ends in .csv, .csv.gz or .parquet.

    Raises
    ------
    UsageError, UnsupportedError
        See `check_trace_place`.
    InputError
        The place cannot be written.
    """
    place = check_trace_place(path)
    lines = 0

    def counted() -> Iterable[Piece]:
        nonlocal lines
        for piece in pieces:
            lines += len(piece)
            yield piece

    write = _write_parquet if place.suffix.lower() == ".parquet" else _write_csv
    return write_whole(place, lambda unfinished: write(counted(), unfinished)), lines


def _write_csv(pieces: Iterable[Piece], place: Path) -> None:
    if place.suffix.lower() == ".gz":
        with gzip.open(place, "wt", encoding="utf-8", newline="") as packed:
            packed.writelines(_lines(pieces))
    else:
        with place.open("w", encoding="utf-8", newline="") as file:
            file.writelines(_lines(pieces))


def _lines(pieces: Iterable[Piece]) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\n"
    for piece in pieces:
        words = [",".join(kind) for kind in piece.kinds]
        rows = zip(piece.cycle.tolist(), piece.kind.tolist(), piece.address.tolist(), strict=True)
        yield "".join(f"{cycle},{words[kind]},{address}\n" for cycle, kind, address in rows)


def _write_parquet(pieces: Iterable[Piece], place: Path) -> None:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    word = arrow.dictionary(arrow.int32(), arrow.string())
    fields = [(name, word if name in COLUMNS[1:4] else arrow.int64()) for name in COLUMNS]
    schema = arrow.schema(fields)
    with parquet.ParquetWriter(place, schema) as writer:
        for piece in pieces:
            columns = [arrow.array(column).cast(field[1]) if name not in COLUMNS[1:4]
                       else arrow.array(column, arrow.string()).dictionary_encode()
                       for (name, column), field in zip(piece.columns().items(), fields, strict=True)]  # fmt: skip
            writer.write_table(arrow.Table.from_arrays(columns, schema=schema))
