"""Are small networks trained as stated: true gradients, one quantizer, fair splits, and spreads that add up?"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import accelsim as sim
from accelsim.cli import run
from accelsim.errors import UsageError
from accelsim.quantization.rounding import quantize
from accelsim.quantization.training import digits as digits_module
from accelsim.quantization.training.accuracy_spread import AccuracyRun
from accelsim.quantization.training.accuracy_table import SCOPE, AccuracyTable
from accelsim.quantization.training.cnn import Cnn
from accelsim.quantization.training.digits import Digits, load_digits
from accelsim.quantization.training.fitting import Recipe, calibrate, train
from accelsim.quantization.training.perceptron import Perceptron
from accelsim.quantization.training.storage import Network, Storage
from accelsim.report.accuracy_text import accuracy_page
from accelsim.report.facts import accuracy_lines
from accelsim.report.page import plain


@pytest.fixture(scope="module")
def few() -> Digits:
    """Digits of which the training part has 40 images."""
    digits = load_digits(3)
    return replace(digits, train_images=digits.train_images[:40], train_labels=digits.train_labels[:40])


# ---------------------------------------------------------------------- gradients


def torch_forward(network: Network, images: NDArray[Any], storage: Storage | None) -> tuple[Any, list[torch.Tensor]]:
    """The same network in torch alone: its own rounding, its own straight-through gradients."""
    leaves = [torch.from_numpy(one.copy()).requires_grad_() for one in network.parameters]
    layers = len(leaves) // 2
    values = torch.from_numpy(images.copy())
    for layer in range(layers):
        weights, last = leaves[layer], layer == layers - 1
        convolves = weights.ndim == 4
        values = values if convolves else values.flatten(1)
        if storage is not None:
            own = storage.ranges[layer]
            values = torch.fake_quantize_per_tensor_affine(values, own.scale, int(own.zero_point), 0, own.top)
            weights = peer_weights(weights, storage)
        if convolves:
            values = torch.conv2d(values, weights, leaves[layers + layer], stride=1 + (layer > 0), padding=1)
        else:
            values = torch.nn.functional.linear(values, weights, leaves[layers + layer])
        values = values if last else values.relu()
    return values, leaves


def peer_weights(weights: torch.Tensor, storage: Storage) -> torch.Tensor:
    most = 2 ** (storage.bits - 1) - 1
    stored = quantize(weights.detach().numpy(), f"int{storage.bits}", granularity=storage.granularity)
    if storage.granularity == "tensor":
        return torch.fake_quantize_per_tensor_affine(weights, float(stored.scale), 0, -most, most)
    scale = torch.from_numpy(np.asarray(stored.scale, np.float32))
    return torch.fake_quantize_per_channel_affine(weights, scale, torch.zeros(len(scale)), 0, -most, most)


@pytest.mark.parametrize("kind", [Perceptron, Cnn])
@pytest.mark.parametrize(("bits", "granularity"), [(0, "tensor"), (3, "tensor"), (5, "channel")])
def test_gradients_are_those_of_torch(few: Digits, kind: Any, bits: int, granularity: Any) -> None:
    """In full precision, and straight through roundings, clipped activations passing none."""
    images, labels = few.train_images, few.train_labels
    network: Network = kind(1)
    for one in network.parameters[len(network.parameters) // 2 :]:
        one += np.random.default_rng(2).normal(0, 0.1, one.shape).astype(np.float32)
    storage = None
    if bits:
        storage = Storage(bits, granularity)
        storage = storage.calibrated([0.8 * one for one in network.inputs(images[:8], storage)])  # so that some clip
    results, leaves = torch_forward(network, images, storage)
    loss = torch.nn.functional.cross_entropy(results, torch.from_numpy(labels))
    expected = torch.autograd.grad(loss, leaves)
    np.testing.assert_allclose(network.logits(images, storage), results.detach().numpy(), atol=2e-4)
    for own, other in zip(network.gradients(images, labels, storage), expected, strict=True):
        np.testing.assert_allclose(own, other.numpy(), atol=1e-5)


def test_gradients_are_slopes(few: Digits) -> None:
    """Of the perceptron in float64, by finite differences."""
    images, labels = few.train_images.astype(np.float64), few.train_labels
    network = Perceptron(4, sizes=(64, 7, 10))
    network.parameters = [one.astype(np.float64) for one in network.parameters]

    def loss() -> float:
        logits = network.logits(images)
        logits = logits - logits.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]))

    gradients = network.gradients(images, labels)
    random = np.random.default_rng(0)
    for values, gradient in zip(network.parameters, gradients, strict=True):
        place = tuple(int(random.integers(size)) for size in values.shape)
        step, kept = 1e-6, values[place]
        values[place] = kept + step
        above = loss()
        values[place] = kept - step
        slope = (above - loss()) / (2 * step)
        values[place] = kept
        assert gradient[place] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("clip", ["absmax", "mse"])
def test_activations_are_stored_as_quantize_stores_them(bits: int, clip: str) -> None:
    values = np.random.default_rng(bits).normal(0.3, 1, (50, 30)).astype(np.float32)
    storage = Storage(bits, clip=clip).calibrated([values])
    stored = quantize(values, f"uint{bits}", granularity="tensor", clip=clip)
    np.testing.assert_allclose(storage.ranges[0].stored(values), stored.values, atol=1e-5)
    assert len(np.unique(storage.ranges[0].stored(values))) <= 2**bits


# ---------------------------------------------------------------------- data


def test_splits_are_whole_fair_and_reproducible() -> None:
    first, again, other = load_digits(0), load_digits(0), load_digits(1)
    assert np.array_equal(first.test_images, again.test_images)
    assert not np.array_equal(first.test_images, other.test_images)
    assert (len(first.train_labels), len(first.test_labels)) == (1258, 539)
    shares = [np.bincount(labels) / len(labels) for labels in (first.train_labels, first.test_labels)]
    assert np.abs(shares[0] - shares[1]).max() < 0.005
    assert digits_sum(first) == digits_sum(other), "every image is on one side"
    assert set(np.unique(first.train_images * 16)) == set(range(17))


def digits_sum(digits: Digits) -> float:
    return float(digits.train_images.sum(dtype=np.float64) + digits.test_images.sum(dtype=np.float64))


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    digits_module._stored.cache_clear()
    for name in ("sklearn", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    yield
    digits_module._stored.cache_clear()


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(("networks", "extra"), [("perceptron", "digits"), ("cnn", "torch")])
def test_what_is_missing_is_named_with_its_command(networks: str, extra: str) -> None:
    with pytest.raises(UsageError, match=rf"pip install 'accelsim\[{extra}\]'"):
        sim.quantization_accuracy(networks, 8)


# ---------------------------------------------------------------------- measuring


@pytest.fixture(scope="module")
def measured() -> AccuracyTable:
    return sim.quantization_accuracy("perceptron", [8, 2], seeds=2, epochs=4)


def test_accuracy_has_the_shape_that_rounding_gives_it(measured: AccuracyTable) -> None:
    def mean(method: str, granularity: str, bits: int) -> float:
        found = measured.spread("perceptron", method, granularity, bits)
        assert found is not None
        return found.mean

    whole = mean("ptq", "none", 32)
    assert whole > 0.8
    assert abs(mean("ptq", "tensor", 8) - whole) < 0.02
    assert mean("ptq", "tensor", 2) < 0.5, "two bits with the largest weight as clip leave little"
    assert mean("qat", "tensor", 2) > mean("ptq", "tensor", 2) + 0.2
    assert mean("qat", "channel", 2) > mean("qat", "tensor", 2)
    assert len(measured.runs) == 2 * (2 + 2 * 2 * 2)


def test_runs_depend_on_their_seed_alone(measured: AccuracyTable) -> None:
    again = sim.quantization_accuracy("perceptron", 2, methods="qat", granularities="channel", seeds=[1], epochs=4)
    assert again.runs[-1] == next(
        run for run in measured.runs if (run.seed, run.bits, run.method, run.granularity) == (1, 2, "qat", "channel")
    )
    assert {run.float_accuracy for run in again.runs if run.method == "qat"} == {again.runs[1].accuracy}


@pytest.mark.parametrize("bits", [0, 3])
def test_training_and_calibration_never_see_the_test_images(bits: int) -> None:
    """With test images that are no numbers and other test labels, weights and scales are the same to the bit."""
    digits = load_digits(0)
    hidden = replace(digits, test_images=np.full_like(digits.test_images, np.nan), test_labels=9 - digits.test_labels)
    storage = Storage(bits) if bits else None
    networks = [Perceptron(0), Perceptron(0)]
    for network, data in zip(networks, (digits, hidden), strict=True):
        train(network, data, Recipe(epochs=1), 0, storage)
    for own, other in zip(networks[0].parameters, networks[1].parameters, strict=True):
        assert np.array_equal(own, other)
    assert calibrate(networks[0], digits, Storage(4)).ranges == calibrate(networks[1], hidden, Storage(4)).ranges


def test_the_convolutional_network_learns() -> None:
    found = sim.quantization_accuracy("cnn", 4, methods="ptq", granularities="channel", seeds=1, epochs=2)
    assert [run.bits for run in found.runs] == [32, 4]
    assert found.runs[0].accuracy > 0.75
    assert found.spreads[0].within_noise is None, "one seed has no noise"
    assert math.isnan(found.spreads[0].std)
    assert "noise needs two seeds" in found.findings[0]


def test_every_answer_says_what_it_cannot_say(measured: AccuracyTable, capsys: pytest.CaptureFixture[str]) -> None:
    told = " ".join(plain(accuracy_page(measured)).split())
    assert SCOPE in told
    assert SCOPE in measured.to_frame().attrs["notes"]
    assert SCOPE in accuracy_lines(measured).note
    assert SCOPE in measured._repr_html_()
    assert repr(measured) == "Measured accuracy of perceptron on handwritten digits: 20 runs, clip absmax"
    assert run(["accuracy", "--digits", "perceptron", "--bits", "4", "--seeds", "1", "--epochs", "1", "--csv"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].startswith("network,method,granularity,bits,seed,accuracy,float_accuracy")
    assert SCOPE in printed.err


def test_the_plot_says_what_was_found(measured: AccuracyTable) -> None:
    facts = accuracy_lines(measured)
    assert "at 2 bits per tensor after training alone" in facts.title
    assert next(iter(facts.panels[0].series)) == "after training, scale per tensor"
    for values in facts.panels[0].series.values():
        assert [bits for bits, *_ in values] == [8, 2]
        assert all(least <= mean <= most for _, mean, least, most in values)
    assert measured.plot().heading == facts.title
    longer = measured.spread("perceptron", "qat", "none", 32)
    assert longer is not None
    assert f"trained on as long as the quantization-aware networks: perceptron {longer.mean:.1%}." in facts.note


def test_spreads_and_findings_add_up() -> None:
    def row(method: str, span: str, bits: int, seed: int, right: float, whole: float) -> AccuracyRun:
        return AccuracyRun("cnn", method, span, bits, seed, right, whole, 100)

    runs = [
        row(method, "none", 32, seed, whole, whole)
        for method in ("ptq", "qat")
        for seed, whole in ((0, 0.9), (1, 0.94))
    ]
    for bits, drops in ((8, (0.0, 0.02)), (4, (0.02, 0.0)), (2, (0.6, 0.4))):
        runs += [
            row("ptq", "tensor", bits, seed, 0.9 + 0.04 * seed - drop, 0.9 + 0.04 * seed)
            for seed, drop in enumerate(drops)
        ]
    runs += [row("qat", "tensor", 2, seed, 0.8, 0.9 + 0.04 * seed) for seed in (0, 1)]
    table = AccuracyTable(tuple(runs), "absmax", 1)
    low = table.spread("cnn", "ptq", "tensor", 2)
    assert low is not None
    assert (low.mean, low.drop, low.least, low.most) == pytest.approx((0.42, 0.5, 0.3, 0.54))
    assert low.noise == pytest.approx(0.04 / math.sqrt(2))
    assert low.drop_error == pytest.approx(0.1)
    assert "within noise (2.8 points) down to 4 bits; points lost below: 50.0 at 2" in table.findings[0]
    assert "recovers 76% of what was lost" in table.findings[-1]


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"networks": "percepton"}, "did you mean perceptron"),
        ({"networks": ["cnn", "cnn"]}, "each once"),
        ({"bits": [8, 1]}, "bits must be whole numbers from 2 to 16; got 1"),
        ({"bits": []}, "one or more"),
        ({"bits": 8.5}, "got 8.5"),
        ({"methods": "ptqq"}, "did you mean ptq"),
        ({"granularities": "group"}, "granularities must be of tensor, channel"),
        ({"seeds": 0}, "seeds must be how many, from 1 to 1000"),
        ({"seeds": [-1]}, "seeds must be whole numbers from 0"),
        ({"epochs": 0}, "epochs must be a whole number from 1"),
        ({"clip": "maximum"}, "clip must be absmax"),
    ],
)
def test_bad_questions_get_one_sentence(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        sim.quantization_accuracy(**({"networks": "perceptron"} | asked))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--digits", "perceptron", "--on", "tpu-v1"), "--on must be left out"),
        (("--digits", "perceptron", "--bits", "4,x"), "--bits must be whole numbers"),
        (("resnet18", "--bits", "4"), "--bits is about --digits"),
        (("resnet18", "--mapping", "optimal"), "name one with --on"),
        (("--digits", "perceptron", "--seeds", "0"), "at least 1"),
    ],
)
def test_bad_commands_get_one_sentence(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["accuracy", *arguments]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("seed", [-1, 1.5, True])
def test_bad_splits_are_refused(seed: Any) -> None:
    with pytest.raises(UsageError, match="a seed must be a whole number"):
        load_digits(seed)
    with pytest.raises(UsageError, match="share of test images"):
        load_digits(0, 1.0)
