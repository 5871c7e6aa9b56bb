"""Do the small graphs inside the onnx package import whole, with the published counts, equal to the YAML route?"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import onnx
import pytest
from onnx_models import LIGHT, light_rows

from accelsim.simulation.estimate import estimate
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

PRODUCTS = ("conv", "depthwise", "linear", "matmul")
MACS = {
    "bvlc_alexnet": 654_560_384,
    "densenet121": 2_834_161_664,
    "inception_v1": 1_431_556_352,
    "inception_v2": 2_018_851_840,
    "resnet50": 4_089_184_256,
    "shufflenet": 124_664_528,
    "squeezenet": 349_151_936,
    "vgg19": 19_632_062_464,
    "zfnet512": 1_481_727_008,
}
"""MACs of convolutions and matrix products. AlexNet, DenseNet, ResNet, SqueezeNet and VGG are published;
the others follow from the shapes of the graph."""


def light(name: str) -> Network:
    return load_workload(LIGHT / f"light_{name}.onnx")


@pytest.mark.parametrize("name", MACS)
def test_imports_whole(name: str) -> None:
    network = light(name)
    assert network.uncounted == ()
    assert sum(layer.macs for layer in network.layers if layer.kind in PRODUCTS) == network.macs == MACS[name]


@pytest.mark.parametrize("name", MACS)
def test_every_layer_writes_what_onnx_infers(name: str) -> None:
    """An independent shape inference gives every node's output; a layer has the name of its node."""
    model = onnx.shape_inference.infer_shapes(onnx.load(LIGHT / f"light_{name}.onnx"), data_prop=True)
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.value_info, *model.graph.output)
    }
    written = {node.name: prod(shapes[node.output[0]]) for node in model.graph.node if node.name}
    checked = {layer.name: layer.output_elements for layer in light(name).layers}
    assert checked == {layer: written[layer] for layer in checked}


@pytest.mark.parametrize("name", ["bvlc_alexnet", "resnet50", "squeezenet"])
def test_agrees_row_by_row(name: str) -> None:
    wanted = light_rows(name)
    found = [layer for layer in light(name).layers if layer.shape is not None]
    assert [(layer.name, layer.macs, layer.weight_elements) for layer in found] == [
        (row["name"], int(row["macs"]), int(row["weights"])) for row in wanted
    ]
    groups = [layer.shape.G for layer in found if layer.shape is not None]
    assert groups == [int(row["group"]) for row in wanted]


def as_yaml_names_it(network: Network, like: Network) -> Network:
    """Return an imported network without its last softmax, with the names of ``like`` and nothing stated."""
    *layers, last = network.layers
    assert last.kind == "softmax"
    names = {"input": "input"} | {mine.name: other.name for mine, other in zip(layers, like.layers, strict=True)}
    renamed = tuple(
        replace(layer, name=names[layer.name], inputs=tuple(names[each] for each in layer.inputs), stated=None)
        for layer in layers
    )
    return replace(network, layers=renamed)


def test_resnet50_is_the_shipped_one_layer_by_layer() -> None:
    shipped = load_workload("resnet50")
    own = as_yaml_names_it(light("resnet50"), shipped)
    assert own.layers == shipped.layers
    assert own.parameters == shipped.parameters == 25_557_032


def test_resnet50_has_the_traffic_of_the_shipped_one() -> None:
    shipped = load_workload("resnet50")
    networks = (shipped, as_yaml_names_it(light("resnet50"), shipped))
    results = [estimate(network, "eyeriss-v1", "int8", mapping="heuristic") for network in networks]
    traffic = [
        [
            (one.layer.name, [(line.place, line.operand, line.count, line.bits) for line in one.lines])
            for one in result.layers
        ]
        for result in results
    ]
    assert traffic[0] == traffic[1]
    assert results[0].dram_bits == results[1].dram_bits > 0
