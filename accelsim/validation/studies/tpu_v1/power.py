"""What power does TPU v1 draw at part load, and when it is busy?"""

from __future__ import annotations

from accelsim.simulation.duty import Duty, duty
from accelsim.simulation.result import Result
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Row
from accelsim.validation.measurements import rows, sources
from accelsim.validation.studies.tpu_v1.shares import passed

TABLE = "tpuv1_power"


def power_at_load() -> Comparison:
    """Return power at part load over that at full load: from idle and busy power, and from accelsim's own costs."""
    name = "tpu-v1-power-at-load"
    compared = []
    for row in rows(TABLE):
        load, measured = float(row["load_pct"]) / 100, float(row["power_pct_of_full"])
        label = f"{row['app']} at {row['load_pct']}% load"
        idle_w, busy_w = float(row["idle_w"]), float(row["busy_w"])
        compared.append(Row(label, 100 * _part_load_w(passed(row["app"]), load, busy_w) / busy_w, measured,
                            note=f"idle {idle_w:g} W, busy {busy_w:g} W"))  # fmt: skip
        result = passed(row["app"])
        full_w = result.average_power_w
        assert full_w is not None
        own = duty(result, load * result.throughput_per_s).average_w
        compared.append(Row(f"{label}, busy power from costs", 100 * own / full_w, measured, "shown",
                            note=f"idle {idle_w:g} W, busy {full_w:.1f} W"))  # fmt: skip
    return Comparison(
        name, "TPU v1: power at part load", "power, of that at full load", "%", "silicon", sources(TABLE),
        tuple(compared), bounds_of(name),
        cannot=("Power is a straight line between idle and busy here; the chip's jumps as soon as there is any work.",
                "The paper gives one busy power for the chip, not for LSTM1."),
        remark="Poor energy proportionality is the paper's own word, and its reason is a design without power-saving "
        "features. Idle power is that of a chip without work; two points cannot tell how much of the rest is "
        f"paid by any work at all. From the published points that is about {_jump_w():.0f} W of the "
        f"{_span_w():.0f} W between idle and busy.",
    )  # fmt: skip


def busy_power() -> Comparison:
    """Return the power of CNN0 at full load from accelsim's costs, none of which is Google's."""
    name = "tpu-v1-busy-power"
    row = next(row for row in rows(TABLE) if row["app"] == "CNN0")
    own = passed("CNN0").average_power_w
    assert own is not None
    return Comparison(
        name, "TPU v1: busy power", "power of a die", "W", "silicon", sources(TABLE),
        (Row("CNN0", own, float(row["busy_w"]), "shown",
             note="measured idle power and costs derived from other chips' published energies"),),
        bounds_of(name),
        cannot=("Energies of the profile are derived from 45 nm and 7 nm, with ranges of a factor of 2 and more.",
                "Which application the busy power is of is not said; Fig. 10 has CNN0.",
                "The stand-in is slower than CNN0, so that its energy is spread over more time."),
    )  # fmt: skip


def _part_load_w(result: Result, load: float, busy_w: float) -> float:
    """Average power of a chip that draws ``busy_w`` while it computes and idles otherwise."""
    time_s = result.latency_s / result.network.batch
    return Duty(load / time_s, busy_w * time_s, time_s, result.chip.idle_w, by_power=True).average_w


def _jump_w() -> float:
    """Power at 10% load of CNN0 above what a line from idle to busy has there."""
    row = next(row for row in rows(TABLE) if row["app"] == "CNN0")
    idle_w, busy_w, load = float(row["idle_w"]), float(row["busy_w"]), float(row["load_pct"]) / 100
    measured_w = busy_w * float(row["power_pct_of_full"]) / 100
    return (measured_w - idle_w - load * (busy_w - idle_w)) / (1 - load)


def _span_w() -> float:
    row = rows(TABLE)[0]
    return float(row["busy_w"]) - float(row["idle_w"])
