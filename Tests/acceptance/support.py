"""What all acceptance tests share: the program, the data, and how a result is said. Standard library only.

A test is a function named test_*; it returns nothing when it holds, raises AssertionError when it does not,
Skip(reason) when something that it needs is not on this machine. `main(globals())` runs them all.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ISOTACH = os.environ.get("ISOTACH", str(ROOT / ".build/release/isotach"))
SHARED = ROOT.parent / "shared/data"
PIPELINES = ROOT / "pipelines"
OUT = PIPELINES / "out"
PYTHON = ROOT / ".venv/bin/python"


class Skip(Exception):
    pass


class Result:
    def __init__(self, code, out, err, seconds, processor, timed_out, peak):
        self.code, self.out, self.err = code, out, err
        # By the clock, and of processors: the second says what the program costs on a crowded machine too.
        self.seconds, self.processor = seconds, processor
        self.timed_out, self.peak = timed_out, peak

    @property
    def status(self):
        if self.timed_out:
            return "time limit"
        return f"signal {signal.Signals(-self.code).name}" if self.code < 0 else f"exit {self.code}"

    def __str__(self):
        return f"{self.status} after {self.seconds:.2f} s\n{self.out[-1500:]}{self.err[-3000:]}"


def run(*arguments, cwd=None, env=None, timeout=900, memory=None, file_size=None):
    """Runs a program. `timeout`, in seconds, only ends what hangs: a machine may be slow and have much else to do. `memory`
    limits its address space, `file_size` its files, in bytes. Peak resident size and processor time come from wait4."""
    environment = dict(os.environ, NO_COLOR="1", LC_ALL="C.UTF-8")
    environment.update(env or {})

    def limit():
        if memory:
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if file_size:
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        process = subprocess.Popen([str(a) for a in arguments], stdout=out, stderr=err, cwd=cwd,
                                   stdin=subprocess.DEVNULL, env=environment, preexec_fn=limit if memory or file_size else None)
        timed_out = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - start > timeout and not timed_out:
                timed_out = True
                process.kill()
            time.sleep(0.0005 if time.monotonic() - start < 0.2 else 0.01)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return Result(process.returncode, *texts, seconds, usage.ru_utime + usage.ru_stime, timed_out,
                      usage.ru_maxrss * 1024)


def isotach(*arguments, **options):
    return run(ISOTACH, *arguments, **options)


def need_tool(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f"{name} is not installed")
    return path


def need_module(name):
    """A Python module of .venv; these tests run under its interpreter."""
    try:
        return __import__(name)
    except ImportError:
        raise Skip(f"the Python module {name} is not there (Tests/peers/venv.sh)")


def need_shared(name=""):
    path = SHARED / name
    if not path.exists():
        raise Skip(f"../shared/data/{name} is not there")
    return path


_debian = {}


def debian(name):
    """A file of the Debian packages libncarg-data and ferret-datasets, by its name."""
    if not _debian:
        for package in ("libncarg-data", "ferret-datasets"):
            listing = run("dpkg", "-L", package) if shutil.which("dpkg") else None
            for line in sorted(listing.out.splitlines()) if listing and listing.code == 0 else []:
                _debian.setdefault(Path(line).name, Path(line))
    if name not in _debian:
        raise Skip(f"{name}: libncarg-data or ferret-datasets is not installed")
    return _debian[name]


def expect(result, code):
    assert not result.timed_out, f"ran into the time limit: {result}"
    assert result.code == code, f"expected exit {code}, got {result}"
    return result


def close(actual, expected, absolute=0.0, relative=0.0, what=""):
    """Arrays equal within absolute + relative * |expected|, missing at the same places; shows the worst."""
    import numpy as np
    actual = np.ma.filled(np.ma.asarray(actual, dtype="f8"), np.nan)
    expected = np.ma.filled(np.ma.asarray(expected, dtype="f8"), np.nan)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    differ = np.isnan(actual) != np.isnan(expected)
    assert not differ.any(), f"{what}: missing at other places: {differ.sum()} of {differ.size} cells, " \
        f"first {tuple(map(int, np.argwhere(differ)[0]))}"
    error = np.abs(actual - expected) - (absolute + relative * np.abs(expected))
    error = np.where(np.isnan(error), -np.inf, error)
    if (error > 0).any():
        worst = np.unravel_index(np.argmax(error), error.shape)
        raise AssertionError(f"{what}: {(error > 0).sum()} of {error.size} values differ; worst at "
                             f"{tuple(map(int, worst))}: {actual[worst]!r}, expected {expected[worst]!r}")


class Folder:
    """A temporary folder; `with Folder() as f: f / 'name'`."""
    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="isotach-test-"))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def main(names):
    wanted = sys.argv[1:]
    tests = [(n, f) for n, f in names.items() if n.startswith("test_") and callable(f)]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, test in tests:
        if wanted and not any(w in name for w in wanted):
            continue
        title = re.sub("_", " ", name[5:])
        start = time.monotonic()
        try:
            note = test()
            kind, text = "passed", f" ({note})" if note else ""
        except Skip as reason:
            kind, text = "skipped", f": {reason}"
        except AssertionError as fault:
            kind, text = "failed", f": {fault}"
        except Exception:
            kind, text = "failed", ":\n" + traceback.format_exc()
        counts[kind] += 1
        seconds = time.monotonic() - start
        print({"passed": "pass", "failed": "FAIL", "skipped": "skip"}[kind], title + text,
              f"[{seconds:.1f} s]" if seconds > 1 else "", flush=True)
    print(", ".join(f"{counts[k]} {k}" for k in counts))
    sys.exit(1 if counts["failed"] else 0)
