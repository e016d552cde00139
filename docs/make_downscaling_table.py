#!/usr/bin/env python3
"""The tables of docs/downscaling.md: every method against every measure, several seeds, with intervals.

  docs/make_downscaling_table.py                          # what Debian's example data allow
  docs/make_downscaling_table.py --data ~/data            # and files of your own there (see OWN below)
  docs/make_downscaling_table.py --seeds 1 --only wind    # a part
  docs/make_downscaling_table.py --keep runs              # keeps the scores of each run there, and takes those it has
  docs/make_downscaling_table.py --keep runs --kept       # runs nothing: the seeds that are there

Needs the release build (ISOTACH names another program). Runs each pipeline once for each seed, reads the scores that
`evaluate` finds, and prints Markdown: of a trained method the mean over the seeds and the range, of all methods the
bootstrap interval of the first seed in brackets. The best of each measure is bold. A summary comes first: the error of
the best network over that of the best classical way.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("ISOTACH", str(ROOT / ".build/release/isotach"))
# title, pipeline, settings
DEBIAN = [
    (f"Temperature, EUR-11, {factor}x, trained on the {split}", "temperature-land", {"factor": factor, "split": split})
    for factor in (4, 8) for split in ("west", "east")
] + [("Monthly wind, 4x, trained on 1982 to 1989, measured on 1991 and 1992", "wind-bcsd", {"factor": 4})]
# The file in --data, and the same.
OWN = [
    ("gridmet_tmmx_20190121_pair.nc", f"Maximum temperature, gridMET, 8x, trained on the {split}", "temperature-elevation",
     {"split": split}) for split in ("west",)
] + [
    ("bcsd_obs_1999.nc", "Monthly rain of 1999, 4x, trained on January to October", "rain-distribution", {}),
    ("knmi_rain_5min_20100826.nc", "Radar rain, 8x, trained on the first 60 maps", "rain-radar", {"variable": "rain"}),
]
NETWORKS = {"UNet", "unet", "network", "expected", "members", "GAN"}
# What is better: the smallest, the largest, or what is nearest to a number.
LARGE = {"correlation", "pearson_r", "temporal_pearson_r", "ssim", "psnr"}


def loss(metric, value):
    if metric in LARGE or metric.startswith(("fss", "threat", "equit", "hit_rate")):
        return -value
    if metric.startswith(("power_spectrum", "std_ratio", "bias_score")) or metric.endswith("ratio") and "alarm" not in metric:
        return abs(value - 1)
    return abs(value)


def number(value):
    if value is None:
        return "-"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}" if abs(value) >= 0.1 else f"{value:.3g}"


def place(pipeline, settings, seed, keep):
    """Where the scores of a run are kept."""
    return keep / f"{'-'.join([pipeline] + [str(v) for k, v in settings.items() if k != 'file'] + [str(seed)])}.json"


def run(pipeline, settings, seed, keep, threads):
    """The scores of one run; those that are kept are taken again."""
    kept = place(pipeline, settings, seed, keep)
    if kept.exists():
        return json.loads(kept.read_text())
    # In a folder of its own: several tables can be made side by side.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{pipeline}.yaml"
        path.write_text((ROOT / "pipelines/downscaling" / f"{pipeline}.yaml").read_text())
        options = [o for k, v in {**settings, "seed": seed}.items() for o in ("--set", f"{k}={v}")]
        if threads:
            options += ["--threads", str(threads)]
        done = subprocess.run([PROGRAM, "run", str(path), "--json", *options], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{kept.stem}: {done.stderr}")
    scores = json.loads(done.stdout)["scores"]
    kept.write_text(json.dumps(scores))
    return scores


def summary(title, runs):
    """The best network over the best classical way, by the mean over the seeds of the main error."""
    lines = []
    for variable in dict.fromkeys(s["variable"] for s in runs[0]):
        for metric in ("rmse", "crps_ensemble"):
            found = {}
            for scores in runs:
                first = [s for s in scores if s["variable"] == variable]
                for s in first:
                    if s["metric"] == metric and s["region"] == first[0]["region"] and s["period"] == "all":
                        found.setdefault(s["method"], []).append(s["value"])
            means = {m: sum(v) / len(v) for m, v in found.items()}
            best = lambda names: min(names, key=means.get, default=None)
            network = best([m for m in means if m in NETWORKS])
            classical = best([m for m in means if m not in NETWORKS])
            if network and classical:
                lines.append(f"| {title} | {variable} {metric} | {classical} {number(means[classical])} | "
                             f"{network} {number(means[network])} | {means[network] / means[classical]:.2f} |")
    return lines


def table(title, runs):
    print(f"\n### {title}\n")
    for region in dict.fromkeys((s["variable"], s["region"], s["period"]) for s in runs[0]):
        rows = [[s for s in scores if (s["variable"], s["region"], s["period"]) == region] for scores in runs]
        methods = list(dict.fromkeys(s["method"] for s in rows[0]))
        metrics = list(dict.fromkeys(s["metric"] for s in rows[0]))
        print(f"{region[0]}, {region[1]}, n = {rows[0][0]['n']}\n")
        print("| measure | " + " | ".join(methods) + " |\n" + "| --- " * (len(methods) + 1) + "|")
        for metric in metrics:
            cells, losses = [], []
            for method in methods:
                same = [s for r in rows for s in r if s["method"] == method and s["metric"] == metric]
                values = [s["value"] for s in same]
                if None in values:
                    cells.append("-")
                    losses.append(float("inf"))
                    continue
                mean = sum(values) / len(values)
                text = number(mean)
                if max(values) > min(values):
                    text += f" ({number(min(values))} to {number(max(values))})"
                if "interval" in same[0]:
                    text += f" [{number(same[0]['interval'][0])}, {number(same[0]['interval'][1])}]"
                cells.append(text)
                losses.append(loss(metric, mean))
            best = min(losses)
            units = same[0]["units"]
            print(f"| {metric}{'' if units == '1' else ' [' + units + ']'} | "
                  + " | ".join(f"**{c}**" if l == best and l < float("inf") else c for c, l in zip(cells, losses)) + " |")
        print()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, help="a folder with files of your own")
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options.add_argument("--only", default="", help="pipelines whose name or title contains this")
    options.add_argument("--steps", type=int, help="training steps, instead of those of the pipelines")
    options.add_argument("--keep", type=Path, help="a folder for the scores of each run")
    options.add_argument("--kept", action="store_true", help="run nothing: only what --keep has")
    options.add_argument("--threads", type=int, help="as of `isotach run`")
    given = options.parse_args()
    jobs = [(title, pipeline, dict(settings)) for title, pipeline, settings in DEBIAN]
    for name, title, pipeline, settings in OWN:
        if given.data and (given.data / name).exists():
            jobs.append((title, pipeline, {**settings, "file": str((given.data / name).resolve())}))
    made = []
    with tempfile.TemporaryDirectory() as folder:
        keep = given.keep or Path(folder)
        keep.mkdir(parents=True, exist_ok=True)
        for title, pipeline, settings in jobs:
            if given.only not in title + pipeline:
                continue
            if given.steps:
                settings["steps"] = given.steps
            seeds = [s for s in given.seeds if not given.kept or place(pipeline, settings, s, keep).exists()]
            if seeds:
                made.append((f"{title}, {len(seeds)} seed{'s' if len(seeds) > 1 else ''}",
                             [run(pipeline, settings, seed, keep, given.threads) for seed in seeds]))
    print("| data | error | best classical | best network | ratio |\n| --- | --- | --- | --- | --- |")
    for title, runs in made:
        print("\n".join(summary(title, runs)))
    for title, runs in made:
        table(title, runs)


if __name__ == "__main__":
    main()
