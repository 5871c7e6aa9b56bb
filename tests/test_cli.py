"""Does the command line answer with data, pages and one-sentence errors, and load only what it needs?"""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from accelsim.cli import run

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("numpy", "pandas", "matplotlib", "scipy", "numba", "llvmlite", "pydantic", "yaml")
LOADED = f"print([name for name in {HEAVY!r} if name in sys.modules])"
ESTIMATE = ["estimate", "filter-3x3x256", "--on", "horowitz-45nm"]
COMPARE = ["compare", "filter-3x3x256", "--on", "horowitz-45nm", "--schemes", "fp32,fp16,w8a8-dequant-fp32,int8"]

FIELDS = [
    "workload",
    "profile",
    "scheme",
    "mapping",
    "objective",
    "macs",
    "energy_pj",
    "latency_s",
    "cycles",
    "edp_pj_s",
    "throughput_per_s",
    "dram_read_bits",
    "dram_write_bits",
    "weight_bytes",
    "peak_memory_bytes",
    "average_power_w",
    "bound_by",
    "fits_memory",
    "peak_macs_per_cycle",
    "achieved_macs_per_cycle",
    "macs_per_dram_byte",
    "energy_breakdown_pj",
    "cycle_breakdown",
    "derived_costs",
    "warnings",
    "layers",
]
LAYER_FIELDS = ["name", "kind", "repeat", "macs", "energy_pj", "cycles", "bound_by", "mapping"]
LAYER_FIELDS += ["bound_dram_bits", "dram_over_bound", "certificate"]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """Run a command that must end in ``code``; return its stdout."""
    assert run(arguments) == code, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """Run a command that must fail with ``code``; return its one line of stderr."""
    assert run(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert err.count("\n") == 1
    return err


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=60,
        check=False,
    )


# ---------------------------------------------------------------------- data


def test_estimate_json_has_every_field_of_the_design(capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads(answer(capsys, *ESTIMATE, "--scheme", "int8", "--json"))
    assert [field for field in FIELDS if field not in record] == []
    assert record["macs"] == 2304 * 56 * 56
    assert list(record["layers"][0]) == LAYER_FIELDS
    assert sum(record["energy_breakdown_pj"].values()) == pytest.approx(record["energy_pj"], rel=1e-12)
    assert sum(record["cycle_breakdown"].values()) == pytest.approx(record["cycles"], rel=1e-12)
    assert {cost["what"] for cost in record["derived_costs"]} == {"conversion rescale int32 to int8"}
    assert all(cost["law"] and cost["sources"] and cost["unit"] == "pJ" for cost in record["derived_costs"])


def test_the_layers_of_a_record_sum_to_its_totals(capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads(answer(capsys, "estimate", "bert-base", "--on", "horowitz-45nm", "--scheme", "w8a16", "--json"))
    for field in ("energy_pj", "cycles", "macs"):
        assert sum(one[field] * one["repeat"] for one in record["layers"]) == pytest.approx(record[field], rel=1e-9)


def test_estimate_csv_has_one_row_per_layer_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(answer(capsys, "estimate", "alexnet", "--on", "horowitz-45nm", "--csv"))))
    record = json.loads(answer(capsys, "estimate", "alexnet", "--on", "horowitz-45nm", "--json"))
    assert [row["name"] for row in rows] == [one["name"] for one in record["layers"]]
    assert sum(float(row["energy_pj"]) * int(row["repeat"]) for row in rows) == pytest.approx(record["energy_pj"])


def test_compare_json_is_a_list_of_records_with_reference_and_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    records = json.loads(answer(capsys, *COMPARE, "--reference", "fp16", "--json"))
    assert [one["scheme"] for one in records] == ["fp32", "fp16", "w8a8-dequant-fp32", "int8"]
    assert {one["reference"] for one in records} == {"fp16"}
    assert all(set(FIELDS) < set(one) for one in records)
    assert records[1]["ratios"]["energy_pj"]["direction"] == "same"
    for metric, slower in (("energy_pj", "more"), ("latency_s", "more"), ("peak_macs_per_cycle", "less")):
        found = records[0]["ratios"][metric]
        expected = records[0][metric] / records[1][metric]
        assert found["direction"] == slower
        assert found["value"] == pytest.approx(max(expected, 1 / expected))


def test_compare_csv_has_one_row_per_scheme(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(answer(capsys, *COMPARE, "--csv"))))
    assert [row["scheme"] for row in rows] == ["fp32", "fp16", "w8a8-dequant-fp32", "int8"]
    assert all(float(row["energy_pj_ratio"]) >= 1 for row in rows)
    assert rows[3]["energy_pj_direction"] == "less"


def test_messages_of_data_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["estimate", "filter-3x3x256", "--on", "eyeriss-v1", "--scheme", "int8", "--csv", "--cite"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "multiplied as int16" in err
    assert "https://" in err


def test_unknown_energy_is_null_and_time_is_not(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    profile = tmp_path / "bare.yaml"
    profile.write_text("""
name: bare
title: A chip without costs
source: horowitz-isscc2014
clock_hz: 1.0e+9
array: {rows: 4}
timing: broadcast
dataflows: [output-stationary]
macs_per_pe_cycle: {int8: 1}
levels:
  - {name: SRAM, capacity: 64 KiB}
  - {name: DRAM, read_bits_per_cycle: 64, write_bits_per_cycle: 64}
""")
    arguments = ("filter-3x3x256", "--on", str(profile), "--scheme")
    record = json.loads(answer(capsys, "estimate", *arguments, "int8", "--json"))
    assert record["energy_pj"] is None
    assert record["average_power_w"] is None
    assert record["latency_s"] > 0
    page = answer(capsys, "estimate", *arguments, "int8")
    assert "unknown" in page
    page = answer(capsys, "compare", "filter-3x3x256", "--on", str(profile), "--schemes", "int8,w4a8")
    assert "Energy of int8 and w4a8 is unknown" in page


# ---------------------------------------------------------------------- pages


def test_the_founding_comparison_says_what_it_must(capsys: pytest.CaptureFixture[str]) -> None:
    page = answer(capsys, *COMPARE)
    text = " ".join(page.split())
    for column in (
        "energy",
        "DRAM",
        "SRAM",
        "array",
        "convert",
        "time",
        "bound by",
        "peak MACs/cycle",
        "achieved",
        "MACs/DRAM byte",
        "weights",
        "peak memory",
        "needed of available",
    ):
        assert column in page
    assert "2.00x higher with fp16, the same with w8a8-dequant-fp32, 4.00x higher with int8." in text
    assert (
        "One multiply takes 0.2 pJ in int8 on horowitz-45nm, against 1.1 pJ in fp16 (5.50x), 3.1 pJ in int32 " in text
    )
    assert "(15.5x) and 3.7 pJ in fp32 (18.5x)" in text
    assert "w8a8-dequant-fp32 saves traffic but no multiplying" in text
    assert "DRAM dominates" in text
    assert "Without on-chip reuse" in text
    assert "Accuracy is not estimated" in text
    assert "docs/assumptions.md" in text


@pytest.mark.parametrize(
    "arguments",
    [
        COMPARE,
        [*ESTIMATE, "--scheme", "int8", "--cite"],
        ["estimate", "llama-2-7b/decode", "--on", "horowitz-45nm", "--scheme", "w4g128a16"],
        ["compare", "filter-3x3x256", "--on", "horowitz-45nm,eyeriss-v1", "--schemes", "int8,fp32"],
        ["show", "eyeriss-v1"],
        ["show", "llama-2-7b/decode"],
        ["show", "w4g128a16"],
        ["show", "q4_k"],
        ["list"],
        ["list", "formats"],
        ["check", "horowitz-45nm"],
    ],
)
def test_pages_are_plain_ascii_at_most_110_columns_wide(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    page = answer(capsys, *arguments)
    assert page.isascii()
    assert [line for line in page.splitlines() if len(line) > 110 and "grammar" not in line] == []
    assert "\x1b" not in page


def test_explain_prints_the_formula(capsys: pytest.CaptureFixture[str]) -> None:
    page = answer(capsys, *ESTIMATE, "--scheme", "int8", "--explain", "filter")
    assert "7,225,344" in page
    assert "x 0.2 pJ" in page
    assert "int8 multiply, Horowitz 2014" in page


def test_template_loads_as_it_stands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "mine.yaml"
    place.write_text(answer(capsys, "show", "--template"))
    assert "PEs at" in answer(capsys, "check", str(place))
    assert answer(capsys, "show", str(place))


def test_list_names_what_load_takes(capsys: pytest.CaptureFixture[str]) -> None:
    page = answer(capsys, "list")
    for name in ("horowitz-45nm", "llama-2-7b/decode", "w8a8-dequant-fp32", "context=2048"):
        assert name in page


def test_options_reach_the_workload_and_the_profile(capsys: pytest.CaptureFixture[str]) -> None:
    decode = ["estimate", "llama-2-7b/decode", "--on", "horowitz-45nm", "--scheme", "fp16", "--json"]
    short = json.loads(answer(capsys, *decode, "--option", "context=1"))
    assert short["macs"] == 6_607_077_376 + 262_144
    slow = json.loads(answer(capsys, *ESTIMATE, "--set", "clock_hz=1e8", "--json"))
    fast = json.loads(answer(capsys, *ESTIMATE, "--json"))
    assert slow["cycles"] < fast["cycles"]
    assert slow["latency_s"] > fast["latency_s"]


def test_plot_is_written_and_said_on_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "out.svg"
    assert run([*COMPARE, "--json", "--plot", str(place)]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)
    assert err == f"wrote {place}\n"
    assert place.read_text().startswith("<?xml")
    assert list(tmp_path.iterdir()) == [place]


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("code", "said", "arguments"),
    [
        (1, "did you mean resnet50?", ["estimate", "resnet5", "--on", "horowitz-45nm"]),
        (1, "did you mean horowitz-45nm?", ["estimate", "alexnet", "--on", "horowitz-45"]),
        (1, "did you mean int8?", [*ESTIMATE, "--scheme", "imt8"]),
        (1, "did you mean clock_hz?", [*ESTIMATE, "--set", "clok_hz=3"]),
        (1, "did you mean SRAM?", [*ESTIMATE, "--set", "levels.SRM.capacity=1KiB"]),
        (1, "64 KiB", [*ESTIMATE, "--set", "levels.SRAM.capacity=64KB"]),
        (1, "did you mean filter?", [*ESTIMATE, "--explain", "fliter"]),
        (1, "is not an option", [*ESTIMATE, "--option", "context=3"]),
        (1, "there is no folder", [*ESTIMATE, "--plot", "nowhere/x.svg"]),
        (1, "is a directory", ["show", "."]),
        (1, "the reference must be one of", [*COMPARE, "--reference", "int9"]),
        (1, "twice", ["compare", "alexnet", "--on", "horowitz-45nm", "--schemes", "int8,int8"]),
        (1, "is not a profile, workload, scheme or format; did you mean", ["show", "resnet51"]),
        (2, "PATH=VALUE", [*ESTIMATE, "--set", "clock_hz"]),
        (2, "did you mean ws?", [*ESTIMATE, "--mapping", "wss"]),
        (2, "did you mean energy?", [*ESTIMATE, "--objective", "enrgy"]),
        (2, ".svg, .png, .pdf", [*ESTIMATE, "--plot", "x.jpg"]),
        (2, "exclude each other", [*ESTIMATE, "--json", "--csv"]),
        (2, "excludes", [*ESTIMATE, "--json", "--explain", "filter"]),
        (2, "joined by commas", ["compare", "alexnet", "--on", "horowitz-45nm", "--schemes", "int8,,fp32"]),
        (1, "at most 1000000000000; got 9999", [*ESTIMATE, "--batch", "99999999999999999999999"]),
        (1, "1 to 1048576 elements; got 99999999999999999999.", [*ESTIMATE, "--scheme", "w4g99999999999999999999a16"]),
        (2, "must be a whole number of at least 1; got 0.", [*ESTIMATE, "--batch", "0"]),
        (2, "must be a whole number of at least 1; got 1.5.", [*ESTIMATE, "--batch", "1.5"]),
        (2, "must be a whole number of at least 1; got x.", ["show", "alexnet", "--batch", "x"]),
        (2, "WORKLOAD", ["estimate"]),
        (2, "did you mean compare?", ["compar"]),
        (2, "needs a name", ["show"]),
        (3, "tpu-v1 cannot multiply fp32", ["estimate", "alexnet", "--on", "tpu-v1", "--scheme", "fp32"]),
        (3, "tpu-v1 cannot multiply fp32", ["compare", "filter-3x3x256", "--on", "tpu-v1", "--schemes", "fp32,fp16"]),
        (
            3,
            "the reference must run",
            ["compare", "filter-3x3x256", "--on", "tpu-v1", "--schemes", "fp32,int8", "--reference", "fp32"],
        ),
        (3, "tpu-v1 runs", ["estimate", "alexnet", "--on", "tpu-v1", "--scheme", "int8", "--mapping", "rs"]),
        (3, "bits", [*ESTIMATE, "--set", "levels.RF.capacity=2B", "--mapping", "heuristic"]),
    ],
)
def test_wrong_input_is_one_sentence_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], code: int, said: str, arguments: list[str]
) -> None:
    assert said in refused(capsys, code, *arguments)


def test_a_scheme_that_cannot_run_is_a_row_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("compare", "filter-3x3x256", "--on", "tpu-v1", "--schemes", "fp32,int8")
    assert "fp32 cannot run: tpu-v1 cannot multiply fp32" in " ".join(answer(capsys, *arguments).split())
    records = json.loads(answer(capsys, *arguments, "--json"))
    assert [one["scheme"] for one in records] == ["int8", "fp32"]
    assert "cannot multiply" in records[1]["unsupported"]


def test_a_failed_plot_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    def full(self: Figure, *args: object, **options: object) -> None:
        Path(str(args[0])).write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    assert run([*ESTIMATE, "--plot", str(tmp_path / "out.svg")]) == 1
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- streams and start-up


@pytest.mark.parametrize("arguments", [["--help"], ["estimate", "--help"], ["compare", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    done = python(f"import sys; from accelsim.cli import run; run({arguments!r}); {LOADED}")
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_import_loads_nothing_heavy_until_asked() -> None:
    done = python(
        f"import sys, accelsim as sim; {LOADED}; sim.load_profile('horowitz-45nm'); "
        "print('pydantic' in sys.modules, 'matplotlib' in sys.modules, 'pandas' in sys.modules)"
    )
    assert done.stdout.splitlines() == ["[]", "True False False"], done.stderr


def test_estimate_loads_only_what_it_computes_with() -> None:
    unasked = (
        "print([name in sys.modules for name in ('accelsim.explore.compare', 'accelsim.simulation.fusion.choice')])"
    )
    arguments = [*ESTIMATE, "--mapping", "heuristic"]
    done = python(f"import sys; from accelsim.cli import run; run({arguments!r}); {LOADED}; {unasked}")
    assert done.stdout.splitlines()[-2:] == ["['numpy', 'pydantic', 'yaml']", "[False, False]"], done.stderr


def test_without_a_command_there_is_help_and_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Usage: accelsim" in err


def test_public_names_are_there() -> None:
    import accelsim

    assert all(getattr(accelsim, name) is not None for name in accelsim.__all__)
    with pytest.raises(AttributeError, match="did you mean estimate"):
        accelsim.estimat  # noqa: B018


def test_module_runs_like_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "accelsim", "estimate", "nope", "--on", "horowitz-45nm"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: 'nope' is not a workload")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = [sys.executable, "-m", "accelsim", "list", "formats"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_a_full_disk_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "accelsim", "list", "formats"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "error: the output cannot be written: No space left on device.\n"


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ESTIMATE, [*ESTIMATE, "--json"]])
def test_a_closed_output_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run(arguments) == 1
    assert capsys.readouterr().err == "error: the output cannot be written: standard output is closed.\n"


def test_a_folder_of_the_path_that_is_not_there_is_noted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ACCELSIM_PATH", os.pathsep.join([str(tmp_path), "nowhere", "", "neither"]))
    assert run(["list", "formats"]) == 0
    assert capsys.readouterr().err == "note: ACCELSIM_PATH must name folders; there is no nowhere, neither.\n"


@pytest.mark.parametrize(
    ("environment", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_color_only_on_a_terminal_that_wants_it(environment: dict[str, str], colored: bool) -> None:
    ours, theirs = pty.openpty()
    base = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"} | environment
    with subprocess.Popen(
        [sys.executable, "-m", "accelsim", "list", "profiles"], stdout=theirs, cwd=ROOT, env=base
    ) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            text += piece
        assert process.wait(60) == 0
    os.close(ours)
    assert (b"\x1b[" in text) is colored
    assert b"horowitz-45nm" in text
