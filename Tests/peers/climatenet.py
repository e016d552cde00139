"""Lays the seven ClimateNet windows of one file below one another, a row of missing cells between them, so that a network
that looks at neighbours can be trained on them: python Tests/peers/climatenet.py IN.nc OUT.nc

IN.nc: x_fields(time, window, feature, y, x), label(time, window, y, x) as made from the class competition's subset of
ClimateNet (CAM5.1 fields with the votes of experts). OUT.nc: one variable for each feature, the latitude and the
longitude of each cell, and the label, all (time, y, x) of 34 x 5 cells; and `unseen_1` to `unseen_3`: how much each of three
networks has to say about a time. Up to 2003 that is all (1) for the one that does not learn from it, every third
snapshot in turn, and nothing (0) for the others; later a third."""
import sys

import netCDF4
import numpy as np

source, target = sys.argv[1:3]
with netCDF4.Dataset(source) as data, netCDF4.Dataset(target, "w", format="NETCDF4_CLASSIC") as out:
    times, windows, features, ny, nx = data["x_fields"].shape
    rows = windows * (ny + 1) - 1
    out.createDimension("time", times)
    out.createDimension("y", rows)
    out.createDimension("x", nx)
    time = out.createVariable("time", "f8", ("time",))
    time[:] = data["time"][:]
    time.setncatts({"units": data["time"].units, "calendar": "standard", "standard_name": "time"})

    def lay(values, missing, kind):
        laid = np.full((times, rows, nx), missing, kind)
        for window in range(windows):
            first = window * (ny + 1)
            laid[:, first:first + ny] = np.ma.filled(values[:, window], missing)
        return laid

    fields = np.ma.masked_greater(data["x_fields"][:], 1e19)
    for index, name in enumerate(data["feature"][:]):
        variable = out.createVariable(name, "f4", ("time", "y", "x"), fill_value=np.float32(1e20), zlib=True)
        variable[:] = lay(fields[:, :, index], 1e20, "f4")
        variable.setncatts({"long_name": f"{name} of CAM5.1", "units": "1"})
    # Where a cell is: the angle of its longitude has no seam.
    lat = np.ma.filled(data["lat"][:], np.nan)
    lon = np.radians(np.ma.filled(data["lon"][:], np.nan))
    for name, values in (("place_lat", lat[:, :, None] + 0 * lon[:, None]),
                         ("place_sin", np.sin(lon)[:, None] + 0 * lat[:, :, None]),
                         ("place_cos", np.cos(lon)[:, None] + 0 * lat[:, :, None])):
        variable = out.createVariable(name, "f4", ("time", "y", "x"), fill_value=np.float32(1e20), zlib=True)
        variable[:] = lay(np.ma.masked_invalid(np.broadcast_to(values, (times,) + values.shape)), 1e20, "f4")
        variable.setncatts({"long_name": name.replace("_", " "), "units": "1"})
    label = out.createVariable("event", "i1", ("time", "y", "x"), fill_value=np.int8(-1), zlib=True)
    label[:] = lay(data["label"][:], -1, "i1")
    label.setncatts({"long_name": "class with most votes", "flag_values": np.array([0, 1, 2], "i1"),
                     "flag_meanings": "background tropical_cyclone atmospheric_river"})
    years = np.array([date.year for date in netCDF4.num2date(time[:], time.units)])
    for network in range(3):
        name = f"unseen_{network + 1}"
        share = np.where(years <= 2003, (np.arange(times) % 3 == network) * 1.0, 1 / 3)
        variable = out.createVariable(name, "f4", ("time", "y", "x"), fill_value=np.float32(1e20), zlib=True)
        variable[:] = np.broadcast_to(share[:, None, None], variable.shape)
        variable.setncatts({"long_name": f"share of network {network + 1} in what is said of a time", "units": "1"})
