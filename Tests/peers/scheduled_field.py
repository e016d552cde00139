"""A global field of 8 channels on 0.25 degrees (721 x 1440), one time, for measuring a scheduled detection:
python3 scheduled_field.py FILE (needs numpy and netCDF4). Smooth waves with noise, so that it compresses as real fields do."""
import sys

import netCDF4
import numpy as np

CHANNELS = {
    "psl": ("air_pressure_at_mean_sea_level", "Pa", 101000, 1500), "ua": ("eastward_wind", "m s-1", 2, 12),
    "va": ("northward_wind", "m s-1", 0, 10), "ta": ("air_temperature", "K", 280, 20),
    "prw": ("atmosphere_mass_content_of_water_vapor", "kg m-2", 25, 12), "t500": (None, "K", 255, 10),
    "t200": (None, "K", 215, 6), "z500": (None, "m", 5500, 200),
}


def main(path):
    rng = np.random.default_rng(1)
    lat, lon = np.linspace(90, -90, 721), np.arange(1440) * 0.25
    y, x = np.radians(lat)[:, None], np.radians(lon)[None]
    with netCDF4.Dataset(path, "w") as out:
        for name, values, units in (("time", np.array([0.0]), "hours since 2026-01-01 00:00:00"),
                                    ("latitude", lat, "degrees_north"), ("longitude", lon, "degrees_east")):
            out.createDimension(name, values.size)
            out.createVariable(name, "f8", (name,))[:] = values
            out[name].units = units
            out[name].standard_name = name
        for name, (standard, units, mean, size) in CHANNELS.items():
            field = sum(np.cos(y) ** 2 * np.cos(k * x + rng.uniform(0, 6)) * np.cos(k * y + rng.uniform(0, 6)) / k
                        for k in range(1, 12))
            field = mean + size * (field + 0.02 * rng.normal(size=field.shape))
            v = out.createVariable(name, "f4", ("time", "latitude", "longitude"), zlib=True, complevel=4, shuffle=True,
                                   chunksizes=(1, 721, 1440))
            v[:] = np.round(field[None], 3)
            v.units = units
            if standard:
                v.standard_name = standard


main(sys.argv[1])
