"""How long does a PyTorch module take to become a network, and how much memory?

``python benchmarks/bench_torch.py`` makes each module on the meta device in a process of its own,
exports it, and prints the seconds that torch.export and accelsim take and the most memory that the
process held, beside that of importing torch alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MODELS = Path(__file__).resolve().parents[1] / "tests" / "workload" / "pytorch"
CASES = {
    "ResNet-50": "torch_models.resnet50(), torch.empty(1, 3, 224, 224)",
    "MobileNetV2": "torch_models.MobileNetV2(), torch.empty(1, 3, 224, 224)",
    "BERT base, 128 tokens": "torch_models.Bert(), (torch.empty(1, 128, dtype=torch.long),) * 2",
    "7B decoder, 2048 tokens": (
        "torch_models.Llama(32000, 4096, 32, 32, 11008, 32), torch.empty(1, 2048, dtype=torch.long)"
    ),
}
PROGRAM = """
import json, resource, sys, time
sys.path.insert(0, {models!r})
import torch, torch_models
import torch.export, torch.fx, torch._dynamo
from accelsim import from_torch
from accelsim.workload.importers.pytorch.export import export
with torch.device("meta"):
    export(torch.nn.Linear(2, 2), torch.empty(1, 2))
    module, inputs = {case}
held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
program = export(module, inputs)
exported = time.perf_counter()
network = from_torch(program)
done = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
counts = [len(network.layers), network.macs, network.parameters]
print(json.dumps([*counts, exported - start, done - exported, held, peak]))
"""


def main() -> None:
    """Print the table."""
    heads = {"layers": 8, "MACs": 12, "parameters": 13, "export": 10, "accelsim": 10, "memory": 10, "of torch": 10}
    print(f"{'module':<26}" + "".join(f"{head:>{width}}" for head, width in heads.items()))
    for name, case in CASES.items():
        command = [sys.executable, "-c", PROGRAM.format(models=str(MODELS), case=case)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        layers, macs, parameters, exporting, reading, held, peak = json.loads(run.stdout)
        print(
            f"{name:<26}{layers:>8}{macs / 1e9:>10.2f} G{parameters / 1e6:>11.1f} M"
            f"{exporting:>8.2f} s{reading:>8.2f} s{peak / 1024:>7.0f} MB{held / 1024:>7.0f} MB"
        )


if __name__ == "__main__":
    main()
