"""The downscaling pipelines from outside: all are checked, the small ones run; what is kept is read back with xarray."""
import json

from support import *

FOLDER = PIPELINES / "downscaling"
EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}


def make_rain(folder, np, netcdf, months=24):
    """Two years of monthly rain on 32 x 80 cells, with dry cells, from January 1998; and heights."""
    rng = np.random.default_rng(5)
    grid = {"lat": 30 + 0.125 * np.arange(32), "lon": -90 + 0.125 * np.arange(80)}
    height = 800 * np.exp(-((grid["lon"][None] + 85) ** 2 + (grid["lat"][:, None] - 32) ** 2) / 2)
    smooth = lambda a: sum(np.roll(a, (j, i), (-2, -1)) for j in (-2, -1, 0, 1, 2) for i in (-2, -1, 0, 1, 2)) / 25
    # A pattern that stays, as relief makes it, times the weather of each month; some of it is dry.
    pattern = np.maximum(0.1, 1 + smooth(rng.normal(0, 3, (32, 80))) + height / 400)
    rain = pattern * np.maximum(0, smooth(smooth(rng.normal(40, 300, (months, 32, 80)))))
    with netcdf.Dataset(folder / "rain.nc", "w") as file:
        file.createDimension("time", months)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar, time.standard_name = "days since 1998-01-01", "standard", "time"
        days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] * (months // 12)
        time[:] = np.cumsum([0] + days[:-1]) + 14
        for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
            file.createDimension(name, len(grid[name]))
            axis = file.createVariable(name, "f8", (name,))
            axis.units, axis.standard_name = units, {"lat": "latitude", "lon": "longitude"}[name]
            axis[:] = grid[name]
        variable = file.createVariable("pr", "f4", ("time", "lat", "lon"), fill_value=1e20)
        variable.units, variable.standard_name = "mm", "lwe_thickness_of_precipitation_amount"
        variable[:] = rain
        relief = file.createVariable("relief", "f4", ("lat", "lon"))
        relief.units, relief.standard_name = "m", "surface_altitude"
        relief[:] = height


def make_heights(folder, np, netcdf):
    """A map of temperature that falls with height, with the heights, on 32 x 160 cells."""
    with netcdf.Dataset(folder / "heights.nc", "w") as file:
        for name, count in (("lat", 32), ("lon", 160)):
            file.createDimension(name, count)
            axis = file.createVariable(name, "f8", (name,))
            axis.units, axis.standard_name = {"lat": ("degrees_north", "latitude"), "lon": ("degrees_east", "longitude")}[name]
            axis[:] = 40 + np.arange(count) / 24
        height = np.abs(np.random.default_rng(3).normal(0, 600, (32, 160)))
        for name, values, units, standard in (("elevation", height, "m", "surface_altitude"),
                                              ("tmmx", 290 - 0.0065 * height, "K", "air_temperature")):
            variable = file.createVariable(name, "f4", ("lat", "lon"), fill_value=1e20)
            variable.units, variable.standard_name = units, standard
            variable[:] = values


RAIN = ["--set", "file=rain.nc", "--set", "train-to=1999-06", "--set", "test-from=1999-07"]
OPTIONS = {
    "rain-bcsd": RAIN, "rain-distribution": RAIN, "rain-nest-unet": RAIN + ["--set", "relief-file=rain.nc"],
    "rain-radar": ["--set", "file=rain.nc", "--set", "variable=pr", "--set", "top=0", "--set", "bottom=31", "--set", "left=0",
                   "--set", "right=79", "--set", "patch=32", "--set", "train=17", "--set", "test=18"],
}
OPTIONS["rain-adversarial"] = OPTIONS["rain-radar"]
OPTIONS["temperature-elevation"] = ["--set", "file=heights.nc", "--set", "rows=31", "--set", "columns=159",
                                    "--set", "factor=4", "--set", "patch=8", "--set", "last=15", "--set", "first=16"]
# They are checked when the model that they begin with is there.
NEEDS = {"temperature-fine-tuning": "temperature-pretraining"}


def prepared(folder):
    np, netcdf = need_module("numpy"), need_module("netCDF4")
    for name in ("tas_rotated_grid_EUR11.nc", "HSURF_regional_model_0.11deg.nc"):
        debian(name)
    make_rain(folder, np, netcdf)
    make_heights(folder, np, netcdf)
    for path in sorted(FOLDER.glob("*.yaml")):
        (folder / path.name).write_text(path.read_text())
    return np


def test_all_are_checked():
    with Folder() as folder:
        prepared(folder)
        names = sorted(p.stem for p in FOLDER.glob("*.yaml"))
        assert len(names) >= 10, names
        for name in names:
            if name in NEEDS:
                result = isotach("check", folder / f"{name}.yaml")
                assert result.code == 66 or "pretrained" in result.err, (name, result)
                continue
            options = OPTIONS.get(name, [])
            expect(isotach("check", folder / f"{name}.yaml", *options), 0)
        return f"{len(names)} pipelines"


def test_bcsd_keeps_means_and_bounds():
    with Folder() as folder:
        np = prepared(folder)
        xarray = need_module("xarray")
        report = json.loads(expect(isotach("run", folder / "rain-bcsd.yaml", "--json", *RAIN, env=EPOCH), 0).out)
        scores = {(s["method"], s["metric"]): s["value"] for s in report["scores"]}
        assert scores["BCSD", "rmse"] < scores["bilinear", "rmse"], scores
        with xarray.open_dataset(folder / "out/rain-bcsd.nc") as made, xarray.open_dataset(folder / "rain.nc") as rain:
            fine, truth = made.pr.values, rain.pr.values[18:]
        assert fine.shape == truth.shape and (fine >= 0).all()
        blocks = lambda a: a.reshape(6, 8, 4, 20, 4).astype("f8").mean((2, 4))
        worst = np.abs(blocks(fine) - blocks(truth)).max()
        assert worst < 1e-6 * blocks(truth).max() + 1e-5, worst
        # Dry cells of the coarse field are dry.
        assert (fine.reshape(6, 8, 4, 20, 4).transpose(0, 1, 3, 2, 4)[blocks(truth) == 0] == 0).all()


def test_as_many_steps_are_wet_as_were_observed():
    with Folder() as folder:
        np = prepared(folder)
        xarray = need_module("xarray")
        expect(isotach("run", folder / "rain-bcsd.yaml", *RAIN, env=EPOCH), 0)
        with xarray.open_dataset(folder / "out/rain-wet.nc") as made, xarray.open_dataset(folder / "rain.nc") as rain:
            fine, truth = made.pr.values, rain.pr.values
        assert fine.shape == truth.shape and (fine >= 0).all() and not ((fine > 0) & (fine < 1)).any()
        # The 18 months of the training, cell by cell.
        found, wanted = (fine[:18] >= 1).sum(0), (truth[:18] >= 1).sum(0)
        assert (found <= wanted).all() and (found == wanted).mean() > 0.9, (found != wanted).sum()
        assert 0 < wanted.min() < wanted.max(), "no cell is drier than another"
        return f"{(found == wanted).mean():.3f} of the cells exactly, the others had no more rain to make wet"


def test_members_are_an_axis():
    with Folder() as folder:
        prepared(folder)
        xarray = need_module("xarray")
        report = json.loads(
            expect(isotach("run", folder / "rain-distribution.yaml", "--json", *RAIN, "--set", "steps=40", env=EPOCH), 0).out)
        with xarray.open_dataset(folder / "out/rain-members.nc") as made:
            assert made.pr.sizes["member"] == 20 and made.member.attrs["standard_name"] == "realization"
            assert float(made.pr.min()) >= 0 and float(made.pr.std("member").mean()) > 0
        scores = {(s["method"], s["metric"]): s["value"] for s in report["scores"]}
        assert scores["members", "crps_ensemble"] < scores["members", "mae"], scores


def test_the_constraint_holds_in_the_file():
    with Folder() as folder:
        np = prepared(folder)
        xarray = need_module("xarray")
        expect(isotach("run", folder / "temperature-constraint.yaml", "--set", "steps=5", env=EPOCH), 0)
        with xarray.open_dataset(folder / "out/temperature-constraint-west.nc") as made, \
                xarray.open_dataset(debian("tas_rotated_grid_EUR11.nc")) as model:
            fine, truth = made.tas.values.squeeze(), np.squeeze(model.tas.values)[:408]
        blocks = lambda a: a.reshape(102, 4, 106, 4).astype("f8").mean((1, 3))
        assert np.abs(blocks(fine) - blocks(truth)).max() < 1e-6 * 290, np.abs(blocks(fine) - blocks(truth)).max()


def test_a_new_head_begins_anew():
    with Folder() as folder:
        prepared(folder)
        expect(isotach("run", folder / "temperature-pretraining.yaml", "--set", "steps=5", env=EPOCH), 0)
        result = expect(isotach("run", folder / "temperature-fine-tuning.yaml", "--set", "steps=5", env=EPOCH), 0)
        assert "fine-tuned" in result.out, result
        # Without `renew` a head of other channels is refused.
        text = (folder / "temperature-fine-tuning.yaml").read_text()
        wrong = text.replace("      renew: [head.*]\n", "").replace("network: {unet: {base: 16, depth: 2}}\n      freeze", "network: {unet: {base: 16, depth: 2}}\n      loss: gaussian-nll\n      freeze")
        wrong = wrong.replace("{unet: {base: 16, depth: 2}}\n      loss", "{unet: {outputs: 2, base: 16, depth: 2}}\n      loss")
        (folder / "wrong.yaml").write_text(wrong)
        result = expect(isotach("check", folder / "wrong.yaml"), 78)
        assert "head" in result.err, result


if __name__ == "__main__":
    main(globals())
