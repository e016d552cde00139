#!/usr/bin/env python3
"""Makes golden.json: numbers of whole pipelines, computed by xarray and numpy from the same Debian files.

    .venv/bin/python Tests/GoldenTests/peers/make_golden.py

For each field: how many values are valid, their mean, standard deviation, least and greatest, and the values at 24
places spread over the flattened field (null: missing).
"""
import json
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr

NUG = "/usr/share/ncarg/data/nug"


def summary(field):
    flat = np.ma.filled(np.ma.asarray(field, "f8"), np.nan).ravel()
    valid = flat[np.isfinite(flat)]
    places = [int(i) for i in (np.arange(24) * 2654435761 % flat.size)]
    return {
        "count": int(flat.size), "valid": int(valid.size), "mean": float(valid.mean()), "std": float(valid.std()),
        "min": float(valid.min()), "max": float(valid.max()), "places": places,
        "values": [float(flat[i]) if np.isfinite(flat[i]) else None for i in places],
    }


golden = {}

with xr.open_dataset("/usr/share/ferret-vis/data/monthly_navy_winds.cdf") as data:
    for source, name in (("UWND", "uas"), ("VWND", "vas")):
        wind = data[source].astype("f8")
        normal = wind.groupby("TIME.month").mean("TIME")
        golden[f"wind-climatology/wind_climatology.nc/{name}"] = summary(normal.values)
        departure = (wind.groupby("TIME.month") - normal).transpose("TIME", ...)
        golden[f"wind-climatology/wind_anomaly.nc/{name}"] = summary(departure.values)

with netCDF4.Dataset(Path(__file__).parents[2] / "data/sst_packed.nc") as data:
    golden["unpack/sst_unpacked.nc/sst"] = summary(data["sst"][:] + 273.15)

series = np.concatenate([
    xr.open_dataset(f"{NUG}/tas_mod2_{part}_rectilin_grid_2D.nc").tas.values.ravel().astype("f8")
    for part in ("hist", "rcp45")])
# Thirty steps about the middle: fifteen before it, itself, fourteen after it; where there are thirty.
running = np.array([series[step - 15:step + 15].mean() for step in range(15, series.size - 14)])
golden["calendar-360/tas_africa_30year.nc/tas"] = summary(running)

Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")
