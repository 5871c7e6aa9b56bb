"""Which numbers make a profile agree with measurements? ``calibrate``."""

from __future__ import annotations

import click

from accelsim.cli.options import check_output, names


@click.command(short_help="Fit a profile to measured latencies and energies.")
@click.option("--profile", "--on", required=True, metavar="P", help="Profile to fit: a name or a file.")
@click.option("--measurements", required=True, metavar="FILE", help="CSV: workload,batch,scheme,latency_ms,energy_mj.")
@click.option(
    "--fit",
    "wanted",
    metavar="A,B",
    help="bandwidth, compute, launch, step, costs, static, or paths of the profile. By default bandwidth and launch "
    "where latencies are given, costs and static where energies are.",
)
@click.option("--out", metavar="FILE", help="Write the fitted profile (.yaml); it extends P.")
@click.option("--mapping", default="optimal", show_default=True, metavar="M", help="Of rows that do not say.")
@click.option("--objective", default="energy", show_default=True, metavar="O", help="What mappings are chosen for.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per measured value.")
def calibrate(
    profile: str, measurements: str, wanted: str | None, out: str | None, mapping: str, objective: str, as_json: bool,
    as_csv: bool,
) -> None:  # fmt: skip
    """Fit numbers of a profile to your own measurements, and say how sure they are.

    Times are fitted by a share of the bandwidth and of the peak rates and by fixed times; energies by costs and a
    static power. What the rows cannot tell is not fitted: the refusal says which rows would tell it.

    \b
    accelsim calibrate --profile a100-80gb --measurements mine.csv --out mine.yaml
    accelsim calibrate --profile a100-80gb --measurements mine.csv --fit bandwidth,compute,launch --mapping heuristic
    """
    from accelsim.cli import output

    check_output(as_json, as_csv, None)
    if out is not None:
        from accelsim.files import check_place, check_suffix

        check_place(check_suffix(out, (".yaml", ".yml"), "--out"))
    from accelsim.explore.calibration.calibrate import calibrate as run

    fit = None if wanted is None else names(wanted, "--fit")
    found = run(profile, measurements, fit=fit, mapping=mapping, objective=objective)
    if out is not None:
        output.note(f"wrote {found.save(out)}")
    if as_json:
        output.show_json(found.to_dict())
    elif as_csv:
        output.show_csv(found.to_dict()["outcomes"])
        for note in found.notes:
            output.note(f"note: {note}")
    else:
        from accelsim.report.calibration_text import calibration_page

        output.show(calibration_page(found))
