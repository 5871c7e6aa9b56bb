"""Is every broken file refused with its place and its field, and nothing else said?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from accelsim.documents import dotted, load_document, parse_document, validate
from accelsim.errors import AccelsimError, InputError


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, title="part")
    size: float = Field(gt=0)
    count: int = 1
    good: bool = False
    sizes: tuple[int, ...] = ()


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, title="thing")
    name: str
    parts: tuple[Part, ...] = ()
    named: dict[str, Part] = {}


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        validate(Thing, parse_document(text, Path("x.yaml")))
    message = str(caught.value)
    assert "\n" not in message
    assert not message.endswith("?.")
    return message


def test_values_keep_their_types_and_places() -> None:
    text = "name: x\nparts:\n  - {size: 2, good: true, sizes: [1, 2]}\n  - size: 2.5e+3\n    count: 0x10\n"
    document = parse_document(text, Path("x.yaml"))
    thing = validate(Thing, document)
    assert thing.parts == (Part(size=2, good=True, sizes=(1, 2)), Part(size=2500.0, count=16))
    assert document.where("parts", 1, "size") == "x.yaml:4:11: parts[1].size"
    assert document.where("parts", 1, "absent") == "x.yaml:4:5: parts[1].absent"
    assert document.where_key("parts", 1, "count") == "x.yaml:5:5"


def test_a_part_of_a_document_is_checked_where_it_stands() -> None:
    document = parse_document("a:\n  b: {size: -1}\n", Path("x.yaml"))
    with pytest.raises(InputError, match=r"^x.yaml:2:13: a.b.size: must be greater than 0; got -1.$"):
        validate(Part, document, at=("a", "b"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nam: x", "x.yaml:1:1: nam is not a field of a thing; did you mean name?"),
        (
            "name: x\nparts:\n- {size: 1, cuont: 2}",
            "x.yaml:3:13: parts[0].cuont is not a field of a part; did you mean count?",
        ),
        (
            "name: x\nnamed: {q: {size: 1, zz: 2}}",
            "x.yaml:2:22: named.q.zz is not a field of a part; it has size, count",
        ),
        ("parts: []", "x.yaml:1:1: name: must be given"),
        ("name: 3", "x.yaml:1:7: name: must be text; got 3."),
        ("name: x\nparts: 3", "x.yaml:2:8: parts: must be a list; got 3."),
        (
            "name: x\nparts: [{size: 2e9}]",
            "parts[0].size: must be a number; got '2e9', which YAML reads as text; write 2.0e+9.",
        ),
        ("name: x\nparts: [{size: 1, count: 1e3}]", "got '1e3', which YAML reads as text; write 1000."),
        (
            "name: x\nparts: [{size: 1, count: 4e9}]",
            "must be a whole number; got '4e9', which YAML reads as text; write 4000000000.",
        ),
        ("name: x\nparts: [{size: 1, count: 4.0e+9}]", "must be a whole number; got 4000000000.0; write 4000000000."),
        ("name: x\nparts: [{size: 1, count: 1e999999999}]", "must be a whole number; got '1e999999999'"),
        ("name: x\nparts: [{size: 1, count: 1.5}]", "must be a whole number; got 1.5."),
        ("name: x\nparts: [{size: true}]", "must be a number; got true."),
        ("name: x\nparts: [{size: 1, good: 1}]", "must be true or false; got 1."),
        ("name: x\nparts: [{size: 0}]", "must be greater than 0; got 0."),
        ("name: x\nparts: [{size: ~}]", "must be a number; got nothing."),
        ("name: x\nparts: [{size: 1, good: on}]", "x.yaml:2:25: parts[0].good: on can be read as text or as a boolean"),
        ("name: No", "x.yaml:1:7: name: No can be read as text or as a boolean"),
        ("name: x\nname: y", "x.yaml:2:1: name must be given once"),
        ("name: x\nparts: [{size: .nan}]", "x.yaml:2:16: parts[0].size: a number must be finite; got .nan."),
        ("name: x\nparts: [{size: -.inf}]", "a number must be finite"),
        ("name: x\nparts: [{size: 1.0e+999}]", "a number must be finite"),
        ("name: &a [*a]", "must name an anchor that is complete above it"),
        ("name: *a", "name: the alias *a must name an anchor"),
        ("name: !!python/object/apply:os.system [ls]", "must not carry a tag"),
        ("name: !!timestamp 2024-01-01", "must not carry a tag"),
        ("a: 1\n---\nb: 2", "must hold one document"),
        ("? [a]\n: b", "a key must be text"),
        ("a: b: c", "x.yaml:1:5: the file must be YAML"),
        ("a: [1, 2", "the file must be YAML"),
        ("a: 'x", "the file must be YAML"),
        ("\ta: 1", "the file must be YAML"),
        ("a: 1\n b: 2", "the file must be YAML"),
        ("", "x.yaml: the file must hold fields; it is empty."),
        ("# only a comment\n", "it is empty"),
        ("~", "it is empty"),
        ("3", "must be a mapping of fields"),
        ("- 1", "must be a mapping of fields"),
        ("- " * 500, "at most 60 levels deep"),
        ("[" * 100_000, "at most 60 levels deep"),
        ("name: " + "9" * 5000, "at most 100 digits"),
    ],
)
def test_each_fault_is_one_sentence_with_its_place(text: str, says: str) -> None:
    message = refused(text)
    assert says in message
    assert message.startswith("x.yaml")


def test_exploding_aliases_are_refused_before_they_expand() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for left, right in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{right}: &{right} [{','.join(['*' + left] * 10)}]\n"
    assert "aliases must expand to at most" in refused(bomb)


def test_an_honest_alias_is_its_anchor() -> None:
    document = parse_document("a: &one {size: 1}\nb: *one\n", Path("x.yaml"))
    assert document.data["b"] == {"size": 1}


def test_keys_are_text_and_dates_and_octals_are_not_guessed() -> None:
    document = parse_document("1: a\ntrue: b\n~: c\nd: 2024-01-01\ne: 010\nf: 1:30\n", Path("x.yaml"))
    assert document.data == {"1": "a", "true": "b", "~": "c", "d": "2024-01-01", "e": "010", "f": "1:30"}


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    cases = {"binary": b"\x7fELF\x00\xff", "latin": b"name: \xe9\xff", "nul": b"name: \0", "empty": b""}
    for name, raw in cases.items():
        path = tmp_path / f"{name}.yaml"
        path.write_bytes(raw)
        with pytest.raises(InputError, match=str(path)):
            load_document(path)
    for encoding in ("utf-16", "utf-16-le", "latin-1"):
        path.write_text("name: caf\xe9\n", encoding=encoding)
        with pytest.raises(InputError, match=r"the file is not UTF-8 text; save it as UTF-8\."):
            load_document(path)
    with pytest.raises(InputError, match="it is a directory"):
        load_document(tmp_path)
    with pytest.raises(InputError, match="there is no such file"):
        load_document(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        load_document(tmp_path / ("x" * 300))
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (10 * 1024 * 1024 + 1))
    with pytest.raises(InputError, match="at most 10485760 bytes; this has 10485761"):
        load_document(huge)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\n")
    assert load_document(path).data == {"name": "x"}


def test_paths_are_written_as_a_user_writes_them() -> None:
    assert dotted(("a", "b", 1, "c")) == "a.b[1].c"


@given(st.text(max_size=200))
def test_any_text_is_data_or_an_input_error(text: str) -> None:
    refusal = None
    try:
        parse_document(text, Path("x.yaml"))
    except AccelsimError as error:
        refusal = error
    assert refusal is None or str(refusal).startswith("x.yaml")
