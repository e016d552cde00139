"""The picture of the hurricanes in detection.md: python3 hurricanes.py ISOTACH IMAGES.nc OUT.png (numpy, netCDF4, matplotlib, Pillow).

IMAGES: brightness temperatures [storm, y, x] of GridSat-B1 (NOAA, public domain) around storms, without place or date. Their pixels are
taken as 0.07 degrees, the grid of GridSat-B1, around 20 degrees north."""
import csv
import pathlib
import subprocess
import sys
import tempfile

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import netCDF4
import numpy as np
from PIL import Image

PIPELINE = """
name: hurricanes
inputs:
  infrared: {files: images.nc, variable: irwin}
stages:
  # The shield of cold cloud, and in it an eye: a warm spot with air 20 K colder all around it within 90 km.
  - objects: {input: infrared, at-most: 228, area: {at-least: 30000}, name: shield, as: shields}
  - cyclones:
      input: infrared
      variable: irwin
      extremum: maximum
      merge: 60
      contours: [{rise: -20, distance: 90}]
      thresholds: [{variable: irwin, at-most: 215, within: 60}]
      name: eye
      as: eyes
outputs:
  - {input: shields, file: shields.csv}
  - {input: shields, file: shields.nc, form: grid}
  - {input: eyes, file: eyes.csv}
"""


def main(isotach, images, picture):
    with netCDF4.Dataset(images) as data, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        t, names = data["irwin"][:].filled(np.nan), list(data["storm"][:])
        step = 0.07 * (np.arange(t.shape[1]) - t.shape[1] // 2)
        lat, lon = 20 - step, -60 + step
        with netCDF4.Dataset(folder / "images.nc", "w") as out:
            for name, values, units in (("time", np.arange(len(names)), "days since 2000-01-01"),
                                        ("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
                out.createDimension(name, len(values))
                out.createVariable(name, "f8", (name,))[:] = values
                out[name].units = units
            out.createVariable("irwin", "f4", ("time", "lat", "lon"))[:] = t
            out["irwin"].units, out["irwin"].standard_name = "K", "toa_brightness_temperature"
        (folder / "p.yaml").write_text(PIPELINE)
        subprocess.run([isotach, "run", folder / "p.yaml"], check=True, stdout=subprocess.DEVNULL)
        tables = {n: list(csv.DictReader(open(folder / f"{n}.csv"))) for n in ("shields", "eyes")}
        with netCDF4.Dataset(folder / "shields.nc") as out:
            shield = out["shield"][:].filled(0)
    figure, axes = plt.subplots(2, 3, figsize=(6.6, 4.5), layout="constrained")
    for k, ax in enumerate(axes.flat):
        ax.imshow(t[k, ::2, ::2], cmap="gray_r", vmin=190, vmax=300, extent=[0, 300, 300, 0])
        ax.contour(np.arange(301), np.arange(301), shield[k], [0.5], colors="tab:orange", linewidths=0.7)
        day = f"2000-01-{k + 1:02d}"
        for row in tables["eyes"]:
            if row["time"].startswith(day):
                x, y = (float(row["lon"]) + 60) / 0.07 + 150, (20 - float(row["lat"])) / 0.07 + 150
                ax.plot(x, y, "+", color="tab:red", ms=9)
                print(names[k], f"eye {row['irwin']} K at {x:.0f}, {y:.0f}")
        largest = max((float(r["area"]) for r in tables["shields"] if r["time"].startswith(day)), default=0)
        print(names[k], f"largest shield {largest:.0f} km2")
        ax.set_title(str(names[k]).replace("_", " "), fontsize=8)
        ax.set_axis_off()
    figure.savefig(picture, dpi=66)
    Image.open(picture).convert("RGB").quantize(32, kmeans=2).save(picture, optimize=True)


main(*sys.argv[1:])
