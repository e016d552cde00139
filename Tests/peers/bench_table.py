#!/usr/bin/env python3
"""Speed and memory of `bench` beside PyTorch, ONNX Runtime, OpenVINO and ncnn, as a table of ratios in Markdown.

    Tests/peers/bench_table.py --peers bench_peers.py --python VENV/bin/python --dir NETS [--bench .build/release/bench]
        [--only inference training coldstart] [--nets ...] [--threads 2] [--level avx512|avx2] [--rounds 3]

`--peers` is a script with the commands `export`, `inference`, `training` and `coldstart` that takes another engine with
`--external NAME=COMMAND`, lets the engines take turns, and waits for an idle machine; `--python` has the peers
installed. With `--level avx2` our kernels, oneDNN's and PyTorch's are held to AVX2 by their environment variables (ONNX
Runtime has none). Each row says how many times as fast ours is (time of the peer / our time, of medians), then the peak
memory of ours over that of the leanest peer.
"""
import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INFERENCE = [
    ("unet64", ["1x5x256x256", "8x5x128x128", "1x5x720x1440"], True),
    ("unet32", ["1x5x256x256", "8x5x128x128", "1x5x720x1440"], True),
    ("srcnn915", ["1x1x256x256"], False),
    ("srcnn955", ["1x1x256x256"], False),
    ("alexnet", ["8x3x227x227"], False),
    ("alexnet-lrn", ["8x3x227x227"], False),
    ("liu2016", ["256x8x32x32"], False),
    ("resnet34", ["8x3x224x224"], False),
]
TRAINING = [
    ("unet64", ["1x5x256x256"]), ("unet32", ["1x5x256x256", "8x5x128x128"]), ("srcnn915", ["1x1x256x256"]),
    ("alexnet", ["8x3x227x227"]), ("liu2016", ["256x8x32x32"]), ("resnet34", ["8x3x224x224"]),
]


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def run(arguments, command, extra):
    """The rows that a command of the peers' script prints."""
    environment = dict(os.environ)
    if arguments.level == "avx2":
        environment.update(ISOTACH_CPU="avx2", ONEDNN_MAX_CPU_ISA="AVX2", ATEN_CPU_CAPABILITY="avx2")
    line = [arguments.python, arguments.peers, command, "--threads", str(arguments.threads), *extra]
    if command != "coldstart":
        line += ["--rounds", str(arguments.rounds), "--wait-idle", str(arguments.wait_idle), "--retries",
                 str(arguments.retries), "--budget", str(arguments.budget)]
    print("$", " ".join(map(str, line)), file=sys.stderr, flush=True)
    process = subprocess.run(list(map(str, line)), env=environment, stdout=subprocess.PIPE, text=True)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return [json.loads(text) for text in process.stdout.splitlines() if text.startswith("{")]


def measure(arguments):
    program = arguments.bench
    rows = []
    if "inference" in arguments.only:
        ours = (f"isotach={program} inference --model {{onnx}} --input {{input}} --expected {{expected}} "
                "--threads {threads} --repeat {repeat}")
        for net, shapes, is_unet in INFERENCE:
            if arguments.nets and net not in arguments.nets:
                continue
            for shape in arguments.shapes or shapes:
                engines = ["openvino", "onnxruntime", "torch-cl"] + (["ncnn"] if is_unet else [])
                rows += run(arguments, "inference", ["--dir", arguments.dir, "--nets", net, "--shapes", shape,
                                                     "--engines", *engines, "--external", ours])
    if "training" in arguments.only:
        ours = f"isotach={program} training --net {{net}} --shape {{shape}} --threads {{threads}} --repeat {{repeat}}"
        for net, shapes in TRAINING:
            if arguments.nets and net not in arguments.nets:
                continue
            for shape in arguments.shapes or shapes:
                rows += run(arguments, "training", ["--nets", net, "--shapes", shape, "--engines", "torch-cl-fused",
                                                    "--external", ours])
    if "coldstart" in arguments.only:
        ours = f"isotach={program} coldstart --model {{onnx}} --input {{input}} --threads {{threads}}"
        rows += run(arguments, "coldstart", ["--dir", arguments.dir, "--engines", "onnxruntime", "openvino",
                                             "--external", ours])
    return rows


def table(rows):
    cases = {}
    for row in rows:
        cases.setdefault((row["kind"], row["net"], row["shape"]), {})[row["engine"]] = row
    names = ["openvino", "onnxruntime", "torch-cl", "torch-cl-fused", "ncnn"]
    present = [name for name in names if any(name in engines for engines in cases.values())]
    lines = ["| | ours, ms | " + " | ".join(f"over {name}" for name in present) + " | memory, MB | error | foreign load |",
             "|---|---|" + "---|" * (len(present) + 3)]
    for (kind, net, shape), engines in cases.items():
        ours = engines.get("isotach", {})
        if "median_ms" not in ours:
            lines.append(f"| {kind} {net} {shape} | {ours.get('error', 'not measured')[:60]} |" + " |" * (len(present) + 3))
            continue
        cells = [f"{engines[name]['median_ms'] / ours['median_ms']:.2f}"
                 if "median_ms" in engines.get(name, {}) else "" for name in present]
        peers = [engines[name]["peak_rss_mb"] for name in present
                 if engines.get(name, {}).get("peak_rss_mb") and name != "ncnn"]
        memory = f"{ours.get('peak_rss_mb', 0):.0f}"
        if peers:
            memory += f" ({ours.get('peak_rss_mb', 0) / min(peers):.2f}x)"
        error = f"{ours['max_rel_err']:.1e}" if "max_rel_err" in ours else ""
        load = max((row.get("other_cpus", 0) for row in engines.values()), default=0)
        lines.append(f"| {kind} {net} {shape} | {ours['median_ms']:.1f} | " + " | ".join(cells)
                     + f" | {memory} | {error} | {load:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--bench", default=ROOT / ".build/release/bench")
    parser.add_argument("--only", nargs="+", default=["inference", "training", "coldstart"])
    parser.add_argument("--nets", nargs="*")
    parser.add_argument("--shapes", nargs="*")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--level", choices=["avx512", "avx2"], default="avx512")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--retries", type=int, default=2)
    parser.add_argument("--wait-idle", type=int, default=60)
    parser.add_argument("--budget", type=float, default=2.0)
    parser.add_argument("--rows", help="a file that gets the rows as they were measured")
    parser.add_argument("--read", nargs="+", help="files of such rows: makes the table of them, measures nothing")
    arguments = parser.parse_args()
    if arguments.read:
        rows = [json.loads(text) for path in arguments.read for text in open(path) if text.startswith("{")]
    else:
        if not list(Path(arguments.dir).glob("*.onnx")):
            subprocess.run([arguments.python, arguments.peers, "export", "--dir", arguments.dir], check=True)
        rows = measure(arguments)
    if arguments.rows:
        with open(arguments.rows, "a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    versions = sorted({f"{row['engine']} {row['version']}" for row in rows if row.get("version")})
    print(f"{datetime.date.today()}, {processor()}, {arguments.threads} threads, {arguments.level}; "
          + ", ".join(versions) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
