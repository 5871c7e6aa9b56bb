"""How accurate do small networks stay, quantized after training and trained quantized? Measured, over several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import product
from typing import TypeVar

from accelsim.errors import UsageError, did_you_mean
from accelsim.progress import progress
from accelsim.quantization.clipping import Clip, clip_text, read_clip
from accelsim.quantization.training.accuracy_spread import FLOAT_BITS, AccuracyRun
from accelsim.quantization.training.accuracy_table import AccuracyTable
from accelsim.quantization.training.cnn import Cnn, one_thread
from accelsim.quantization.training.digits import Digits, load_digits
from accelsim.quantization.training.fitting import Recipe, accuracy, calibrate, train
from accelsim.quantization.training.perceptron import Perceptron
from accelsim.quantization.training.storage import Granularity, Network, Storage

NETWORKS: dict[str, Callable[[int], Network]] = {"perceptron": Perceptron, "cnn": Cnn}
METHODS = ("ptq", "qat")
GRANULARITIES: tuple[Granularity, ...] = ("tensor", "channel")
BITS = (16, 8, 6, 5, 4, 3, 2)
SEEDS = 5
MOST_SEEDS, MOST_EPOCHS = 1000, 1000
Item = TypeVar("Item")


def quantization_accuracy(
    networks: str | Sequence[str] = "perceptron",
    bits: int | Sequence[int] = BITS,
    *,
    methods: str | Sequence[str] = METHODS,
    granularities: str | Sequence[str] = GRANULARITIES,
    seeds: int | Sequence[int] = SEEDS,
    clip: Clip | str = "absmax",
    epochs: int = Recipe.epochs,
) -> AccuracyTable:
    """Return the measured accuracy of small networks on handwritten digits, by bits.

    Parameters
    ----------
    networks : {"perceptron", "cnn"} or sequence of them
        Three fully connected layers in numpy; three convolutions and one such layer in torch.
    bits : int or sequence of int
        Of weights and of what layers read, 2 to 16.
    methods : {"ptq", "qat"} or sequence of them
        Quantized after training; trained on, as many epochs again, with stored weights and activations in each step.
    granularities : {"tensor", "channel"} or sequence of them
        Weights that share a scale. Activations have one scale per tensor, calibrated on 256 training images.
    seeds : int or sequence of int
        How many, counted from 0, or which. Each is a split of the data, a start and an order of its own.
    clip : {"absmax", "mse"} or percentile
        As of `quantize`, for weights and activations.
    epochs : int
        Of training, and of training on.

    Returns
    -------
    AccuracyTable
        One run per network, seed, method, granularity and number of bits, and per network and seed the float network
        (32 bits) as trained and as trained on without quantization.

    Raises
    ------
    UsageError
        A name or number is none of these, is given twice, or scikit-learn (for "cnn": torch) is not installed.

    Notes
    -----
    A run of the perceptron takes about 1 s, of the convolutional network 4 s; a bar on a terminal shows how far it is.
    Nothing is tuned by bits, and the test images are looked at once, at the end of each run.
    """
    kinds = _names(networks, "networks", tuple(NETWORKS))
    widths = _numbers(bits, "bits", 2, 16)
    how = _names(methods, "methods", METHODS)
    shared = _names(granularities, "granularities", GRANULARITIES)
    chosen = _seeds(seeds)
    if not _is_count(epochs) or epochs > MOST_EPOCHS:
        raise UsageError(f"epochs must be a whole number from 1 to {MOST_EPOCHS}; got {epochs!r}.")
    clip_name = clip_text(*read_clip(clip))
    storages = [Storage(width, span, clip) for span, width in product(shared, widths)]  # type: ignore[arg-type]
    runs: list[AccuracyRun] = []
    whole = len(kinds) * len(chosen) * (1 + ("qat" in how) + len(how) * len(storages))
    with (
        one_thread("cnn" in kinds),
        progress(_runs(kinds, chosen, how, storages, Recipe(epochs)), "training", whole, "run") as done,
    ):
        runs.extend(done)
    return AccuracyTable(tuple(runs), clip_name, epochs)


def _runs(
    kinds: Sequence[str], seeds: Sequence[int], methods: Sequence[str], storages: Sequence[Storage], recipe: Recipe
) -> Iterator[AccuracyRun]:
    for kind, seed in product(kinds, seeds):
        yield from _of_one(kind, seed, methods, storages, recipe)


def _of_one(
    kind: str, seed: int, methods: Sequence[str], storages: Sequence[Storage], recipe: Recipe
) -> Iterator[AccuracyRun]:
    """Yield the runs of one network and seed: in full precision, then of each storage and method."""
    digits = load_digits(seed)
    network = NETWORKS[kind](seed)
    train(network, digits, recipe, seed)
    images = len(digits.test_labels)
    base = {"ptq": accuracy(network, digits)}
    yield AccuracyRun(kind, "ptq", "none", FLOAT_BITS, seed, base["ptq"], base["ptq"], images)
    if "qat" in methods:
        base["qat"] = _trained_on(network, digits, recipe, seed, None)
        yield AccuracyRun(kind, "qat", "none", FLOAT_BITS, seed, base["qat"], base["qat"], images)
    for storage, method in product(storages, methods):
        if method == "ptq":
            found = accuracy(network, digits, calibrate(network, digits, storage))
        else:
            found = _trained_on(network, digits, recipe, seed, storage)
        yield AccuracyRun(kind, method, storage.granularity, storage.bits, seed, found, base[method], images)


def _trained_on(network: Network, digits: Digits, recipe: Recipe, seed: int, storage: Storage | None) -> float:
    """Return the accuracy after training on a copy, stored in each step if a storage is given."""
    copy = deepcopy(network)
    train(copy, digits, recipe, seed, storage)
    return accuracy(copy, digits, None if storage is None else calibrate(copy, digits, storage))


def _seeds(given: int | Sequence[int]) -> list[int]:
    if isinstance(given, Sequence):
        return _numbers(given, "seeds", 0, 2**31 - 1)
    if not _is_count(given) or given > MOST_SEEDS:
        raise UsageError(f"seeds must be how many, from 1 to {MOST_SEEDS}, or a list of them; got {given!r}.")
    return list(range(given))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _names(given: str | Sequence[str], what: str, known: Sequence[str]) -> list[str]:
    found = [given] if isinstance(given, str) else list(given)
    for name in found:
        if name not in known:
            raise UsageError(
                f"{what} must be of {', '.join(known)}; got {name!r}{did_you_mean(str(name), known) or '.'}"
            )
    return _once(found, what)


def _numbers(given: int | Sequence[int], what: str, least: int, most: int) -> list[int]:
    found = [given] if not isinstance(given, Sequence) else list(given)
    for number in found:
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise UsageError(f"{what} must be whole numbers from {least} to {most}; got {number!r}.")
    return _once(found, what)


def _once(found: list[Item], what: str) -> list[Item]:
    if not found or len(set(found)) < len(found):
        raise UsageError(f"{what} must be one or more, each once; got {', '.join(map(str, found)) or 'none'}.")
    return found
