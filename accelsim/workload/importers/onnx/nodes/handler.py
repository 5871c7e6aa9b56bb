"""What is a function that reads one operator?"""

from __future__ import annotations

from collections.abc import Callable

from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.operators import Graph, Tensor

Handler = Callable[[Node, Graph], list[Tensor]]
