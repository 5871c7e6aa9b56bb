"""Does the check of one's own machine time, fit and judge as it says? With a clock and a machine that are known."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import accelsim as sim

SCRIPTS = Path(__file__).parents[1] / "benchmarks"
PEAK_MACS_PER_S, BYTES_PER_S, LAUNCH_S = 4e10, 1e10, 2e-5


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """The script, with the folder of scripts on the path as where it runs."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        import measure_host

        yield measure_host
    finally:
        sys.path.remove(str(SCRIPTS))


class Known:
    """A library on a machine whose rates are known, with a clock that only its runs advance."""

    name, formats = "a known library", ("fp32",)

    def __init__(self) -> None:
        self.time_s = 0.0
        self.runs = 0

    def now(self) -> float:
        return self.time_s

    def prepare(self, kernel: object, format: str) -> Callable[[], object]:
        seconds = known_s(kernel)

        def run() -> None:
            self.runs += 1
            self.time_s += seconds * (1.5 if self.runs % 3 == 0 else 1.0)  # others interrupt every third run

        return run


def known_s(kernel: object) -> float:
    """The slower of MACs and bytes, each moved once, and a launch."""
    k = kernel
    words = k.batch * k.channels * max(k.size, 1) ** 2 + k.channels * k.out * k.kernel**2  # type: ignore[attr-defined]
    words += k.batch * k.out * k.out_size**2  # type: ignore[attr-defined]
    return max(k.macs / PEAK_MACS_PER_S, 4 * words / BYTES_PER_S) + LAUNCH_S  # type: ignore[attr-defined]


def test_a_known_machine_is_found_again_and_its_layers_predicted(script: ModuleType, tmp_path: Path) -> None:
    """Peak and bandwidth within 2%, launch within 10%, layers not fitted within 5%; in page, JSON and file."""
    library = Known()
    timer = script.Timer(flush_bytes=64, now=library.now)
    names = {"gemm-512x512x512", "gemm-256x256x256", "gemm-64x256x256", "gemv-1024x1024", "gemv-4096x4096",
             "resnet-14-3x3-256", "resnet-56-1x1-64-256", "gemv-2048x2048"}  # fmt: skip
    kernels = [kernel for kernel in script.KERNELS if kernel.name in names]
    times = {(kernel, "fp32"): timer.fastest_s(library.prepare(kernel, "fp32")) for kernel in kernels}
    assert all(seconds == pytest.approx(known_s(kernel)) for (kernel, _), seconds in times.items())
    assert timer.busy == pytest.approx(1.0)
    machine = sys.modules["measured_host.machine"].Machine("known", 2, 2e9, 32 * 2**20, 2**34)
    found = script.check(machine, library.name, times, 1.1 * BYTES_PER_S, timer.busy)
    assert found.calibration.parameter("layer_overhead_s").value == pytest.approx(LAUNCH_S, rel=0.1)
    assert found.calibration.parameter("levels.DRAM.efficiency").value == pytest.approx(1 / 1.1, rel=0.02)
    assert {one.kernel.name for one in found.of("judged")} == {name for name in names if name.startswith("res")} | {
        "gemv-2048x2048"
    }
    assert found.mape("judged") < 0.05
    text = " ".join(script.page(found).split())
    assert "fp32: 3 layers that were not fitted are predicted" in text
    assert "busy" not in text
    assert json.loads(json.dumps(script.record(found)))["mean_absolute_relative_error"]["judged"] < 0.05
    (tmp_path / "host.yaml").write_text(found.profile)
    chip = sim.load_profile(tmp_path / "host.yaml")
    [rate] = [float(value) for weight, _, value, _ in chip.rates if weight == "fp32"]
    assert rate * chip.clock_hz.value * 2 == pytest.approx(PEAK_MACS_PER_S, rel=0.02)
    for one in found.of("judged"):
        (tmp_path / "layer.yaml").write_text(one.kernel.workload())
        again = sim.estimate(str(tmp_path / "layer.yaml"), chip, "fp32", mapping="heuristic", objective="latency")
        assert again.latency_s == pytest.approx(one.predicted_s, rel=1e-6)


def test_every_library_computes_the_layer_that_is_modeled(script: ModuleType) -> None:
    """Same MACs and shapes as accelsim counts, in fp32 the same values as torch; int8 where it is timed."""
    kinds = sys.modules["measured_host.backends"].KNOWN
    kernel_kind = type(script.KERNELS[0])
    kernels = [kernel_kind("conv", "judged", 8, 4, 1, 9, 3, 2), kernel_kind("product", "judged", 16, 5, 3)]
    for kernel in kernels:
        outputs = {}
        for name, kind in kinds.items():
            library = kind(1)
            for form in library.formats:
                run = library.prepare(kernel, form)
                out = run()
                out = np.asarray(out[0] if isinstance(out, list) else out)
                assert out.size == kernel.batch * kernel.out * kernel.out_size**2
                if form == "fp32":
                    outputs[name] = np.sort(out.reshape(-1))  # numpy's convolution has channels last
        for values in outputs.values():
            assert values == pytest.approx(outputs["torch"], rel=1e-4, abs=1e-4)


def test_macs_are_those_of_the_workload(script: ModuleType, tmp_path: Path) -> None:
    """Every layer of the list, written as a workload, has the MACs that are timed."""
    for kernel in script.KERNELS:
        (tmp_path / f"{kernel.name}.yaml").write_text(kernel.workload())
        assert sim.load_workload(tmp_path / f"{kernel.name}.yaml", batch=kernel.batch).macs == kernel.macs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "host.txt"], "--out must be a file ending in .yaml"),
        (["--out", "none/host.yaml"], "there is no folder none"),
        (["--threads", "0"], "--threads must be from 1"),
    ],
)
def test_refusals_before_anything_is_timed(script: ModuleType, arguments: list[str], message: str) -> None:
    """One sentence."""
    with pytest.raises(SystemExit, match=message):
        script.main(arguments)
