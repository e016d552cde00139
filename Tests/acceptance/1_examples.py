"""Every example of pipelines/: it checks, it runs, and every tool of the field accepts what it made."""
import json
import shutil

from support import *

# Examples that need data that no Debian package has.
NEEDS = {"downscale-rain": "downscaling/bcsd_obs_1999.nc"}

EXAMPLES = sorted(PIPELINES.glob("*.yaml"))


def is_runnable(path):
    return path.stem not in NEEDS or (SHARED / NEEDS[path.stem]).exists()


def data(path):
    """Where an example finds data of no package."""
    return ("--set", f"file={SHARED / NEEDS[path.stem]}") if path.stem in NEEDS else ()


def outputs():
    files = sorted(OUT.glob("*.nc"))
    assert files, "pipelines/out holds no file: the examples did not run"
    return files


def each(items, function):
    """Calls function for every item and gathers all failures, so that one does not hide another."""
    failures = []
    for item in items:
        try:
            function(item)
        except AssertionError as fault:
            failures.append(f"{item.name}: {fault}")
    assert not failures, f"{len(failures)} of {len(items)}\n  " + "\n  ".join(failures)
    return f"{len(items)} of {len(items)}"


def test_there_are_at_least_six_examples():
    assert len(EXAMPLES) >= 6, EXAMPLES


def test_every_example_checks():
    runnable = [p for p in EXAMPLES if is_runnable(p)]
    return each(runnable, lambda p: expect(isotach("check", p, *data(p), cwd="/"), 0))


def test_every_example_plans_as_json():
    def plan(path):
        result = expect(isotach("plan", path, "--json", *data(path)), 0)
        json.loads(result.out)
    return each([p for p in EXAMPLES if is_runnable(p)], plan)


def test_every_example_runs():
    shutil.rmtree(OUT, ignore_errors=True)

    written = set()

    def execute(path):
        report = json.loads(expect(isotach("run", path, "--json", *data(path), cwd="/"), 0).out)
        written.update(Path(file).resolve() for file in report["written"])
    note = each([p for p in EXAMPLES if is_runnable(p)], execute)
    left = [p.stem for p in EXAMPLES if not is_runnable(p)]
    litter = [p.name for p in OUT.iterdir() if p.resolve() not in written]
    assert not litter, f"beside what the runs said to have written lie {litter}"
    missing = [str(p) for p in written if not p.is_file()]
    assert not missing, f"said to be written, but not there: {missing}"
    return note + (f"; without data: {', '.join(left)}" if left else "")


def complies(result):
    """Exit 0; a failure shows the findings without the checker's frame."""
    findings = [line for line in result.out.splitlines() if line.startswith(("§", "*", "variable"))]
    assert result.code == 0, f"{result.status}: " + "; ".join(findings or [result.out[-800:] + result.err[-800:]])


def test_compliance_checker_cf_strict():
    checker = PYTHON.with_name("compliance-checker")
    if not checker.exists():
        raise Skip("compliance-checker is not in .venv")
    return each(outputs(), lambda f: complies(run(checker, "-t", "cf:1.11", "-c", "strict", f)))


def test_compliance_checker_acdd_lenient():
    checker = PYTHON.with_name("compliance-checker")
    if not checker.exists():
        raise Skip("compliance-checker is not in .venv")
    return each(outputs(), lambda f: complies(run(checker, "-t", "acdd:1.3", "-c", "lenient", f)))


def test_cdo_sinfo_says_nothing_on_stderr():
    cdo = need_tool("cdo")

    def sinfo(file):
        result = expect(run(cdo, "-s", "sinfo", file), 0)
        assert result.err.strip() == "", result.err
    return each(outputs(), sinfo)


def test_gdalinfo_says_nothing_on_stderr():
    gdalinfo = need_tool("gdalinfo")
    netCDF4 = need_module("netCDF4")

    def info(file):
        with netCDF4.Dataset(file) as data:
            names = [n for n, v in data.variables.items() if v.ndim >= 2 and not n.endswith(("_bnds", "_bounds"))
                     and n not in ("lat", "lon", "lat_vertices", "lon_vertices")]
            shape = data[names[0]].shape if names else ()
        assert names, "no data variable"
        if min(shape[-2:]) == 1:
            return  # GDAL says of every raster of one row or column that it does not support it.
        for name in names:
            result = expect(run(gdalinfo, f"NETCDF:{file}:{name}"), 0)
            assert result.err.strip() == "", f"{name}: {result.err}"
    return each(outputs(), info)


def test_xarray_opens_with_dates_decoded():
    xr = need_module("xarray")
    import warnings
    import numpy as np

    def opens(file):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with xr.open_dataset(file) as data:
                data.load()
                if "time" in data.coords and "since" in data.time.encoding.get("units", ""):
                    kind = data.time.dtype
                    assert kind.kind in "MO", f"time was not decoded: {kind}"
                for name, variable in data.data_vars.items():
                    if variable.dtype.kind == "f":
                        assert np.isfinite(variable).any() or variable.size == 0, f"{name}: no finite value"
                        assert not np.isinf(variable).any(), f"{name}: infinite values"
    return each(outputs(), opens)


def test_isotach_validates_its_own_outputs():
    return each(outputs(), lambda f: expect(isotach("validate", f), 0))


def test_isotach_inspects_its_own_outputs():
    return each(outputs(), lambda f: expect(isotach("inspect", f), 0))


def test_stored_as_designed():
    netCDF4 = need_module("netCDF4")

    def look(file):
        with netCDF4.Dataset(file) as data:
            assert data.data_model == "NETCDF4_CLASSIC", data.data_model
            assert data.Conventions == "CF-1.11, ACDD-1.3", data.Conventions
            for name in ("title", "institution", "source", "history"):
                assert name in data.ncattrs(), f"global attribute {name} is missing"
            for name, variable in data.variables.items():
                if variable.dtype == "f4" and variable.ndim >= 2 and "lat" in "".join(variable.dimensions):
                    assert variable._FillValue == netCDF4.numpy.float32(1e20), f"{name}: {variable._FillValue}"
                    filters = variable.filters()
                    assert filters["shuffle"] and filters["zlib"] and filters["complevel"] == 4, filters
                    chunks = variable.chunking()
                    assert all(c == 1 for c in chunks[:-2]), f"{name}: chunks {chunks}"
                if name == "time" and variable.ndim:
                    assert variable.dtype == "f8", variable.dtype
                    chunks = variable.chunking()
                    assert chunks == "contiguous" or chunks[0] >= min(512, variable.shape[0]), chunks
    return each(outputs(), look)


def test_two_neighbouring_periods_open_as_one():
    xr = need_module("xarray")
    need_module("dask")
    source = debian("uas_rectilinear_grid_2D.nc")
    import numpy as np
    with Folder() as folder:
        (folder / "p.yaml").write_text(f"""
name: halves
parameters: {{from: 2005-01-01, to: 2005-06-30, half: 1}}
inputs:
  wind: {{files: {source}, variable: uas}}
stages:
  - select: {{input: wind, from: "{{from}}", to: "{{to}}", as: part}}
outputs:
  - {{input: part, file: "uas_{{half}}.nc"}}
metadata: {{title: halves of a year, institution: test}}
""")
        expect(isotach("run", folder / "p.yaml"), 0)
        expect(isotach("run", folder / "p.yaml", "--set", "from=2005-07-01", "--set", "to=2005-12-31",
                       "--set", "half=2"), 0)
        with xr.open_mfdataset(str(folder / "uas_*.nc"), data_vars="all") as both, xr.open_dataset(source) as whole:
            assert both.sizes["time"] == 12, both.sizes
            assert (both.time.values == whole.time.values).all()
            close(both.uas.values, whole.uas.values, what="uas of both halves")
            for name in ("lat", "lon"):
                assert np.array_equal(both[name].values, whole[name].values), name


if __name__ == "__main__":
    main(globals())
