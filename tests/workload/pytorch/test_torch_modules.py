"""What of a module is read, what is left alone, and what is said of what cannot be read?"""

from __future__ import annotations

import builtins
import resource

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch_models import Llama, LlamaLayer, resnet18

import accelsim as sim


class Calls(nn.Module):
    """A module that calls a function on its input, with submodules at hand."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def test_a_module_is_not_changed():
    module = resnet18().train()
    module.note = torch.arange(3.0)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    network = sim.from_torch(module, torch.empty(1, 3, 64, 64), batch=2)
    assert module.training
    assert {str(tensor.device) for tensor in module.state_dict().values()} == {"cpu"}
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert network["conv1"].shape.B == 2
    assert "bn1" not in {layer.name for layer in network.layers}


def test_a_model_of_seven_billion_parameters_takes_no_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with torch.device("meta"):
        module = Llama(32000, 4096, 32, 32, 11008, 2)
    network = sim.from_torch(module, torch.empty(1, 2048, dtype=torch.long, device="meta"))
    assert network.parameters == 2 * 32000 * 4096 + 2 * (4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096) + 4096
    whole = sim.load_workload("llama-2-7b/prefill")
    assert network.macs - network["lm_head"].macs == (whole.macs - whole["lm_head"].macs) // 16
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024


@pytest.mark.parametrize(
    ("dtype", "format_"),
    [(torch.float32, "fp32"), (torch.bfloat16, "bf16"), (torch.float16, "fp16"), (torch.float64, "fp64")],
)
def test_the_types_of_parameters_are_stated(dtype, format_):
    layer = LlamaLayer(32, 4, 2, 64).to(dtype)
    network = sim.from_torch(layer, torch.empty(1, 5, 32, dtype=dtype))
    assert (network.stated.weights, network.stated.activations) == (format_, format_)
    assert {one.stated.weights for one in network.layers if one.weight_elements} == {format_}
    assert {one.stated.activations for one in network.layers} == {format_}


def test_the_scheme_from_model_follows_the_types():
    with torch.device("meta"):
        layer = LlamaLayer(64, 8, 2, 96).bfloat16()
        network = sim.from_torch(layer, torch.empty(1, 16, 64, dtype=torch.bfloat16))
    stated, named = (sim.estimate(network, "tpu-v4i", scheme) for scheme in ("from-model", "bf16"))
    assert (stated.dram_bits, stated.cycles) == (named.dram_bits, named.cycles)
    assert stated.memory.weight_bytes == 2 * network.parameters


def test_weights_in_a_type_of_their_own_are_stated_layer_by_layer():
    def forward(self, x):
        return functional.linear(self.first(x), self.second.to(x.dtype) * self.scale)

    second = nn.Parameter(torch.zeros(8, 16, dtype=torch.int8), requires_grad=False)
    module = Calls(forward, first=nn.Linear(4, 16), second=second, scale=nn.Parameter(torch.ones(())))
    network = sim.from_torch(module, torch.empty(2, 4))
    assert [layer.stated.weights for layer in network.layers] == ["fp32", "int8"]
    assert network["linear"].weight_elements == 128


def test_a_cast_changes_what_is_read_behind_it():
    parts = {"first": nn.Linear(8, 8), "second": nn.Linear(8, 8, dtype=torch.bfloat16)}
    module = Calls(lambda self, x: self.second(self.first(x).relu().to(torch.bfloat16)), **parts)
    network = sim.from_torch(module, torch.empty(2, 8))
    stated = [(layer.stated.weights, layer.stated.activations, layer.stated.output) for layer in network.layers]
    assert stated == [("fp32", "fp32", ""), ("bf16", "bf16", "bf16")]


def test_tied_weights_are_stored_once():
    with torch.device("meta"):
        tied, own = (Llama(100, 32, 4, 4, 48, 1, tied=each) for each in (True, False))
        ids = torch.empty(1, 5, dtype=torch.long)
    first, second = sim.from_torch(tied, ids), sim.from_torch(own, ids)
    assert first.layers == second.layers
    assert (first.tied_parameters, second.tied_parameters) == (3200, 0)
    assert first.parameters == sum(each.numel() for each in tied.parameters()) == second.parameters - 3200


def test_a_module_that_is_called_twice_is_two_layers_and_stored_once():
    module = Calls(
        lambda self, x: self.part(self.part(x)) * self.gain, part=nn.Linear(8, 8), gain=nn.Parameter(torch.ones(8))
    )
    network = sim.from_torch(module, torch.empty(3, 8))
    assert [layer.name for layer in network.layers] == ["part", "part#2"]
    assert network.macs == 2 * 3 * 64
    assert network.parameters == 64 + 8 + 8


class Scaled(nn.Module):
    """A norm of somebody's own, in pieces."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


def test_a_module_that_comes_to_one_layer_lends_its_path():
    blocks = nn.Sequential(Scaled(8), Calls(lambda self, x: x * x.exp()), nn.Linear(8, 8))
    network = sim.from_torch(Calls(lambda self, x: self.blocks(x) + x, blocks=blocks), torch.empty(2, 8))
    assert [layer.name for layer in network.layers] == ["blocks.0", "blocks.1", "blocks.2", "add"]
    assert [layer.kind for layer in network.layers] == ["norm", "elementwise", "linear", "elementwise"]
    assert network["add"].inputs == ("blocks.2", "input")
    assert network.parameters == 8 + 64 + 8


def test_every_activation_has_its_reader():
    def forward(self, x):
        left, right = self.up(x).chunk(2, -1)
        return self.down(torch.cat([left.sigmoid() * right, right], -1)) + x

    module = Calls(forward, up=nn.Linear(8, 20), down=nn.Linear(20, 8))
    network = sim.from_torch(module, torch.empty(2, 3, 8))
    assert {layer.name: layer.inputs for layer in network.layers} == {
        "up": ("input",), "sigmoid": ("up",), "mul": ("sigmoid", "up"), "down": ("mul", "up"), "add": ("down", "input"),
    }  # fmt: skip
    assert (network["mul"].input_elements, network["down"].input_elements) == (2 * 60, 120)


def test_a_gate_reads_both_halves_and_a_silu_its_input_once():
    gate = sim.from_torch(nn.GLU(), torch.empty(2, 3, 8))
    assert [(dict(layer.vector_ops), layer.input_elements) for layer in gate.layers] == [
        (dict.fromkeys(("exp", "add", "divide"), 24), 24), ({"multiply": 24}, 48),
    ]  # fmt: skip
    (silu,) = sim.from_torch(Calls(lambda self, x: x * torch.sigmoid(x)), torch.empty(2, 3, 8)).layers
    assert (dict(silu.vector_ops), silu.input_elements) == (dict.fromkeys(("exp", "add", "divide"), 48), 48)


def test_operators_that_are_not_understood_are_listed_or_refused():
    module = Calls(lambda self, x: self.part(torch.fft.fft(torch.fft.fft(x)).abs()), part=nn.Linear(8, 8))
    network = sim.from_torch(module, torch.empty(2, 8))
    assert network.uncounted == ("aten.fft_fft (2 of 4 operators, 50.0%)",)
    assert network["abs"].inputs == ("input",)
    assert any("aten.fft_fft" in warning for warning in sim.estimate(network, "eyeriss-v1", "int8").warnings)
    with pytest.raises(sim.UnsupportedError, match=r"every operator be counted; Calls has aten.fft_fft"):
        sim.from_torch(module, torch.empty(2, 8), strict=True)


def test_a_tensor_made_on_the_cpu_by_name_is_no_obstacle():
    module = Calls(lambda self, x: self.part(x + torch.ones(8, device="cpu")), part=nn.Linear(8, 4))
    with torch.device("meta"):
        network = sim.from_torch(module, torch.empty(2, 8))
    assert [layer.name for layer in network.layers] == ["add", "part"]
    assert {str(parameter.device) for parameter in module.parameters()} == {"cpu"}


def test_an_operator_that_is_understood_in_part_says_why():
    network = sim.from_torch(nn.Sequential(nn.ConvTranspose3d(2, 4, 2, 2), nn.ReLU()), torch.empty(1, 2, 3, 3, 3))
    assert network.uncounted == (
        "aten.conv_transpose3d (a transposed convolution over three axes is not understood) (1 of 2 operators, 50.0%)",
    )


SUMS = Calls(lambda self, x: x if x.sum() > 0 else -x)
KEYS = Calls(lambda self, x: {}["gone"])


@pytest.mark.parametrize(
    ("module", "inputs", "sentence"),
    [
        (SUMS, torch.ones(3), "Calls must be one that torch.export can trace .*torch says: Could not guard on data"),
        (KEYS, torch.ones(3), "torch says: KeyError: 'gone'."),
        (resnet18(), torch.ones(1, 4, 64, 64), "torch says: .*expected input.* 3 channels, but got 4 channels"),
        (resnet18(), (1, 3, 64, 64), r"example_inputs must hold at least one tensor, such as .*; got \(1, 3, 64, 64\)"),
        (resnet18(), None, "example_inputs must be given with the module ResNet"),
        (
            Calls(lambda self, x: x[x > 0]),
            torch.ones(3),
            "aten.index in the module: must make tensors whose extents do not",
        ),
        (
            nn.LazyLinear(3),
            torch.ones(2, 3),
            "LazyLinear must be one that can be copied without its data; torch says: ",
        ),
        (nn.Flatten(), torch.ones(2, 3, 4), "Flatten must have an operator that .*; it only looks at its inputs"),
        ("resnet18", torch.ones(3), "module must be a torch.nn.Module or an exported program; got str"),
    ],
    ids=["branch", "bug", "shape", "no tensor", "nothing", "mask", "lazy", "no work", "no module"],
)
def test_what_cannot_be_read_is_one_sentence(module, inputs, sentence, capfd):
    with pytest.raises(sim.InputError, match=sentence) as caught:
        sim.from_torch(module, inputs)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batch": 0}, "batch: must be a whole number of at least 1; got 0"),
        ({"kv_cache": ["inputs"]}, r"kv_cache must name arguments of the module; got 'inputs'; did you mean input\?"),
    ],
)
def test_options_are_checked(options, sentence):
    with pytest.raises(sim.InputError, match=sentence):
        sim.from_torch(nn.Linear(4, 4), torch.ones(2, 4), **options)


def test_without_torch_the_command_that_installs_it(monkeypatch):
    original = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(sim.UsageError, match=r"pip install 'accelsim\[torch\]'"):
        sim.from_torch(None, None)
