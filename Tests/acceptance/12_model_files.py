"""Model files: what is trained here runs in ONNX Runtime, what others made runs here, and what does not fit is refused."""
import json
import re

from support import *


def modules():
    """onnx, onnxruntime, numpy, netCDF4."""
    return [need_module(name) for name in ("onnx", "onnxruntime", "numpy", "netCDF4")]


PIPELINE = """name: m
inputs:
  wind: {{files: {file}, variables: [UWND, VWND], attributes: {{units: m s-1}}}}
stages:
  - select: {{input: wind, variables: [UWND], times: [0, 23], rows: [0, 71], as: one}}
  - select: {{input: wind, variables: [VWND], times: [0, 23], rows: [0, 71], as: other}}
{stages}
outputs:
{outputs}
metadata: {{title: x, institution: y}}
"""
TRAIN = """  - train: {input: one, target: other, network: {unet: {base: 4, depth: 2}}, patch: 16, batch: 4, steps: 20, rate: 0.003,
      seed: 1, model: model.onnx%s, as: history}"""


def pipeline(folder, name, stages, outputs=()):
    lines = "\n".join(f"  - {{input: {stream}, file: {file}}}" for stream, file in outputs)
    text = PIPELINE.format(file=debian("monthly_navy_winds.cdf"), stages=stages, outputs=lines)
    if not outputs:
        text = text.replace("outputs:\n\n", "")
    (folder / name).write_text(text)
    return folder / name


def trained(folder, keys=""):
    """A small model, and the fields that it is applied to."""
    path = pipeline(folder, "train.yaml", TRAIN % keys + "\n  - predict: {input: one, model: history, as: made}",
                    [("one", "fields.nc"), ("made", "made.nc")])
    expect(isotach("run", path), 0)


def read(path, name):
    with need_module("netCDF4").Dataset(path) as file:
        return need_module("numpy").ma.filled(file[name][:].astype("f8"), float("nan"))


def test_the_ten_lines_of_the_docs():
    modules()
    xarray = need_module("xarray")
    text = (ROOT / "docs/onnx.md").read_text()
    code = re.search(r"```python\n(import json.*?)```", text, re.S).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    with Folder() as folder:
        trained(folder)
        code = code.replace('"model.onnx"', f'"{folder}/model.onnx"').replace('"fields.nc"', f'"{folder}/fields.nc"')
        names = {}
        exec(code, names)
        found = read(folder / "made.nc", "VWND")
        assert names["values"].shape == found.shape, (names["values"].shape, found.shape)
        worst = abs(names["values"] - found).max()
        assert worst < 1e-5 * abs(found).max(), worst
        return f"differs by {worst:.2g} m s-1"


def test_normalisation_in_the_graph():
    onnx, runtime, np, _ = modules()
    with Folder() as folder:
        trained(folder)
        expect(isotach("model", "convert", folder / "model.onnx", folder / "graph.onnx", "--normalisation", "graph"), 0)
        onnx.checker.check_model(str(folder / "graph.onnx"), full_check=True)
        session = runtime.InferenceSession(str(folder / "graph.onnx"))
        x = read(folder / "fields.nc", "UWND")[:, None].astype("f4")
        y = session.run(None, {"input": x})[0][:, 0]
        found = read(folder / "made.nc", "VWND")
        assert abs(y - found).max() < 1e-5 * abs(found).max()
        # And here: the same numbers from the same fields.
        result = isotach("model", "run", folder / "graph.onnx", folder / "fields.nc", "-o", folder / "again.nc")
        expect(result, 0)
        again = read(folder / "again.nc", "VWND")
        assert abs(again - found).max() < 1e-5 * abs(found).max()
        # Made so from the start.
        with Folder() as other:
            trained(other, ", normalisation: graph")
            assert abs(read(other / "made.nc", "VWND") - found).max() < 1e-6 * abs(found).max()
            y = runtime.InferenceSession(str(other / "model.onnx")).run(None, {"input": x})[0][:, 0]
            assert abs(y - found).max() < 1e-5 * abs(found).max()


def test_precision_is_asked_for_and_named():
    _, _, np, netCDF4 = modules()
    with Folder() as folder:
        path = pipeline(folder, "train.yaml", (TRAIN % "").replace("base: 4", "base: 16"), [("one", "fields.nc")])
        expect(isotach("run", path), 0)

        def source(file):
            with netCDF4.Dataset(folder / file) as data:
                return data.source

        for name in ("fast", "exact", "bf16"):
            expect(isotach("model", "run", folder / "model.onnx", folder / "fields.nc", "--precision", name, "-o",
                           folder / f"{name}.nc"), 0)
        fast, exact, rounded = (read(folder / f"{name}.nc", "VWND") for name in ("fast", "exact", "bf16"))
        assert abs(fast - exact).max() < 1e-5 * abs(exact).max()
        difference = abs(rounded - exact).max() / abs(exact).max()
        assert 1e-5 < difference < 3e-2, difference
        assert "with products in bfloat16" in source("bf16.nc") and "bfloat16" not in source("fast.nc")
        # The plan says which layers are rounded; the same bytes for any number of threads.
        step = "  - predict: {input: one, model: model.onnx%s, as: made}"
        path = pipeline(folder, "p.yaml", step % ", precision: bf16", [("made", "p.nc")])
        result = isotach("plan", path)
        expect(result, 0)
        assert "bfloat16 products in " in result.out and "float32 in Conv" in result.out, result
        for threads in (1, 2):
            expect(isotach("run", path, "--threads", threads), 0)
            (folder / "p.nc").rename(folder / f"p{threads}.nc")
        assert np.array_equal(read(folder / "p1.nc", "VWND"), read(folder / "p2.nc", "VWND"))
        result = isotach("plan", pipeline(folder, "q.yaml", step % "", [("made", "q.nc")]))
        assert "bfloat16" not in result.out, result
        result = isotach("check", pipeline(folder, "r.yaml", step % ", precision: half", [("made", "r.nc")]))
        expect(result, 78)
        assert "bf16" in result.err, result
        result = isotach("model", "run", folder / "model.onnx", folder / "fields.nc", "--precision", "half")
        expect(result, 64)
        return f"{difference:.2g} of the largest value"


def test_weights_go_out_and_in():
    onnx, _, np, _ = modules()
    need_module("safetensors")
    from safetensors.numpy import load_file
    with Folder() as folder:
        trained(folder)
        expect(isotach("model", "convert", folder / "model.onnx", folder / "w.safetensors"), 0)
        weights = load_file(str(folder / "w.safetensors"))
        stored = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(str(folder / "model.onnx")).graph.initializer
                  if t.data_type == onnx.TensorProto.FLOAT}
        assert weights.keys() == stored.keys(), weights.keys() ^ stored.keys()
        assert all(np.array_equal(weights[k], stored[k]) for k in stored)
        # The declaration and the numbers make the same network again (on a plane that is not joined at its sides).
        expect(isotach("model", "convert", folder / "w.safetensors", folder / "back.onnx", "--network", "unet", "--set",
                       "base=4", "--set", "depth=2", "--input", "1x16x16"), 0)
        a, b = onnx.load(str(folder / "model.onnx")).graph, onnx.load(str(folder / "back.onnx")).graph
        a, b = ({t.name: t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT} for graph in (a, b))
        assert a == b and len(b) == len(weights), a.keys() ^ b.keys()
        # Read and written: the same numbers.
        expect(isotach("model", "convert", folder / "model.onnx", folder / "copy.onnx"), 0)
        expect(isotach("model", "convert", folder / "copy.onnx", folder / "copy.safetensors"), 0)
        assert (folder / "copy.safetensors").read_bytes() == (folder / "w.safetensors").read_bytes()
        result = isotach("model", "convert", folder / "w.safetensors", folder / "no.onnx", "--network", "srcnn", "--input", "1x16x16")
        assert result.code == 65 or result.code == 73, result
        assert not (folder / "no.onnx").exists()


def test_a_file_of_another_program():
    onnx, _, np, _ = modules()
    with Folder() as folder:
        trained(folder)
        model = onnx.load(str(folder / "model.onnx"))
        channels = {p.key: json.loads(p.value) for p in model.metadata_props if p.key in ("isotach.inputs", "isotach.outputs")}
        del model.metadata_props[:]
        onnx.save(model, str(folder / "foreign.onnx"))
        step = "  - predict: {input: one, model: foreign.onnx%s, as: made}"
        result = isotach("check", pipeline(folder, "no.yaml", step % "", [("made", "no.nc")]))
        expect(result, 78)
        assert "does not say which variables" in result.err and "`inputs` and `outputs`" in result.err, result
        def stated(channel, units):
            return f"{{name: {channel['name']}, units: {units}, mean: {channel['mean']!r}, deviation: {channel['deviation']!r}}}"
        keys = ", inputs: [%s], outputs: [%s]"
        first, last = channels["isotach.inputs"][0], channels["isotach.outputs"][0]
        path = pipeline(folder, "yes.yaml", step % (keys % (stated(first, "m s-1"), stated(last, "m s-1"))), [("made", "yes.nc")])
        expect(isotach("run", path), 0)
        assert np.array_equal(read(folder / "yes.nc", "VWND"), read(folder / "made.nc", "VWND"))
        # Units that can be converted are, others are refused.
        scaled = dict(first, mean=first["mean"] * 100, deviation=first["deviation"] * 100)
        path = pipeline(folder, "cm.yaml", step % (keys % (stated(scaled, "cm s-1"), stated(last, "m s-1"))), [("made", "cm.nc")])
        expect(isotach("run", path), 0)
        assert abs(read(folder / "cm.nc", "VWND") - read(folder / "made.nc", "VWND")).max() < 1e-4
        result = isotach("check", pipeline(folder, "K.yaml", step % (keys % (stated(first, "K"), stated(last, "m s-1"))), [("made", "K.nc")]))
        expect(result, 78)
        assert "the model was trained with K" in result.err, result
        # What the file says cannot be said otherwise.
        path = pipeline(folder, "two.yaml", (step % (keys % (stated(scaled, "cm s-1"), stated(last, "m s-1")))).replace("foreign", "model"), [("made", "two.nc")])
        result = isotach("check", path)
        expect(result, 78)
        assert "says something else" in result.err, result
        # A first look.
        result = isotach("model", "run", folder / "foreign.onnx", folder / "fields.nc", "--variables", "UWND")
        expect(result, 0)


def test_a_model_with_two_inputs():
    """Channels of the first, then of the second; which is which can be said by name."""
    onnx, runtime, np, _ = modules()
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    def port(name, channels):
        return helper.make_tensor_value_info(name, kind, ["N", channels, "H", "W"])
    weight = np.arange(18, dtype="f4").reshape(1, 2, 3, 3) / 10
    graph = helper.make_graph(
        [helper.make_node("Conv", ["wind", "w"], ["c"], pads=[1, 1, 1, 1]), helper.make_node("Sub", ["c", "VWND"], ["y"])],
        "two", [port("wind", 2), port("VWND", 1)], [port("y", 1)], [onnx.numpy_helper.from_array(weight, "w")])
    with Folder() as folder:
        path = folder / "two.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
        trained(folder)
        both = pipeline(folder, "both.yaml", "  - stack: {inputs: [one, other], as: both}", [("both", "both.nc")])
        expect(isotach("run", both), 0)
        u, v = read(folder / "both.nc", "UWND"), read(folder / "both.nc", "VWND")
        result = isotach("model", "run", path, folder / "both.nc", "--variables", "wind=VWND,UWND", "-o", folder / "y.nc")
        expect(result, 0)
        wind = np.stack([v, u], axis=1).astype("f4")
        wanted = runtime.InferenceSession(str(path)).run(None, {"wind": wind, "VWND": v[:, None].astype("f4")})[0][:, 0]
        found = read(folder / "y.nc", "y")
        assert abs(found - wanted).max() < 1e-5 * abs(wanted).max()
        result = isotach("model", "run", path, folder / "both.nc", "--variables", "wind=VWND")
        expect(result, 64)
        assert "has 2 channels, and 1 variable" in result.err, result
        result = isotach("model", "run", path, folder / "both.nc", "--variables", "sea=VWND")
        expect(result, 64)
        assert "no input `sea`" in result.err, result
        result = isotach("model", "run", path, folder / "both.nc", "--variables", "VWND,UWND")
        assert result.code in (65, 78) and "2 inputs" in result.err, result


def test_tensors_of_a_file():
    """A file whose variables bear the names of the model's inputs and have their dimensions; any shape may come out."""
    onnx, runtime, np, netcdf = modules()
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MaxPool", ["x"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
         helper.make_node("Flatten", ["p"], ["f"]), helper.make_node("MatMul", ["f", "w"], ["scores"])],
        "tensors", [helper.make_tensor_value_info("x", kind, ["N", 3, 8, 10])],
        [helper.make_tensor_value_info("scores", kind, ["N", 4]), helper.make_tensor_value_info("p", kind, ["N", 3, 4, 5])],
        [onnx.numpy_helper.from_array(np.linspace(-1, 1, 240, dtype="f4").reshape(60, 4), "w")])
    with Folder() as folder:
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(folder / "m.onnx"))
        x = np.random.default_rng(3).integers(-100, 100, (6, 3, 8, 10))
        with netcdf.Dataset(folder / "x.nc", "w") as file:
            for name, length in zip(("time", "band", "y", "x_"), x.shape):
                file.createDimension(name, length)
            file.createVariable("time", "f8", ("time",))[:] = np.arange(6) * 2.5
            file["time"].units = "days since 2000-01-01"
            packed = file.createVariable("x", "i2", ("time", "band", "y", "x_"))
            packed.scale_factor = 0.5
            packed.set_auto_scale(False)
            packed[:] = x
        result = isotach("model", "run", folder / "m.onnx", folder / "x.nc", "-o", folder / "y.nc")
        expect(result, 0)
        wanted = runtime.InferenceSession(str(folder / "m.onnx")).run(None, {"x": (x * 0.5).astype("f4")})
        with netcdf.Dataset(folder / "y.nc") as file:
            assert file["scores"].dimensions == ("time", "scores_d1") and file["p"].dimensions[:2] == ("time", "band")
            assert file["time"].units == "days since 2000-01-01" and list(file["time"][:3]) == [0, 2.5, 5]
            for name, numbers in zip(("scores", "p"), wanted):
                assert abs(file[name][:] - numbers).max() <= 1e-5 * abs(numbers).max(), name
        result = isotach("model", "run", folder / "m.onnx", folder / "x.nc")
        expect(result, 0)
        assert "scores [6 x 4]: " in result.out.replace("6x4", "6 x 4"), result
        # Shapes are checked before numbers are read.
        with netcdf.Dataset(folder / "bad.nc", "w") as file:
            for name, length in zip("abcd", (1, 3, 8, 11)):
                file.createDimension(name, length)
            file.createVariable("x", "f4", tuple("abcd"))[:] = 0
        result = isotach("model", "run", folder / "m.onnx", folder / "bad.nc", "-o", folder / "no.nc")
        expect(result, 65)
        assert not (folder / "no.nc").exists()
        result = isotach("model", "run", folder / "m.onnx", folder / "x.nc", "-o", folder / "x.nc")
        assert result.code in (65, 73), result


def test_cells_of_another_size_are_refused():
    modules()
    with Folder() as folder:
        trained(folder)
        step = "  - coarsen: {input: one, factor: 2}\n  - predict: {model: model.onnx%s, as: made}"
        result = isotach("check", pipeline(folder, "a.yaml", step % "", [("made", "a.nc")]))
        expect(result, 78)
        assert "was trained on cells of" in result.err and "spacing: any" in result.err, result
        expect(isotach("check", pipeline(folder, "b.yaml", step % ", spacing: any", [("made", "b.nc")])), 0)
        step = "  - standardise: {input: one, mean: 0, std: 1}\n  - predict: {model: model.onnx, as: made}"
        result = isotach("check", pipeline(folder, "c.yaml", step, [("made", "c.nc")]))
        expect(result, 78)
        assert result.err, result


def test_training_goes_on_from_a_model():
    modules()
    with Folder() as folder:
        trained(folder)
        more = """  - train: {input: one, target: other, from: model.onnx, patch: 16, batch: 4, steps: 5, rate: 0, keep: last, seed: 1,
      model: more.onnx, as: history}"""
        expect(isotach("run", pipeline(folder, "more.yaml", more)), 0)
        for name in ("model", "more"):
            expect(isotach("model", "convert", folder / f"{name}.onnx", folder / f"{name}.safetensors"), 0)
        assert (folder / "more.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_summary_of_a_file():
    with Folder() as folder:
        expect(isotach("model", "convert", "unet", folder / "u.onnx", "--seed", "1", "--set", "base=4", "--input", "2x32x32"), 0)
        declared = isotach("model", "summary", "unet", "--set", "base=4", "--input", "2x32x32", "--json")
        stored = isotach("model", "summary", folder / "u.onnx", "--json")
        expect(declared, 0)
        expect(stored, 0)
        a, b = json.loads(declared.out), json.loads(stored.out)
        for key in ("input", "output", "parameters", "operations", "tiling"):
            assert a[key] == b[key], (key, a[key], b[key])


def test_the_zoo_in_onnx_runtime():
    """Every network with every published set of keys: ONNX's checker, and ONNX Runtime to 1e-5 of the output's range."""
    onnx, runtime, np, _ = modules()
    listed = isotach("model", "list", "--json")
    expect(listed, 0)
    count, worst = 0, 0.0
    chance = np.random.default_rng(1)
    for model in json.loads(listed.out)["models"]:
        for published in model["published"] or [{"keys": {}, "input": [2, 32, 32]}]:
            settings = [word for key, value in published["keys"].items() for word in ("--set", f"{key}={json.dumps(value)}")]
            # The smaller first: fully connected layers to all cells of a large field would take gigabytes.
            sizes = sorted([[published["input"][0], 64, 64], published["input"]], key=np.prod)
            with Folder() as folder:
                path = folder / "m.onnx"
                for size in sizes:
                    result = isotach("model", "convert", model["name"], path, "--seed", "1", *settings, "--input",
                                     "x".join(map(str, size)))
                    if result.code == 0:
                        break
                expect(result, 0)
                onnx.checker.check_model(str(path), full_check=True)
                options = runtime.SessionOptions()
                options.log_severity_level = 3
                session = runtime.InferenceSession(str(path), options)
                x = chance.standard_normal([1] + size).astype("f4")
                y = session.run(None, {session.get_inputs()[0].name: x})
                (folder / "set").mkdir()
                (folder / "set/input_0.pb").write_bytes(onnx.numpy_helper.from_array(x, "input").SerializeToString())
                for i, (tensor, port) in enumerate(zip(y, session.get_outputs())):
                    (folder / f"set/output_{i}.pb").write_bytes(onnx.numpy_helper.from_array(tensor, port.name).SerializeToString())
                largest = max(float(abs(t).max()) for t in y)
                result = isotach("model", "verify", path, folder / "set", "--rtol", "1e-5", "--atol", repr(1e-5 * largest))
                assert result.code == 0, f"{model['name']} {published['keys']}: {result}"
                count += 1
    assert count >= 30, count
    return f"{count} networks"


main(globals())
