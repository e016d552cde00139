"""ONNX models that others wrote: the node tests of ONNX, the reference nets of the peers, damaged files."""
import json
import os
import sys
import tempfile
from pathlib import Path

from support import ISOTACH, ROOT, Skip, expect, isotach, main, need_module

sys.path.insert(0, str(ROOT / "Tests/peers"))

# What `bench_peers.py export` wrote: models, inputs, outputs in double precision.
NETS = Path(os.environ.get("ISOTACH_PEER_NETS", ROOT.parent / "shared/peers/nets"))


def test_node_cases():
    need_module("onnx")
    import onnx_cases

    about, rows = onnx_cases.examine(ISOTACH)
    failed = [(case, reason) for case, _, result, reason in rows if result == "fails"]
    assert not failed, failed[:20]
    passed = sum(result == "passes" for _, _, result, _ in rows)
    assert passed >= 800, passed
    # Every case is accounted for, and every excuse is used.
    assert all(reason for _, _, result, reason in rows if result == "not run")
    names = {case for case, _, result, _ in rows if result == "not run"}
    assert set(onnx_cases.REASONS) <= names, set(onnx_cases.REASONS) - names
    assert onnx_cases.page(about, rows) == onnx_cases.PAGE.read_text(), "docs/onnx-operators.md: Tests/peers/onnx_cases.py PROGRAM --write"


def tensors(folder, kind, arrays):
    from onnx import numpy_helper

    folder.mkdir(parents=True, exist_ok=True)
    for index, array in enumerate(arrays):
        (folder / f"{kind}_{index}.pb").write_bytes(numpy_helper.from_array(array, "").SerializeToString())


def test_reference_nets():
    """All agree to 1e-4 of the output's range."""
    need_module("onnx")
    import numpy as np

    inputs = sorted(NETS.glob("*_input.npy")) if NETS.exists() else []
    if not inputs:
        raise Skip(f"{NETS} is not there: `bench_peers.py export --dir` makes it (needs torch)")
    with tempfile.TemporaryDirectory() as scratch:
        for path in inputs:
            net = path.name.rsplit("_", 2)[0]
            expected = np.load(str(path).replace("_input.npy", "_expected.npy"))
            folder = Path(scratch) / path.stem
            tensors(folder, "input", [np.load(path)])
            tensors(folder, "output", [expected])
            span = float(expected.max() - expected.min())
            result = isotach("model", "verify", NETS / f"{net}.onnx", folder, "--rtol", 0, "--atol", 1e-4 * span, "--threads", 2,
                             "--memory", "8GiB")
            expect(result, 0)
            assert "passes" in result.out, result


def small():
    """y = conv(x, w), as bytes."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], name="first", pads=[1, 1, 1, 1])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.full((1, 1, 3, 3), 1 / 9, np.float32), "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_worst_element_and_exit_codes():
    need_module("onnx")
    import numpy as np

    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        (scratch / "m.onnx").write_bytes(small().SerializeToString())
        x = np.ones((1, 1, 4, 5), np.float32)
        y = np.full((1, 1, 4, 5), 6 / 9, np.float32)
        y[:, :, 1:-1, 1:-1] = 1
        y[0, 0, ::3, ::4] = 4 / 9
        tensors(scratch / "right", "input", [x])
        tensors(scratch / "right", "output", [y])
        y[0, 0, 2, 3] = 1.5
        tensors(scratch / "wrong", "input", [x])
        tensors(scratch / "wrong", "output", [y])
        expect(isotach("model", "verify", scratch / "m.onnx", scratch / "right"), 0)
        result = isotach("model", "verify", scratch / "m.onnx", scratch / "wrong")
        expect(result, 1)
        assert "worst element [0, 0, 2, 3]" in result.out and "expected 1.5" in result.out, result
        expect(isotach("model", "verify", scratch / "m.onnx", scratch / "wrong", "--atol", 0.6), 0)
        result = isotach("model", "verify", scratch / "m.onnx", scratch / "wrong", "--json")
        assert json.loads(result.out)["sets"][0]["outputs"][0]["wrong"] == 1, result
        expect(isotach("model", "verify", scratch / "m.onnx", scratch / "nowhere"), 66)
        expect(isotach("model", "verify", scratch / "m.onnx"), 64)


def test_inspect():
    need_module("onnx")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "m.onnx"
        path.write_bytes(small().SerializeToString())
        result = isotach("inspect", path)
        expect(result, 0)
        for text in ("opset 17", "[n x 1 x h x w]", "Conv", "halo 1 before, 1 behind", "receptive field 3"):
            assert text in result.out, (text, result)
        document = json.loads(isotach("inspect", path, "--json").out)
        assert document["schema"] == "isotach.onnx/1" and document["halo"][0]["before"] == 1, document


def test_unsupported_operators_are_all_named():
    need_module("onnx")
    with tempfile.TemporaryDirectory() as scratch:
        model = small()
        node = model.graph.node.add()
        node.op_type, node.name = "Einsum", "second"
        node.input.append("y")
        node.output.append("z")
        node = model.graph.node.add()
        node.op_type, node.name, node.domain = "FusedThing", "third", "com.example"
        node.input.append("z")
        node.output.append("t")
        path = Path(scratch) / "m.onnx"
        path.write_bytes(model.SerializeToString())
        result = isotach("model", "verify", path, scratch)
        expect(result, 65)
        assert "Einsum (second)" in result.err and "com.example.FusedThing (third)" in result.err, result
        # It can be looked at all the same.
        result = isotach("inspect", path)
        expect(result, 0)
        assert "Einsum (second)" in result.out, result


def hostile():
    """(name, bytes, a word of the message)"""
    whole = small().SerializeToString()
    yield "cut off", whole[: len(whole) // 2], "left"
    yield "empty", b"", "empty"
    yield "no protobuf", b"\xff" * 4096, "byte"
    yield "many parts", b"\x3a" + varint(6_000_000) + b"\x0a\x00" * 3_000_000, "too many parts"
    model = small()
    model.graph.initializer[0].dims[:] = [1 << 31, 1 << 31, 3, 3]
    yield "huge extents", model.SerializeToString(), "too large"
    model = small()
    model.graph.initializer[0].dims[:] = [1, 1, 1 << 20, 1 << 20]
    yield "missing numbers", model.SerializeToString(), "need"
    model = small()
    model.graph.node[0].input[0] = "y"
    yield "cycle", model.SerializeToString(), "itself"
    model = small()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../../../etc/passwd"
    yield "a file elsewhere", model.SerializeToString(), "outside of the model's folder"


def varint(number):
    out = b""
    while True:
        out += bytes([number & 0x7F | (0x80 if number > 0x7F else 0)])
        number >>= 7
        if not number:
            return out


def test_hostile_files():
    """An error in under a second and 100 MiB."""
    need_module("onnx")
    import numpy as np

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "set"
        tensors(folder, "input", [np.ones((1, 1, 4, 4), np.float32)])
        tensors(folder, "output", [np.ones((1, 1, 4, 4), np.float32)])
        for name, data, word in hostile():
            path = Path(scratch) / "m.onnx"
            path.write_bytes(data)
            for command in (("model", "verify", path, folder), ("inspect", path)):
                result = isotach(*command)
                assert result.code == 65, (name, result)
                assert word in result.err and "m.onnx" in result.err, (name, word, result)
                assert result.processor < 1, (name, result)
                assert result.peak < 100 << 20, (name, result.peak)


def test_shape_bombs():
    """A small file that asks for much memory is refused before the memory is taken."""
    need_module("onnx")
    import numpy as np
    from onnx import helper, numpy_helper

    with tempfile.TemporaryDirectory() as scratch:
        model = small()
        model.graph.initializer.append(numpy_helper.from_array(np.array([1, 4096, 4096, 4096], np.int64), "s"))
        model.graph.node.append(helper.make_node("Expand", ["x", "s"], ["z"], name="bomb"))
        model.graph.node.append(helper.make_node("Relu", ["z"], ["t"]))
        model.graph.output[0].name = "t"
        folder = Path(scratch) / "set"
        tensors(folder, "input", [np.ones((1, 1, 1, 1), np.float32)])
        tensors(folder, "output", [np.ones((1, 1, 1, 1), np.float32)])
        path = Path(scratch) / "m.onnx"
        path.write_bytes(model.SerializeToString())
        result = isotach("model", "verify", path, folder)
        expect(result, 65)
        assert "memory" in result.err and result.processor < 1 and result.peak < 100 << 20, result


if __name__ == "__main__":
    main(globals())
