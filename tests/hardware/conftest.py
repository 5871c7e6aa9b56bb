"""A small valid profile that tests take apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accelsim.hardware import Chip, load_profile

VALID = """\
name: mine
source: horowitz-isscc2014
node_nm: 45
clock_hz: 1.0e+9
array:
  rows: {size: 4, dims: [C]}
  cols: 8
macs_per_pe_cycle: {int8: 4, fp16: 2}
multiply_pj: {source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}
add_pj: {source: horowitz-isscc2014, int32: 0.1, fp32: 0.9}
levels:
  - name: RF
    inside: cols
    capacity: 64 B
    read_pj_per_bit: {value: 0.03, source: han-nips2015}
    write_pj_per_bit: {value: 0.03, source: han-nips2015}
  - name: SRAM
    technology: sram
    capacity: 64 KiB
    read_pj_per_access: {value: 20, source: horowitz-isscc2014}
    write_pj_per_access: {value: 20, source: horowitz-isscc2014}
    access_bits: 64
    read_bits_per_cycle: 256
  - name: DRAM
    technology: dram
    read_pj_per_bit: {value: 20, low: 20, high: 40, source: horowitz-isscc2014}
    write_pj_per_bit: {value: 20, source: horowitz-isscc2014}
    bandwidth_bytes_per_s: 8.0e+9
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Chip]:
    """Return a function that loads the valid profile with ``old`` text replaced by ``new``."""

    def loader(old: str = "", new: str = "", *, overrides: dict[str, Any] | None = None, what_if: bool = False) -> Chip:
        assert old in VALID
        path = tmp_path / "mine.yaml"
        path.write_text(VALID.replace(old, new, 1) if old else VALID)
        return load_profile(path, overrides, what_if)

    return loader
