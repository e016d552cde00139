"""The picture of January 1996 in detection.md: python3 january_1996.py FOLDER OUT.png (numpy, netCDF4, matplotlib, Pillow), after
`isotach run pipelines/detection/january-1996.yaml`. FOLDER: where that wrote january_1996_tracks.csv and _fronts.nc."""
import csv
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import netCDF4
import numpy as np
from PIL import Image

DATA = "/usr/share/ncarg/data/cdf/Pstorm.cdf"
STEP = 13  # 1996-01-08 06:00, six hours a step


def main(folder, picture):
    folder = pathlib.Path(folder)
    with netCDF4.Dataset(DATA) as data:
        lat, lon, p = data["lat"][:], data["lon"][:], data["p"][STEP] / 100
    with netCDF4.Dataset(folder / "january_1996_fronts.nc") as data:
        front = data["front"][STEP].filled(0)
    rows = list(csv.DictReader(open(folder / "january_1996_tracks.csv")))
    figure, ax = plt.subplots(figsize=(6.2, 4.2), layout="constrained")
    lines = ax.contour(lon, lat, p, np.arange(960, 1060, 4), colors="0.55", linewidths=0.6)
    ax.clabel(lines, lines.levels[::2], fontsize=6)
    y, x = np.nonzero(front > 0)
    ax.plot(lon[x], lat[y], ".", color="tab:blue", ms=4, label="fronts, 8 January, 06 UTC")
    for track in sorted({int(r["track_id"]) for r in rows}):
        own = [r for r in rows if int(r["track_id"]) == track]
        first = track == 1
        ax.plot([float(r["lon"]) for r in own], [float(r["lat"]) for r in own], "-o", ms=3 if first else 1.5,
                lw=1.6 if first else 0.6, color="tab:red" if first else "tab:orange",
                label="track of the blizzard" if first else "other tracks" if track == 2 else None)
    ax.set_xlim(-140, -52)
    ax.set_ylim(20, 60)
    ax.tick_params(labelsize=7)
    ax.legend(fontsize=7, loc="lower left")
    figure.savefig(picture, dpi=80)
    Image.open(picture).convert("RGB").quantize(48, kmeans=2).save(picture, optimize=True)


main(*sys.argv[1:])
