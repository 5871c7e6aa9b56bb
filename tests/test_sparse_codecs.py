"""Do the laws of coded tensors give the sizes that real encoders make, and are bad densities refused in a sentence?"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.precision.sparse import CODECS, Pattern, coded_bits, parse_density, parse_pattern
from accelsim.workload.sparsity import Sparsity

ELEMENTS = 40_000


def runs(values, most):
    """Pairs (zeros before, value): at most ``most`` zeros, after which the next value is taken whatever it is."""
    pairs, zeros = [], 0
    for value in values:
        if value == 0 and zeros < most:
            zeros += 1
        else:
            pairs.append((zeros, value))
            zeros = 0
    return pairs, zeros


def unrun(pairs, zeros):
    return [one for before, value in pairs for one in (*[0] * before, value)] + [0] * zeros


def bits_of(codec, values, bits):
    """Bits that an encoder really makes, having checked that they decode."""
    if codec == "bitmask":
        mask, kept = values != 0, values[values != 0]
        decoded = np.zeros_like(values)
        decoded[mask] = kept
        assert (decoded == values).all()
        return len(mask) + len(kept) * bits
    pairs, left = runs(values.tolist(), 31 if codec == "run-length" else 15)
    assert unrun(pairs, left) == values.tolist()
    return -(-len(pairs) // (64 // (5 + bits))) * 64 if codec == "run-length" else len(pairs) * (4 + bits)


@pytest.mark.parametrize("codec", ["bitmask", "run-length", "csc"])
@pytest.mark.parametrize(("density", "bits"), [(0.02, 16), (0.207, 16), (0.5, 8), (0.9, 4), (1.0, 16)])
def test_laws_are_what_encoders_make(codec, density, bits):
    random = np.random.default_rng(7)
    values = random.integers(1, 2**bits, ELEMENTS) * (random.random(ELEMENTS) < density)
    law = coded_bits(codec, Fraction(bits), parse_density(density))
    deviation = 5 * ((1 - density) / density / ELEMENTS) ** 0.5
    assert bits_of(codec, values, bits) / ELEMENTS == pytest.approx(float(law), rel=deviation + 1e-3)


def test_patterns_take_what_an_encoder_makes():
    """Two of four, the largest kept: positions and values make the tensor again, in (16 + 2) / 2 bits per element."""
    values = np.random.default_rng(3).integers(1, 2**16, (1000, 4))
    kept = np.sort(np.argsort(values, axis=1)[:, 2:], axis=1)
    stored = np.take_along_axis(values, kept, axis=1)
    assert kept.max() < 2**2
    decoded = np.zeros_like(values)
    np.put_along_axis(decoded, kept, stored, axis=1)
    assert ((decoded != 0).sum(axis=1) == 2).all()
    bits = kept.size * 2 + stored.size * 16
    assert coded_bits("n:m", Fraction(16), Fraction(1, 2), Pattern(2, 4)) == Fraction(bits, values.size) == 9
    assert coded_bits("n:m", Fraction(16), Fraction(1, 2)) is None


densities = st.fractions(Fraction(1, 1000), 1, max_denominator=1000)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([name for name in CODECS if name != "n:m"]), st.integers(1, 32), densities, densities)
def test_sizes_grow_with_density_and_show_their_metadata(codec, bits, one, other):
    low, high = sorted((one, other))
    sizes = [coded_bits(codec, Fraction(bits), density) for density in (low, high)]
    assert isinstance(sizes[0], Fraction)
    assert sizes[0] <= sizes[1]
    assert coded_bits(codec, Fraction(bits), Fraction(1)) > bits


def test_run_length_of_eyeriss_at_density_1_takes_64_thirds():
    assert coded_bits("run-length", Fraction(16), Fraction(1)) == Fraction(64, 3)
    half = Fraction(1, 2)
    assert coded_bits("run-length", Fraction(16), half) == Fraction(64, 3) * half / (1 - half**32)


@pytest.mark.parametrize("density", [0, -0.1, 1.01, float("nan"), float("inf"), "much", True, None, [0.5], "1/0"])
def test_densities_outside_their_range_are_refused(density):
    with pytest.raises(InputError, match=r"a density must be a number above 0 and at most 1"):
        parse_density(density)


@pytest.mark.parametrize("pattern", ["4:2", "0:4", "2", "two:four", 2.4, "2:4:8", ""])
def test_patterns_that_are_none_are_refused(pattern):
    with pytest.raises(InputError, match=r"N:M"):
        parse_pattern(pattern)


def test_a_layer_declares_what_agrees():
    assert Sparsity(pattern="2:4").weights == Fraction(1, 2)
    assert Sparsity(weights=0.5, pattern="2:4") == Sparsity(pattern=Pattern(2, 4))
    with pytest.raises(InputError, match=r"the density of weights of pattern 2:4 must be 1/2; got 3/10"):
        Sparsity(weights=0.3, pattern="2:4")
    with pytest.raises(InputError, match=r"density of inputs: a density must be"):
        Sparsity(inputs=0)
