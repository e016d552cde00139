"""The measurements of `bench io` with netCDF4-python: the same lines, the same file.

    bench_io.py FILE [MEGABYTES]     FILE as `bench io` wrote it
"""

import json
import os
import sys
import time

import netCDF4
import numpy as np


def report(case, seconds, size):
    print(
        json.dumps(
            {
                "bench": "io",
                "case": case,
                "way": "netCDF4-python " + netCDF4.__version__,
                "workers": 1,
                "seconds": round(seconds, 4),
                "bytes": size,
                "megabytes_per_second": round(size / seconds / 1e6, 1),
            }
        ),
        flush=True,
    )


def read(path):
    with netCDF4.Dataset(path) as file:
        field = file["tas"]
        for first in range(0, field.shape[0], 8):
            field[first : first + 8]
        return field.size * field.dtype.itemsize


def write(path, maps, steps):
    rows, columns = maps[0].shape
    with netCDF4.Dataset(path, "w", format="NETCDF4_CLASSIC") as file:
        file.createDimension("time", None)
        file.createDimension("lat", rows)
        file.createDimension("lon", columns)
        field = file.createVariable(
            "tas",
            "f4",
            ("time", "lat", "lon"),
            zlib=True,
            shuffle=True,
            complevel=4,
            chunksizes=(1, 90, columns),
            fill_value=np.float32(1e20),
        )
        field.set_auto_maskandscale(False)
        for step in range(steps):
            field[step] = maps[step % len(maps)]
    return steps * rows * columns * 4


def best(work, runs=2):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        size = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), size


path = sys.argv[1]
seconds, size = best(lambda: read(path))
report("read", seconds, size)
with netCDF4.Dataset(path) as file:
    file.set_auto_maskandscale(False)
    maps = [file["tas"][step] for step in range(min(8, file["tas"].shape[0]))]
    steps = file["tas"].shape[0]
other = path + ".peer.nc"
seconds, size = best(lambda: write(other, maps, steps))
os.remove(other)
report("write", seconds, size)
