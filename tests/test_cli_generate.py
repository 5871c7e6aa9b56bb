"""Do ``accelsim generate`` and ``--pass training`` answer, in text and in JSON, and refuse in a sentence?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelsim.cli import run

MODEL = """
name: small
title: Small
transformer: {hidden: 48, intermediate: 80, layers: 3, heads: 4, kv_heads: 2, vocabulary: 101}
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(MODEL)
    return str(path)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must succeed; return its stdout."""
    assert run(arguments) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """Run a command that must fail with ``code``; return its one line of stderr."""
    assert run(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


GENERATE = ("--on", "horowitz-45nm", "--scheme", "int8", "--prompt", "16", "--new", "12")


def test_generate_prints_both_phases(capsys, model):
    text = answer(capsys, "generate", model, *GENERATE, "--batch", "2")
    assert text.startswith("Small (batch 2, 16 tokens read, 12 written, ")
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert rows["prefill"][1:3] == ["32", "1"]
    assert rows["decode"][1:3] == ["24", "12"]
    assert rows["total"][1:3] == ["24", "13"]
    assert "Horowitz, M." not in text
    assert "Horowitz" in answer(capsys, "generate", model, *GENERATE, "--cite")


def test_generate_in_json_adds_up(capsys, model):
    told = json.loads(answer(capsys, "generate", model, *GENERATE, "--json"))
    prefill, decode, total = told["phases"]
    for name in ("energy_pj", "latency_s", "macs", "cycles", "dram_read_bits", "dram_write_bits", "passes"):
        assert prefill[name] + decode[name] == pytest.approx(total[name]), name
    assert told["energy_per_token_j"] == pytest.approx(told["energy_pj"] * 1e-12 / 12)
    assert told["tokens_per_s"] == pytest.approx(12 / told["latency_s"])
    assert told["first_step_latency_s"] <= told["last_step_latency_s"]
    for phase in told["phases"]:
        assert sum(phase["energy_breakdown_pj"].values()) == pytest.approx(phase["energy_pj"])
        assert sum(phase["cycle_breakdown"].values()) == pytest.approx(phase["cycles"])


def test_generate_in_csv_has_a_row_for_each_phase(capsys, model):
    head, *rows = answer(capsys, "generate", model, *GENERATE, "--csv").splitlines()
    assert head.startswith("name,tokens,passes,macs,energy_pj,latency_s,")
    assert [row.split(",")[0] for row in rows] == ["prefill", "decode", "total"]


def test_generate_without_costs_answers_time(capsys, model):
    text = answer(capsys, "generate", model, "--on", "a100-80gb", "--scheme", "fp16", "--prompt", "16", "--new", "12")
    assert "energy is unknown" in text
    assert "the TDP of 400 W x time" in text
    assert "waiting for" in text
    assert "nan" not in text
    told = json.loads(
        answer(
            capsys,
            "generate",
            model,
            "--on",
            "a100-80gb",
            "--scheme",
            "fp16",
            "--prompt",
            "16",
            "--new",
            "12",
            "--json",
        )
    )
    assert told["energy_pj"] is told["energy_per_token_j"] is None
    assert told["power_energy_pj"] == pytest.approx(400 * told["latency_s"] * 1e12)


def test_generate_refuses(capsys, model):
    assert "has no phases" in refused(capsys, 1, "generate", "resnet18", *GENERATE)
    assert "whole number of at least 1" in refused(capsys, 2, "generate", model, "--on", "tpu-v4i", "--new", "0")
    assert "mapping must be" in refused(capsys, 2, "generate", model, *GENERATE, "--mapping", "wz")


def test_training_prints_its_parts(capsys):
    text = answer(capsys, "estimate", "autoencoder", "--on", "horowitz-45nm", "--pass", "training", "--batch", "4")
    assert text.startswith("Autoencoder, training step (batch 4, optimizer adam, ")
    rows = [line.split("  ")[1].strip() for line in text.splitlines() if line.startswith("  ")]
    for part in ("forward", "loss", "gradients by inputs", "gradients by weights", "updates"):
        assert part in rows, part
    told = json.loads(
        answer(
            capsys, "estimate", "autoencoder", "--on", "horowitz-45nm", "--pass", "training", "--optimizer", "sgd",
            "--json",
        )
    )  # fmt: skip
    assert told["options"] == {"pass": "training", "optimizer": "sgd"}
    assert told["state_bytes"] == 0
    assert told["macs"] == 3 * 264_192 - 640 * 128


def test_training_is_compared_between_schemes(capsys):
    text = answer(
        capsys, "compare", "autoencoder", "--on", "horowitz-45nm", "--schemes", "fp32,fp16", "--pass", "training"
    )
    assert text.startswith("Autoencoder, training step (batch 1, optimizer adam, ")
    assert "Peak MACs per cycle against fp32: 2.00x higher with fp16." in text


def test_training_refuses(capsys):
    known = ("estimate", "autoencoder", "--on", "horowitz-45nm")
    assert "did you mean training" in refused(capsys, 2, *known, "--pass", "trainin")
    assert "give --pass training" in refused(capsys, 2, *known, "--optimizer", "adam")
    assert "did you mean adam" in refused(capsys, 2, *known, "--pass", "training", "--optimizer", "adan")


def test_fused_groups_are_shown_against_layer_by_layer(capsys, tmp_path):
    path = tmp_path / "convs.yaml"
    path.write_text(
        "name: convs\ninput: {channels: 4, height: 16, width: 16}\nlayers:\n"
        "  - {name: one, kind: conv, out: 8, kernel: 3, pad: 1}\n"
        "  - {name: two, kind: conv, out: 4, kernel: 3, pad: 1}\n"
    )
    known = ("estimate", str(path), "--on", "horowitz-45nm", "--scheme", "int8", "--fuse", "--set")
    text = answer(capsys, *known, "levels.SRAM.capacity=2KiB")
    assert "one ... two" in text
    told = json.loads(answer(capsys, *known, "levels.SRAM.capacity=2KiB", "--json"))
    (group,) = told["fusion"]
    assert group["layers"] == ["one", "two"]
    assert group["dram_bits"] < group["unfused_dram_bits"]
    assert "not fused: one ... two: no tile of it fits" in answer(capsys, *known, "levels.SRAM.capacity=256B")
