"""Killed at any moment: no half-written output, and no litter after the next run."""
import random

from support import *


def setup(folder):
    (folder / "p.yaml").write_text(f"""
name: interrupted
inputs:
  wind: {{files: {debian("monthly_navy_winds.cdf")}, variables: [UWND, VWND], attributes: {{units: m s-1}}}}
stages:
  - regrid: {{input: wind, method: bilinear, to: {{longitude: {{first: 0.5, last: 359.5, step: 1}},
      latitude: {{first: -89.5, last: 89.5, step: 1}}}}, as: fine}}
outputs:
  - {{input: fine, file: out/wind.nc}}
metadata: {{title: x, institution: y}}
""")
    (folder / "out").mkdir()


def start(folder):
    return subprocess.Popen([ISOTACH, "run", str(folder / "p.yaml"), "--threads", "2"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def whole(folder):
    begin = time.monotonic()
    expect(isotach("run", folder / "p.yaml", "--threads", "2"), 0)
    return time.monotonic() - begin


def is_readable(file):
    result = isotach("inspect", file)
    return result.code == 0


def test_kill_at_any_moment():
    chance = random.Random(7)
    with Folder() as folder:
        setup(folder)
        seconds = whole(folder)
        (folder / "out/wind.nc").unlink()
        halves = 0
        for round in range(12):
            process = start(folder)
            time.sleep(chance.uniform(0, 1.0) * seconds)
            process.kill()
            process.wait()
            process.stderr.close()
            output = folder / "out/wind.nc"
            if output.exists():
                assert is_readable(output), f"round {round}: a half-written output"
                output.unlink()
            else:
                halves += 1
        whole(folder)
        left = sorted(p.name for p in (folder / "out").iterdir())
        assert left == ["wind.nc"], f"litter after the next run: {left}"
        beside = sorted(p.name for p in folder.iterdir())
        assert beside == ["out", "p.yaml"], f"litter beside the pipeline: {beside}"
        return f"12 kills, {halves} before the output was there"


def test_kill_leaves_the_old_output_alone():
    with Folder() as folder:
        setup(folder)
        seconds = whole(folder)
        before = (folder / "out/wind.nc").stat()
        process = start(folder)
        time.sleep(0.4 * seconds)
        process.kill()
        process.wait()
        process.stderr.close()
        after = (folder / "out/wind.nc").stat()
        assert (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns)


def ends_on(number, code):
    with Folder() as folder:
        setup(folder)
        seconds = whole(folder)
        (folder / "out/wind.nc").unlink()
        process = start(folder)
        time.sleep(0.4 * seconds)
        begin = time.monotonic()
        process.send_signal(number)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("still running 10 s after the signal")
        text = process.stderr.read().decode()
        process.stderr.close()
        took = time.monotonic() - begin
        assert process.returncode in (code, -number), f"exit {process.returncode}: {text}"
        left = sorted(p.name for p in (folder / "out").iterdir())
        assert left == [], f"left behind: {left}"
        return f"ended after {took * 1000:.0f} ms with {process.returncode}"


def test_sigterm_ends_in_order():
    return ends_on(signal.SIGTERM, 143)


def test_sigint_ends_in_order():
    return ends_on(signal.SIGINT, 130)


def training(folder, name):
    (folder / f"{name}.yaml").write_text(f"""
name: training
inputs:
  wind: {{files: {debian("monthly_navy_winds.cdf")}, variables: [UWND, VWND], attributes: {{units: m s-1}}}}
stages:
  - select: {{input: wind, variables: [UWND], as: one}}
  - select: {{input: wind, variables: [VWND], as: other}}
  - train: {{input: one, target: other, network: {{unet: {{base: 4, depth: 2}}}}, patch: 16, batch: 4, steps: 300, rate: 0.003,
      times: {{times: [0, 99]}}, validation: {{times: {{times: [100, 131]}}, every: 60, samples: 32}},
      checkpoint: {{every: 7}}, seed: 1, model: {name}.onnx, as: history}}
metadata: {{title: x, institution: y}}
""")
    return folder / f"{name}.yaml"


def test_a_training_goes_on_to_the_same_bytes_after_kills():
    chance = random.Random(3)
    with Folder() as folder:
        pipeline = training(folder, "m")
        steady = {"SOURCE_DATE_EPOCH": "1700000000"}
        begin = time.monotonic()
        result = isotach("run", pipeline, env=steady)
        expect(result, 0)
        seconds = time.monotonic() - begin
        model = folder / "m.onnx"
        expected = model.read_bytes()
        model.unlink()
        kills = 0
        for round in range(30):
            process = subprocess.Popen([ISOTACH, "run", "--resume", str(pipeline)], env=dict(os.environ, **steady),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=chance.uniform(0.1, 0.5) * seconds)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                assert not model.exists() or model.read_bytes() == expected, f"round {round}: a half-trained model"
        assert model.exists(), f"not finished after {kills} kills"
        assert model.read_bytes() == expected, f"other bytes after {kills} kills"
        assert kills > 0, "it was too fast to be killed"
        before = model.stat()
        expect(isotach("run", "--resume", pipeline, env=steady), 0)
        assert model.stat().st_mtime_ns == before.st_mtime_ns, "a finished model was trained again"
        left = sorted(p.name for p in folder.iterdir())
        assert left == ["m.onnx", "m.yaml"], f"litter: {left}"
        return f"{kills} kills"


def test_a_full_disk_is_told_with_its_reason():
    with Folder() as folder:
        setup(folder)
        whole(folder)
        before = (folder / "out/wind.nc").read_bytes()

        def limit():
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        process = subprocess.run([ISOTACH, "run", str(folder / "p.yaml")], preexec_fn=limit, capture_output=True,
                                 text=True, timeout=300)
        assert process.returncode in (73, 74), f"exit {process.returncode}: {process.stderr}"
        assert "wind.nc" in process.stderr and ("large" in process.stderr or "space" in process.stderr), process.stderr
        assert (folder / "out/wind.nc").read_bytes() == before, "the old output was touched"
        left = sorted(p.name for p in (folder / "out").iterdir())
        assert left == ["wind.nc"], f"left behind: {left}"


def test_closed_standard_streams_are_no_output_files():
    with Folder() as folder:
        setup(folder)
        dated = {"SOURCE_DATE_EPOCH": "1700000000"}
        expect(isotach("run", folder / "p.yaml", "--threads", "2", env=dated), 0)
        output = folder / "out/wind.nc"
        good = output.read_bytes()
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            output.unlink()
            result = run("/bin/sh", "-c", f"exec '{ISOTACH}' run '{folder}/p.yaml' --threads 2 {closed}", env=dated)
            assert result.code in (0, 74), (closed, result)
            assert output.read_bytes() == good, f"other bytes with {closed}"
        result = run("/bin/sh", "-c", f"exec '{ISOTACH}' inspect '{output}' >&-")
        assert result.code == 74 and "standard output: Bad file descriptor" in result.err, result


def test_two_runs_at_once_on_one_output():
    with Folder() as folder:
        setup(folder)
        both = [start(folder) for _ in range(2)]
        codes = []
        for process in both:
            process.wait(timeout=300)
            process.stderr.close()
            codes.append(process.returncode)
        assert 0 in codes and set(codes) <= {0, 75}, codes
        assert is_readable(folder / "out/wind.nc")
        left = sorted(p.name for p in (folder / "out").iterdir())
        assert left == ["wind.nc"], f"left behind: {left}"
        return f"exits {sorted(codes)}"


if __name__ == "__main__":
    main(globals())
