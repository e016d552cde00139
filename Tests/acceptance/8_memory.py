"""Peak resident memory stays under --memory plus 20 % for inputs of 1, 4 and 16 times the budget.

This file imports no numpy: a child's peak counts what its parent had when it was started.
"""
from support import *

BUDGET = 96  # MiB: the program itself takes about 60
MAKE = """
import sys, netCDF4, numpy as np
path, mib, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
ny, nx = 256, 512
steps = mib * (1 << 20) // (ny * nx * 4)
with netCDF4.Dataset(path, 'w', format='NETCDF4' if kind == 'netcdf4' else 'NETCDF3_64BIT_OFFSET') as f:
    f.createDimension('time', steps if kind == 'netcdf4' else None); f.createDimension('lat', ny); f.createDimension('lon', nx)
    t = f.createVariable('time', 'f8', ('time',)); t.units = 'hours since 2000-01-01'; t.calendar = 'standard'; t.standard_name = 'time'
    for n, c, u in (('lat', np.linspace(-89.5, 89.5, ny), 'degrees_north'), ('lon', np.arange(nx) * 360 / nx, 'degrees_east')):
        v = f.createVariable(n, 'f8', (n,)); v.units = u; v.standard_name = {'lat': 'latitude', 'lon': 'longitude'}[n]; v[:] = c
    options = dict(zlib=True, complevel=1, shuffle=True, chunksizes=(1, ny, nx)) if kind == 'netcdf4' else {}
    x = f.createVariable('tas', 'f4', ('time', 'lat', 'lon'), fill_value=np.float32(1e20), **options)
    x.units = 'K'; x.standard_name = 'air_temperature'
    base = (280 + 20 * np.cos(np.radians(np.linspace(-89.5, 89.5, ny)))[:, None] * np.ones(nx)).astype('f4')
    for i in range(steps):
        x[i] = base + np.float32(i % 24)
        t[i] = 6 * i
"""
WAYS = {
    "climatology": "  - aggregate: {input: field, over: month, climatology: true, method: mean, as: result}",
    "daily": "  - aggregate: {input: field, over: day, method: mean, as: result}",
    "regrid": "  - regrid: {input: field, method: bilinear, to: {longitude: {first: 1, last: 359, step: 2}, "
              "latitude: {first: -89, last: 89, step: 2}}, as: result}",
}


def measure(kind, way, times):
    if not PYTHON.exists():
        raise Skip(".venv is not there")
    with Folder() as folder:
        free = shutil.disk_usage(folder).free
        if free < 3 * BUDGET * times << 20:
            raise Skip(f"only {free >> 20} MiB are free under {folder}")
        expect(run(PYTHON, "-c", MAKE, folder / "in.nc", BUDGET * times, kind), 0)
        (folder / "p.yaml").write_text(
            "name: memory\ninputs:\n  field: {files: in.nc, variable: tas}\nstages:\n" + WAYS[way] +
            "\noutputs:\n  - {input: result, file: out.nc, compression: 1}\nmetadata: {title: x, institution: y}\n")
        result = expect(isotach("run", folder / "p.yaml", "--memory", f"{BUDGET}MiB", "--threads", "2",
                                timeout=300), 0)
        peak = result.peak / (1 << 20)
        text = f"{kind} {way} {times}x: {peak:.0f} MiB in {result.seconds:.1f} s"
        assert peak <= 1.2 * BUDGET, f"{text}; the bound is {1.2 * BUDGET:.0f} MiB"
        return text


def series(kind, way, sizes=(1, 4, 16)):
    return "; ".join(measure(kind, way, times) for times in sizes)


def test_classic_input_climatology():
    return series("classic", "climatology")


def test_compressed_input_regrid():
    return series("netcdf4", "regrid")


def test_compressed_input_daily_means():
    return series("netcdf4", "daily", (1, 4))


if __name__ == "__main__":
    main(globals())
