"""Runs the models N.onnx of a folder in ONNX Runtime and compares with N.txt: a title, then for two batches the shape
and numbers of the input, the shape and numbers of the expected output. Prints what differs; exit 1 when something does."""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

folder = pathlib.Path(sys.argv[1])
faults = 0
for path in sorted(folder.glob("*.onnx"), key=lambda p: int(p.stem)):
    title, *lines = path.with_suffix(".txt").read_text().split("\n")
    try:
        onnx.checker.check_model(str(path), full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        for batch in range(2):
            shape, numbers, out_shape, expected = lines[4 * batch:4 * batch + 4]
            x = np.array(numbers.split(), np.float32).reshape([int(n) for n in shape.split()])
            y = np.array(expected.split(), np.float64).reshape([int(n) for n in out_shape.split()])
            found = session.run(None, {session.get_inputs()[0].name: x})[0]
            if found.shape != y.shape:
                raise ValueError(f"shape {found.shape}, expected {y.shape}")
            worst = np.abs(found - y).max() / max(np.abs(y).max(), 1e-6)
            if not worst <= 1e-5:
                raise ValueError(f"batch {batch + 1}: differs by {worst:.3g} of the largest number")
    except Exception as error:
        faults += 1
        print(f"{path.stem} {title}: {type(error).__name__} {str(error)[:600]}")
print(f"{len(list(folder.glob('*.onnx')))} models")
sys.exit(1 if faults else 0)
