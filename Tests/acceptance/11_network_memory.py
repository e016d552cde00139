"""Peak resident memory of training and of inference is what the plan says, within 15 %.

This file imports no numpy: a child's peak counts what its parent had when it was started.
"""
import json

from support import *

MAIN = PIPELINES / "downscale-temperature.yaml"
WIND = PIPELINES / "downscale-wind.yaml"
TAS = "tas_rotated_grid_EUR11.nc"
HEAD = """
name: memory
inputs:
  field: {files: %s, variable: tas%s}
stages:
"""
TRAIN = """
  - select: {{input: field, rows: [0, 407], level-indices: [0], squeeze: true, as: truth}}
  - coarsen: {{input: truth, factor: 4}}
  - regrid: {{to: truth, method: bilinear, extrapolate: edge, as: smooth}}
  - train: {{input: smooth, target: truth, network: {network}, steps: 3, batch: {batch}, patch: 64, model: out/m.onnx}}
"""
TAIL = "\nmetadata: {title: x, institution: y}\n"


def measure(pipeline, *options):
    """The plan's figure and the peak of the run, in MiB."""
    planned = json.loads(expect(isotach("plan", pipeline, "--json", *options), 0).out)
    items = planned if isinstance(planned, list) else planned.get("items", [planned])
    figure = max(item["memory"] for item in items) / (1 << 20)
    peak = expect(isotach("run", pipeline, *options), 0).peak / (1 << 20)
    text = f"planned {figure:.0f} MiB, peak {peak:.0f} MiB"
    assert abs(peak - figure) <= 0.15 * figure, text
    return text


def of_example(path, data, *options):
    debian(data)
    with Folder() as folder:
        shutil.copy(path, folder)
        return measure(folder / path.name, "--set", "steps=4", *options)


def test_the_main_job():
    return of_example(MAIN, TAS)


def test_the_main_job_in_little_memory():
    text = of_example(MAIN, TAS, "--memory", "160MiB")
    assert float(text.split()[-2]) <= 160 * 1.15, text
    return text


def test_wind():
    return of_example(WIND, "monthly_navy_winds.cdf")


def train(folder, network, batch):
    pipeline = folder / "train.yaml"
    pipeline.write_text(HEAD % (debian(TAS), "") + TRAIN.format(network=network, batch=batch) + TAIL)
    return pipeline


def test_a_larger_network_in_training():
    with Folder() as folder:
        return measure(train(folder, "{unet: {base: 48, depth: 4}}", 4))


def test_a_large_field_in_tiles():
    with Folder() as folder:
        expect(isotach("run", train(folder, "{unet: {base: 16, depth: 3}}", 2)), 0)
        grid = "{longitude: {first: -20, last: 40, step: 0.05}, latitude: {first: 30, last: 66, step: 0.05}}"
        (folder / "fine.yaml").write_text(
            HEAD % (debian(TAS), "") + "  - select: {input: field, level-indices: [0], squeeze: true}\n"
            f"  - regrid: {{to: {grid}, method: bilinear, as: fine}}\n"
            "  - select: {columns: [0, 1199], rows: [0, 719]}\n"
            "outputs:\n  - {file: fine.nc}" + TAIL)
        expect(isotach("run", folder / "fine.yaml"), 0)
        (folder / "predict.yaml").write_text(
            HEAD % ("fine.nc", "") + "  - predict: {input: field, model: out/m.onnx, tile: 256, spacing: any}\n"
            "outputs:\n  - {file: made.nc}" + TAIL)
        return measure(folder / "predict.yaml")


if __name__ == "__main__":
    main(globals())
