"""Do ``--batch``, ``--dim`` and ``--strict`` reach an ONNX model, and are assumptions announced?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from onnx_models import model, node, stored

from accelsim import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line; return exit code, output and messages."""

    def answer(*arguments: str | Path) -> tuple[int, str, str]:
        code = cli.run([str(each) for each in arguments])
        return code, *capsys.readouterr()

    return answer


def written(folder: Path, operator: str = "Relu") -> Path:
    path = folder / "model.onnx"
    domain = "" if operator == "Relu" else "some.where"
    nodes = [node("MatMul", ["x", "w"], "product"), node(operator, ["product"], "y", domain=domain)]
    made = model(nodes, {"x": ["batch", "sequence", 8]}, ["y"], [stored("w", 8, 4)])
    path.write_bytes(made.SerializeToString())
    return path


def test_estimate(run: Run, tmp_path: Path) -> None:
    arguments = ("estimate", written(tmp_path), "--on", "horowitz-45nm", "--json")
    given = json.loads(run(*arguments, "--batch", "2", "--dim", "sequence=5")[1])
    assert (given["macs"], given["warnings"]) == (2 * 5 * 32, [])
    alone = json.loads(run(*arguments, "--dim", "sequence=5")[1])
    assert alone["macs"] == 5 * 32
    assert alone["warnings"] == ["the batch (batch) is not given; 1 is taken (--batch)."]


@pytest.mark.parametrize("command", ["estimate", "map", "compare"])
def test_an_open_axis_is_refused_by_name(run: Run, tmp_path: Path, command: str) -> None:
    schemes = ("--schemes", "fp32,int8") if command == "compare" else ()
    code, _, said = run(command, written(tmp_path), "--on", "horowitz-45nm", *schemes)
    assert code == 1
    assert "--dim sequence=N" in said


@pytest.mark.parametrize("command", ["estimate", "map", "compare"])
def test_strict(run: Run, tmp_path: Path, command: str) -> None:
    """What is not understood is announced, and refused if asked; a model that is understood passes."""
    schemes = ("--schemes", "fp32,int8") if command == "compare" else ()
    heuristic = ("--mapping", "heuristic", "--dim", "sequence=5", "--batch", "1")
    arguments = (command, written(tmp_path, "MyOwn"), "--on", "horowitz-45nm", *schemes, *heuristic)
    if command == "estimate":
        assert "some.where.MyOwn (1 of 2 operators, 50.0%) is not understood" in run(*arguments)[1]
    code, _, said = run(*arguments, "--strict")
    assert code == 3
    assert "some.where.MyOwn (1 of 2 operators, 50.0%)" in said
    assert run(command, written(tmp_path), *arguments[2:], "--strict")[0] == 0


def test_a_layer_of_a_model_is_mapped(run: Run, tmp_path: Path) -> None:
    layer = f"{written(tmp_path)}:product"
    code, page, said = run("map", layer, "--on", "horowitz-45nm", "--mapping", "ws", "--dim", "sequence=5")
    assert (code, "product (linear" in page) == (0, True)
    assert said == "warning: the batch (batch) is not given; 1 is taken (--batch).\n"


def test_show(run: Run, tmp_path: Path) -> None:
    code, page, _ = run("show", written(tmp_path), "--dim", "sequence=5")
    assert (code, "product" in page) == (0, True)
    assert run("show", written(tmp_path, "MyOwn"), "--dim", "sequence=5", "--strict")[0] == 3


@pytest.mark.parametrize(
    ("dim", "code", "sentence"),
    [
        ("sequence", 2, "--option or --dim must be NAME=VALUE; got 'sequence'."),
        ("batch=3", 2, "the batch must be set by --batch 3;"),
        ("sequense=5", 1, "every dynamic axis must have an extent; give --dim sequence=N."),
    ],
)
def test_a_wrong_axis_is_told_in_its_own_words(run: Run, tmp_path: Path, dim: str, code: int, sentence: str) -> None:
    found, page, said = run("show", written(tmp_path), "--dim", dim)
    assert (found, page) == (code, "")
    assert sentence in said


def test_what_is_assumed_is_announced_beside_data(run: Run, tmp_path: Path) -> None:
    """Data alone on standard output; what was assumed is a message."""
    for command in (("estimate", "--scheme", "int8"), ("compare", "--schemes", "fp32,int8")):
        name, *scheme = command
        arguments = (name, written(tmp_path), "--on", "horowitz-45nm", *scheme, "--dim", "sequence=5", "--csv")
        code, data, said = run(*arguments)
        assert (code, "not given" in data) == (0, False)
        assert "warning: the batch (batch) is not given; 1 is taken (--batch)." in said
    assert "1 is taken" in run("show", written(tmp_path), "--option", "sequence=5")[1]
