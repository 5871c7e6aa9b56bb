"""What flows from one layer to the next, and how large is what a window makes of it?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Window

Pair = int | tuple[int, int] | list[int]
Pad = int | tuple[int, ...] | list[int] | str


@dataclass(frozen=True)
class Stream:
    """An activation: which layers produce it and its extents.

    Parameters
    ----------
    producers : tuple of str
        Layers whose outputs together are this activation; "input" is the network's input.
    channels : int
        Channels of an image, features of a token.
    height, width : int
        1 for tokens and vectors.
    tokens : int
        Positions of a sequence; 1 for images.
    batch : int
    """

    producers: tuple[str, ...]
    channels: int
    height: int = 1
    width: int = 1
    tokens: int = 1
    batch: int = 1

    @property
    def elements(self) -> int:
        """Words of the whole activation, over the batch."""
        return self.batch * self.tokens * self.features

    @property
    def features(self) -> int:
        """Words of one token, or of one whole image."""
        return self.channels * self.height * self.width

    @property
    def rows(self) -> int:
        """Tokens over the batch."""
        return self.batch * self.tokens

    @property
    def extents(self) -> tuple[int, int, int, int, int]:
        """Channels, height, width, tokens, batch: what must agree for an elementwise operation."""
        return self.channels, self.height, self.width, self.tokens, self.batch

    def by(self, *producers: str, channels: int = 0, height: int = 0, width: int = 0) -> Stream:
        """Return this stream as other layers make it, with other extents where given."""
        return replace(
            self,
            producers=producers,
            channels=channels or self.channels,
            height=height or self.height,
            width=width or self.width,
        )

    def text(self) -> str:
        """Return the extents of one sample as a message shows them."""
        if self.tokens > 1:
            return f"{self.tokens} tokens of {self.features}"
        return f"{self.channels} x {self.height} x {self.width}"


@dataclass(frozen=True)
class Built:
    """The layers that a builder made and the activation that they hand on."""

    layers: tuple[Layer, ...]
    output: Stream


def join(streams: list[Stream]) -> Stream:
    """Return several activations concatenated along their channels.

    Raises
    ------
    InputError
        Their other extents differ.
    """
    first = streams[0]
    for other in streams[1:]:
        if other.extents[1:] != first.extents[1:]:
            raise InputError(
                f"must agree in all but the channels to be joined; got {first.text()} and {other.text()}.",
                where="input",
            )
    if len(streams) == 1:
        return first
    producers = tuple(name for stream in streams for name in stream.producers)
    return replace(first, producers=producers, channels=sum(stream.channels for stream in streams))


@dataclass(frozen=True)
class Axis:
    """A window along one image axis, padding on both sides.

    ``output = floor((size + before + after - dilation*(taps - 1) - 1) / stride) + 1``; with
    ``ceil`` the division rounds up, but no window starts beyond the input and its leading padding.
    """

    size: int
    taps: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    ceil: bool = False

    def __post_init__(self) -> None:
        for field, value in (("kernel", self.taps), ("stride", self.stride), ("dilation", self.dilation)):
            whole(field, value)
        for value in (self.before, self.after):
            whole("pad", value, least=0)
        if self.reach > self.size + self.before + self.after:
            raise InputError(
                f"must not make a filter larger than its padded input; it spans {self.reach} of "
                f"{self.size} + {self.before + self.after}. Pad more, or use a smaller kernel.",
                where="kernel",
            )

    @property
    def reach(self) -> int:
        """Input positions from the first to the last tap."""
        return self.dilation * (self.taps - 1) + 1

    @property
    def output(self) -> int:
        """Output positions."""
        free = self.size + self.before + self.after - self.reach
        if not self.ceil:
            return free // self.stride + 1
        return min(-(-free // self.stride), (self.size + self.before - 1) // self.stride) + 1

    @property
    def window(self) -> Window:
        """The geometry that a `Shape` keeps."""
        return Window(stride=self.stride, dilation=self.dilation, pad=self.before, size=self.size)


def axes(
    source: Stream, kernel: Pair, stride: Pair = 1, pad: Pad = 0, dilation: Pair = 1, ceil: bool = False
) -> tuple[Axis, Axis]:
    """Return the windows along rows and columns of ``source``.

    Parameters
    ----------
    kernel, stride, dilation : int or (rows, columns)
    pad : int, (rows, columns), (top, left, bottom, right) or "same"
        "same" pads to ceil(size / stride) outputs, the odd one behind.

    Raises
    ------
    InputError
        A value is not a whole number in range, or the filter exceeds the padded input.
    """
    if source.tokens != 1:
        raise InputError(f"must be an image for a window to move over; got {source.text()}.", where="input")
    sizes = (source.height, source.width)
    taps, strides, dilations = pair("kernel", kernel), pair("stride", stride), pair("dilation", dilation)
    made = []
    for position, (before, after) in enumerate(_padding(pad, sizes, taps, strides, dilations)):
        made.append(Axis(sizes[position], taps[position], strides[position], dilations[position], before, after, ceil))
    return made[0], made[1]


def _padding(
    pad: Pad, sizes: tuple[int, int], taps: tuple[int, int], strides: tuple[int, int], dilations: tuple[int, int]
) -> list[tuple[int, int]]:
    if isinstance(pad, str):
        if pad != "same":
            raise InputError(f'must be a number, a list of 2 or 4, or "same"; got {pad!r}.', where="pad")
        both = []
        for size, tap, stride, dilation in zip(sizes, taps, strides, dilations, strict=True):
            total = max(0, (-(-size // stride) - 1) * stride + dilation * (tap - 1) + 1 - size)
            both.append((total // 2, total - total // 2))
        return both
    if isinstance(pad, (tuple, list)) and len(pad) == 4:
        top, left, bottom, right = pad
        return [(top, bottom), (left, right)]
    rows, columns = pair("pad", pad, least=0)
    return [(rows, rows), (columns, columns)]


def pair(field: str, value: Pair | tuple[int, ...], least: int = 1) -> tuple[int, int]:
    """Return ``value`` for rows and columns; one number stands for both."""
    both = (value, value) if isinstance(value, int) else tuple(value)
    if len(both) != 2:
        raise InputError(f"must be one number or a list of 2; got {list(both)}.", where=field)
    return whole(field, both[0], least=least), whole(field, both[1], least=least)


def whole(field: str, value: int, least: int = 1) -> int:
    """Return ``value`` if it is a whole number of at least ``least``; raise InputError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"must be a whole number of at least {least}; got {value!r}.", where=field)
    return value
