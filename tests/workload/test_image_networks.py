"""Do the shipped image networks have their published MACs and parameters, in total and layer by layer?"""

from __future__ import annotations

import pytest
from published import rows

from accelsim.workload.catalog import load_workload


@pytest.mark.parametrize("row", rows("images"), ids=lambda row: row["model"])
def test_totals_are_those_of_torchvision(row):
    network = load_workload(row["model"])
    assert network.macs == int(row["macs"])
    assert network.parameters == int(row["parameters"])


def test_one_filter():
    network = load_workload("filter-3x3x256")
    (layer,) = network.layers
    assert layer.macs == 2304 * 56 * 56
    assert (layer.weight_elements, layer.input_elements, layer.output_elements) == (2304, 256 * 56 * 56, 56 * 56)
    assert layer.parameters == 0
    assert layer.vector_ops == ()


def test_alexnet_is_the_original():
    network = load_workload("alexnet")
    macs = {layer.name: layer.macs for layer in network.layers if layer.macs}
    assert macs == {
        "conv1": 105_415_200,
        "conv2": 223_948_800,
        "conv3": 149_520_384,
        "conv4": 112_140_288,
        "conv5": 74_760_192,
        "fc6": 9216 * 4096,
        "fc7": 4096 * 4096,
        "fc8": 4096 * 1000,
    }
    assert network.parameters == 60_965_224
    assert [network[name].output_elements for name in ("conv1", "pool1", "pool2", "pool5")] == [
        55 * 55 * 96,
        27 * 27 * 96,
        13 * 13 * 256,
        6 * 6 * 256,
    ]
    assert dict(network["pool1"].vector_ops) == {"compare": 9 * 27 * 27 * 96}
    values = 55 * 55 * 96
    assert dict(network["norm1"].vector_ops) == {
        "multiply": 3 * values,
        "add": 6 * values,
        "sqrt": 2 * values,
        "divide": values,
    }


def resnet50_by_hand() -> dict[str, tuple[int, int]]:
    """MACs and weights of every layer, from table 1 of the paper and the stride in the 3x3."""
    found = {"conv1": (112 * 112 * 64 * 3 * 49, 64 * 3 * 49)}
    channels = 64
    for stage, (copies, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        after = 56 // 2**stage
        for copy in range(copies):
            before = after * 2 if stage and not copy else after
            name = f"layer{stage + 1}.{copy}"
            weights = {"conv1": channels * width, "conv2": 9 * width * width, "conv3": 4 * width * width}
            places = {"conv1": before * before, "conv2": after * after, "conv3": after * after}
            if not copy:
                weights["downsample.0"], places["downsample.0"] = channels * 4 * width, after * after
            found |= {f"{name}.{part}": (weights[part] * places[part], weights[part]) for part in weights}
            channels = 4 * width
    return found | {"fc": (2048 * 1000, 2048 * 1000)}


def test_resnet50_layer_by_layer():
    network = load_workload("resnet50")
    assert {
        layer.name: (layer.macs, layer.weight_elements) for layer in network.layers if layer.macs
    } == resnet50_by_hand()


def test_a_projection_stands_only_in_the_first_block_of_a_stage():
    network = load_workload("resnet50")
    assert network["layer2.0.add"].inputs == ("layer2.0.conv3", "layer2.0.downsample.0")
    assert network["layer2.1.add"].inputs == ("layer2.1.conv3", "layer2.0.add")
    assert network["layer2.0.conv1"].inputs == ("layer1.2.add",)


def test_mobilenet_has_17_depthwise_layers_and_10_shortcuts():
    network = load_workload("mobilenetv2")
    depthwise = [layer for layer in network.layers if layer.kind == "depthwise"]
    assert len(depthwise) == 17
    assert all(layer.shape.K == layer.shape.C == 1 for layer in depthwise)
    assert sum(layer.name.endswith(".add") for layer in network.layers) == 10
    assert network["features.17.conv.2"].output_elements == 320 * 7 * 7


@pytest.mark.parametrize(
    ("name", "macs", "parameters", "last_channels"),
    [
        ("inception-v1", 1_498_376_192, None, 1024),  # torchvision's googlenet
        ("inception-v4", None, 42_679_816, 1536),  # the paper's network as it is shipped with weights elsewhere
        ("mobilenetv1", 568_740_352, 4_231_976, 1024),
    ],
)
def test_networks_of_branches_and_of_separable_layers_have_the_published_size(name, macs, parameters, last_channels):
    network = load_workload(name)
    assert macs in (None, network.macs)
    assert parameters in (None, network.parameters)
    assert network["fc"].shape.extents["C"] == last_channels


def test_inception_joins_its_branches():
    network = load_workload("inception-v1")
    assert network["3b.1x1"].inputs == ("3a.1x1", "3a.3x3", "3a.5x5", "3a.proj")
    assert network["3b.1x1"].shape.C == 64 + 128 + 32 + 32


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet18", "resnet50", "mobilenetv2", "filter-3x3x256"])
def test_batch_multiplies_work_and_activations_but_not_weights(name):
    one, eight = load_workload(name), load_workload(name, batch=8)
    assert eight.macs == 8 * one.macs
    assert eight.parameters == one.parameters
    assert eight.batch == 8
    for single, many in zip(one.layers, eight.layers, strict=True):
        assert many.output_elements == 8 * single.output_elements
        assert many.input_elements == 8 * single.input_elements
        assert dict(many.vector_ops) == {kind: 8 * count for kind, count in single.vector_ops}


def test_a_folded_batch_norm_costs_a_bias_and_a_relu_a_compare():
    layer = load_workload("resnet50")["conv1"]
    assert dict(layer.vector_ops) == {"add": 112 * 112 * 64, "compare": 112 * 112 * 64}
    assert layer.parameters == 2 * 64
