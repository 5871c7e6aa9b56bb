"""What does ZigZag's ResNet-18 look like? Its 31 layers, written in the form of its own workload file.

The extents, strides and sources are those of inputs/workload/resnet18.yaml in KULeuven-MICAS/zigzag (which, unlike
the published network, has 3x3 filters in its shortcuts).
"""

from __future__ import annotations

from typing import Any

CONV = "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]"
POOL = "O[b][g][oy][ox]+=W[fx][fy]*I[b][g][iy][ix]"
ADD = "O[b][g][oy][ox]=W[b][g][oy][ox]+I[b][g][oy][ox]"

ROWS = (
    ("Conv", 0, 64, 3, 112, 7, 2), ("Pooling", 0, 64, 56, 3, 2),
    ("Conv", 1, 64, 64, 56, 3, 1), ("Conv", 2, 64, 64, 56, 3, 1), ("Add", 1, 3, 64, 56),
    ("Conv", 4, 64, 64, 56, 3, 1), ("Conv", 5, 64, 64, 56, 3, 1), ("Add", 4, 6, 64, 56),
    ("Conv", 7, 128, 64, 28, 3, 2), ("Conv", 8, 128, 128, 28, 3, 1), ("Conv_downsample", 7, 128, 64, 28, 3, 2),
    ("Add", 10, 9, 128, 28),
    ("Conv", 11, 128, 128, 28, 3, 1), ("Conv", 12, 128, 128, 28, 3, 1), ("Add", 11, 13, 128, 28),
    ("Conv", 14, 256, 128, 14, 3, 2), ("Conv", 15, 256, 256, 14, 3, 1), ("Conv_downsample", 14, 256, 128, 14, 3, 2),
    ("Add", 17, 16, 256, 14),
    ("Conv", 18, 256, 256, 14, 3, 1), ("Conv", 19, 256, 256, 14, 3, 1), ("Add", 18, 20, 256, 14),
    ("Conv", 21, 512, 256, 7, 3, 2), ("Conv", 22, 512, 512, 7, 3, 1), ("Conv_downsample", 21, 512, 256, 7, 3, 2),
    ("Add", 24, 23, 512, 7), ("Conv", 25, 512, 512, 7, 3, 1), ("Conv", 26, 512, 512, 7, 3, 1), ("Add", 25, 27, 512, 7),
    ("Pooling", 28, 512, 1, 7, 1), ("Conv", 29, 1000, 512, 1, 1, 1),
)  # fmt: skip
"""Conv: source, K, C, OY = OX, FY = FX, stride. Pooling: source, G, OY, FY, stride. Add: sources, G, OY."""


def resnet18() -> list[dict[str, Any]]:
    """Return the layers as ZigZag's file lists them."""
    return [_layer(number, row) for number, row in enumerate(ROWS)]


def _layer(number: int, row: tuple[Any, ...]) -> dict[str, Any]:
    kind, source, *others = row
    precision = {"W": 8, "I": 8, "O": 16, "O_final": 8}
    layer: dict[str, Any] = {"id": number, "operator_type": kind}
    if kind == "Add":
        second, channels, size = others
        layer |= {"equation": ADD, "loop_dims": ["B", "G", "OY", "OX"], "loop_sizes": [1, channels, size, size]}
        return layer | {"operand_precision": precision, "operand_source": {"W": source, "I": second}}
    if kind == "Pooling":
        channels, size, taps, stride = others
        layer |= {"equation": POOL, "loop_dims": ["B", "G", "OY", "OX", "FX", "FY"]}
        layer |= {"loop_sizes": [1, channels, size, size, taps, taps]}
        precision = precision | {"W": 0}
    else:
        out, channels, size, taps, stride = others
        layer |= {"equation": CONV, "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"]}
        layer |= {"loop_sizes": [1, out, channels, size, size, taps, taps]}
    layer["dimension_relations"] = [f"ix={stride}*ox+1*fx", f"iy={stride}*oy+1*fy"]
    return layer | {"operand_precision": precision, "operand_source": {"I": source, "W": number}}


def accelerator() -> dict[str, Any]:
    """Return a small accelerator: registers in every multiplier, a buffer for inputs and sums, and a DRAM."""

    def ports(read: int, written: int | None = None) -> list[dict[str, Any]]:
        """Return a read and a write port, or one port for both."""
        kinds = (
            [("r_port_1", "read", read), ("w_port_1", "write", written)]
            if written
            else [("rw_port_1", "read_write", read)]
        )
        return [
            {
                "name": name,
                "type": kind,
                "bandwidth_min": min(8, width),
                "bandwidth_max": width,
                "allocation": ["O, tl"],
            }
            for name, kind, width in kinds
        ]

    return {
        "name": "small",
        "memories": {
            "rf_W": {"size": 512, "r_cost": 1.0, "w_cost": 1.5, "operands": ["I2"],
                     "ports": ports(8, 8), "served_dimensions": []},
            "rf_O": {"size": 32, "r_cost": 0.5, "w_cost": 0.5, "operands": ["O"],
                     "ports": ports(16, 16), "served_dimensions": ["D2"]},
            "sram": {"size": 2**20, "r_cost": 20, "w_cost": 24, "operands": ["I1", "O"],
                     "ports": ports(128), "served_dimensions": ["D1", "D2"], "force_double_buffering": True},
            "dram": {"size": 10**10, "r_cost": 700, "w_cost": 750, "operands": ["I1", "I2", "O"],
                     "ports": ports(64), "served_dimensions": ["D1", "D2"]},
        },
        "operational_array": {
            "input_precision": [8, 8], "unit_energy": 0.04, "unit_area": 1,
            "dimensions": ["D1", "D2"], "sizes": [16, 8],
        },
    }  # fmt: skip
