"""Are layers refused that cannot be counted, and no others?"""

from __future__ import annotations

import pytest

from accelsim.errors import InputError
from accelsim.workload.shape import MOST, Shape, Window


def test_counts_beyond_64_bits_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        Shape.gemm(2**21, 2**21, 2**22)
    assert str(caught.value) == (
        "the extents of a layer must multiply to at most 2**58 (about 2.9e+17); "
        "got B 2097152 * K 2097152 * C 4194304, which is 1.8e+19."
    )


def test_the_limit_itself_is_allowed() -> None:
    assert Shape.gemm(2**20, 2**19, 2**19).macs == MOST
    with pytest.raises(InputError, match="2\\*\\*58"):
        Shape.gemm(2**20, 2**19, 2**19 + 1)


def test_an_input_that_a_stride_skips_is_limited_too() -> None:
    assert Shape(y=Window(size=2**29), x=Window(size=2**29)).words("I") == MOST
    with pytest.raises(InputError, match=r"input words; got B 1 .* 536870912 rows .* 536870913 columns"):
        Shape(y=Window(size=2**29), x=Window(size=2**29 + 1))


@pytest.mark.parametrize(
    "shape",
    [
        Shape.gemm(10**6, 28672, 8192),  # the MLP of Llama 2 70B over a million tokens
        Shape.gemm(10**6 * 8, 10**6, 128, groups=8),  # its attention scores: 64 heads on 8 of keys
        Shape.gemm(10**6, 2 * 10**5, 2**14),  # logits of all of them
        Shape(B=10**3, K=4096, C=4096, OY=512, OX=512, FY=3, FX=3),
    ],
)
def test_what_people_run_is_allowed(shape: Shape) -> None:
    assert 0 < shape.macs <= MOST
