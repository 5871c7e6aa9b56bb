"""Which networks tell about depth and sensitivity? Five kinds, trained on handwritten digits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn

from accelsim.quantization.training.digits import Digits, load_digits

EPOCHS, BATCH, RATE = 30, 64, 2e-3


def mlp() -> nn.Module:
    """Return 9 linear layers of equal width, no normalization."""
    sizes = [64, *[48] * 8]
    parts: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(sizes):
        parts += [nn.Linear(inputs, outputs), nn.ReLU()]
    network = nn.Sequential(*parts, nn.Linear(48, 10))
    for part in network:
        if isinstance(part, nn.Linear):
            nn.init.kaiming_normal_(part.weight)
            nn.init.zeros_(part.bias)
    return network


class Conv(nn.Module):
    """A convolution with batch norm behind it."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the normalized result."""
        return self.norm(self.conv(x))  # type: ignore[no-any-return]


def _head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]


def plain() -> nn.Module:
    """Return 9 convolutions one after the other and a linear layer."""
    widths, strides = [1, 16, 16, 16, 24, 24, 24, 32, 32, 32], [1, 1, 1, 2, 1, 1, 2, 1, 1]
    parts: list[nn.Module] = []
    for inputs, outputs, stride in zip(widths, widths[1:], strides, strict=False):
        parts += [Conv(inputs, outputs, stride=stride), nn.ReLU()]
    return nn.Sequential(*parts, *_head(32))


class Block(nn.Module):
    """Two convolutions with a shortcut around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = Conv(inputs, outputs, stride=stride), Conv(outputs, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else Conv(inputs, outputs, kernel=1, stride=stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the sum of both ways."""
        return torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))


def residual() -> nn.Module:
    """Return a stem, five residual blocks and a linear layer: 14 layers, two of them shortcuts."""
    blocks = [Block(16, 16, 1), Block(16, 24, 2), Block(24, 24, 1), Block(24, 32, 2), Block(32, 32, 1)]
    return nn.Sequential(Conv(1, 16), nn.ReLU(), *blocks, *_head(32))


def depthwise() -> nn.Module:
    """Return a stem, five pairs of a depthwise and a pointwise convolution, and a linear layer."""
    parts: list[nn.Module] = [Conv(1, 24), nn.ReLU()]
    for inputs, outputs, stride in [(24, 32, 1), (32, 32, 2), (32, 48, 1), (48, 48, 2), (48, 64, 1)]:
        parts += [Conv(inputs, inputs, stride=stride, groups=inputs), nn.ReLU()]
        parts += [Conv(inputs, outputs, kernel=1), nn.ReLU()]
    return nn.Sequential(*parts, *_head(64))


class Attention(nn.Module):
    """One block of a transformer, norms first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x with attention and a perceptron added."""
        batch, tokens, width = x.shape
        q, k, v = self.qkv(self.before(x)).view(batch, tokens, 3, 4, width // 4).permute(2, 0, 3, 1, 4)
        mixed = (q @ k.transpose(-1, -2) / (width // 4) ** 0.5).softmax(-1) @ v
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.narrow(torch.relu(self.wide(self.between(x))))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Patches of 2 x 2 pixels, three blocks of attention, the mean of all tokens: 14 layers."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 2, 2)
        self.register_buffer("places", 0.1 * torch.randn(1, 16, width))
        self.blocks = nn.Sequential(*(Attention(width) for _ in range(3)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.places
        return self.head(self.norm(self.blocks(tokens)).mean(1))  # type: ignore[no-any-return]


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "perceptron": mlp, "plain convolutions": plain, "residual": residual, "depthwise": depthwise,
    "transformer": Transformer,
}  # fmt: skip


def trained(name: str, seed: int) -> tuple[nn.Module, Digits, float]:
    """Return a network after training, its data, and its accuracy on test images."""
    digits = load_digits(seed)
    torch.manual_seed(seed)
    network = NETWORKS[name]()
    images, labels = torch.tensor(digits.train_images), torch.tensor(digits.train_labels)
    steps = EPOCHS * (len(images) // BATCH)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for places in torch.randperm(len(images))[: len(images) // BATCH * BATCH].split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images[places]), labels[places]).backward()
            optimizer.step()
            rate.step()
    network.eval()
    with torch.no_grad():
        guessed = network(torch.tensor(digits.test_images)).argmax(1)
    return network, digits, float((guessed == torch.tensor(digits.test_labels)).float().mean())
