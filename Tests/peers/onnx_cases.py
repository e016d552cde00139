#!/usr/bin/env python3
"""The node tests of ONNX (PyPI onnx, onnx/backend/test/data/node) run through `isotach model verify`.

    Tests/peers/onnx_cases.py PROGRAM            the table of operators and cases, as docs/onnx-operators.md has it
    Tests/peers/onnx_cases.py PROGRAM --write    writes that file

Each case is in one of these groups: it passes; it differs or fails, although its operators and types are read (then the script ends
with 1); or it is not run, for a reason that is counted by name. None is left out.
"""
import collections
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/onnx-operators.md"
# float, int64, bool: other types are read too (weights), but computed in float32.
TYPES = {1: "float", 7: "int64", 9: "bool"}

# Cases that say by themselves that they cannot be done here. Anything else that fails is a failure.
REASONS = {
    "test_not_2d": "written for opset 1; 7 and newer are read",
    "test_not_3d": "written for opset 1; 7 and newer are read",
    "test_not_4d": "written for opset 1; 7 and newer are read",
    "test_training_dropout": "draws random numbers of NumPy",
    "test_training_dropout_default": "draws random numbers of NumPy",
    "test_training_dropout_default_mask": "draws random numbers of NumPy",
    "test_training_dropout_mask": "draws random numbers of NumPy",
    "test_unsqueeze_three_axes": "a tensor of six dimensions; at most five are possible",
    "test_unsqueeze_unsorted_axes": "a tensor of six dimensions; at most five are possible",
}


def folder():
    import onnx.backend.test

    return Path(onnx.backend.test.__file__).parent / "data/node"


def inner(nodes):
    """Nodes, those of branches included."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from inner(attribute.g.node)


def look(path, read):
    """The operators of a case, and why it is not run (None when it is to pass)."""
    import onnx

    model = onnx.load(str(path / "model.onnx"))
    names = sorted({(n.domain + "." if n.domain else "") + n.op_type for n in inner(model.graph.node)})
    unknown = [n for n in names if n not in read]
    if unknown:
        return names, "operators that are not read: " + ", ".join(unknown)
    types = set()
    for port in list(model.graph.input) + list(model.graph.output):
        kind = port.type.WhichOneof("value")
        types.add(port.type.tensor_type.elem_type if kind == "tensor_type" else kind)
    others = types - set(TYPES)
    if others:
        return names, "types other than float, int64 and bool"
    return names, REASONS.get(path.name)


def examine(program):
    """[(case, operators, result, reason)] and what the program says of itself."""
    about = json.loads(subprocess.run([program, "model", "operators", "--json"], capture_output=True, text=True, check=True).stdout)
    paths = sorted(p for p in folder().iterdir() if (p / "model.onnx").exists())
    # In one process, so that a case that ends it ends all.
    output = subprocess.run([program, "model", "verify", "--cases", "--json", *map(str, paths)], capture_output=True, text=True)
    if output.returncode not in (0, 1):
        sys.exit(f"{program} ended with {output.returncode}: {output.stderr[-500:]}")
    found = {c["case"]: c for c in json.loads(output.stdout)["cases"]}
    read = set(about["read"])
    rows = []
    for path in paths:
        names, reason = look(path, read)
        case = found[path.name]
        passes = case["result"] == "passes"
        if passes and reason is None:
            rows.append((path.name, names, "passes", None))
        elif reason is None:
            rows.append((path.name, names, "fails", case.get("reason") or json.dumps(case.get("outputs"))))
        else:
            rows.append((path.name, names, "not run", reason))
    return about, rows


def own(case, names):
    """The operator that a case is a test of: cases of expanded functions are named for the function."""
    return "(expanded functions)" if case.endswith("_expanded") or "_expanded_" in case else names[0] if len(names) == 1 else "(several)"


def page(about, rows):
    counts = collections.Counter(r[2] for r in rows)
    lines = [
        "# Operators of ONNX",
        "",
        f"Made by `Tests/peers/onnx_cases.py`. Operators of opset {about['opsets'][0]} to {about['opsets'][1]} are read. In a model, float, double,",
        "half and bfloat16 numbers become float32; whole numbers and truths are exact up to 2^24, and beyond that where they are known",
        "before the run (shapes, indices). Tensors have at most five dimensions. `If` takes a condition that is known before the run.",
        "",
        f"Of the {len(rows)} node tests of ONNX 1.19.1, **{counts['passes']} pass**, {counts['fails']} fail, {counts['not run']} are not run. A case is to pass when",
        "all its operators are in this table and its inputs and outputs are float, int64 or bool; the reasons of the others stand",
        "below. The tolerance is that of ONNX's own runner, rtol 1e-3 and atol 1e-7.",
        "",
        "| operator | cases that pass | cases not run |",
        "| --- | ---: | ---: |",
    ]
    table = collections.defaultdict(collections.Counter)
    for case, names, result, _ in rows:
        table[own(case, names)][result] += 1
    for name in sorted(about["read"]):
        row = table[name]
        lines.append(f"| {name} | {row['passes'] or ''} | {row['not run'] or ''} |")
    for name in ("(several)", "(expanded functions)"):
        row = table[name]
        lines.append(f"| {name} | {row['passes'] or ''} | {row['not run'] or ''} |")
    lines += ["", "## Cases that are not run", "", "| reason | cases |", "| --- | ---: |"]
    reasons = collections.Counter(r[3] for r in rows if r[2] == "not run")
    for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"| {reason} | {count} |")
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    about, rows = examine(sys.argv[1])
    text = page(about, rows)
    if "--write" in sys.argv:
        PAGE.write_text(text)
    else:
        print(text, end="")
    failed = [r for r in rows if r[2] == "fails"]
    for case, _, _, reason in failed:
        print(f"{case} fails: {reason}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
