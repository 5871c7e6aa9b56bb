"""How long does a file of 10 GB take to read by its header, and how much memory?

``python benchmarks/bench_headers.py`` makes sparse files of real shapes (their data is a hole that takes no
disk): Llama 2 13B in Q6_K as GGUF with a vocabulary of 32,000 tokens, and 24 blocks of Llama 2 7B in bf16 as
safetensors with a config.json. Each is read in a process of its own: to a table of tensors, and to a
network with the formats of every layer. Targets: under 1 s and 100 MB.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
from pathlib import Path

from child import run

RUNS = 5
HIDDEN, VOCABULARY = {"13b": 5120, "7b": 4096}, 32000
INTERMEDIATE, BLOCKS = {"13b": 13824, "7b": 11008}, {"13b": 40, "7b": 24}
MATRICES = {"q": "HH", "k": "HH", "v": "HH", "o": "HH", "gate": "FH", "up": "FH", "down": "HF"}

PROGRAM = """
import json, sys, time
start = time.perf_counter()
import accelsim as sim
imported = time.perf_counter()
what = sim.list_tensors(sys.argv[1]) if sys.argv[2] == "table" else sim.load_workload(sys.argv[1] + "/decode")
print(json.dumps({"read_s": time.perf_counter() - imported, "import_s": imported - start}))
"""


def shapes(size: str) -> dict[str, tuple[int, int]]:
    """Rows and columns of the matrices of one block."""
    extents = {"H": HIDDEN[size], "F": INTERMEDIATE[size]}
    return {name: (extents[text[0]], extents[text[1]]) for name, text in MATRICES.items()}


def gguf(folder: Path) -> Path:
    """Write a sparse GGUF file, field by field as the specification says."""
    hidden, blocks = HIDDEN["13b"], BLOCKS["13b"]
    names = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output", "gate": "ffn_gate", "up": "ffn_up",
             "down": "ffn_down"}  # fmt: skip
    tensors: dict[str, tuple[int, ...]] = {"token_embd.weight": (VOCABULARY, hidden)}
    for block in range(blocks):
        tensors |= {f"blk.{block}.{name}.weight": (hidden,) for name in ("attn_norm", "ffn_norm")}
        tensors |= {f"blk.{block}.{names[name]}.weight": shape for name, shape in shapes("13b").items()}
    tensors |= {"output_norm.weight": (hidden,), "output.weight": (VOCABULARY, hidden)}

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    numbers = {"block_count": blocks, "embedding_length": hidden, "feed_forward_length": INTERMEDIATE["13b"],
               "attention.head_count": 40, "rope.dimension_count": 128}  # fmt: skip
    keys = [text("general.architecture") + struct.pack("<I", 8) + text("llama")]
    keys += [text(f"llama.{key}") + struct.pack("<II", 4, value) for key, value in numbers.items()]
    tokens = b"".join(text(f"token{number}") for number in range(VOCABULARY))
    keys.append(text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, VOCABULARY) + tokens)
    scores = struct.pack("<IIQ", 9, 6, VOCABULARY) + bytes(4 * VOCABULARY)
    keys.append(text("tokenizer.ggml.scores") + scores)
    infos, offset = [], 0
    for name, shape in tensors.items():
        q6_k = len(shape) == 2
        info = text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        infos.append(info + struct.pack("<IQ", 14 if q6_k else 0, offset))
        elements = shape[0] * (shape[1] if q6_k else 1)
        offset += elements // 256 * 210 if q6_k else 4 * elements
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + b"".join(infos)
    return _sparse(folder / "model.gguf", head + bytes(-len(head) % 32), offset)


def safetensors(folder: Path) -> Path:
    """Write a sparse safetensors file and the config.json beside it."""
    hidden, blocks = HIDDEN["7b"], BLOCKS["7b"]
    names = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
             "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}  # fmt: skip
    tensors: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (VOCABULARY, hidden)}
    for block in range(blocks):
        at = f"model.layers.{block}"
        tensors |= {f"{at}.{name}.weight": (hidden,) for name in ("input_layernorm", "post_attention_layernorm")}
        tensors |= {f"{at}.{names[name]}.weight": shape for name, shape in shapes("7b").items()}
    tensors |= {"model.norm.weight": (hidden,), "lm_head.weight": (VOCABULARY, hidden)}
    header, offset = {}, 0
    for name, shape in tensors.items():
        end = offset + 2 * shape[0] * (shape[1] if len(shape) == 2 else 1)
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    config = {"model_type": "llama", "hidden_size": hidden, "intermediate_size": INTERMEDIATE["7b"],
              "num_hidden_layers": blocks, "num_attention_heads": 32, "vocab_size": VOCABULARY,
              "torch_dtype": "bfloat16"}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    head = json.dumps(header).encode()
    return _sparse(folder / "model.safetensors", struct.pack("<Q", len(head)) + head, offset)


def _sparse(path: Path, head: bytes, data: int) -> Path:
    path.write_bytes(head)
    os.truncate(path, len(head) + data)
    return path


def main() -> None:
    """Print the table."""
    print(f"{'file':20} {'size':>9} {'read as':>9} {'best':>8} {'worst':>8} {'process':>8} {'peak memory':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for path in (gguf(Path(folder)), safetensors(Path(folder))):
            for kind in ("table", "network"):
                children = [run([sys.executable, "-c", PROGRAM, str(path), kind], 60) for _ in range(RUNS)]
                if failed := next((child.error for child in children if child.error), ""):
                    sys.exit(f"{path.name}: {failed}")
                seconds = [child.records[0]["read_s"] for child in children]
                wall, memory = min(child.wall_s for child in children), max(child.peak_mb for child in children)
                print(
                    f"{path.name:20} {path.stat().st_size / 1e9:6.2f} GB {kind:>9} {min(seconds):6.3f} s "
                    f"{max(seconds):6.3f} s {wall:6.2f} s {memory:9.0f} MB"
                )


if __name__ == "__main__":
    main()
