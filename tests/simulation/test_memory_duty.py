"""Does a day add up, and does a battery last as long as it must? The formula, its limits, its texts."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import accelsim as sim
from accelsim.cli import app
from accelsim.errors import InfeasibleError, UnsupportedError, UsageError
from accelsim.simulation.duty import DAY_S, duty, parse_energy, parse_rate
from accelsim.simulation.estimate import estimate

IDLE_W, LOAD_W = 2.875, 6.4


@pytest.fixture(scope="module")
def once():
    """A result to repeat all day."""
    return estimate("resnet8", "raspberry-pi-4", "int8", mapping="heuristic")


@given(st.floats(1e-6, 1.0))
def test_a_day_is_computing_and_idling(once, share):
    """E_day = n E_inf + idle (86400 - n t), at any share of the highest rate; idling alone as the rate falls to 0."""
    time_s = once.latency_s
    day = duty(once, share / time_s, "10 Wh")
    number = share / time_s * DAY_S
    energy_j = LOAD_W * time_s
    expected = number * energy_j + IDLE_W * (DAY_S - number * time_s)
    assert day.energy_per_day_j == pytest.approx(expected, rel=1e-12)
    assert day.active_j + day.idle_j == day.energy_per_day_j
    assert day.energy_per_day_j * (1 + 1e-12) >= IDLE_W * DAY_S
    assert day.energy_per_day_j <= LOAD_W * DAY_S * (1 + 1e-12)
    assert day.battery_days * day.energy_per_day_j == pytest.approx(36_000)
    assert day.by_power


def test_the_highest_rate_is_possible_and_a_little_more_is_not(once):
    highest = 1 / once.latency_s
    assert duty(once, highest * (1 - 1e-12)).idle_j == pytest.approx(0, abs=1e-3)
    with pytest.raises(InfeasibleError, match=r"so at most [0-9.]+ per s; asked for") as refused:
        duty(once, highest * 1.001)
    named = float(str(refused.value).split("at most ")[1].split(" per s")[0])
    assert named == pytest.approx(highest, rel=1e-3)


def test_a_batch_serves_as_many_inferences():
    one, four = (
        estimate(network, "edge-2w", "int8", mapping="heuristic", objective="latency")
        for network in (sim.load_workload("resnet8", batch=batch) for batch in (1, 4))
    )
    assert duty(four, 1).time_s == four.latency_s / 4
    assert duty(four, 1).energy_per_day_j <= duty(one, 1).energy_per_day_j


def test_costs_are_used_where_the_profile_has_them():
    """TPU v4i: its own energy, which holds its idle power while it computes; idling costs that power too."""
    result = estimate("resnet8", "tpu-v4i", "int8", mapping="heuristic")
    day = duty(result, 1)
    assert not day.by_power
    assert day.energy_j == result.energy_pj * 1e-12
    assert day.idle_j == pytest.approx(55 * (DAY_S - DAY_S * result.latency_s))


def test_a_device_without_idle_power_says_so():
    result = estimate("resnet8", "eyeriss-v1", "int8", mapping="heuristic")
    day = duty(result, "1/min", "10Wh")
    assert day.idle_w is None
    assert day.idle_j is None
    assert day.energy_per_day_j == day.active_j
    text = command("resnet8", "eyeriss-v1", "--rate", "1/min", "--battery", "10Wh")
    assert "at most" in text
    assert "gives no idle power" in text


def test_without_costs_or_power_there_is_no_day(tmp_path):
    profile = tmp_path / "bare.yaml"
    profile.write_text(
        "name: bare\nsource: mine\nsources: {mine: {title: Mine}}\nclock_hz: 1.0e+9\nmacs_per_pe_cycle: {int8: 1}\n"
        "levels:\n  - {name: SRAM, capacity: 1 MiB}\n  - {name: DRAM}\n",
        encoding="utf-8",
    )
    with pytest.raises(UnsupportedError, match="tdp_w or load_w"):
        duty(estimate("resnet8", profile, "int8", mapping="heuristic"), 1)


@pytest.mark.parametrize(
    ("text", "per_s"),
    [("10/min", 1 / 6), ("2/s", 2), ("36/h", 0.01), ("1 per day", 1 / DAY_S), (3, 3), ("1e3/hour", 1 / 3.6)],
)
def test_rates(text, per_s):
    assert parse_rate(text) == pytest.approx(per_s)


@pytest.mark.parametrize(
    "text", ["10", "0/s", "-1/s", "10/fortnight", "/s", "1.2.3/s", "", "nan/s", 0, True, "1e999/s"]
)
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(UsageError, match="a rate must be a number above 0"):
        parse_rate(text)


@pytest.mark.parametrize(("text", "joules"), [("10Wh", 36_000), ("500 mWh", 1800), ("2 kJ", 2000), (7, 7)])
def test_energies(text, joules):
    assert parse_energy(text) == pytest.approx(joules)


@pytest.mark.parametrize("text", ["10", "0Wh", "-1 Wh", "10 W", "", "2000 mAh", float("inf"), float("nan")])
def test_what_is_no_energy_is_refused(text):
    with pytest.raises(UsageError, match="a battery must be an energy above 0"):
        parse_energy(text)
    with pytest.raises(UsageError, match="leave the voltage open"):
        parse_energy("2000mAh")


def command(workload, device, *arguments):
    return CliRunner().invoke(app, ["estimate", workload, "--on", device, "--scheme", "int8", *arguments]).output


def test_the_command_prints_a_day_and_puts_it_into_json():
    text = command("resnet8", "raspberry-pi-4", "--rate", "10/min", "--battery", "37Wh")
    for words in ("A day at 10 per min (14,400 inferences)", "at 2.88 W", "37 Wh lasts 12.9 hours", "x time"):
        assert words in text, words
    data = json.loads(command("resnet8", "raspberry-pi-4", "--rate", "10/min", "--json"))
    assert data["duty"]["inferences_per_day"] == pytest.approx(14_400)
    assert data["duty"]["battery_days"] is None
    for wrong in (("--battery", "10Wh"), ("--rate", "1/s", "--csv")):
        result = CliRunner().invoke(app, ["estimate", "resnet8", "--on", "edge-2w", *wrong])
        assert isinstance(result.exception, UsageError)
