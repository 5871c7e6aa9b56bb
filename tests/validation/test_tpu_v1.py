"""Do the stand-ins have what the paper publishes, and do the shares of a pass mean what its columns mean?"""

from math import sqrt

import pytest

from accelsim.validation.measurements import rows
from accelsim.validation.studies.tpu_v1.shares import on_chip, passed_in_tiles, shares, tera_operations
from accelsim.validation.studies.tpu_v1.stand_ins import TABLE, App, app_named, apps, stand_in, tiled
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape


@pytest.mark.parametrize("app", apps(), ids=lambda app: app.name)
def test_a_stand_in_has_the_published_weights_layers_batch_and_intensity(app: App) -> None:
    model = stand_in(app)
    weights = sum(layer.weight_elements for layer in model.layers)
    assert weights == pytest.approx(app.weights, rel=0.005)
    assert len(model.layers) == app.connected + app.convolutions
    assert model.batch == app.batch
    assert model.macs / weights == pytest.approx(app.intensity, rel=0.035)  # an image has whole rows and columns


def test_the_first_cnn_plays_go() -> None:
    assert app_named("CNN0").image == (19, 19)


@pytest.mark.parametrize(("count", "tiles", "batch"), [(1, 1, 1), (1, 5, 1), (2, 3, 64), (4, 2, 96), (2, 8, 200)])
def test_shares_of_whole_tiles_are_those_of_a_tile_by_hand(count: int, tiles: int, batch: int) -> None:
    """A tile comes in the time of 65,536 bytes, computes for ``batch`` cycles, and shifts in 256 before."""
    width = 256 * tiles
    layers = tuple(Layer(f"fc{n}", "linear", Shape.gemm(M=batch, N=width, K=width)) for n in range(count))
    found = on_chip(Network("tiles", layers))
    own, percent = shares(found), 100 * count * tiles**2 / found.cycles
    coming = 65_536 / 34e9 * 700e6
    assert own.active + own.stall + own.shift + own.non_matrix == pytest.approx(100)
    assert own.active == pytest.approx(percent * batch)
    assert min(own.stall, own.shift, own.non_matrix) >= -1e-9
    if tiles > 1:
        assert own.shift == pytest.approx(percent * 256)
        # the first tile of a layer comes before its first step, and inputs and outputs share the port
        assert percent * (coming * (1 - 1 / tiles**2) - 256 - batch) <= own.stall <= 1.25 * percent * coming


def test_the_matrices_that_the_paper_names_explain_the_slow_lstm() -> None:
    app = app_named("LSTM1")
    assert tiled(app, 600, 256).layers[0].weight_elements == 768**2
    by_tiles = tera_operations(passed_in_tiles(), (600 / 768) ** 2)
    assert by_tiles < 0.65 * tera_operations(on_chip(stand_in(app)))


def test_the_published_counters_say_which_applications_run_at_half_rate() -> None:
    """TOPS over the TOPS of the useful MACs: near 1 for the MLPs, near 1/2 for the LSTMs."""
    peak = 2 * 65_536 * 700e6 / 1e12
    ratios = {
        row["app"]: float(row["measured_tops"]) / (float(row["useful_mac_pct"]) / 100 * peak) for row in rows(TABLE)
    }
    assert all(ratios[app] == pytest.approx(1.1, abs=0.05) for app in ("MLP0", "MLP1"))
    assert all(ratios[app] == pytest.approx(0.5, abs=0.02) for app in ("LSTM0", "LSTM1"))


def test_the_columns_of_the_paper_add_up() -> None:
    for row in rows(TABLE):
        whole = sum(
            float(row[column])
            for column in ("array_active_pct", "weight_stall_pct", "weight_shift_pct", "non_matrix_pct")
        )
        assert whole == pytest.approx(100, abs=0.15), row["app"]
        assert app_named(row["app"]).width == round(sqrt(app_named(row["app"]).weights_per_layer))
