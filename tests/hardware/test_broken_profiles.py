"""Is every broken profile refused with one sentence that names file, line, column and field?"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.errors import AccelsimError, InputError
from accelsim.hardware import Chip, load_profile, template

from .conftest import VALID

Load = Callable[..., Chip]

BROKEN = [
    ("clock_hz: 1.0e+9", "clok_hz: 1.0e+9", ":4:1: clok_hz is not a field of a profile; did you mean clock_hz?"),
    ("clock_hz: 1.0e+9\n", "", "clock_hz: must be given"),
    ("name: mine\n", "", "name: must be given"),
    ("source: horowitz-isscc2014\n", "", "source: must be given"),
    (
        "clock_hz: 1.0e+9",
        "clock_hz: 2e9",
        ":4:11: clock_hz: must be a number; got '2e9', which YAML reads as text; write 2.0e+9.",
    ),
    ("clock_hz: 1.0e+9", "clock_hz: fast", ":4:11: clock_hz: must be a number; got 'fast'."),
    ("clock_hz: 1.0e+9", "clock_hz: 1.0e+30", ":4:11: clock_hz: must be a clock in Hz of at most 1e+12"),
    ("clock_hz: 1.0e+9", "clock_hz: -5", ":4:11: clock_hz: must be a clock in Hz of at least 1; got -5."),
    ("clock_hz: 1.0e+9", "clock_hz: 0", "must be a clock in Hz of at least 1; got 0."),
    ("clock_hz: 1.0e+9", "clock_hz: .nan", ":4:11: clock_hz: a number must be finite"),
    ("clock_hz: 1.0e+9", "clock_hz: .inf", ":4:11: clock_hz: a number must be finite"),
    ("clock_hz: 1.0e+9", "clock_hz: true", ":4:11: clock_hz: must be a number; got true."),
    ("clock_hz: 1.0e+9", "clock_hz: [1, 2]", ":4:11: clock_hz: must be a"),
    ("clock_hz: 1.0e+9", "clock_hz: {valu: 3}", "valu is not a field of a sourced number; did you mean value?"),
    ("clock_hz: 1.0e+9", "clock_hz: {value: 1.0e+9, source: horowits-isscc2014}", "did you mean horowitz-isscc2014?"),
    ("clock_hz: 1.0e+9", "clock_hz: {value: 1.0e+9, status: guess}", ":4:35: clock_hz.status: must be"),
    ("node_nm: 45", "node_nm: 45\nnode_nm: 32", ":4:1: node_nm must be given once"),
    ("node_nm: 45", "node_nm: 0.1", "must be a process node in nm of at least 1"),
    ("source: horowitz-isscc2014", "source: nobody-2020", ":2:9: source: must name a work in the bibliography"),
    ("size: 4", "size: 0", ":6:16: array.rows.size: must be at least 1; got 0."),
    ("size: 4", "size: -4", "array.rows.size: must be at least 1; got -4."),
    ("size: 4", "size: 4.5", "array.rows.size: must be a whole number; got 4.5."),
    ("size: 4", "size: 1000000000", "array.rows.size: must be at most 1048576"),
    ("cols: 8", "cols: 1048576\n  more: 1048576", "array: the fan-outs must multiply to at most"),
    ("cols: 8", "cols: eight", "array.cols"),
    ("dims: [C]", "dims: [CC]", ":6:26: array.rows.dims[0]: must be a loop dimension (B, G, K"),
    ("dims: [C]", "dims: C", ":6:25: array.rows.dims: must be a list"),
    ("dims: [C]", "dim: [C]", "array.rows.dim is not a field of a fan-out; did you mean dims?"),
    (
        "int8: 4, fp16: 2}",
        "int8: 0, fp16: 2}",
        ":8:27: macs_per_pe_cycle.int8: must be a count of MACs per cycle above 0",
    ),
    ("int8: 4, fp16: 2}", "int8: 1/0, fp16: 2}", "macs_per_pe_cycle.int8: must be a count of MACs"),
    ("int8: 4, fp16: 2}", "int8: -1, fp16: 2}", "macs_per_pe_cycle.int8: must be a count of MACs"),
    ("int8: 4, fp16: 2}", "int9000: 4, fp16: 2}", ":8:30: macs_per_pe_cycle.int9000: 'int9000' is not a number format"),
    ("int8: 4, fp16: 2}", "int8: 4, int8*int8: 2}", "must give each pair once"),
    ("{int8: 4, fp16: 2}", "{}", "macs_per_pe_cycle: must have at least 1"),
    ("macs_per_pe_cycle: {int8: 4, fp16: 2}\n", "", "macs_per_pe_cycle: must be given"),
    ("int8: 0.2", "int8: -0.2", ":9:49: multiply_pj.int8: must be a cost in pJ of at least 0; got -0.2."),
    ("int8: 0.2", "int8: 1.0e+200", "must be a cost in pJ of at most 1e+09"),
    (
        "{source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}",
        "{int8: 0.2}",
        ":9:21: multiply_pj.int8: must name its source",
    ),
    (
        "{source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}",
        "{source: unknown-work, int8: 0.2}",
        "'unknown-work' is in neither",
    ),
    ("{source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}", "3", ":9:14: multiply_pj: must be a mapping"),
    ("int8: 0.2", "int8: {value: 0.2, low: 0.3}", "must have low <= value <= high; got 0.3 <= 0.2"),
    ("int8: 0.2", "int8: {value: 0.2, high: 0.1}", "must have low <= value <= high"),
    ("int8: 0.2", "int8: {value: 0.2, low: -1}", "must be a cost in pJ of at least 0; got low -1."),
    ("fp32: 0.9", "fp3232: 0.9", "add_pj.fp3232: 'fp3232' is not a number format"),
    (
        "inside: cols",
        "inside: colls",
        ":13:13: levels[0].inside: must name a fan-out of the array; got 'colls'; did you mean cols?",
    ),
    ("inside: cols\n", "insid: cols\n", ":13:5: levels[0].insid is not a field of a level; did you mean inside?"),
    (
        "capacity: 64 B",
        "capacity: 64 KB",
        ":14:15: levels[0].capacity: must not be in KB, which may mean 1000 or 1024; write 64 KiB",
    ),
    ("capacity: 64 B", "capacity: 64", ":14:15: levels[0].capacity: must be a capacity with its unit"),
    ("capacity: 64 B", "capacity: 0 B", ":14:15: levels[0].capacity: must be a capacity in bits above 0"),
    ("capacity: 64 B", "capacity: 99999999999 TiB", "must be a capacity in bits of at most"),
    (
        "capacity: 64 B",
        "capacity: 64 B\n    capacity_bits: 512",
        ":15:20: levels[0].capacity_bits: give either capacity or capacity_bits",
    ),
    ("capacity: 64 B", "capacity_bits: 0.5", "must be a whole number of bits"),
    ("{value: 0.03, source: han-nips2015}", "0.03", ":15:22: levels[0].read_pj_per_bit: must name its source"),
    ("{value: 0.03, source: han-nips2015}", "{value: 0.03}", "levels[0].read_pj_per_bit: must name its source"),
    ("{value: 0.03, source: han-nips2015}", "{source: han-nips2015}", "levels[0].read_pj_per_bit.value: must be given"),
    ("  - name: SRAM", "  - name: RF", ":17:11: levels[1].name: level names must be unique"),
    (
        "  - name: SRAM\n",
        "  - name: SRAM\n    inside: cols\n    holds: WX\n",
        "levels[1].holds: must be letters of WIO",
    ),
    ("  - name: DRAM\n", "  - name: DRAM\n    inside: cols\n", "levels must be listed from inside to outside"),
    (
        "  - name: DRAM\n",
        "  - name: DRAM\n    holds: WI\n",
        "the outermost level must stand outside every fan-out and hold W, I and O; DRAM holds WI only",
    ),
    ("    access_bits: 64\n", "", "levels[1].read_pj_per_access: a cost per access must come with access_bits"),
    ("    access_bits: 64\n", "    access_bits: 0\n", "must be a count of bits above 0"),
    ("    access_bits: 64\n", "    access_bits: 64\n    read_pj_per_bit: 3\n", "must name its source"),
    (
        "read_bits_per_cycle: 256",
        "read_bits_per_cycle: 256\n    bandwidth_bytes_per_s: 1.0e+9",
        "give either read_bits_per_cycle or bandwidth",
    ),
    ("read_bits_per_cycle: 256", "efficiency: 1.5", "must be a share of the peak bandwidth of at most 1; got 1.5"),
    ("read_bits_per_cycle: 256", "shared_port: on", "can be read as text or as a boolean"),
    ("read_bits_per_cycle: 256", "shared_port: 1", "must be true or false; got 1."),
    ("name: mine", "name: my chip", ":1:7: name: must be text of the form"),
    (
        "name: mine",
        "name: mine\nextends: nothing-like-it",
        ":2:10: extends: 'nothing-like-it' is not a hardware profile",
    ),
    ("name: mine", "name: mine\nextends: horowitz-45mn", "did you mean horowitz-45nm?"),
    (
        "name: mine",
        "name: mine\nextends: mine",
        ":2:10: extends: profiles must not extend each other in a circle; got mine -> mine",
    ),
    ("name: mine", "name: mine\nextends: [a]", "extends: must be the name or path of another profile"),
    (
        "name: mine",
        "name: mine\ntiming: systollic",
        ":2:9: timing: must be 'broadcast' or 'systolic'; got 'systollic'; did you mean systolic?",
    ),
    ("name: mine", "name: mine\ndataflows: []", "dataflows: must have at least 1"),
    ("name: mine", "name: mine\ndataflows: [weight-stationery]", "did you mean weight-stationary?"),
    ("name: mine", "name: mine\nvector: {lanes: 0}", "vector.lanes: must be a count per cycle above 0"),
    ("name: mine", "name: mine\nvector: {lanes: 4, ops_pj: {tanh: 1}}", "must be a vector operation"),
    ("name: mine", "name: mine\nconvert_pj: {int8: 0.1}", "must be named FROM>TO"),
    ("name: mine", "name: mine\nsources: {k: {author: A}}", "sources.k: a source must have a title"),
    ("name: mine", "name: mine\nsources: {k: 3}", "sources.k: must be a mapping"),
    ("name: mine", "name: mine\nidle_w: 3", "idle_w: must name its source"),
]


@pytest.mark.parametrize(("old", "new", "says"), BROKEN)
def test_each_fault_is_one_sentence_with_its_place(load: Load, tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        load(old, new)
    message = str(caught.value)
    assert says in message
    assert re.match(re.escape(str(tmp_path / "mine.yaml")) + r":\d+:\d+: ", message)
    assert "\n" not in message
    assert message.endswith((".", "?"))


def test_levels_are_needed(load: Load) -> None:
    with pytest.raises(InputError, match="levels: must have at least 1"):
        load(VALID[VALID.index("levels:") :], "levels: []\n")
    with pytest.raises(InputError, match="levels: must be given"):
        load(VALID[VALID.index("levels:") :], "")


@pytest.mark.parametrize("raw", [b"", b"\x00\x01", b"\xff\xfe\x00", b"- 1\n", b"3\n", b"a: &a [*a]", b"%PDF-1.4"])
def test_files_that_are_no_profile(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "junk.yaml"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=re.escape(str(path))):
        load_profile(path)


def test_a_directory_a_missing_file_and_a_typo(tmp_path: Path) -> None:
    (tmp_path / "dir.yaml").mkdir()
    with pytest.raises(InputError, match="is a directory"):
        load_profile(tmp_path / "dir.yaml")
    with pytest.raises(InputError, match="there is no file"):
        load_profile(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="did you mean horowitz-45nm"):
        load_profile("horowits-45nm")


def test_parents_may_not_form_a_circle_nor_a_tower(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\nextends: b\n")
    (tmp_path / "b.yaml").write_text("name: b\nextends: a\n")
    with pytest.raises(InputError, match=r"b.yaml:2:10: extends: .* circle; got a -> b -> a"):
        load_profile(tmp_path / "a.yaml")
    for n in range(12):
        (tmp_path / f"t{n}.yaml").write_text(f"name: t{n}\nextends: t{n + 1}\n")
    with pytest.raises(InputError, match="at most 8 parents"):
        load_profile(tmp_path / "t0.yaml")


def _mutated(text: str, rng: random.Random) -> bytes:
    raw = bytearray(text.encode())
    lines = text.splitlines(keepends=True)
    kind = rng.randrange(6)
    if kind == 0:
        for _ in range(rng.randrange(1, 4)):
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        return bytes(raw)
    if kind == 1:
        start = rng.randrange(len(lines))
        return "".join(lines[:start] + lines[start + rng.randrange(1, 4) :]).encode()
    if kind == 2:
        a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a]
        return "".join(lines).encode()
    if kind == 3:
        words = re.findall(r"[\w.+-]+", text)
        return text.replace(
            rng.choice(words), rng.choice([*words, "-1", "0", "~", "[]", "{}", "1e9", "true", ".nan"]), 1
        ).encode()
    if kind == 4:
        return bytes(raw[: rng.randrange(len(raw))])
    at = rng.randrange(len(raw))
    return (
        bytes(raw[:at])
        + rng.choice([b"{", b"]", b": ", b"\n- ", b"&a ", b"*a", b"\t", b"\xc3", b"'", b"!!int "])
        + bytes(raw[at:])
    )


@pytest.mark.parametrize("seed", range(8))
def test_mutated_profiles_load_or_are_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    texts = [VALID, template()]
    loaded, messages = 0, []
    path = tmp_path / "mutant.yaml"
    for _ in range(100):
        path.write_bytes(_mutated(rng.choice(texts), rng))
        try:
            chip = load_profile(path, {"array.rows": "2"} if rng.random() < 0.3 else None)
            chip.multiply_pj("bf16", "bf16")
            chip.operation_pj("exp", "int4")
            loaded += 1
        except AccelsimError as error:
            messages.append(str(error))
    assert loaded
    assert messages
    assert not [message for message in messages if "\n" in message or not message.strip()]
