"""How long does a config.json take to become a network?

``python benchmarks/bench_config.py`` writes the config.json of Llama 2 70B to a temporary folder
and reads it, first as the first thing a fresh process does after importing accelsim, then again
and again; then with a quantization_config that leaves single blocks alone.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from accelsim import load_workload

LLAMA_2_70B = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 8192,
    "intermediate_size": 28672, "num_hidden_layers": 80, "num_attention_heads": 64, "num_key_value_heads": 8,
    "vocab_size": 32000, "max_position_embeddings": 4096, "tie_word_embeddings": False, "torch_dtype": "float16",
}  # fmt: skip
"""Touvron et al., Llama 2, arXiv:2307.09288; fields of meta-llama/Llama-2-70b-hf."""

SPARED = [f"model.layers.{number}" for number in range(0, 80, 2)]
FP8 = {"quant_method": "fp8", "weight_block_size": [128, 128], "modules_to_not_convert": SPARED}
RUNS = 200
FRESH_RUNS = 5
TARGET_MS = 50


def warm(name: str) -> list[float]:
    """Return the times in ms of reading ``name`` in this process."""
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        load_workload(name)
        found.append((time.perf_counter() - start) * 1e3)
    return found


def fresh(name: str) -> list[float]:
    """Return the times in ms of the first reading in a process that has imported accelsim."""
    program = (
        "import time, accelsim\nload = accelsim.load_workload\nstart = time.perf_counter()\n"
        f"load({name!r})\nprint((time.perf_counter() - start) * 1e3)"
    )
    command = [sys.executable, "-c", program]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(FRESH_RUNS)]
    return [float(run.stdout) for run in runs]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        plain, quantized = Path(folder, "llama-2-70b"), Path(folder, "every-other-block-fp8")
        for path, fields in ((plain, LLAMA_2_70B), (quantized, LLAMA_2_70B | {"quantization_config": FP8})):
            path.mkdir()
            (path / "config.json").write_text(json.dumps(fields))
        network = load_workload(f"{plain}/prefill")
        print(f"Llama 2 70B: {network.parameters:,} parameters, {network.macs:,} MACs for 2,048 tokens")
        print(f"{'config.json':34} {'best':>9} {'median':>9} {'worst':>9}   target {TARGET_MS} ms")
        rows = {
            "first in a process": fresh(f"{plain}/prefill"),
            "again": warm(f"{plain}/prefill"),
            "fp8, every other block spared": warm(f"{quantized}/prefill"),
        }
        for label, times in rows.items():
            print(f"{label:34} {min(times):6.1f} ms {statistics.median(times):6.1f} ms {max(times):6.1f} ms")


if __name__ == "__main__":
    main()
