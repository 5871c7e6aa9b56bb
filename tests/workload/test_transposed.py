"""Do the phases of a transposed convolution compute exactly the products of its definition?"""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload.stream import Stream
from accelsim.workload.transposed import output_size, phases, transposed_conv

Product = tuple[int, int, int]


def scattered(size: int, taps: int, stride: int, pad: int, dilation: int, total: int) -> set[Product]:
    """Every (output, tap, input) of one axis, from the definition: input i adds to i*stride + f*dilation - pad."""
    return {
        (place * stride + tap * dilation - pad, tap, place)
        for place in range(size)
        for tap in range(taps)
        if 0 <= place * stride + tap * dilation - pad < total
    }


axis = st.tuples(st.integers(1, 8), st.integers(1, 6), st.integers(1, 4), st.integers(0, 4), st.integers(1, 4))


@given(axis=axis, extra=st.integers(0, 3))
def test_phases_of_an_axis_hold_every_product_once(axis, extra):
    size, taps, stride, pad, dilation = axis
    total = output_size(*axis, extra)
    assume(total >= 1)
    gathered = set()
    outputs = 0
    for remainder, phase in enumerate(phases(*axis, extra)):
        outputs += phase.outputs
        assert phase.window.pad >= 0
        window, cut = phase.window, size - phase.window.size
        for step in range(phase.outputs):
            for position, tap in enumerate(reversed(phase.taps)):
                place = step * window.stride + position * window.dilation - window.pad
                if 0 <= place < window.size:
                    product = (remainder + step * stride, tap, place + cut)
                    assert product not in gathered
                    gathered.add(product)
    assert outputs == total
    assert gathered == scattered(size, taps, stride, pad, dilation, total)


@given(axis=axis, extra=st.integers(0, 3), c=st.integers(1, 3), k=st.integers(1, 3), groups=st.integers(1, 3))
def test_weights_outputs_and_macs_add_up(axis, extra, c, k, groups):
    size, taps, stride, pad, dilation = axis
    total = output_size(*axis, extra)
    assume(total >= 1)
    assume(extra < max(stride, dilation))
    source = Stream(("input",), groups * c, size, 1, batch=2)
    built = transposed_conv(
        "t", source, groups * k, (taps, 1), (stride, 1), (pad, 0), (extra, 0), (dilation, 1), groups
    )
    assert sum(layer.output_elements for layer in built.layers) == built.output.elements == 2 * groups * k * total
    assert sum(layer.weight_elements + layer.parameters for layer in built.layers) == groups * k * (c * taps + 1)
    real = len(scattered(size, taps, stride, pad, dilation, total))
    executed = sum(layer.macs for layer in built.layers)
    assert executed >= 2 * groups * k * c * real


def test_kernel_equal_to_stride_has_no_padding_at_all():
    built = transposed_conv("up", Stream(("input",), 64, 14, 14), out=32, kernel=2, stride=2)
    assert [layer.name for layer in built.layers] == ["up.0", "up.1", "up.2", "up.3"]
    assert sum(layer.macs for layer in built.layers) == 14 * 14 * 64 * 32 * 4
    assert built.output.extents == (32, 28, 28, 1, 1)
    assert built.output.producers == ("up.0", "up.1", "up.2", "up.3")


def test_outputs_without_a_product_are_written_by_a_layer_of_their_own():
    built = transposed_conv("up", Stream(("input",), 4, 3, 3), out=2, kernel=1, stride=2)
    assert [layer.name for layer in built.layers] == ["up.0", "up.empty"]
    assert [layer.output_elements for layer in built.layers] == [2 * 9, 2 * (25 - 9)]
    assert dict(built.layers[1].vector_ops) == {"add": 32}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"groups": 3}, "groups: must divide the 4 input channels"),
        ({"kernel": 65}, "kernel: must be at most 64"),
        ({"stride": 65}, "stride: must be at most 64"),
        ({"stride": 2, "output_pad": 2}, "output_pad: must be less than the larger of stride and dilation, 2"),
        ({"pad": 4}, "pad: must leave an output"),
    ],
)
def test_refusals(fields, sentence):
    with pytest.raises(InputError, match=sentence):
        transposed_conv("up", Stream(("input",), 4, 3, 3), **({"out": 8, "kernel": 3} | fields))
