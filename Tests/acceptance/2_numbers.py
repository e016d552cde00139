"""Numbers of the examples beside the same computed by xarray, numpy and CDO, by other ways than ours."""
from support import *


def opened(name, **options):
    xr = need_module("xarray")
    path = OUT / name
    assert path.exists(), f"{path} was not made (run 1_examples.py before)"
    return xr.open_dataset(path, **options)


def test_monthly_climatology_and_anomaly_of_wind():
    xr = need_module("xarray")
    with xr.open_dataset(debian("monthly_navy_winds.cdf")) as data:
        wind = data.UWND.astype("f8")
        normal = wind.groupby("TIME.month").mean("TIME")
        departure = (wind.groupby("TIME.month") - normal).transpose("TIME", ...)
        with opened("wind_climatology.nc") as ours:
            close(ours.uas.values, normal.values, absolute=1e-5, relative=1e-6, what="climatology")
            assert "climatology" in ours.time.attrs or "climatology" in ours.time.encoding, ours.time.attrs
        with opened("wind_anomaly.nc") as ours:
            close(ours.uas.values, departure.values, absolute=1e-5, relative=1e-6, what="anomaly")
            assert (ours.time.values == data.TIME.values).all()


def test_anomalies_of_each_month_sum_to_nothing():
    import numpy as np
    with opened("wind_anomaly.nc") as ours:
        mean = ours.vas.astype("f8").groupby("time.month").mean("time")
        assert float(np.abs(mean).max()) < 1e-5, float(np.abs(mean).max())


def test_packed_file_equals_netCDF4_python():
    netCDF4 = need_module("netCDF4")
    with netCDF4.Dataset(ROOT / "Tests/data/sst_packed.nc") as packed, opened("sst_unpacked.nc") as ours:
        expected = packed["sst"][:] + 273.15
        close(ours.sst.values, expected, relative=1e-7, what="sst")
        close(ours.lat.values, packed["lat"][:], what="lat")
        close(ours.lon.values, packed["lon"][:], what="lon")


def test_360_day_calendar_and_running_mean():
    xr = need_module("xarray")
    import numpy as np
    parts = [debian(f"tas_mod2_{p}_rectilin_grid_2D.nc") for p in ("hist", "rcp45")]
    series = np.concatenate([xr.open_dataset(p).tas.values.ravel().astype("f8") for p in parts])
    window = np.convolve(series, np.ones(30) / 30, "valid")
    with opened("tas_africa_30year.nc") as ours:
        assert ours.time.encoding["calendar"] == "360_day", ours.time.encoding
        values = ours.tas.values.ravel()
        values = values[~np.isnan(values)]
        close(values, window, relative=1e-6, what="30-year mean")


def test_jet_stream_wind_speed_and_vorticity():
    netCDF4 = need_module("netCDF4")
    import numpy as np
    with netCDF4.Dataset(debian("uv300.nc")) as data, opened("jet_stream.nc", decode_times=False) as ours:
        u, v = data["U"][:].astype("f8"), data["V"][:].astype("f8")
        lat, lon = np.radians(data["lat"][:].astype("f8")), np.radians(data["lon"][:].astype("f8"))
        names = {ours[n].attrs.get("standard_name"): n for n in ours.data_vars}
        speed = ours[names["wind_speed"]].values
        close(speed, np.hypot(u, v), absolute=1e-5, relative=1e-6, what="wind speed")
        # Where the wind comes from, clockwise from north.
        direction = ours[names["wind_from_direction"]].values.astype("f8")
        expected = np.degrees(np.arctan2(-u, -v)) % 360
        turn = np.abs((direction - expected + 180) % 360 - 180)
        assert np.nanmax(turn) < 1e-3, f"wind direction differs by {np.nanmax(turn)} degrees"
        # zeta = 1 / (a cos(lat)) (dv/dlon - d(u cos(lat))/dlat), centred, rows 1...n-2.
        radius, cosine = 6371229.0, np.cos(lat)[None, :, None]
        step = lon[1] - lon[0]
        dv = (np.roll(v, -1, 2) - np.roll(v, 1, 2)) / (2 * step)
        du = ((u * cosine)[:, 2:] - (u * cosine)[:, :-2]) / (lat[2:] - lat[:-2])[None, :, None]
        zeta = (dv[:, 1:-1] - du) / (radius * cosine[:, 1:-1])
        ours_zeta = ours[names["atmosphere_upward_relative_vorticity"]].values[:, 1:-1].astype("f8")
        scale = np.sqrt(np.mean(zeta ** 2))
        # Another second-order form of the slope on the uneven rows: up to 3 % of the typical size.
        error = np.sqrt(np.mean((ours_zeta - zeta) ** 2)) / scale
        assert error < 0.03, f"vorticity differs by {100 * error:.1f} % of its typical size"
        return f"vorticity within {100 * error:.2f} % r.m.s. of centred differences"


def test_conservative_regridding_beside_cdo():
    cdo = need_tool("cdo")
    xr = need_module("xarray")
    import numpy as np
    with Folder() as folder:
        grid = folder / "grid"
        grid.write_text("gridtype=lonlat\nxsize=440\nysize=202\nxfirst=-44.875\nxinc=0.25\nyfirst=22.125\nyinc=0.25\n")
        target = folder / "cdo.nc"
        expect(run(cdo, "-s", "-O", "-f", "nc4", f"remapcon,{grid}", debian("tas_rotated_grid_EUR11.nc"), target), 0)
        with xr.open_dataset(target) as theirs, opened("tas_EUR-025_conservative.nc") as ours:
            a, b = ours.tas.values.squeeze().astype("f8"), theirs.tas.values.squeeze().astype("f8")
            assert a.shape == b.shape, (a.shape, b.shape)
            both = np.isfinite(a) & np.isfinite(b)
            # Cells at the rim of the domain are partly covered, where the two treat missing source differently.
            inside = both.copy()
            for axis in (0, 1):
                for shift in (-1, 1):
                    inside &= np.roll(both, shift, axis)
            worst = np.max(np.abs(a[inside] - b[inside]) / np.abs(b[inside]))
            assert inside.sum() > 30000, inside.sum()
            assert worst < 1e-5, f"differs from remapcon by {worst:.1e} relative in the interior"
            return f"interior within {worst:.1e} of remapcon, {both.sum()} cells in both, " \
                f"{np.isfinite(a).sum()} ours, {np.isfinite(b).sum()} CDO's"


def test_bilinear_regridding_beside_cdo():
    cdo = need_tool("cdo")
    xr = need_module("xarray")
    import numpy as np
    with Folder() as folder:
        grid = folder / "grid"
        grid.write_text("gridtype=lonlat\nxsize=501\nysize=351\nxfirst=-10\nxinc=0.1\nyfirst=35\nyinc=0.1\n")
        target = folder / "cdo.nc"
        expect(run(cdo, "-s", "-O", "-f", "nc4", f"remapbil,{grid}", debian("tas_rotated_grid_EUR11.nc"), target), 0)
        with xr.open_dataset(target) as theirs, opened("tas_EUR-010_bilinear.nc") as ours:
            a, b = ours.tas.values.squeeze().astype("f8") + 273.15, theirs.tas.values.squeeze().astype("f8")
            both = np.isfinite(a) & np.isfinite(b)
            worst = np.max(np.abs(a[both] - b[both]) / np.abs(b[both]))
            assert both.mean() > 0.9, both.mean()
            assert worst < 1e-5, f"differs from remapbil by {worst:.1e} relative"
            return f"within {worst:.1e} of remapbil"


def test_satellite_track_binned():
    h5py = need_module("h5py")
    import numpy as np
    with h5py.File(debian("MLS-Aura_L2GP-IWC_v02-21-c02_2007d210.he5")) as file, opened("iwc_mls_20070729.nc") as ours:
        swath = file["HDFEOS/SWATHS/IWC"]
        pressure = swath["Geolocation Fields/Pressure"][:]
        levels = (pressure >= 68) & (pressure <= 216)
        value = swath["Data Fields/L2gpValue"][:][:, levels].astype("f8")
        lat = swath["Geolocation Fields/Latitude"][:].astype("f8")
        lon = swath["Geolocation Fields/Longitude"][:].astype("f8")
        rows, columns = 33, 36
        j = np.floor((lat + 82.5) / 5).astype(int)
        i = np.floor((lon + 180) / 10).astype(int) % columns
        # A centre on an edge may count for either side.
        edge = (np.abs((lat + 82.5) / 5 - np.round((lat + 82.5) / 5)) < 1e-6)
        assert not edge.any()
        inside = (j >= 0) & (j < rows)
        sums = np.zeros((value.shape[1], rows, columns))
        counts = np.zeros((rows, columns))
        np.add.at(counts, (j[inside], i[inside]), 1)
        for level in range(value.shape[1]):
            np.add.at(sums[level], (j[inside], i[inside]), value[inside, level])
        with np.errstate(invalid="ignore"):
            mean = sums / counts
        close(np.squeeze(ours.iwc.values), mean, absolute=1e-9, relative=1e-5, what="iwc")


def test_ocean_bipolar_grid_beside_cdo():
    cdo = need_tool("cdo")
    xr = need_module("xarray")
    import numpy as np
    with Folder() as folder:
        grid = folder / "grid"
        grid.write_text("gridtype=lonlat\nxsize=360\nysize=180\nxfirst=0.5\nxinc=1\nyfirst=-89.5\nyinc=1\n")
        target = folder / "cdo.nc"
        expect(run(cdo, "-s", "-O", "-f", "nc4", f"remapcon,{grid}", debian("tos_ocean_bipolar_grid.nc"), target), 0)
        with xr.open_dataset(target) as theirs, opened("tos_1x1.nc") as ours:
            a, b = ours.tos.values.squeeze().astype("f8"), theirs.tos.values.squeeze().astype("f8")
            both = np.isfinite(a) & np.isfinite(b)
            difference = np.abs(a - b)[both]
            assert both.sum() > 35000, both.sum()
            share = np.mean(difference > 1e-5 * 280)
            assert np.median(difference) < 1e-5 * 280, f"median difference {np.median(difference)} K"
            return f"median {np.median(difference):.1e} K, {100 * share:.1f} % of cells differ by more than 1e-5, " \
                f"worst {difference.max():.2f} K"


def test_integrated_water_vapour():
    netCDF4 = need_module("netCDF4")
    import numpy as np
    with netCDF4.Dataset(debian("rectilinear_grid_3D.nc")) as data, opened("water_vapour.nc") as ours:
        t, rh = data["t"][:].astype("f8"), data["rhumidity"][:].astype("f8")
        p = data["lev"][:].astype("f8")[None, :, None, None]
        # Magnus over water, as WMO 8 gives it; relative humidity is in percent or a fraction.
        e = 611.2 * np.exp(17.62 * (t - 273.15) / (t - 30.03))
        fraction = rh / 100 if rh.max() > 5 else rh
        q = 0.62198 * fraction * e / (p - 0.37802 * fraction * e)
        column = np.trapezoid(q[:, ::-1], p[0, ::-1, 0, 0], axis=1) / 9.80665
        names = {ours[n].attrs.get("standard_name"): n for n in ours.data_vars}
        value = ours[names["atmosphere_mass_content_of_water_vapor"]].values.squeeze()
        # Another formula of saturation pressure changes the column by up to a few per cent.
        error = np.abs(value - column.squeeze()).mean() / column.mean()
        assert error < 0.03, f"mean difference {100 * error:.1f} %"
        return f"mean difference {100 * error:.2f} %, mean column {value.mean():.1f} kg m-2"


if __name__ == "__main__":
    main(globals())
