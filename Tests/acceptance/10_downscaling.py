"""The main job from outside: a network is trained on one part of real data and measured on the other."""
import hashlib
import json

from support import *

EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}
MAIN = PIPELINES / "downscale-temperature.yaml"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_main(folder, *options, text=None, code=0, **more):
    """The main job in a folder of its own, with fewer steps."""
    for name in ("tas_rotated_grid_EUR11.nc", "HSURF_regional_model_0.11deg.nc", "FR-LAND_regional_model_0.11deg.nc"):
        debian(name)
    pipeline = folder / MAIN.name
    pipeline.write_text(text or MAIN.read_text())
    result = isotach("run", pipeline, "--json", *options, env=EPOCH, **more)
    expect(result, code)
    return json.loads(result.out) if code == 0 else result


def value(scores, method, metric):
    found = [s for s in scores if s["method"] == method and s["metric"] == metric]
    assert len(found) == 1, f"{len(found)} scores of {method} {metric}"
    return found[0]["value"]


def test_baselines_are_those_of_numpy():
    # Plain numpy: block means, bilinear between centres with the edge held, a slope through the origin.
    import_numpy = need_module("numpy")
    netcdf = need_module("netCDF4")
    np = import_numpy

    def read(name, variable):
        with netcdf.Dataset(debian(name)) as file:
            return np.squeeze(np.asarray(file[variable][:], "f8"))

    truth = read("tas_rotated_grid_EUR11.nc", "tas")[:408]
    relief = read("HSURF_regional_model_0.11deg.nc", "HSURF")[13:421, 13:437]

    def again(field, factor):
        ny, nx = field.shape
        coarse = field.reshape(ny // factor, factor, nx // factor, factor).mean((1, 3))

        def along(a, n):
            x = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
            low = np.minimum(x.astype(int), n - 2)
            share = (x - low).reshape([-1] + [1] * (a.ndim - 1))
            return a[low] * (1 - share) + a[low + 1] * share
        return along(along(coarse, ny // factor).T, nx // factor).T

    halves = {"west": np.s_[:, :212], "east": np.s_[:, 212:], "upper": np.s_[204:], "lower": np.s_[:204]}
    other = {"west": "east", "east": "west", "upper": "lower"}
    lines = MAIN.read_text().splitlines()
    # Without training: the stages between are not needed for the two classical ways.
    start = next(i for i, line in enumerate(lines) if line.startswith("  - stack:"))
    end = next(i for i, line in enumerate(lines) if line.startswith("  - evaluate:"))
    last = next(i for i, line in enumerate(lines) if line.startswith("outputs:"))
    text = "\n".join(lines[:start] + lines[end:last]).replace(", network: downscaled", "")
    with Folder() as folder:
        for factor in (4, 8):
            first, smooth = again(truth, factor), again(relief, factor)
            for split, rest in other.items():
                train, unseen = halves[split], halves[rest]
                x, y = (relief - smooth)[train], (truth - first)[train]
                lapse = first + (x * y).sum() / (x * x).sum() * (relief - smooth)
                report = run_main(folder, "--set", f"factor={factor}", "--set", f"split={split}", text=text)
                table = folder / f"out/scores_{factor}x_{split}.json"
                assert [Path(p) for p in report["written"]] == [table], report["written"]
                assert json.loads(table.read_text())["scores"] == report["scores"]
                for method, field in (("bilinear", first), ("lapse rate", lapse)):
                    error = (field - truth)[unseen]
                    for metric, expected in (("rmse", np.sqrt((error ** 2).mean())), ("mae", abs(error).mean()),
                                             ("bias", error.mean())):
                        found = value(report["scores"], method, metric)
                        assert abs(found - expected) < 2e-5, (factor, split, method, metric, found, expected)
                assert {s["n"] for s in report["scores"]} == {error.size}
                assert {(s["region"], s["period"], s["variable"]) for s in report["scores"]} == {("unseen", "all", "tas")}


def test_the_network_beats_both():
    with Folder() as folder:
        report = run_main(folder, "--set", "steps=120")
        scores = report["scores"]
        rmse = {m: value(scores, m, "rmse") for m in ("bilinear", "lapse rate", "conserving", "network")}
        assert rmse["network"] < 0.9 * rmse["lapse rate"] < rmse["bilinear"], rmse
        assert rmse["network"] < 0.8 * rmse["conserving"], rmse
        names = [Path(p).name for p in report["written"]]
        assert names == ["downscale-temperature-4x-west.onnx", "scores_4x_west.json",
                         "tas_EUR-11_from_4x_west.nc", "scores_4x_west.nc"], names
        for path in report["written"]:
            assert Path(path).is_file(), path
        assert sorted(p.name for p in (folder / "out").iterdir()) == sorted(names), "something else was left"
        expect(isotach("validate", folder / "out/tas_EUR-11_from_4x_west.nc"), 0)
        model = digest(folder / "out" / names[0])
        netcdf = need_module("netCDF4")
        with netcdf.Dataset(folder / "out" / names[2]) as file:
            assert model in file.source and names[0] in file.source, file.source
            assert file["tas"].standard_name == "air_temperature" and file["tas"].units == "K"
        with netcdf.Dataset(folder / "out" / names[3]) as file:
            error = file["tas_rmse"]
            assert error.standard_name == "air_temperature standard_error" and error.units == "K"
            assert error.units_metadata == "temperature: difference"
            methods = file["method"].labels.split(", ")
            found = dict(zip(methods, error[:].ravel().tolist()))
            assert found.keys() == rmse.keys() and all(abs(found[m] - rmse[m]) < 1e-6 for m in rmse), found
        return ", ".join(f"{k} {v:.3f}" for k, v in rmse.items())


def test_the_table_is_printed():
    with Folder() as folder:
        written = run_main(folder, "--set", "steps=2")["written"]
        result = expect(isotach("run", folder / MAIN.name, "--set", "steps=2", "--quiet", env=EPOCH), 0)
        assert result.err == "", result.err
        lines = result.out.splitlines()
        assert [Path(line).name for line in lines[:4]] == [Path(p).name for p in written], lines
        assert lines[4] == "tas [K], unseen" and lines[5].split()[:2] == ["method", "rmse"], lines
        assert [line.split("  ")[0] for line in lines[6:]] == ["bilinear", "lapse rate", "conserving", "network"], lines


def test_threads_and_memory_give_the_same_bytes():
    with Folder() as folder:
        found = []
        for options in (["--threads", "1"], ["--threads", "2"], ["--threads", "2", "--memory", "160MiB"]):
            report = run_main(folder, "--set", "steps=8", *options)
            found.append({Path(p).name: digest(Path(p)) for p in report["written"]})
        assert found[0] == found[1] == found[2], found


def test_tiles_are_the_whole_field():
    numpy, netcdf = need_module("numpy"), need_module("netCDF4")
    text = MAIN.read_text().replace("model: network, as: predicted", "model: network, tile: 512, as: predicted")
    tiled = text.replace("tile: 512", "tile: 64")
    assert text != tiled
    fields = []
    with Folder() as folder:
        for version in (text, tiled):
            run_main(folder, "--set", "steps=8", text=version)
            with netcdf.Dataset(folder / "out/tas_EUR-11_from_4x_west.nc") as file:
                fields.append(numpy.asarray(file["tas"][:], "f8"))
    worst = abs(fields[0] - fields[1]).max()
    # float32 of 280 K has steps of 3e-5.
    assert worst < 6.2e-5, worst


def test_killed_and_resumed_is_uninterrupted():
    text = MAIN.read_text().replace("seed: \"{seed}\"", "seed: \"{seed}\"\n      checkpoint: {every: 3}")
    with Folder() as folder:
        whole = run_main(folder, "--set", "steps=24", text=text)
        expected = {Path(p).name: digest(Path(p)) for p in whole["written"]}
        shutil.rmtree(folder / "out")
        command = [ISOTACH, "run", str(folder / MAIN.name), "--set", "steps=24", "--json", "--resume"]
        killed = 0
        for delay in (0.8, 1.6, 2.4):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env=dict(os.environ, **EPOCH))
            time.sleep(delay)
            if process.poll() is None:
                process.kill()
                killed += 1
            process.wait()
            assert not list((folder / "out").glob("*.nc")) or process.returncode == 0
        report = run_main(folder, "--set", "steps=24", "--resume", text=text)
        found = {Path(p).name: digest(Path(p)) for p in report["written"]}
        assert found == expected, (found, expected)
        assert sorted(p.name for p in (folder / "out").iterdir()) == sorted(expected), "litter was left"
        assert killed, "it was never killed in time"
        return f"killed {killed} times"


def small(folder):
    """A pipeline that only trains, in a moment; the model has 26 kB, the state three times as much."""
    text = MAIN.read_text()
    start, end = text.index("  - predict:"), text.index("metadata:")
    text = text[:start] + text[end:]
    text = text.replace("{unet: {base: 24, depth: 3}}", "{srcnn: {filters: [16, 8]}}")
    text = text.replace("patch: 64", "patch: 32").replace("batch: 8", "batch: 2")
    (folder / MAIN.name).write_text(text)
    return folder / MAIN.name


def test_a_model_that_cannot_be_written():
    debian("tas_rotated_grid_EUR11.nc")
    with Folder() as folder:
        pipeline = small(folder)
        result = expect(isotach("run", pipeline, "--set", "steps=2", file_size=1 << 13), 73)
        assert "cannot be written" in result.err and ".onnx" in result.err, result.err
        left = sorted(p.name for p in (folder / "out").iterdir())
        assert left == [], left
        expect(isotach("run", pipeline, "--set", "steps=2"), 0)


def test_a_full_or_read_only_disk():
    debian("tas_rotated_grid_EUR11.nc")
    with Folder() as folder:
        pipeline = small(folder)
        (folder / "out").mkdir()
        if run("mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", folder / "out").code != 0:
            raise Skip("a file system cannot be mounted here")
        try:
            result = expect(isotach("run", pipeline, "--set", "steps=2"), 73)
            assert "No space left" in result.err and ".onnx" in result.err, result.err
            assert list((folder / "out").iterdir()) == []
            expect(run("mount", "-o", "remount,ro", folder / "out"), 0)
            for command in ("check", "run"):
                result = expect(isotach(command, pipeline, "--set", "steps=2"), 73)
                assert "read-only" in result.err.lower(), result.err
        finally:
            run("umount", folder / "out")


def test_more_steps_than_the_state_was_made_for():
    debian("tas_rotated_grid_EUR11.nc")
    with Folder() as folder:
        pipeline = small(folder)
        pipeline.write_text(pipeline.read_text().replace("batch: 2", "batch: 2\n      checkpoint: {every: 2}"))
        command = [ISOTACH, "run", str(pipeline), "--set", "steps=200000", "--resume"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            state = folder / "out/downscale-temperature-4x-west.onnx.state"
            deadline = time.monotonic() + 300
            while not state.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
        before = digest(state)
        result = expect(isotach("run", pipeline, "--set", "steps=300000", "--resume"), 1)
        assert "training of 200000 steps" in result.err and "`from`" in result.err, result.err
        assert digest(state) == before, "the state was changed"
        # A finished model is trained on from its numbers.
        expect(isotach("run", pipeline, "--set", "steps=3"), 0)
        text = pipeline.read_text().replace("      model: \"out/", "      from: out/first.onnx\n      model: \"out/")
        (folder / "out/downscale-temperature-4x-west.onnx").rename(folder / "out/first.onnx")
        pipeline.write_text(text)
        expect(isotach("run", pipeline, "--set", "steps=3"), 0)


def test_a_signal_stops_the_training_at_once():
    with Folder() as folder:
        (folder / MAIN.name).write_text(MAIN.read_text())
        process = subprocess.Popen([ISOTACH, "run", str(folder / MAIN.name), "--set", "steps=5000"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(3)
        begin = time.monotonic()
        process.terminate()
        process.communicate(timeout=300)
        assert process.returncode == 143, process.returncode
        seconds = time.monotonic() - begin
        assert seconds < 6, seconds
        left = [p.name for p in (folder / "out").iterdir() if not p.name.endswith(".state")] \
            if (folder / "out").exists() else []
        assert left == [], left
        return f"{seconds:.2f} s"


def test_wrong_networks_are_found_before_the_run():
    text = MAIN.read_text()
    # Whatever the main job's network is at the moment.
    line = re.search(r"^      network: .*$", text, re.MULTILINE)
    assert line and "unet" in line.group(), "the main job's network is no longer declared in one line"

    def network(value):
        return text.replace(line.group(), f"      network: {value}")

    several = """
        - conv: {filters: 16}
        - conv: {filters: 12, groups: 3}
        - conf: {filters: 8}
        - conv: {filters: 8, kernel: 99, padding: valid}
        - skip: {layers: [{max-pool: 3}, {resize: 3}]}
        - conv: {filters: 2}"""
    cases = [
        (network("{unet: {base: 16, depth: 4}}"), ["multiple of 16"]),
        (network("{unet: {base: 4, depth: 7}}"), ["divisible by 128", "64 x 64"]),
        (network("{unet: {outputs: 2}}"), ["channels", "expected 1, found 2"]),
        (network("{unett: {base: 16}}"), ["unett", "did you mean `unet`"]),
        # Channels, an unknown layer, a negative size, a size that is not divisible, and the output: all at once.
        (network(several), ["layer 1: 16 input channels and 12 filters", "16 x 64 x 64", "no layer `conf`",
                            "layer 3: Conv", "8 x 64 x 64", "99", "layer 4: ", "divisible by 3",
                            "the channels of its output: expected 1, found 2"]),
        (text.replace("model: network,", "model: lapse-rate,"), ["makes no model"]),
        (text.replace("input: features, residual: conserving, model", "input: bilinear, residual: conserving, model"),
         ["5 channels"]),
    ]
    with Folder() as folder:
        for wrong, parts in cases:
            assert wrong != text, parts
            (folder / "p.yaml").write_text(wrong)
            result = expect(isotach("check", folder / "p.yaml"), 78)
            for part in parts:
                assert part in result.err, (part, result.err)
            assert not (folder / "out").exists()


if __name__ == "__main__":
    main(globals())
