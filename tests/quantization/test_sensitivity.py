"""Do sensitivities follow the laws of noise, is nothing silent, and do allocations take them?"""

from __future__ import annotations

import importlib
import json
import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

import accelsim as sim
from accelsim.cli import run
from accelsim.errors import InputError, UsageError
from accelsim.quantization.allocation.errors import LayerErrors, errors_of, read_errors
from accelsim.quantization.sensitivity.divergence import Answer
from accelsim.quantization.sensitivity.joining import joined
from accelsim.quantization.sensitivity.rank import rank_correlation
from accelsim.quantization.sensitivity.result import Sensitivity
from accelsim.quantization.sensitivity.traces import read_traces
from accelsim.report.facts import sensitivity_lines
from accelsim.report.page import plain
from accelsim.report.plots import sensitivity_figure
from accelsim.report.sensitivity_text import sensitivity_page
from tests.quantization.small_network import Net, as_onnx

DATA = np.random.default_rng(0).standard_normal((16, 12)).astype(np.float32)
HAWQ = Path(__file__).parent / "data" / "hawq_resnet18.json"
ROOT = Path(__file__).parents[2]


def chain(*sizes: int, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    pairs = pairwise(sizes)
    parts = [part for one in pairs for part in (torch.nn.Linear(*one), torch.nn.ReLU())]
    return torch.nn.Sequential(*parts[:-1])


# ---------------------------------------------------------------------- laws


def test_one_more_bit_brings_six_decibels() -> None:
    """6.02 dB a bit, as long as the clip stays and the noise is small: of weights, of the output, after each layer."""
    bits = range(5, 10)
    found = sim.sensitivity(chain(12, 64, 64, 8), list(bits), DATA)
    for layer in found.layers:
        rows = [found.row(layer, asked) for asked in found.asked]
        for values in ([row.weight_sqnr_db for row in rows], [row.after_sqnr_db for row in rows],
                       [row.alone.sqnr_db for row in rows]):  # fmt: skip
            slope = np.polyfit(list(bits), values, 1)[0]
            assert slope == pytest.approx(20 * math.log10(2), abs=0.35)
    noise = [one.sqnr_db for one in found.together.values()]
    assert np.polyfit(list(bits), noise, 1)[0] == pytest.approx(6.02, abs=0.5)


def test_noise_and_divergence_of_layers_add_up_when_they_are_small() -> None:
    found = sim.sensitivity(chain(12, 64, 64, 8), 9, DATA)
    for measure, whole in (("noise", found.together["wint9a32"].noise), ("kl", found.together["wint9a32"].kl_nats)):
        assert sum(found.values("wint9a32", measure).values()) == pytest.approx(whole, rel=0.35)


def test_what_a_format_keeps_is_exact_and_said_so() -> None:
    net = chain(12, 8, 4)
    with torch.no_grad():
        for part in (net[0], net[2]):
            codes = torch.randint(-126, 127, part.weight.shape)
            codes[:, 0] = 127
            part.weight.copy_(codes / 64)
    found = sim.sensitivity(net, ["fp32", 8, "w8a8"], DATA)
    for row in found.rows:
        assert row.weight_sqnr_db == math.inf
        assert "exact: every weight is one of the format's" in row.note
        whole = row.asked != "w8a8"
        assert (row.alone.sqnr_db == row.after_sqnr_db == math.inf) == whole
        assert (row.alone.kl_nats == 0) == whole
    assert found.together["w8a32"].sqnr_db == math.inf
    assert found.to_dicts()[0]["output_sqnr_db"] is None
    assert math.isinf(found.to_frame().output_sqnr_db[0])
    assert "exact" in plain(sensitivity_page(found))
    with pytest.raises(UsageError, match="nothing to draw"):
        sensitivity_lines(sim.sensitivity(net, 8, DATA))


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, (4, 5), elements=st.floats(-20, 20)), arrays(np.float64, (4, 5), elements=st.floats(-20, 20)))
def test_divergence_is_at_least_zero_and_knows_no_shift(own: Any, other: Any) -> None:
    own[0, 0] += 1.0
    one = Answer(own)
    assert one.against(own).kl_nats == 0
    assert one.against(own).sqnr_db == math.inf
    assert one.against(own + 3.0).kl_nats == pytest.approx(0, abs=1e-12)
    assert one.against(other).kl_nats >= 0
    shares = [np.exp(values) / np.exp(values).sum(axis=1, keepdims=True) for values in (own, other)]
    assert Answer(shares[0]).is_probability
    assert Answer(shares[0]).against(shares[1]).kl_nats == pytest.approx(one.against(other).kl_nats, rel=1e-6, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=12))
def test_rank_correlation_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)
    if len(set(x)) == 1 or len(set(y)) == 1:
        with pytest.raises(InputError, match="values that differ"):
            rank_correlation(x, y)
        return
    found = rank_correlation(x, y)
    assert found.rho == pytest.approx(spearmanr(x, y).statistic)
    assert 0 < found.p_value <= 1
    assert found.low <= found.rho + 1e-9
    assert found.rho <= found.high + 1e-9


def test_the_chance_of_a_correlation_is_counted() -> None:
    assert rank_correlation([1, 2, 3, 4], [1, 2, 3, 4]).p_value == pytest.approx(2 / 24)
    assert rank_correlation(range(6), [5, 4, 3, 2, 1, 0]).p_value == pytest.approx(2 / 720)
    assert rank_correlation(range(20), range(20)).p_value == pytest.approx(1e-4)
    assert str(rank_correlation(range(20), range(20, 0, -1))) == "-1.00 (n 20, p < 0.001)"
    with pytest.raises(InputError, match="at least 4 pairs"):
        rank_correlation([1, 2, 3], [1, 2, 3])


# ---------------------------------------------------------------------- nothing is silent


def test_weights_of_zero_and_of_one_value_are_named() -> None:
    net = chain(12, 6, 5)
    torch.nn.init.zeros_(net[0].weight)
    torch.nn.init.constant_(net[2].weight, 0.25)
    zero, constant = sim.sensitivity(net, 8, DATA).rows
    assert math.isnan(zero.weight_sqnr_db)
    assert zero.note == "every weight is zero: there is no signal"
    assert constant.note.startswith("every weight is the same")


def test_what_overflows_has_no_result_and_a_reason(tmp_path: Path) -> None:
    net = chain(12, 6, 5)
    with torch.no_grad():
        net[2].weight.mul_(1e6)
    found = sim.sensitivity(net, ["fp16", 8], DATA)
    row = found.row("2", "fp16")
    assert not row.alone.known
    assert "fp16" in row.note
    assert not found.together["fp16"].known
    assert "not all layers can be quantized together: 2" in found.notes[-1]
    json.dumps(found.to_dict(), allow_nan=False)
    with pytest.raises(UsageError, match="must be known of every layer; it is not of 2 in fp16"):
        found.errors()
    assert found.row("2", "w8a32").alone.kl_nats == 0
    assert "saturated" in found.row("2", "w8a32").note
    assert found.errors(choices={"eight": sim.parse_scheme("w8a32")}).rows["2"]["eight"] > 0


def test_activations_alone_say_nothing_of_weights() -> None:
    """Weights that are left alone lose nothing that could be told, and what is not quantized at all is said so."""
    found = sim.sensitivity(chain(12, 6, 5), ["w4a4", "w4a32"], DATA, parts="activations")
    row, left = found.row("2", "w4a4"), found.row("2", "w4a32")
    assert row.alone.noise > 0
    assert row.note == ""
    assert row.to_dict()["squared_error"] is row.to_dict()["weight_sqnr_db"] is None
    assert (left.alone.noise, left.note) == (0, "nothing of it is quantized: w4a32 leaves activations as they are")
    assert sim.sensitivity(chain(12, 6, 5), "fp32", DATA).row("2", "fp32").note.startswith("exact")
    with pytest.raises(UsageError, match="noise over signal of the weights must be known"):
        found.values("w4a4", "weights")


def test_an_answer_of_one_value_has_no_divergence() -> None:
    found = sim.sensitivity(chain(12, 6, 1), 4, DATA)
    assert found.measure == "noise"
    assert all(math.isnan(row.alone.kl_nats) and row.alone.noise > 0 for row in found.rows)
    assert "one value per sample" in found.notes[-1]


def test_answers_that_cannot_be_compared_are_refused() -> None:
    broken = chain(12, 6, 5)
    with torch.no_grad():
        broken[2].bias.fill_(math.nan)
    with pytest.raises(InputError, match="answer must be finite"):
        sim.sensitivity(broken, 4, DATA)
    with torch.no_grad():
        broken[2].bias.zero_()
        broken[2].weight[0, 0] = math.inf
    with pytest.raises(InputError, match=r"the weight 2.weight must hold finite numbers"):
        sim.sensitivity(broken, 4, DATA)
    silent = chain(12, 6, 5)
    torch.nn.init.zeros_(silent[2].weight)
    torch.nn.init.zeros_(silent[2].bias)
    with pytest.raises(InputError, match="every value of it is 0"):
        sim.sensitivity(silent, 4, DATA)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schemes": [4, "w4a32"]}, "w4a32 is given twice"),
        ({"schemes": []}, "at least one scheme"),
        ({"schemes": 1}, "from 2 to 16; got 1"),
        ({"schemes": 4, "parts": "wieghts"}, "did you mean weights"),
        ({"schemes": 4, "engine": "onnxruntime"}, "a torch module runs in torch"),
    ],
)
def test_what_is_asked_wrongly_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sim.sensitivity(chain(12, 6, 5), data=DATA, **options)


# ---------------------------------------------------------------------- traces


def test_traces_come_from_csv_json_and_hawq(tmp_path: Path) -> None:
    net = chain(12, 6, 5)
    (tmp_path / "t.csv").write_text("# source: somebody\nlayer,trace\n2,0.5\n0,3.0\n")
    (tmp_path / "t.json").write_text('{"data": {"Hutchinson_trace": [3.0, 0.5]}}')
    (tmp_path / "n.json").write_text('{"0": 3.0, "2": 0.5}')
    for traces in (tmp_path / "t.csv", tmp_path / "t.json", tmp_path / "n.json", {"0": 3.0, "2": 0.5}, [3.0, 0.5]):
        found = sim.sensitivity(net, [4, 8], traces=traces)
        weight = net[0].weight.detach().numpy()
        low = sim.quantize(weight, "int4", granularity="channel").values
        assert found.row("0", "w4a32").sensitivity("trace") == pytest.approx(3.0 * np.square(weight - low).sum())
        assert found.measure == "trace"
        assert found.errors().rows["2"]["w8a32"] > 0
        assert "not run" in found.notes[-1]
    assert read_traces(HAWQ).ordered[:2] == (0.06857826, 0.03162379)
    with_run = sim.sensitivity(net, 4, DATA, traces=[3.0, 0.5])
    assert with_run.values("w4a32", "trace") == found.values("w4a32", "trace")
    assert "trace x error" in plain(sensitivity_page(with_run))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layer,trace\n0,1\n9,1\n", "'9' is none"),
        ("layer,trace\n0,1\n", "every layer must have a trace; 2 has none"),
        ("layer,trace\n0,1\n0,2\n", "must stand once"),
        ("layer,trace\n0,-1\n2,1\n", "at least 0; got '-1'"),
        ("name,trace\n0,1\n", "columns layer and trace; got name, trace"),
        ("layer,trace\n", "at least one trace"),
    ],
)
def test_traces_that_do_not_fit_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        sim.sensitivity(chain(12, 6, 5), 4, traces=tmp_path / "t.csv")


def test_traces_without_names_must_be_as_many_as_layers() -> None:
    with pytest.raises(InputError, match="one for each of the 2 layers, in order; got 19"):
        sim.sensitivity(chain(12, 6, 5), 4, traces=HAWQ)


# ---------------------------------------------------------------------- allocation, command, plot


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("net")
    as_onnx(Net(), folder / "net.onnx", batch="n")
    np.save(folder / "x.npy", np.random.default_rng(5).standard_normal((8, 1, 6, 6)))
    return folder


def test_allocations_take_what_was_measured_and_what_was_written(files: Path, capsys: Any) -> None:
    model, data, table = str(files / "net.onnx"), str(files / "x.npy"), str(files / "errors.csv")
    assert run(["error", model, "--data", data, "--schemes", "w4a4,int8", "-o", table, "--csv"]) == 0
    (files / "long.csv").write_text(capsys.readouterr().out)
    found = sim.sensitivity(model, ["w4a4", "int8"], data, others=True)
    network = sim.load_workload(model, batch=1)
    schemes = {name: sim.parse_scheme(name) for name in ("w4a4", "int8")}
    rows = errors_of(found, network, schemes).rows
    assert set(rows) == {"stem", "one", "two", "add", "wide", "head"}
    told = errors_of(sim.sensitivity(model, ["w4a4", "int8"], data), network, schemes).notes
    assert told == ("what only add read was not measured: no error is counted of it.",)
    for path in (table, files / "long.csv"):
        assert errors_of(path, network, schemes).rows == {
            layer: pytest.approx(row, rel=1e-9) for layer, row in rows.items()
        }
    chosen = sim.allocate(network, "horowitz-45nm", ["w4a4", "w8a8"], budget={"error": "30%"}, errors=found)
    assert chosen.errors.rows["stem"]["w8a8"] == rows["stem"]["int8"]
    assert "KL divergence" in chosen.errors.source
    with pytest.raises(InputError, match="must be measured in w4a8; they were in w4a4, int8"):
        errors_of(found, network, {"w4a8": sim.parse_scheme("w4a8")})


def test_layers_that_became_several_share_their_error() -> None:
    layers = [sim.Layer("0", "embedding", parameters=36)]
    layers += [sim.Layer(name, "linear", sim.Shape(K=32, C=c)) for name, c in (("1.input", 4), ("1.recurrent", 8))]
    network = sim.Network("Sequential", tuple(layers))
    found = joined(LayerErrors({"0": {"w4a4": 1.0}, "1": {"w4a4": 3.0}, "2": {"w4a4": 1.0}}), network)
    assert {name: row["w4a4"] for name, row in found.rows.items()} == pytest.approx(
        {"0": 1.0, "1.input": 1.0, "1.recurrent": 2.0}
    )
    assert "no layer of Sequential: 2" in found.notes[0]
    with pytest.raises(InputError, match="none is, such as x"):
        joined(LayerErrors({"x": {"w4a4": 1.0}}), network)


def test_a_table_without_a_result_is_not_read_as_zero(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("layer,asked,kl_nats,noise,note\na,fp16,,,it overflows\n")
    with pytest.raises(InputError, match=r"a in fp16 must have a noise; it has none \(it overflows\)"):
        read_errors(tmp_path / "l.csv")


def test_the_command_prints_draws_and_refuses(files: Path, capsys: Any) -> None:
    model, data = str(files / "net.onnx"), str(files / "x.npy")
    assert run(["error", model, "--data", data, "--bits", "2,4", "--plot", str(files / "s.svg")]) == 0
    shown = capsys.readouterr().out
    assert "most delicate alone" in shown
    assert "rank correlation: w2a32" in shown
    assert (files / "s.svg").is_file()
    assert run(["error", model, "--data", data, "--only", "activations", "--schemes", "w4a4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parts"] == "activations"
    assert {row["weight_format"] for row in told["rows"]} == {""}
    for arguments, code, message in (
        (["--engine", "reference"], 2, "give its inputs with --data"),
        (["-o", "x.csv"], 2, "give inputs with --data, or --traces"),
        (["--data", data, "--formats", "int8"], 2, "are about tensors"),
        (["--data", data, "--measure", "kl"], 2, "give -o with it"),
        (["--data", "gone.npz", "-o", "x.csv", "--measure", "klo"], 2, "did you mean kl"),
        (["--data", data, "--bits", "4,b"], 2, "--bits must be whole numbers"),
        (["--data", data, "-o", "x.txt"], 2, "must be a file ending in .csv"),
    ):
        assert run(["error", model, *arguments]) == code
        assert message in capsys.readouterr().err
    chip = ["--on", "horowitz-45nm"]
    assert run(["allocate", model, *chip, "--errors", "sensitivity"]) == 1
    assert "data must be given" in capsys.readouterr().err
    assert run(["allocate", model, *chip, "--data", data]) == 2


def test_a_plot_states_what_was_found(files: Path) -> None:
    found = sim.sensitivity(files / "net.onnx", ["w4a8", 2], files / "x.npy")
    facts = sensitivity_lines(found)
    least = min((row.alone.sqnr_db, row.layer, row.asked) for row in found.rows)
    assert facts.worst == (least[2], facts.layers.index(least[1]))
    assert f"{least[1]} in {least[2]} alone brings the output to {least[0]:.1f} dB" in facts.title
    assert facts.travel["w2a32"][-1] == found.together["w2a32"].sqnr_db
    assert sensitivity_figure(found).heading.startswith("net.onnx")
    assert "<table>" in found._repr_html_()
    assert repr(found).startswith("Sensitivity of 5 layers of net.onnx in w4a8, w2a32; run on 8 samples by ")


# ---------------------------------------------------------------------- depth


def test_the_tables_of_depth_are_those_of_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed rows give the committed tables: every claim of the page about depth follows from them."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    depth_sensitivity = importlib.import_module("depth_sensitivity")
    text = depth_sensitivity.PAGE.read_text(encoding="utf-8")
    assert depth_sensitivity.with_tables(text) == text
    rows = depth_sensitivity.read(depth_sensitivity.LAYERS)
    found: dict[tuple[str, str], list[float]] = {}
    for name in dict.fromkeys(row["network"] for row in rows):
        for case in depth_sensitivity.CASES:
            some = [row for row in rows if (row["network"], row["case"]) == (name, case)]
            found[name, case] = depth_sensitivity.by_depth(some, "kl_nats")
    trends = {key: depth_sensitivity.of_depth(values) for key, values in found.items()}
    assert len(found) == 30
    assert min(map(len, found.values())) >= 8
    assert max(one.rho for one in trends.values()) < 0
    assert [key for key, one in trends.items() if one.p_value >= 0.05] == [("perceptron", "activations, 4 bits")]
    last = {key: values[-1] / values[-2] for key, values in found.items()}
    rising = [last[key] for key in last if key[0] in ("plain convolutions", "residual", "transformer")]
    assert (round(min(rising), 1), round(max(rising))) == (1.3, 17)
    assert sum(values[0] > values[-1] for values in found.values()) == 29
    assert sum(values.index(max(values)) < 3 for values in found.values()) == 29
    ours = [float(row["trace"]) for row in depth_sensitivity.read(depth_sensitivity.HAWQ)]
    assert tuple(ours) == read_traces(HAWQ).ordered
    assert rank_correlation(range(19), ours).rho == pytest.approx(spearmanr(range(19), ours).statistic)
    sys.modules.pop("depth_sensitivity")


def test_depth_is_correlated_with_what_is_asked_for() -> None:
    found = sim.sensitivity(chain(12, 8, 8, 8, 5), 3, DATA)
    assert isinstance(found, Sensitivity)
    values = list(found.values("w3a32", "weights").values())
    assert found.depth_correlation("w3a32", "weights").rho == pytest.approx(spearmanr(range(4), values).statistic)
    with pytest.raises(UsageError, match="did you mean noise"):
        found.depth_correlation("w3a32", "nose")
