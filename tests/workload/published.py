"""Reads the published rows in ``data/`` that the counts are compared with."""

from __future__ import annotations

import csv
from pathlib import Path

from accelsim.workload.dimensions import Transformer

DATA = Path(__file__).parent / "data"
NUMBERS = (
    "hidden",
    "intermediate",
    "layers",
    "heads",
    "kv_heads",
    "head_dim",
    "vocabulary",
    "learned_positions",
    "token_types",
)


def rows(name: str) -> list[dict[str, str]]:
    """Rows of ``data/NAME.csv`` without its comment lines."""
    lines = (DATA / f"{name}.csv").read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def transformer(row: dict[str, str]) -> Transformer:
    """The dimensions of one row of ``transformers.csv``."""
    encoder = row["encoder"] == "1"
    return Transformer(
        **{name: int(row[name]) for name in NUMBERS},
        encoder=encoder,
        norm=row["norm"],
        norm_after=encoder,
        embedding_norm=encoder,
        parallel=row["parallel"] == "1",
        gated=row["gated"] == "1",
        activation="silu" if row["gated"] == "1" else "gelu",
        attention_bias=row["attention_bias"],
        mlp_bias=row["mlp_bias"] == "1",
        head_bias=row["head_bias"] == "1",
        tied_embeddings=row["tied"] == "1" and not encoder,
        pooler=row["pooler"] == "1",
    )
