"""Which network stands in for an application of Google's, whose layers were never published?

Weights, numbers of layers, batch and operational intensity were. A rule makes a network of them, and nothing else
enters: every layer with weights has as many as the others; a fully connected layer is square; a convolution is 3x3
with as many output as input channels. An image has as many positions as the intensity asks for: with w weights in
all, f fully connected and c convolution layers of w / (f + c) weights, and P positions of an image,

    intensity = batch * (c P + f) / (f + c)

An LSTM is its matrix products. Each layer has the nonlinearity that the paper names. Layers without weights (vector,
pooling), whose sizes were not published, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import sqrt

from accelsim.validation.measurements import rows
from accelsim.workload.build import conv, linear
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.stream import Stream

TABLE = "tpuv1_isca2017"
TAPS = 3


@dataclass(frozen=True)
class App:
    """An application as Table 1 of the paper describes it.

    Parameters
    ----------
    name : str
    weights : float
    connected, convolutions : int
        Layers with weights.
    intensity : float
        Multiply-accumulates per byte of weights.
    batch : int
    """

    name: str
    weights: float
    connected: int
    convolutions: int
    intensity: float
    batch: int

    @property
    def weights_per_layer(self) -> float:
        """Weights of each layer that has any."""
        return self.weights / (self.connected + self.convolutions)

    @property
    def width(self) -> int:
        """Inputs and outputs of a fully connected layer."""
        return round(sqrt(self.weights_per_layer))

    @property
    def channels(self) -> int:
        """Input and output channels of a convolution."""
        return round(sqrt(self.weights_per_layer) / TAPS)

    @property
    def image(self) -> tuple[int, int]:
        """Rows and columns of an image: as square as whole numbers allow."""
        layers = self.connected + self.convolutions
        positions = (self.intensity / self.batch * layers - self.connected) / self.convolutions
        height = round(sqrt(positions))
        return height, round(positions / height)

    @property
    def nonlinearity(self) -> str:
        """The activation function that Table 1 names; of sigmoid and tanh the first."""
        return "sigmoid" if self.name.startswith("LSTM") else "relu"


@cache
def apps() -> tuple[App, ...]:
    """Return the six applications of the paper."""
    return tuple(
        App(row["app"], float(row["weights_m"]) * 1e6, int(row["fc_layers"]), int(row["conv_layers"]),
            float(row["macs_per_weight_byte"]), int(row["batch"]))
        for row in rows(TABLE)
    )  # fmt: skip


def app_named(name: str) -> App:
    """Return an application by its name in the paper."""
    return next(one for one in apps() if one.name == name)


def stand_in(app: App) -> Network:
    """Return the network that stands in for an application."""
    layers: list[Layer] = []
    if app.convolutions:
        height, width = app.image
        stream = Stream(("input",), app.channels, height, width, batch=app.batch)
        for number in range(app.convolutions):
            built = conv(
                f"conv{number + 1}", stream, app.channels, TAPS, pad=TAPS // 2, activation=app.nonlinearity
            )  # fmt: skip
            layers, stream = layers + list(built.layers), built.output
    return Network(app.name, (*layers, *_square(app, app.connected, app.width)), batch=app.batch)


def tiled(app: App, width: int, tile: int) -> Network:
    """Return an application's weights as square products of one width, each stored in whole tiles of the array."""
    whole = -(-width // tile) * tile
    return Network(app.name, _square(app, round(app.weights / width**2), whole), batch=app.batch)


def _square(app: App, count: int, width: int) -> tuple[Layer, ...]:
    stream = Stream(("input",), width, batch=app.batch)
    layers: list[Layer] = []
    for number in range(count):
        built = linear(f"fc{number + 1}", stream, width, activation=app.nonlinearity)
        layers, stream = layers + list(built.layers), built.output
    return tuple(layers)
