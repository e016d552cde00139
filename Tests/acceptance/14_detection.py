"""Detectors from outside: centres, tracks and regions beside TempestExtremes' algorithms written again in Python
(Tests/StagesTests/peers/tempest.py) on the same real fields, and the files that lists are written to."""
import csv
import json
from support import *

sys.path.insert(0, str(ROOT / "Tests/StagesTests/peers"))

STORM = """
  {name}:
    files: "{path}"
    variable: {variable}
    attributes:
      units: {units}
      timestep: {{units: "hours since 1996-01-05 00:00:00", standard_name: time}}
      lat: {{units: degrees_north}}
      lon: {{units: degrees_east}}
"""


def pipeline(folder, inputs, stages, outputs):
    path = folder / "p.yaml"
    path.write_text("name: test\ninputs:\n" + inputs + "stages:\n" + stages + "outputs:\n" + outputs)
    return path


def storm(name, file, variable, units):
    return STORM.format(name=name, path=debian(file), variable=variable, units=units)


def rows(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def place(row):
    return float(row["lat"]), float(row["lon"])


def test_centres_and_tracks_of_the_storms_of_1996_are_those_of_tempestextremes():
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    import tempest
    with netCDF4.Dataset(debian("Pstorm.cdf")) as data:
        p = np.ma.filled(data["p"][:], np.nan).astype("f4")
        lat, lon = data["lat"][:].filled().astype("f8"), data["lon"][:].filled().astype("f8")
    notes = []
    for connectivity in (8, 4):
        g = tempest.grid(lat, lon, False, connectivity == 8)
        expected = []
        for t in range(p.shape[0]):
            field = p[t].ravel()
            expected.append(tempest.detect_nodes(g, field, 660, [(field, 200, 600, 0)]))
        tracks = tempest.stitch_nodes(g, expected, 900, 1, 6)
        with Folder() as f:
            path = pipeline(f, storm("p", "Pstorm.cdf", "p", "Pa"), f"""
  - cyclones: {{variable: p, merge: 660, contours: [{{rise: 200, distance: 600}}], connectivity: {connectivity}, as: centres}}
  - tracks: {{range: 900, gap: 1, steps: 6}}
""", """
  - {input: centres, file: centres.csv}
  - {file: tracks.csv}
""")
            expect(isotach("run", path), 0)
            ours = [[] for _ in expected]
            for row in rows(f / "centres.csv"):
                hours = (int(row["time"][8:10]) - 5) * 24 + int(row["time"][11:13])
                ours[hours // 6].append(place(row))
            total = 0
            for t, cells in enumerate(expected):
                theirs = [(g["lat"][k], g["lon"][k]) for k in cells]
                assert sorted(theirs) == sorted(ours[t]), f"time {t}: {theirs}, ours {ours[t]}"
                total += len(cells)
            ids = {}
            for row in rows(f / "tracks.csv"):
                ids.setdefault(row["track_id"], []).append(place(row))
            theirs = sorted([(g["lat"][k], g["lon"][k]) for _, k in track] for track in tracks)
            mine = sorted(ids.values())
            same = sum(track in theirs for track in mine)
            # Where two tracks want one object it goes to the nearer one here, to both there.
            assert len(theirs) > 3 and same >= 0.8 * len(theirs), (len(mine), len(theirs), same)
            notes.append(f"{connectivity} neighbours: {total} centres the same, {same} of {len(theirs)} tracks")
    return "; ".join(notes)


def test_centres_of_the_global_height_field_are_those_of_tempestextremes():
    """Across the seam in longitude, on the monthly mean geopotential of ERA-Interim, which has real closed lows."""
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    import tempest
    source = need_shared("fields/eraint_uvz.nc")
    with Folder() as f, netCDF4.Dataset(source) as data, netCDF4.Dataset(f / "z.nc", "w") as out:
        names = [n for n in data["z"].dimensions]
        level = data["z"].shape[1] - 1
        z = np.asarray(data["z"][:, level, ::4, ::4], "f4") / 9.80665
        lat, lon = np.asarray(data["latitude"][::4], "f8"), np.asarray(data["longitude"][::4], "f8")
        for name, values, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            out.createDimension(name, len(values))
            out.createVariable(name, "f8", (name,))[:] = values
            out[name].units = units
        out.createDimension("time", 2)
        out.createVariable("time", "f8", ("time",))[:] = [15, 196]
        out["time"].units = "days since 2001-01-01 00:00:00"
        out.createVariable("zg", "f4", ("time", "lat", "lon"))[:] = z
        out["zg"].units = "m"
        out.sync()
        g = tempest.grid(lat, lon, True, True)
        expected = []
        for t in range(2):
            field = z[t].ravel()
            expected.append(tempest.detect_nodes(g, field, 800, [(field, 8, 1800, 0)]))
        path = pipeline(f, "  z: {files: z.nc, variable: zg}\n", """
  - cyclones: {variable: zg, merge: 800, contours: [{rise: 8, distance: 1800}]}
""", "  - {file: centres.csv}\n")
        expect(isotach("run", path), 0)
        ours = [[], []]
        for row in rows(f / "centres.csv"):
            ours[0 if row["time"] < "2001-03" else 1].append(place(row))
        for t in range(2):
            theirs = sorted((float(np.float32(g["lat"][k])), float(np.float32(g["lon"][k]))) for k in expected[t])
            assert theirs == sorted(ours[t]), (theirs, sorted(ours[t]))
        assert sum(map(len, expected)) >= 4
        return f"{sum(map(len, expected))} centres the same"


def test_regions_are_those_of_tempestextremes_on_a_real_vapour_transport():
    """ECHAM5 at one time: humidity from temperature and relative humidity, times the wind speed, integrated."""
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    import tempest
    source = debian("rectilinear_grid_3D.nc")
    with netCDF4.Dataset(source) as data, Folder() as f:
        t, rh = np.asarray(data["t"][0], "f8"), np.clip(np.asarray(data["rhumidity"][0], "f8"), 0, 100)
        speed, p = np.abs(np.asarray(data["var3"][0], "f8")), np.asarray(data["lev"][:], "f8")
        lat, lon = np.asarray(data["lat"][:], "f8"), np.asarray(data["lon"][:], "f8")
        e = rh / 100 * 611.2 * np.exp(17.67 * (t - 273.15) / (t - 29.65))
        q = np.minimum(0.622 * e / np.maximum(p[:, None, None] - 0.378 * e, 1.0), 0.04)
        order = np.argsort(p)
        ivt = np.trapezoid((q * speed)[order], p[order], axis=0) / 9.80665
        threshold = float(np.percentile(ivt, 90))
        with netCDF4.Dataset(f / "ivt.nc", "w") as out:
            for name, values, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
                out.createDimension(name, len(values))
                out.createVariable(name, "f8", (name,))[:] = values
                out[name].units = units
            out.createVariable("ivt", "f4", ("lat", "lon"))[:] = ivt
            out["ivt"].units = "kg m-1 s-1"
        g = tempest.grid(lat, lon, True, True)
        field = ivt.astype("f4").ravel()
        inside = (field >= np.float32(threshold)) & (np.abs(g["lat"]) >= 15)
        blobs = tempest.detect_blobs(g, inside, area=4e5)
        path = pipeline(f, "  ivt: {files: ivt.nc, variable: ivt}\n", f"""
  - rivers: {{variable: ivt, at-least: {threshold!r}, from-latitude: 15, area: {{at-least: 400000}},
      length: {{at-least: 0}}, width: {{at-most: 99999}}, aspect: {{at-least: 0}}, as: all}}
  - rivers: {{input: ivt, variable: ivt, at-least: {threshold!r}, from-latitude: 15, as: long}}
""", """
  - {input: all, file: all.nc}
  - {input: all, file: all.csv}
  - {input: long, file: long.csv}
""")
        expect(isotach("run", path), 0)
        with netCDF4.Dataset(f / "all.nc") as made:
            numbers = np.ma.filled(made["atmospheric_river_number"][:], 0).astype(int).ravel()
            assert set(np.ma.filled(made["atmospheric_river"][:], -1).ravel()) == {0, 1}
        ours = sorted(sorted(map(int, np.flatnonzero(numbers == n))) for n in range(1, numbers.max() + 1))
        # The area of a cell is taken from the middles between Gaussian latitudes here and there.
        assert ours == sorted(blobs), (len(ours), len(blobs))
        for row, blob in zip(rows(f / "all.csv"), sorted(blobs, key=lambda b: b[0])):
            close(float(row["area"]), g["area"][blob].sum(), relative=2e-3, what="area")
            far = max(tempest.distance(g, a, np.array(blob)).max() for a in blob)
            assert far * 0.99 <= float(row["length"]) <= far * 1.01 + np.sqrt(g["area"][blob].mean()) * 1.2, (row, far)
        for row in rows(f / "long.csv"):
            assert float(row["length"]) >= 2000 and float(row["width"]) <= 1000
        return f"{len(ours)} regions the same, {len(rows(f / 'long.csv'))} of them long and narrow"


def test_lists_open_in_xarray_and_say_the_same_in_all_forms():
    xr, np = need_module("xarray"), need_module("numpy")
    with Folder() as f:
        path = pipeline(f, storm("p", "Pstorm.cdf", "p", "Pa"), """
  - cyclones: {variable: p, merge: 660, contours: [{rise: 200, distance: 600}], tell: {pressure: {variable: p}}, as: centres}
  - tracks: {range: 900, gap: 1, steps: 6}
""", """
  - {file: tracks.nc}
  - {file: tracks.csv}
  - {file: tracks.txt}
  - {file: tracks.geojson}
  - {file: map.nc, form: grid}
  - {input: centres, file: points.nc, form: list}
""")
        expect(isotach("run", path), 0)
        table = rows(f / "tracks.csv")
        with xr.open_dataset(f / "tracks.nc") as data:
            assert data.attrs["featureType"] == "trajectory"
            assert data.track_id.attrs["cf_role"] == "trajectory_id"
            assert data.row_size.attrs["sample_dimension"] == "obs"
            ids = np.repeat(data.track_id.values, data.row_size.values)
            assert list(ids) == [int(r["track_id"]) for r in table]
            close(data.lon.values, [float(r["lon"]) for r in table], what="lon")
            close(data.pressure.values, [float(r["pressure"]) for r in table], relative=1e-6, what="pressure")
            assert [str(t)[:19] for t in data.time.values] == [r["time"] for r in table]
        lines = (f / "tracks.txt").read_text().splitlines()
        starts = [line.split("\t") for line in lines if line.startswith("start")]
        assert sum(int(s[1]) for s in starts) == len(table) == len(lines) - len(starts)
        geo = json.loads((f / "tracks.geojson").read_text())
        assert [feature["properties"]["track_id"] for feature in geo["features"]] == sorted(set(map(int, ids)))
        assert sum(len(feature["properties"]["time"]) for feature in geo["features"]) == len(table)
        with xr.open_dataset(f / "map.nc") as data:
            assert int(data.track.count()) == len(table)
        with xr.open_dataset(f / "points.nc") as data:
            assert data.attrs["featureType"] == "point" and data.sizes["obs"] >= len(table)
        for name in ("tracks.nc", "map.nc", "points.nc"):
            expect(isotach("validate", f / name), 0)


def test_a_list_of_nothing_is_a_file_too():
    xr = need_module("xarray")
    with Folder() as f:
        path = pipeline(f, storm("p", "Pstorm.cdf", "p", "Pa"), """
  - cyclones: {variable: p, contours: [{rise: 90000, distance: 600}], as: centres}
  - tracks: {}
""", """
  - {file: tracks.nc}
  - {file: tracks.csv}
  - {file: tracks.txt}
  - {file: tracks.geojson}
  - {input: centres, file: points.nc, form: list}
""")
        expect(isotach("run", path), 0)
        with xr.open_dataset(f / "tracks.nc") as data:
            assert data.sizes["obs"] == 0 and data.track_id.size == 0
        assert rows(f / "tracks.csv") == [] and (f / "tracks.txt").read_text() == ""
        assert json.loads((f / "tracks.geojson").read_text())["features"] == []
        expect(isotach("validate", f / "points.nc"), 0)


def test_faults_are_told_before_data_are_read():
    with Folder() as f:
        for stages, outputs, words in (
            ("  - tracks: {input: p}\n", "  - {file: a.nc}\n", "is no list of objects"),
            ("  - objects: {at-least: 1}\n", "  - {file: a.csv, form: grid}\n", "holds a list, no grid"),
            ("  - objects: {at-least: 1}\n", "  - {input: p, file: a.csv}\n", "is a field, no list"),
            ("  - objects: {}\n", "  - {file: a.nc}\n", "needs a condition"),
            ("  - cyclones: {variable: q}\n", "  - {file: a.nc}\n", "there is no variable `q`"),
            ("  - cyclones: {variable: p, contours: [{rise: 0, distance: 1}]}\n", "  - {file: a.nc}\n", "not 0"),
            ("  - exceed: {}\n", "  - {file: a.nc}\n", "needs `threshold` or `climatology`"),
        ):
            path = pipeline(f, storm("p", "Pstorm.cdf", "p", "Pa"), stages, outputs)
            result = expect(isotach("check", path), 78)
            assert words in result.err, (stages, result.err)


def test_the_same_bytes_with_one_thread_and_with_four_and_little_memory():
    with Folder() as f:
        bytes_ = []
        for options in (["--threads", "1"], ["--threads", "4"], ["--threads", "2", "--memory", "160MiB"]):
            path = pipeline(f, storm("p", "Pstorm.cdf", "p", "Pa"), """
  - cyclones: {variable: p, merge: 660, contours: [{rise: 200, distance: 600}], as: centres}
  - tracks: {range: 900, gap: 1, steps: 6}
""", """
  - {file: tracks.nc}
  - {file: tracks.geojson}
  - {input: centres, file: centres.nc}
""")
            expect(isotach("run", path, *options, env={"SOURCE_DATE_EPOCH": "1000000000"}), 0)
            bytes_.append([(f / n).read_bytes() for n in ("tracks.nc", "tracks.geojson", "centres.nc")])
            for n in ("tracks.nc", "tracks.geojson", "centres.nc"):
                (f / n).unlink()
        assert bytes_[0] == bytes_[1] == bytes_[2]


def bumps(folder, np, netCDF4, name, times, ny, nx, seed, share):
    """Noise with round bumps; the class is that of the cell in the bump's middle and next to it."""
    random = np.random.default_rng(seed)
    field = random.normal(0, 0.3, (times, ny, nx))
    event = np.zeros((times, ny, nx), "i1")
    y, x = np.mgrid[:ny, :nx]
    for t in range(times):
        if random.random() < share or ny > 12:
            for _ in range(1 if ny <= 12 else 6):
                j, i = (ny // 2, nx // 2) if ny <= 12 else (random.integers(8, ny - 8), random.integers(0, nx))
                dx = (x - i + nx // 2) % nx - nx // 2 if ny > 12 else x - i
                far = np.hypot(y - j, dx)
                field[t] += 2.5 * np.exp(-(far / 2) ** 2)
                event[t][far < 1.5] = 1
    with netCDF4.Dataset(folder / name, "w") as out:
        for n, size in (("time", times), ("lat", ny), ("lon", nx)):
            out.createDimension(n, size)
        out.createVariable("time", "f8", ("time",))[:] = np.arange(times)
        out["time"].units = "days since 2000-01-01"
        step = 360 / nx if ny > 12 else 3
        out.createVariable("lat", "f8", ("lat",))[:] = -60 + 3 * np.arange(ny)
        out["lat"].units = "degrees_north"
        out.createVariable("lon", "f8", ("lon",))[:] = step * np.arange(nx)
        out["lon"].units = "degrees_east"
        out.createVariable("x", "f4", ("time", "lat", "lon"))[:] = field
        out["x"].units = "1"
        out.createVariable("event", "i1", ("time", "lat", "lon"))[:] = event
        out["event"].flag_values = np.array([0, 1], "i1")
        out["event"].flag_meanings = "background bump"


def test_a_classifier_of_patches_goes_over_whole_fields_and_is_measured():
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    with Folder() as f:
        bumps(f, np, netCDF4, "patches.nc", 300, 11, 11, 1, 0.5)
        bumps(f, np, netCDF4, "fields.nc", 4, 40, 120, 2, 1)
        path = pipeline(f, """
  patches: {files: patches.nc, variable: x}
  labels: {files: patches.nc, variable: event}
  fields: {files: fields.nc, variable: x}
  truth: {files: fields.nc, variable: event}
""", """
  - train:
      input: patches
      target: labels
      network: [{conv: {filters: 6, kernel: 4, padding: valid}}, relu, {max-pool: {kernel: 2}}, flatten, {dense: {units: 8}}, relu, {dense: {units: 2}}]
      loss: {cross-entropy: {classes: 2}}
      rate: 0.01
      batch: 30
      steps: 150
      patch: 11
      model: net.onnx
      as: net
  - detect: {input: fields, model: net, stride: 1, as: dense}
  - detect: {input: fields, model: net, stride: 2, as: coarse}
  - objects: {input: dense, variable: event_probability_bump, at-least: 0.5, cells: 2, name: bump, as: found}
  - verify:
      truth: truth
      methods: {dense: dense, coarse: coarse}
      within: 700
      json: scores.json
""", """
  - {input: dense, file: dense.nc}
  - {input: coarse, file: coarse.nc}
  - {input: found, file: found.csv}
""")
        result = isotach("run", path)
        expect(result, 0)
        with netCDF4.Dataset(f / "dense.nc") as a, netCDF4.Dataset(f / "coarse.nc") as b, \
                netCDF4.Dataset(f / "fields.nc") as t:
            p, q = a["event_probability_bump"][:], b["event_probability_bump"][:]
            rows_ = p.mask.all(axis=(0, 2)).astype(int).tolist()
            assert rows_ == [1] * 5 + [0] * 30 + [1] * 5 and not p.mask[:, 5:35].any(), (rows_, p.mask[0, 10].astype(int))
            # The seam in longitude is inside, and cells of the coarse map that a window stands for agree.
            close(q[:, 5:35:2, 1::2], p[:, 5:35:2, 1::2], absolute=1e-4, what="stride 2")
            total = a["event_probability_bump"][:] + a["event_probability_background"][:]
            close(total.compressed(), np.ones(total.count()), absolute=1e-5, what="sum of probabilities")
            said = np.ma.filled(a["event"][:], 0)
            close(said[:, 5:35], (p[:, 5:35] > 0.5).astype(int), what="most likely class")
            truth = t["event"][:].filled()
            # The same numbers by other ways.
            scores = {(s["method"], s["metric"]): s["value"] for s in json.loads((f / "scores.json").read_text())["scores"]}
            known = ~(p.mask | q.mask)
            y, x, s = truth[known] == 1, p.data[known], said[known] == 1
            tp, fp, fn = int((y & s).sum()), int((~y & s).sum()), int((y & ~s).sum())
            for name, value in (("tp", tp), ("fp", fp), ("fn", fn), ("f1", 2 * tp / (2 * tp + fp + fn)),
                                ("iou", tp / (tp + fp + fn)), ("precision", tp / (tp + fp)),
                                ("recall", tp / (tp + fn)), ("brier", ((x - y) ** 2).mean())):
                close(scores["dense", name], value, relative=1e-6, what=name)
            rank = np.empty(x.size)
            order = np.argsort(x, kind="stable")
            rank[order] = np.arange(1, x.size + 1)
            auc = (rank[y].sum() - y.sum() * (y.sum() + 1) / 2) / (y.sum() * (~y).sum())
            close(scores["dense", "roc-auc"], auc, absolute=2e-3, what="roc-auc")
            order = np.argsort(-x, kind="stable")
            hits = np.cumsum(y[order])
            ap = (hits / np.arange(1, x.size + 1))[y[order]].mean()
            close(scores["dense", "pr-auc"], ap, absolute=2e-2, what="pr-auc")
            assert scores["dense", "roc-auc"] > 0.95 and scores["dense", "pod-within"] > 0.9, scores
            assert scores["dense", "pod-within"] >= scores["dense", "recall"]
        return f"roc-auc {scores['dense', 'roc-auc']:.3f}, {len(rows(f / 'found.csv'))} objects"


def test_best_tracks_are_matched():
    """Centres of January 1996 beside tracks made by hand: one near, one far, one at a time that is not there."""
    with Folder() as f:
        stages = """
  - cyclones: {variable: p, merge: 660, contours: [{rise: 200, distance: 600}], as: centres}
  - tracks: {range: 900, gap: 1, duration: 24, displacement: 1000, as: found}
  - match: {input: found, best: best.csv, distance: 300, json: scores.json}
"""
        outputs = "  - {input: found, file: tracks.csv}\n"
        (f / "best.csv").write_text("SID,SEASON,ISO_TIME,LAT,LON\n ,Year,,degrees_north,degrees_east\n"
                                    "A,1996,1996-01-05 00:00:00,10,10\n")
        path = pipeline(f, storm("p", "Pstorm.cdf", "p", "Pa"), stages, outputs)
        expect(isotach("run", path), 0)
        made = rows(f / "tracks.csv")
        first = [r for r in made if r["track_id"] == made[0]["track_id"]]
        lines = ["SID,SEASON,ISO_TIME,LAT,LON", " ,Year,,degrees_north,degrees_east"]
        # Half a degree north of each point of a track; another nowhere; one outside the grid and one in another year.
        lines += [f"A,1996,{r['time'].replace('T', ' ')},{float(r['lat']) + 0.5},{r['lon']}" for r in first]
        lines += [f"B,1996,{r['time'].replace('T', ' ')},21,{float(r['lon'])}" for r in first[:3]]
        lines += ["C,1996,1996-01-08 00:00:00,-10,100", "D,1990,1990-01-08 00:00:00,40,-70"]
        (f / "best.csv").write_text("\n".join(lines) + "\n")
        expect(isotach("run", path), 0)
        scores = {s["metric"]: s["value"] for s in json.loads((f / "scores.json").read_text())["scores"]}
        n, m = len(first), len(made)
        close(scores["pod"], n / (n + 3), relative=1e-9, what="pod")
        assert scores["far"] <= (m - n) / m + 1e-9 and scores["track_hit_rate"] == 0.5, scores
        close(scores["distance"], 0.5 * 111.2, absolute=0.5, what="distance")
        (f / "best.csv").write_text("SID,LAT,LON\nA,1,2\n")
        assert "iso_time or time" in expect(isotach("check", path), 78).err


def ibtracs(path, np, netCDF4, storms, time="iso_time", format="NETCDF4"):
    """A file in the layout of IBTrACS v04: rows of (storm, date_time), filled up; texts are arrays of characters."""
    steps = max(len(points) for _, points in storms) + 3
    with netCDF4.Dataset(path, "w", format=format) as out:
        for name, size in (("storm", len(storms)), ("date_time", steps), ("niso", 19), ("charsn", 13)):
            out.createDimension(name, size)
        more = {"zlib": True} if format == "NETCDF4" else {}
        sid = out.createVariable("sid", "S1", ("storm", "charsn"), **more)
        lat = out.createVariable("lat", "f4", ("storm", "date_time"), fill_value=-9999.0, **more)
        lon = out.createVariable("lon", "f4", ("storm", "date_time"), fill_value=-9999.0, **more)
        if time == "iso_time":
            iso = out.createVariable("iso_time", "S1", ("storm", "date_time", "niso"), **more)
        else:
            days = out.createVariable("time", "f8", ("storm", "date_time"), fill_value=-9999000.0, **more)
            days.units, days.calendar = "days since 1858-11-17 00:00:00", "standard"
        for k, (name, points) in enumerate(storms):
            sid[k] = np.array(list(name.ljust(13)), "S1")
            for n, (when, y, x) in enumerate(points):
                lat[k, n], lon[k, n] = y, x
                if time == "iso_time":
                    iso[k, n] = np.array(list(when), "S1")
                else:
                    then = np.datetime64(when.replace(" ", "T")) - np.datetime64("1858-11-17T00:00:00")
                    days[k, n] = then / np.timedelta64(1, "D")


def test_best_tracks_of_netcdf_are_those_of_csv():
    """The layout of IBTrACS v04 made here (texts or numbers of time, classic and compressed, longitudes both ways), and the
    real file beside a CSV file made of it by netCDF4."""
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    stages = """
  - cyclones: {variable: p, merge: 660, contours: [{rise: 200, distance: 600}], as: centres}
  - tracks: {range: 900, gap: 1, duration: 24, displacement: 1000, as: found}
  - match: {input: found, best: BEST, distance: 300, json: scores.json}
"""
    outputs = "  - {input: found, file: tracks.csv}\n"
    with Folder() as f:
        (f / "best.csv").write_text("track_id,time,lat,lon\nA,1996-01-05 00:00:00,10,10\n")
        path = pipeline(f, storm("p", "Pstorm.cdf", "p", "Pa"), stages.replace("BEST", "best.csv"), outputs)
        expect(isotach("run", path), 0)
        storms = {}
        for n, row in enumerate(rows(f / "tracks.csv")):
            x = float(row["lon"])
            # Longitudes from -180 and from 0 on, half a degree north of what was found; some a long way off.
            place = (row["time"].replace("T", " ").rstrip("Z"), float(row["lat"]) + (0.5 if n % 5 else 9.0),
                     x % 360 if n % 2 else (x + 180) % 360 - 180)
            storms.setdefault(f"1996{int(row['track_id']):03d}N12345"[:13], []).append(place)
        storms = list(storms.items())
        (f / "best.csv").write_text("track_id,time,lat,lon\n" + "".join(
            f"{name},{when},{y!r},{x!r}\n" for name, points in storms for when, y, x in points))
        expect(isotach("run", path), 0)
        first = json.loads((f / "scores.json").read_text())["scores"]
        value = {s["metric"]: s["value"] for s in first}
        assert 0.7 < value["pod"] < 1 and value["distance"] > 50, value
        for time, format in (("iso_time", "NETCDF4"), ("time", "NETCDF4"), ("iso_time", "NETCDF3_CLASSIC"),
                             ("time", "NETCDF4_CLASSIC")):
            ibtracs(f / "best.nc", np, netCDF4, storms, time, format)
            path = pipeline(f, storm("p", "Pstorm.cdf", "p", "Pa"), stages.replace("BEST", "best.nc"), outputs)
            expect(isotach("run", path), 0)
            for a, b in zip(first, json.loads((f / "scores.json").read_text())["scores"], strict=True):
                assert a["metric"] == b["metric"] and a["n"] == b["n"]
                close(b["value"], a["value"], absolute=1e-4, what=f"{a['metric']} {time} {format}")
        with netCDF4.Dataset(f / "best.nc", "w") as out:
            out.createDimension("x", 2)
            out.createVariable("lat", "f4", ("x",))[:] = [1, 2]
        assert "has no variable lon" in expect(isotach("check", path), 78).err
        (f / "best.nc").write_bytes(b"CDF\x01\0\0")
        expect(isotach("check", path), 78)
        # The real file, and objects at the very places of its storms.
        source = need_shared("detection/ibtracs_2_storms_v04r00.nc")
        with netCDF4.Dataset(source) as data:
            iso, lat, lon = data["iso_time"][:], data["lat"][:], data["lon"][:]
            lines = [f"{b''.join(data['sid'][k].compressed()).decode()},"
                     f"{b''.join(iso[k, n].filled(b'')).decode()},{float(lat[k, n])!r},{float(lon[k, n])!r}"
                     for k in range(lat.shape[0]) for n in range(lat.shape[1]) if not np.ma.is_masked(lat[k, n])]
        (f / "best.csv").write_text("track_id,time,lat,lon\n" + "\n".join(lines) + "\n")
        n = 60
        with netCDF4.Dataset(f / "field.nc", "w") as out:
            for name, values, units in (("time", 3.0 * np.arange(n), "hours since 2021-01-01 00:00:00"),
                                        ("lat", -30 + 0.5 * np.arange(80), "degrees_north"),
                                        ("lon", 90 + 0.5 * np.arange(100), "degrees_east")):
                out.createDimension(name, values.size)
                out.createVariable(name, "f8", (name,))[:] = values
                out[name].units = units
            y, x = np.meshgrid(-30 + 0.5 * np.arange(80), 90 + 0.5 * np.arange(100), indexing="ij")
            field = np.zeros((n, 80, 100))
            for k in range(lat.shape[0]):
                for m in range(lat.shape[1]):
                    when = b"".join(iso[k, m].filled(b"")).decode()
                    if when:
                        t = (np.datetime64(when.replace(" ", "T")) - np.datetime64("2021-01-01")) / np.timedelta64(3, "h")
                        if t == int(t) and 0 <= t < n and m % 3:
                            field[int(t)] += np.hypot(y - lat[k, m], x - lon[k, m]) < 1
            out.createVariable("x", "f4", ("time", "lat", "lon"))[:] = field
            out["x"].units = "1"
        found = []
        for best in ("best.csv", str(source)):
            path = pipeline(f, "  x: {files: field.nc, variable: x}\n", f"""
  - objects: {{at-least: 0.5, as: found}}
  - match: {{input: found, best: {best}, distance: 200, json: scores.json}}
""", "  - {input: found, file: found.csv}\n")
            expect(isotach("run", path), 0)
            found.append([(s["metric"], s["value"], s["n"]) for s in json.loads((f / "scores.json").read_text())["scores"]])
        assert found[0] == found[1] and 0.5 < found[0][0][1] < 0.9 and found[0][0][2] > 40, found
        return f"{found[0][0][2]} points of the real file, pod {found[0][0][1]:.3f}"


def test_a_network_says_boxes_and_an_autoencoder_learns_beside_it():
    """Bumps in noise: boxes block by block (loss box-grid), half of the fields without labels and a decoder that learns from
    all; thresholds chosen on some times and applied to others; the boxes are those that were put in."""
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    with Folder() as f:
        bumps(f, np, netCDF4, "learn.nc", 40, 40, 120, 1, 1)
        bumps(f, np, netCDF4, "test.nc", 8, 40, 120, 2, 1)
        path = pipeline(f, """
  learn: {files: learn.nc, variable: x}
  learn-truth: {files: learn.nc, variable: event}
  test: {files: test.nc, variable: x}
  test-truth: {files: test.nc, variable: event}
""", """
  - mark-boxes: {input: learn-truth, labelled: {times: [0, 19]}, as: targets}
  - mark-boxes: {input: test-truth, as: test-targets}
  - train:
      input: learn
      target: targets
      network:
        - {conv: {filters: 8, kernel: 5}}
        - relu
        - {max-pool: {kernel: 2}}
        - {conv: {filters: 16, kernel: 3}}
        - relu
        - {max-pool: {kernel: 2}}
        - {conv: {filters: 16, kernel: 3}}
        - relu
        - {rebuild: {layers: [{conv: {filters: 8, kernel: 3}}, relu, {resize: {scale: 4}}, {conv: {filters: 1, kernel: 3}}], weight: 0.2}}
        - {conv: {filters: 5, kernel: 1}}
        - {resize: {scale: 4, method: nearest}}
      loss: {box-grid: {stride: 4, coordinates: 40}}
      rate: 0.005
      schedule: cosine
      batch: 8
      steps: 1000
      patch: 40
      model: net.onnx
      as: net
  - predict: {input: test, model: net, as: said}
  - boxes: {input: said, stride: 4, at-least: 0.05, overlap: 0.3, as: found}
  - boxes: {input: test-targets, stride: 1, overlap: 1, as: true}
  - match:
      input: found
      best: true
      overlap: 0.25
      by: probability
      threshold: best
      choose: {times: [0, 3]}
      reliability: 4
      json: scores.json
""", """
  - {input: found, file: found.csv}
  - {input: true, file: true.csv}
  - {input: found, file: map.nc, form: grid}
  - {input: said, file: said.nc}
""")
        expect(isotach("run", path), 0)
        told = json.loads((f / "scores.json").read_text())
        scores = {s["metric"]: s["value"] for s in told["scores"]}
        assert "threshold chosen on 2000-01-01 to 2000-01-04" in told["scores"][0]["period"], told["scores"][0]
        assert scores["average_precision"] > 0.6 and scores["pod"] > 0.6 and scores["far"] < 0.4, scores
        # The same boxes and scores by other ways: overlaps on the sphere in numpy.
        said, true = rows(f / "found.csv"), rows(f / "true.csv")

        def overlap(a, b):
            a, b = ({k: float(r[k]) for k in ("south", "north", "west", "east")} for r in (a, b))
            area = lambda s, n, w: max(0, np.sin(np.radians(n)) - np.sin(np.radians(s))) * max(0, w)
            wide = sum(max(0, min(a["east"], b["east"] + turn) - max(a["west"], b["west"] + turn)) for turn in (-360, 0, 360))
            common = area(max(a["south"], b["south"]), min(a["north"], b["north"]), wide)
            both = sum(area(r["south"], r["north"], r["east"] - r["west"]) for r in (a, b)) - common
            return common / both

        late = [r for r in said if r["time"] >= "2000-01-05" and float(r["probability"]) >= scores["threshold"] - 1e-7]
        points = [r for r in true if r["time"] >= "2000-01-05"]
        near = np.array([[a["time"] == b["time"] and overlap(a, b) >= 0.25 for a in late] for b in points])
        close(scores["pod"], near.any(axis=1).mean(), relative=1e-6, what="pod")
        close(scores["far"], 1 - near.any(axis=0).mean(), relative=1e-6, what="far")
        for a in range(len(said)):
            for b in range(a):
                if said[a]["time"] == said[b]["time"]:
                    assert overlap(said[a], said[b]) <= 0.3 + 1e-6, (said[a], said[b])
        bins = told["reliability"][0]["bins"]
        assert sum(b["n"] for b in bins) == sum(r["time"] >= "2000-01-05" for r in said)
        # What the network says is the same in all cells of a block.
        with netCDF4.Dataset(f / "said.nc") as data:
            p = data["box_probability_bump"][:]
            assert np.ptp(p.reshape(8, 10, 4, 30, 4), axis=(2, 4)).max() == 0
            row = data["box_row"][:].filled() + np.arange(40)[None, :, None]
            assert np.ptp(row.reshape(8, 10, 4, 30, 4), axis=(2, 4)).max() < 1e-4
        expect(isotach("validate", f / "map.nc"), 0)
        return f"average precision {scores['average_precision']:.2f}, pod {scores['pod']:.2f}, far {scores['far']:.2f}"


def test_fronts_of_four_kinds_are_told_apart_by_the_wind():
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    fields = "".join(storm(n, f"{n.upper()}storm.cdf", n, u) for n, u in (("p", "Pa"), ("t", "K"), ("u", "m s-1"), ("v", "m s-1")))
    keys = "pressure: p, u: u, v: v, temperature: t"
    with Folder() as f:
        path = pipeline(f, fields, f"""
  - stack: {{inputs: [p, t, u, v], as: all}}
  - scenes: {{input: all, event: front-types, patch: 15, count: 400, seed: 4, {keys}, as: patches}}
""", "  - {input: patches, file: patches.nc}\n")
        expect(isotach("run", path), 0)
        with netCDF4.Dataset(f / "patches.nc") as data:
            label = np.ma.filled(data["event"][:], 0)[:, 7, 7]
            assert data["event"].flag_meanings == "none cold warm stationary occluded"
            assert all(25 <= (label == k).sum() <= 80 for k in (1, 2, 3, 4)), np.bincount(label)
            t, u, v = (np.ma.filled(data[n][:], np.nan).astype(float) for n in "tuv")
        with netCDF4.Dataset(debian("Tstorm.cdf")) as data:
            up = 1 if data["lat"][1] > data["lat"][0] else -1
        ty = up * (t[:, 8, 7] - t[:, 6, 7]) / 278
        tx = (t[:, 7, 8] - t[:, 7, 6]) / (556 * np.cos(np.radians(45)))
        # The wind towards the warm air at the line: blowing there behind a cold front, from there behind a warm one.
        size = np.hypot(tx, ty)
        speed = (u[:, 7, 7] * tx + v[:, 7, 7] * ty) / size
        mean = {k: np.nanmedian(speed[label == k]) for k in (1, 2, 3)}
        assert mean[1] > 4 and mean[2] < -4 and abs(mean[3]) < 2.5, mean
        # The tongue of an occluded front: warmer in the middle than around it, and no step.
        ring = np.nanmean(np.stack([t[:, 3, 7], t[:, 11, 7], t[:, 7, 3], t[:, 7, 11]]), axis=0)
        assert np.nanmean((t[:, 7, 7] - ring)[label == 4]) > np.nanmean((t[:, 7, 7] - ring)[label == 0]) + 1
        return ", ".join(f"{k}: {m:.1f} m/s" for k, m in mean.items())


def test_scenes_have_what_was_put_into_them():
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    fields = "".join(storm(n, f"{n.upper()}storm.cdf", n, u) for n, u in (("p", "Pa"), ("t", "K"), ("u", "m s-1"), ("v", "m s-1")))
    keys = "pressure: p, u: u, v: v, temperature: t"
    with Folder() as f:
        path = pipeline(f, fields, f"""
  - stack: {{inputs: [p, t, u, v], as: all}}
  - scenes: {{input: all, event: cyclone, patch: 11, count: 200, seed: 4, {keys}, as: patches}}
  - scenes: {{input: all, event: cyclone, patch: 11, count: 200, seed: 4, share: 0, decoys: 0, {keys}, as: plain}}
  - scenes: {{input: all, event: front, events: 2, count: 5, seed: 4, label-radius: 100, {keys}, as: whole}}
""", """
  - {input: patches, file: patches.nc}
  - {input: plain, file: plain.nc}
  - {input: whole, file: whole.nc}
""")
        expect(isotach("run", path, "--threads", "2"), 0)
        first = (f / "patches.nc").read_bytes()
        with netCDF4.Dataset(f / "patches.nc") as a, netCDF4.Dataset(f / "plain.nc") as b:
            label = np.ma.filled(a["event"][:], 0)
            centre = label[:, 5, 5] == 1
            assert 70 <= centre.sum() <= 130 and label.sum() == centre.sum() and not b["event"][:].any()
            # Without events the patches are the real field; with them only what an event or a decoy changes differs.
            change = np.ma.filled(a["p"][:] - b["p"][:], 0)
            deep = change[:, 5, 5][centre]
            # Holland's pressure in the middle: the whole deficit, 8 to 100 hPa.
            assert (deep <= -795).all() and (deep >= -10100).all(), (deep.min(), deep.max())
            assert (np.abs(change[centre]).max(axis=(1, 2)) == -deep).all()
            same = (np.abs(change).max(axis=(1, 2)) == 0)
            assert same.sum() > 20 and not (same & centre).any()
            # The wind turns anticlockwise and inwards: east of the centre it goes north and a little west.
            v, u = (a["v"][:] - b["v"][:])[:, 5, 7][centre], (a["u"][:] - b["u"][:])[:, 5, 7][centre]
            known = ~(np.ma.getmaskarray(u) | np.ma.getmaskarray(v))
            v, u = v.data[known], u.data[known]
            assert v.size > 50
            assert (v > 0).all() and (u < 0).all() and (np.abs(u) < v).all()
        with netCDF4.Dataset(f / "whole.nc") as c:
            share = np.ma.filled(c["event"][:], 0).mean()
            assert 0.002 < share < 0.2 and c["p"].shape == (5, 33, 36), share
        (f / "patches.nc").unlink()
        expect(isotach("run", path, "--threads", "1"), 0)


def test_scenes_of_few_fields_differ_and_keep_what_was_asked_for():
    np, netCDF4 = need_module("numpy"), need_module("netCDF4")
    units = (("p", "Pa"), ("t", "K"), ("u", "m s-1"), ("v", "m s-1"))
    fields = "".join(storm(n, f"{n.upper()}storm.cdf", n, u) for n, u in units)
    keys = "pressure: p, u: u, v: v, temperature: t"
    with Folder() as f:
        path = pipeline(f, fields, f"""
  - stack: {{inputs: [p, t, u, v], as: all}}
  - scenes: {{input: all, event: cyclone, events: 0, count: 40, mirror: true, {keys}, as: turned}}
  - scenes: {{input: all, event: cyclone, events: 0, count: 40, mix: true, {keys}, as: mixed}}
  - scenes: {{input: all, event: cyclone, patch: 11, count: 200, seed: 4, weakest: 15, core: 4, {keys}, as: patches}}
  - scenes: {{input: all, event: cyclone, patch: 11, count: 200, seed: 4, share: 0, decoys: 0, {keys}, as: plain}}
  - scenes: {{input: all, event: cyclone, events: 3, count: 40, apart: 900, margin: 8, {keys}, as: whole}}
""", "".join(f"  - {{input: {n}, file: {n}.nc}}\n" for n in ("turned", "mixed", "patches", "plain", "whole")))
        expect(isotach("run", path), 0)

        def read(name, variables="ptuv"):
            with netCDF4.Dataset(name) as data:
                return [np.ma.filled(data[n][:].astype("f8"), np.nan) for n in variables]
        real = [read(debian(f"{n.upper()}storm.cdf"), n)[0] for n, _ in units]
        # Turned around: one of the real fields in one of four ways, the wind with it.
        ways = set()
        for scene in range(40):
            p, t, u, v = (x[scene] for x in read(f / "turned.nc"))
            fits = [(k, j, i) for k in range(64) for j in (1, -1) for i in (1, -1) if np.array_equal(real[0][k, ::j, ::i], p, True)]
            assert len(fits) == 1, fits
            k, j, i = fits[0]
            assert np.array_equal(real[1][k, ::j, ::i], t, True), (k, j, i)
            assert np.array_equal(i * real[2][k, ::j, ::i], u, True) and np.array_equal(j * real[3][k, ::j, ::i], v, True), (k, j, i)
            ways.add((j, i))
        assert len(ways) == 4, ways
        # Mixed: three times at most, with the same weights for all variables; the weights and their squares add up to one.
        mixed = read(f / "mixed.nc")
        base = np.concatenate([x.reshape(64, -1) for x in real], axis=1).T
        known = ~np.isnan(base).any(axis=1)
        scale = np.repeat([1e3, 10, 10, 10], real[0][0].size)
        several = 0
        for scene in range(40):
            x = np.concatenate([m[scene].ravel() for m in mixed])
            w, *_ = np.linalg.lstsq((base / scale[:, None])[known], (x / scale)[known], rcond=None)
            used = np.abs(w) > 1e-3
            assert (np.isnan(x) == np.isnan(base[:, used]).any(axis=1)).all(), "other cells are missing"
            assert used.sum() <= 3 and abs(w.sum() - 1) < 1e-3, w[used]
            if used.sum() == 3:
                several += 1
                assert abs((w ** 2).sum() - 1) < 1e-2, w[used]
        assert several > 25, several
        # The least depth and the least warm core.
        with netCDF4.Dataset(f / "patches.nc") as a, netCDF4.Dataset(f / "plain.nc") as b:
            centre = np.ma.filled(a["event"][:], 0)[:, 5, 5] == 1
            deep, warm = (np.ma.filled(a[n][:] - b[n][:], np.nan)[:, 5, 5][centre] for n in "pt")
            deep, warm = deep[~np.isnan(deep)], warm[~np.isnan(warm)]
            assert warm.size > 50 and deep.max() <= -1495 and deep.min() >= -10100 and (deep < -1600).mean() > 0.8, deep.max()
            assert warm.min() >= 0.7 * (4 + 1.5) - 0.01 and warm.max() <= 1.6 * 14.01, (warm.min(), warm.max())
        # Whole fields: so far from one another and from the edges.
        with netCDF4.Dataset(f / "whole.nc") as c:
            label, lat, lon = np.ma.filled(c["event"][:], 0), np.radians(c["lat"][:]), np.radians(c["lon"][:])
            near = []
            for scene in label:
                j, i = np.nonzero(scene == 1)
                assert len(j) == 3 and j.min() >= 8 and j.max() < 25 and i.min() >= 8 and i.max() < 28, (j, i)
                for a, b in ((0, 1), (0, 2), (1, 2)):
                    x = np.sin(lat[j[a]]) * np.sin(lat[j[b]]) + np.cos(lat[j[a]]) * np.cos(lat[j[b]]) * np.cos(lon[i[a]] - lon[i[b]])
                    near.append(6371.229 * np.arccos(x))
            assert min(near) >= 899, min(near)
        for key, value, what in (("weakest", 0, "100 hPa"), ("core", 30, "20 K"), ("apart", -1, "5000 km"), ("margin", -1, "1000")):
            path = pipeline(f, fields, f"""
  - stack: {{inputs: [p, t, u, v], as: all}}
  - scenes: {{input: all, event: cyclone, count: 2, {key}: {value}, {keys}, as: whole}}
""", "  - {input: whole, file: whole.nc}\n")
            assert what in expect(isotach("check", path), 78).err
        return f"{several} of 40 mixed, nearest {min(near):.0f} km"


if __name__ == "__main__":
    main(globals())
