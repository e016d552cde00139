#!/usr/bin/env python3
"""make bench: our benchmarks and those of the peers, one after the other, joined in one table.

    Tests/peers/bench.py [--megabytes N] [NAME ...]     NAME: io, regrid, start (all when none is named)

Each side prints JSON lines of one shape ({"bench", "case", "way", "workers", "seconds", "bytes"}); a row of the
table is a case, its first line ours, and the ratio tells how many times as fast ours is.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / ".build/release/bench"
PYTHON = ROOT / ".venv/bin/python"


def lines(*command, cwd=None):
    """The JSON lines that a benchmark prints; its failure is told and ends the whole."""
    print("$", " ".join(str(c) for c in command), file=sys.stderr, flush=True)
    process = subprocess.run([str(c) for c in command], cwd=cwd, stdout=subprocess.PIPE, text=True)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return [json.loads(line) for line in process.stdout.splitlines() if line.startswith("{")]


def peer(script, *arguments, cwd):
    path = ROOT / "Tests/peers" / script
    if not path.exists():
        return []
    if not PYTHON.exists():
        print(f"no .venv: {script} is left out", file=sys.stderr)
        return []
    return lines(PYTHON, path, *arguments, cwd=cwd)


def measure(name, megabytes, folder):
    if name == "io":
        ours = lines(BENCH, "io", "--megabytes", megabytes, "--file", folder / "io.nc", cwd=folder)
        return ours + peer("bench_io.py", folder / "io.nc", cwd=folder)
    if name == "regrid":
        ours = lines(BENCH, "regrid", "--program", ROOT / ".build/release/isotach", "--folder", folder, cwd=folder)
        return ours + peer("bench_regrid.py", folder, cwd=folder)
    return lines(BENCH, "start", "--program", ROOT / ".build/release/isotach", cwd=folder)


def is_ours(row):
    return row["way"].startswith(("isotach", "fast"))


def table(rows):
    cases = {}
    for row in rows:
        cases.setdefault((row["bench"], row["case"]), []).append(row)
    out = [("benchmark", "case", "way", "workers", "seconds", "MB/s", "ours is")]
    for (bench, case), members in cases.items():
        ours = [r["seconds"] for r in members if is_ours(r)]
        for row in sorted(members, key=lambda r: (not is_ours(r), r["seconds"])):
            ratio = ""
            if ours and not is_ours(row):
                ratio = f"{row['seconds'] / min(ours):.2f} x as fast"
            size = row.get("bytes")
            speed = f"{size / row['seconds'] / 1e6:.0f}" if size else ""
            out.append((bench, case, row["way"], str(row["workers"]), f"{row['seconds']:.4f}", speed, ratio))
    widths = [max(len(r[i]) for r in out) for i in range(len(out[0]))]
    for row in out:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main():
    arguments = sys.argv[1:]
    megabytes = "1024"
    if "--megabytes" in arguments:
        at = arguments.index("--megabytes")
        megabytes = arguments[at + 1]
        del arguments[at:at + 2]
    names = arguments or ["io", "regrid", "start"]
    with tempfile.TemporaryDirectory(prefix="isotach-bench-", dir=os.environ.get("TMPDIR")) as folder:
        rows = [row for name in names for row in measure(name, megabytes, Path(folder))]
    table(rows)


if __name__ == "__main__":
    main()
