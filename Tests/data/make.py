#!/usr/bin/env python3
"""Makes sst_packed.nc from the COADS climatology of Debian's ferret-datasets: int16, descending latitude.

    .venv/bin/python Tests/data/make.py
"""
from pathlib import Path

import netCDF4
import numpy as np

SOURCE = "/usr/share/ferret-vis/data/coads_climatology.cdf"
target = Path(__file__).with_name("sst_packed.nc")

with netCDF4.Dataset(SOURCE) as source, netCDF4.Dataset(target, "w", format="NETCDF3_CLASSIC") as made:
    # Three months are enough; the file is kept small.
    sst, lat, lon = source["SST"][:3, ::-1], source["COADSY"][::-1], source["COADSX"][:]
    made.Conventions = "CF-1.11"
    made.title = "COADS sea-surface temperature, January to March, packed"
    made.source = "Comprehensive Ocean-Atmosphere Data Set"
    made.history = "Tests/data/make.py from coads_climatology.cdf of ferret-datasets"
    for name, size in (("time", None), ("lat", len(lat)), ("lon", len(lon))):
        made.createDimension(name, size)
    time = made.createVariable("time", "f8", ("time",))
    time.setncatts({"standard_name": "time", "units": "days since 1950-01-01 00:00:00", "calendar": "standard",
                    "axis": "T"})
    time[:] = [15.5, 45, 74.5]
    for name, values, standard, units, axis in (
        ("lat", lat, "latitude", "degrees_north", "Y"), ("lon", lon, "longitude", "degrees_east", "X")):
        variable = made.createVariable(name, "f8", (name,))
        variable.setncatts({"standard_name": standard, "units": units, "axis": axis})
        variable[:] = values
    packed = made.createVariable("sst", "i2", ("time", "lat", "lon"), fill_value=np.int16(-32768))
    packed.setncatts({
        "standard_name": "sea_surface_temperature", "long_name": "sea surface temperature", "units": "degC",
        "scale_factor": np.float64(0.001), "add_offset": np.float64(17.0),
        "valid_range": np.array([-19500, 23000], "i2")})
    packed.set_auto_maskandscale(False)
    counts = np.ma.round((sst.astype("f8") - 17.0) / 0.001)
    packed[:] = np.ma.filled(counts, -32768).astype("i2")
