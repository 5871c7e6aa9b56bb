"""Which PyTorch modules do the tests read? Published networks written as torchvision and others write them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Residual(nn.Module):
    """A basic block of ResNet-18, or a bottleneck of ResNet-50 with the stride in its 3x3 (He et al. 2016)."""

    def __init__(self, before: int, width: int, stride: int, expansion: int) -> None:
        super().__init__()
        after = width * expansion
        if expansion == 1:
            self.conv1, self.bn1 = nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        else:
            self.conv1, self.bn1 = nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
            self.conv3, self.bn3 = nn.Conv2d(width, after, 1, bias=False), nn.BatchNorm2d(after)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if hasattr(self, "conv3"):
            y = self.bn3(self.conv3(self.relu(y)))
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


class ResNet(nn.Module):
    def __init__(self, copies: tuple[int, int, int, int], expansion: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        before = 64
        for stage, (count, width) in enumerate(zip(copies, (64, 128, 256, 512), strict=True)):
            blocks = []
            for copy in range(count):
                blocks.append(Residual(before, width, 2 if stage and not copy else 1, expansion))
                before = width * expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(before, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet18() -> nn.Module:
    return ResNet((2, 2, 2, 2), 1)


def resnet50() -> nn.Module:
    return ResNet((3, 4, 6, 3), 4)


def conv_bn_relu6(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU6(inplace=True))


class Inverted(nn.Module):
    """An inverted residual (Sandler et al. 2018)."""

    def __init__(self, before: int, after: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = before * expand
        layers = [conv_bn_relu6(before, hidden, 1)] if expand > 1 else []
        layers.append(conv_bn_relu6(hidden, hidden, 3, stride, hidden))
        self.conv = nn.Sequential(*layers, nn.Conv2d(hidden, after, 1, bias=False), nn.BatchNorm2d(after))
        self.shortcut = stride == 1 and before == after

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x) if self.shortcut else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        features: list[nn.Module] = [conv_bn_relu6(3, 32, 3, 2)]
        before = 32
        stages = (
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        )
        for expand, after, copies, stride in stages:
            for copy in range(copies):
                features.append(Inverted(before, after, 1 if copy else stride, expand))
                before = after
        self.features = nn.Sequential(*features, conv_bn_relu6(before, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(torch.flatten(x, 1))


class BertLayer(nn.Module):
    def __init__(self, hidden: int, heads: int, intermediate: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(hidden, hidden) for _ in range(3))
        self.dense, self.norm1 = nn.Linear(hidden, hidden), nn.LayerNorm(hidden)
        self.up, self.down, self.norm2 = (
            nn.Linear(hidden, intermediate),
            nn.Linear(intermediate, hidden),
            nn.LayerNorm(hidden),
        )

    def split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        mixed = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(x.shape)
        x = self.norm1(x + self.dense(mixed))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


class Bert(nn.Module):
    """BERT base with its pooler and without a task head (Devlin et al. 2019)."""

    def __init__(self, hidden: int = 768, heads: int = 12, intermediate: int = 3072, layers: int = 12) -> None:
        super().__init__()
        self.word, self.position, self.kind = (
            nn.Embedding(30522, hidden),
            nn.Embedding(512, hidden),
            nn.Embedding(2, hidden),
        )
        self.norm = nn.LayerNorm(hidden)
        self.layers = nn.ModuleList(BertLayer(hidden, heads, intermediate) for _ in range(layers))
        self.pooler = nn.Linear(hidden, hidden)

    def forward(self, ids: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.norm(self.word(ids) + self.position(places) + self.kind(kinds))
        for layer in self.layers:
            x = layer(x)
        return torch.tanh(self.pooler(x[:, 0]))


def rotate(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    return x * cosine + torch.cat((-x[..., half:], x[..., :half]), -1) * sine


class LlamaLayer(nn.Module):
    """A decoder block with grouped queries, rotary embedding and a gated MLP (Touvron et al. 2023)."""

    def __init__(self, hidden: int, heads: int, kv_heads: int, intermediate: int, style: str = "gqa") -> None:
        super().__init__()
        self.heads, self.kv_heads, self.style = heads, kv_heads, style
        size = hidden // heads
        self.attention_norm, self.mlp_norm = nn.RMSNorm(hidden), nn.RMSNorm(hidden)
        self.q_proj, self.o_proj = nn.Linear(hidden, hidden, bias=False), nn.Linear(hidden, hidden, bias=False)
        self.k_proj, self.v_proj = (nn.Linear(hidden, kv_heads * size, bias=False) for _ in range(2))
        self.gate_proj, self.up_proj = (nn.Linear(hidden, intermediate, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(intermediate, hidden, bias=False)

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, hidden = x.shape
        query, key, value = (
            projection(x).view(batch, tokens, heads, -1).transpose(1, 2)
            for projection, heads in (
                (self.q_proj, self.heads),
                (self.k_proj, self.kv_heads),
                (self.v_proj, self.kv_heads),
            )
        )
        angles = torch.outer(torch.arange(tokens, device=x.device), torch.ones(query.shape[-1], device=x.device))
        query, key = (rotate(each, angles.cos().to(x.dtype), angles.sin().to(x.dtype)) for each in (query, key))
        if self.style == "gqa":
            mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
        else:
            shared = self.heads // self.kv_heads
            if self.style == "interleave":
                key, value = (each.repeat_interleave(shared, dim=1) for each in (key, value))
            else:
                wide = (batch, self.kv_heads, shared, tokens, key.shape[-1])
                key, value = (each[:, :, None].expand(wide).reshape(query.shape) for each in (key, value))
            if self.style == "expand":
                mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            else:
                scores = query @ key.transpose(-2, -1) / key.shape[-1] ** 0.5
                mixed = torch.softmax(scores, -1) @ value
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, tokens, hidden))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attend(self.attention_norm(x))
        normed = self.mlp_norm(x)
        return x + self.down_proj(functional.silu(self.gate_proj(normed)) * self.up_proj(normed))


class Llama(nn.Module):
    def __init__(
        self,
        vocabulary: int,
        hidden: int,
        heads: int,
        kv_heads: int,
        intermediate: int,
        layers: int,
        tied: bool = False,
        style: str = "gqa",
    ) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, hidden)
        self.layers = nn.ModuleList(LlamaLayer(hidden, heads, kv_heads, intermediate, style) for _ in range(layers))
        self.norm, self.lm_head = nn.RMSNorm(hidden), nn.Linear(hidden, vocabulary, bias=False)
        if tied:
            self.lm_head.weight = self.embed_tokens.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(self.norm(x)[:, -1:])


class Tagger(nn.Module):
    """A bidirectional LSTM over embeddings, and a linear layer on every token."""

    def __init__(self, layers: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 24)
        self.lstm = nn.LSTM(24, 32, layers, batch_first=True, bidirectional=True)
        self.head = nn.Linear(64, 7)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.embedding(ids))[0])


def alexnet() -> nn.Module:
    """AlexNet of 2012 as Caffe has it, its two columns as groups."""
    parts: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(3, 96, 11, 4), "relu1": nn.ReLU(), "norm1": nn.LocalResponseNorm(5),
        "pool1": nn.MaxPool2d(3, 2),
        "conv2": nn.Conv2d(96, 256, 5, 1, 2, groups=2), "relu2": nn.ReLU(), "norm2": nn.LocalResponseNorm(5),
        "pool2": nn.MaxPool2d(3, 2), "conv3": nn.Conv2d(256, 384, 3, 1, 1), "relu3": nn.ReLU(),
        "conv4": nn.Conv2d(384, 384, 3, 1, 1, groups=2), "relu4": nn.ReLU(),
        "conv5": nn.Conv2d(384, 256, 3, 1, 1, groups=2), "relu5": nn.ReLU(), "pool5": nn.MaxPool2d(3, 2),
        "flatten": nn.Flatten(), "fc6": nn.Linear(9216, 4096), "relu6": nn.ReLU(), "drop6": nn.Dropout(),
        "fc7": nn.Linear(4096, 4096), "relu7": nn.ReLU(), "drop7": nn.Dropout(), "fc8": nn.Linear(4096, 1000),
    }  # fmt: skip
    whole = nn.Sequential()
    for name, part in parts.items():
        whole.add_module(name, part)
    return whole


class Cached(nn.Module):
    """One decode step of a decoder block that is handed the keys and values of earlier tokens."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(hidden, hidden, bias=False) for _ in range(4))

    def forward(self, x: torch.Tensor, past: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        query, key, value = (
            projection(x).view(x.shape[0], 1, self.heads, -1).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.o_proj(mixed.transpose(1, 2).reshape(x.shape)), key, value
