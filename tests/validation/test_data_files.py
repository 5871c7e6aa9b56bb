"""Do the files of measurements and of bounds say what they must, and are broken ones refused with their place?"""

from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.validation import measurements
from accelsim.validation.bounds import bounds_of, read_bounds
from accelsim.validation.comparison import Bound

TABLES = sorted(path.stem for path in measurements.DATA.glob("*.csv"))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_rows_and_names_its_source(name: str) -> None:
    assert measurements.rows(name)
    assert all(len(source) > 20 for source in measurements.sources(name))


def test_an_unknown_table_is_refused_by_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"no measurements 'eyeriss_jssc'; did you mean eyeriss_jssc2017\?"):
        measurements.rows("eyeriss_jssc")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# source: s\na,b\n1,2\n# more\n3\n", "bad.csv:5: a row must have a cell for every column"),
        ("# source: s\na,b\n1,2,3\n", "bad.csv:3: a row must have a cell for every column"),
        ("# source: s\na,b\n", "bad.csv: measurements must have at least one row"),
        ("a,b\n1,2\n", "bad.csv: measurements must name their source"),
    ],
)
def test_a_broken_table_is_refused(text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.csv").write_text(text)
    monkeypatch.setattr(measurements, "DATA", tmp_path)
    with pytest.raises(InputError) as refused:
        measurements.sources("bad"), measurements.rows("bad")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a:\n  - {statistic: al, limit: 1, reason: r}\n", ":2:17: a[0].statistic: must be 'each'"),
        ("a:\n  - {statistic: each, limit: -1, reason: r}\n", "must be greater than 0; got -1"),
        ("a:\n  - {statistic: each, limit: 1}\n", "a[0].reason: must be given"),
        ("a:\n  - {statistic: each, limits: 1, limit: 1, reason: r}\n", "did you mean limit?"),
        ("a: {statistic: each}\n", "bounds must be a list"),
        ("- a\n", "bounds must be given by comparison"),
    ],
)
def test_broken_bounds_are_refused_with_their_place(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bounds.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read_bounds(path)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)


def test_bounds_are_those_of_the_file() -> None:
    assert bounds_of("eyeriss-processing-latency")[0] == Bound("total", 0.10, "set before the comparison was first run")
    with pytest.raises(InputError, match="did you mean eyeriss-glb-traffic"):
        bounds_of("eyeriss-glb-trafic")
