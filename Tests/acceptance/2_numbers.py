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
            time = ours[ours.uas.dims[0]]
            assert "climatology" in {**time.attrs, **time.encoding}, time
        with opened("wind_anomaly.nc") as ours:
            close(ours.uas.values, departure.values, absolute=1e-5, relative=1e-6, what="anomaly")
            assert (ours[ours.uas.dims[0]].values == data.TIME.values).all()


def test_anomalies_of_each_month_sum_to_nothing():
    import numpy as np
    with opened("wind_anomaly.nc") as ours:
        time = ours.vas.dims[0]
        mean = ours.vas.astype("f8").groupby(f"{time}.month").mean(time)
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
    # The example without its last stage: on the grid that the wind came on.
    example = (PIPELINES / "jet-stream.yaml").read_text()
    start, end = example.index("  - regrid:"), example.index("outputs:")
    with Folder() as folder:
        (folder / "p.yaml").write_text(example[:start] + "\n" + example[end:].replace("input: jet", "input: gaussian"))
        expect(isotach("run", folder / "p.yaml", "--set", "month=7"), 0)
        with netCDF4.Dataset(debian("uv300.nc")) as data, netCDF4.Dataset(folder / "out/jet_stream_7.nc") as ours:
            u, v = data["U"][1].astype("f8"), data["V"][1].astype("f8")
            lat, lon = np.radians(data["lat"][:].astype("f8")), np.radians(data["lon"][:].astype("f8"))
            field = {ours[n].standard_name: ours[n][:].squeeze().astype("f8") for n in ours.variables
                     if ours[n].ndim >= 2 and "standard_name" in ours[n].ncattrs()}
    close(field["wind_speed"], np.hypot(u, v), absolute=1e-5, relative=1e-6, what="wind speed")
    # Where the wind comes from, clockwise from north.
    expected = np.degrees(np.arctan2(-u, -v)) % 360
    turn = np.abs((field["wind_from_direction"] - expected + 180) % 360 - 180)
    assert np.nanmax(turn) < 1e-3, f"wind direction differs by {np.nanmax(turn)} degrees"
    # zeta = 1 / (a cos(lat)) (dv/dlon - d(u cos(lat))/dlat), centred, rows 1...n-2.
    radius, cosine = 6371229.0, np.cos(lat)[:, None]
    dv = (np.roll(v, -1, 1) - np.roll(v, 1, 1)) / (2 * (lon[1] - lon[0]))
    du = ((u * cosine)[2:] - (u * cosine)[:-2]) / (lat[2:] - lat[:-2])[:, None]
    zeta = (dv[1:-1] - du) / (radius * cosine[1:-1])
    # Another second-order form of the slope on the uneven rows: up to 3 % of the typical size.
    error = np.sqrt(np.mean((field["atmosphere_upward_relative_vorticity"][1:-1] - zeta) ** 2) / np.mean(zeta ** 2))
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
    with h5py.File(debian("MLS-Aura_L2GP-IWC_v02-21-c02_2007d210.he5")) as file, \
            opened("clivi_mls_20070729.nc") as ours:
        swath = file["HDFEOS/SWATHS/IWP"]
        value = swath["Data Fields/L2gpValue"][:, 0].astype("f8")
        lat = swath["Geolocation Fields/Latitude"][:].astype("f8")
        lon = swath["Geolocation Fields/Longitude"][:].astype("f8")
        rows, columns = 33, 36
        j = np.floor((lat + 82.5) / 5).astype(int)
        i = np.floor((lon + 180) / 10).astype(int) % columns
        inside = (j >= 0) & (j < rows)
        sums, counts = np.zeros((rows, columns)), np.zeros((rows, columns))
        np.add.at(counts, (j[inside], i[inside]), 1)
        np.add.at(sums, (j[inside], i[inside]), value[inside])
        with np.errstate(invalid="ignore"):
            mean = sums / counts / 1000
        close(np.squeeze(ours.clivi.values), mean, absolute=1e-9, relative=1e-5, what="clivi")
        return f"{int((counts > 0).sum())} cells"


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
        t, fraction = data["t"][0].astype("f8"), data["rhumidity"][0].astype("f8")
        p = data["lev"][:].astype("f8")[:, None, None]
        # Magnus over water, as WMO 8 gives it: another formula than ours, a few per cent apart in the cold.
        e = 611.2 * np.exp(17.62 * (t - 273.15) / (t - 30.03))
        q = 0.62198 * fraction * e / (p - 0.37802 * fraction * e)
        column = np.trapezoid(q[::-1], p[::-1, 0, 0], axis=0) / 9.80665
        value = ours[next(n for n in ours.data_vars if ours[n].attrs.get("standard_name") ==
                          "atmosphere_mass_content_of_water_vapor")].values.squeeze().astype("f8")
        # Conservative regridding keeps the mean over the Earth.
        theirs = np.average(column.mean(1), weights=np.cos(np.radians(data["lat"][:])))
        mine = np.average(value.mean(1), weights=np.cos(np.radians(ours.lat.values)))
        error = abs(mine - theirs) / theirs
        assert error < 0.01, f"global means {mine:.3f} and {theirs:.3f} kg m-2"
        return f"global means {mine:.3f} and {theirs:.3f} kg m-2"


if __name__ == "__main__":
    main(globals())
