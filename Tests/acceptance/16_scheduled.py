"""A pipeline that a scheduler runs again and again: what is new is made, what is there is left alone, files arrive whole
or in pieces, and whatever happens the outputs are in the end those of one run from nothing."""
import fcntl
import json
import random
import shlex
import threading

from support import *

EPOCH = "1700000000"
BARE = ["env", "-i", "PATH=/usr/bin:/bin", f"SOURCE_DATE_EPOCH={EPOCH}"]
# The one for programs with threads, and preloaded: the program `faketime` loads the other, says 1 when a signal ended what it
# runs, is killed in its place, and ends with 1 where a process of its number was once killed.
FAKE_CLOCK = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


# The library under netCDF4 is not for several threads, and the storms write in three.
one_writer = threading.Lock()


def field(path, hours, seed, rows=30, columns=60, classic=False, name="tas"):
    """A small file with the given times; every byte is a function of the arguments."""
    netcdf = need_module("netCDF4")
    import numpy as np
    with one_writer, netcdf.Dataset(path, "w", format="NETCDF3_CLASSIC" if classic else "NETCDF4") as file:
        file.createDimension("time", None)
        file.createDimension("lat", rows)
        file.createDimension("lon", columns)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"standard_name": "time", "units": "hours since 2026-01-01", "calendar": "standard", "axis": "T"})
        time[:] = hours
        for axis, count, units in (("lat", rows, "degrees_north"), ("lon", columns, "degrees_east")):
            v = file.createVariable(axis, "f8", (axis,))
            v.setncatts({"standard_name": "latitude" if axis == "lat" else "longitude", "units": units})
            v[:] = np.linspace(-60, 60, rows) if axis == "lat" else np.arange(columns) * 360 / columns
        v = file.createVariable(name, "f4", ("time", "lat", "lon"), **({} if classic else {"zlib": True}))
        v.setncatts({"standard_name": "air_temperature", "units": "K"})
        v[:] = np.random.default_rng(seed).uniform(230, 310, (len(hours), rows, columns)).astype("f4")


def sources(folder, count, begin=0):
    """One file for each six hours."""
    folder.mkdir(exist_ok=True)
    for n in range(begin, begin + count):
        field(folder / f"f{n:03d}.nc", [6 * n], n, classic=n % 3 == 2)
    return sorted(folder.glob("*.nc"))


def pipeline(folder, schedule="settle: 0", name="p.yaml", more=""):
    (folder / "in").mkdir(exist_ok=True)
    (folder / name).write_text(f"""
name: scheduled
inputs:
  field: {{files: "in/*.nc", variable: tas}}
stages:
  - convert: {{input: field, units: {{tas: degC}}, as: warm}}
outputs:
  - {{input: warm, file: "out/{{stem}}.nc"}}
metadata: {{title: x, institution: y}}
schedule: {{{schedule}}}
{more}""")
    return folder / name


def daily(folder, windows="steps: 4", schedule="settle: 0"):
    (folder / "in").mkdir(exist_ok=True)
    (folder / "d.yaml").write_text(f"""
name: daily
inputs:
  field: {{files: "in/*.nc", variable: tas}}
stages:
  - aggregate: {{input: field, over: day, method: mean, as: mean}}
outputs:
  - {{input: mean, file: "out/mean_{{window}}.nc"}}
metadata: {{title: x, institution: y}}
windows: {{length: day, {windows}}}
schedule: {{{schedule}}}
""")
    return folder / "d.yaml"


def bare(*arguments, **options):
    """As cron would: nothing in the environment."""
    return run(*BARE, ISOTACH, *arguments, cwd="/", **options)


def tick(path, *arguments, code=0, **options):
    """A scheduled run; silent unless something failed."""
    result = expect(bare("run", "--new-only", path, *arguments, **options), code)
    if code == 0 and "--json" not in arguments:
        assert result.out == "" and result.err == "", f"not silent: {result}"
    return result


def told(path, *arguments, code=0):
    """The JSON line of a scheduled run."""
    result = expect(bare("run", "--new-only", path, "--json", *arguments), code)
    assert result.out.count("\n") == 1, result.out
    return json.loads(result.out)


def status(path):
    return json.loads(expect(bare("status", path, "--json"), 0).out)


def outputs(folder, name="out"):
    return {p.name: p.read_bytes() for p in sorted((folder / name).iterdir())} if (folder / name).exists() else {}


def identities(folder):
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in sorted((folder / "out").iterdir())}


def test_silence_and_the_same_bytes_as_a_plain_run():
    with Folder() as folder:
        path = pipeline(folder)
        files = sources(folder / "in", 3)
        line = told(path)
        assert line["code"] == 0 and len(line["written"]) == 3 and line["items"]["done"] == 3, line
        first = outputs(folder)
        assert list(first) == [f.name for f in files]
        before = identities(folder)
        tick(path)
        assert told(path)["upToDate"] == 3
        assert identities(folder) == before, "an output was made twice"
        shutil.rmtree(folder / "out")
        expect(run(ISOTACH, "run", path, env={"SOURCE_DATE_EPOCH": EPOCH}), 0)
        assert outputs(folder) == first, "a plain run writes other bytes"
        before = identities(folder)
        tick(path)
        assert identities(folder) == before, "what a plain run made is not taken for done"


def test_an_empty_folder_is_nothing_new():
    with Folder() as folder:
        tick(pipeline(folder))
        shutil.rmtree(folder / "in")
        expect(bare("run", "--new-only", folder / "p.yaml"), 66)


def test_content_decides_not_names_or_clocks():
    with Folder() as folder:
        path = pipeline(folder)
        files = sources(folder / "in", 3)
        tick(path)
        before = identities(folder)
        # Another time, the same bytes.
        os.utime(files[0], (1, 1))
        data = files[1].read_bytes()
        files[1].unlink()
        files[1].write_bytes(data)
        tick(path)
        assert identities(folder) == before, "made again without need"
        # Other bytes, of the same size, with the old time.
        stat = files[2].stat()
        field(folder / "other.nc", [12], 77, classic=True)
        assert (folder / "other.nc").stat().st_size == stat.st_size
        with open(files[2], "r+b") as file:
            file.write((folder / "other.nc").read_bytes())
        os.utime(files[2], ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert [Path(p).name for p in told(path)["written"]] == ["f002.nc"]
        # A comment is no other plan, another number is.
        before = identities(folder)
        path.write_text(path.read_text() + "# a comment\n")
        tick(path)
        assert identities(folder) == before, "a comment made everything new"
        path.write_text(path.read_text().replace("degC", "degF"))
        assert len(told(path)["written"]) == 3
        # An output that was damaged or removed is made again.
        (folder / "out/f000.nc").unlink()
        (folder / "out/f001.nc").write_bytes(b"\x89HDF\r\n\x1a\nnothing")
        assert [Path(p).name for p in told(path)["written"]] == ["f000.nc", "f001.nc"]


def test_a_lost_or_damaged_memory_costs_only_time():
    with Folder() as folder:
        path = pipeline(folder)
        sources(folder / "in", 3)
        tick(path)
        before = identities(folder)
        state = folder / ".isotach/p.yaml"
        for damage in (b"", b"isotach cache 1\nc 1 2 3\nend\n", os.urandom(300)):
            for name in ("cache", "failures.json", "last.json"):
                (state / name).write_bytes(damage)
            tick(path)
            expect(bare("status", path), 0)
            assert identities(folder) == before
        shutil.rmtree(folder / ".isotach")
        tick(path)
        assert identities(folder) == before


def test_one_bad_file_is_tried_again_and_put_aside():
    with Folder() as folder:
        path = pipeline(folder, "settle: 0, retries: 1, backoff: 1s")
        files = sources(folder / "in", 4)
        good = files[1].read_bytes()
        files[1].write_bytes(good[:len(good) // 2])
        result = tick(path, code=2)
        assert "f001" in result.err and result.out == "", result
        assert sorted(outputs(folder)) == ["f000.nc", "f002.nc", "f003.nc"]
        tick(path)  # before the pause is over nothing is tried, so nothing is said
        assert status(path)["items"]["failed"] == 1
        time.sleep(1.1)
        tick(path, code=2)
        time.sleep(2.2)
        tick(path)
        left = status(path)["left"]
        assert [(e["item"], e["state"]) for e in left] == [("f001", "quarantined")] and "f001.nc" in left[0]["reason"], left
        tick(path, "--retry-failed", code=2)
        files[1].write_bytes(good)
        tick(path)
        assert sorted(outputs(folder)) == [f.name for f in files]
        assert status(path)["items"]["quarantined"] == 0


def test_a_place_that_cannot_be_written_puts_nothing_aside():
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        raise Skip("setpriv is not installed")
    with Folder() as folder:
        path = pipeline(folder, "settle: 0, retries: 0, backoff: 0")
        sources(folder / "in", 2)
        (folder / "out").write_text("no folder")
        for _ in range(3):
            tick(path, code=73)
        (folder / "out").unlink()
        tick(path)
        assert len(outputs(folder)) == 2


def test_the_lock_names_its_holder_and_dies_with_it():
    with Folder() as folder:
        path = pipeline(folder, "settle: 3s")
        sources(folder / "in", 1)
        holder = subprocess.Popen([*BARE, ISOTACH, "run", "--new-only", path], stdin=subprocess.DEVNULL)
        lock = folder / ".isotach/p.yaml/lock"
        end = time.monotonic() + 20
        while not (lock.exists() and lock.stat().st_size) and time.monotonic() < end:
            time.sleep(0.01)
        result = expect(bare("run", "--new-only", path), 75)
        assert f"process {holder.pid} on {os.uname().nodename} since 2" in result.err, result
        assert status(path)["running"]["pid"] == holder.pid
        result = expect(bare("run", "--new-only", "--quiet", path), 75)
        assert result.err == "" and result.out == "", result
        holder.kill()
        holder.wait()
        tick(path)
        assert list(outputs(folder)) == ["f000.nc"]
        assert status(path)["running"] is None


def test_a_file_that_arrives_slowly():
    with Folder() as folder:
        path = pipeline(folder, "settle: 1s")
        source = sources(folder / "source", 1)[0]
        data = source.read_bytes()
        done = threading.Event()

        def write():
            with open(folder / "in/f000.nc", "wb") as file:
                for n in range(12):
                    file.write(data[len(data) * n // 12:len(data) * (n + 1) // 12])
                    file.flush()
                    time.sleep(0.25)
            done.set()
        writer = threading.Thread(target=write)
        writer.start()
        looks = 0
        while not done.is_set():
            tick(path)
            assert done.is_set() or not outputs(folder), "made from half a file"
            looks += 1
        writer.join()
        tick(path)
        tick(path)
        assert list(outputs(folder)) == ["f000.nc"]
        return f"{looks} looks at it on its way"


def test_a_bound_and_an_order_for_catching_up():
    with Folder() as folder:
        path = pipeline(folder, "settle: 0, limit: 2, order: newest")
        sources(folder / "in", 5)
        names = [[Path(p).stem for p in told(path)["written"]] for _ in range(4)]
        assert names == [["f004", "f003"], ["f002", "f001"], ["f000"], []], names
        shutil.rmtree(folder / "out")
        line = told(path, "--limit", "3", "--order", "oldest")
        assert [Path(p).stem for p in line["written"]] == ["f000", "f001", "f002"] and line["items"]["new"] == 2, line


def test_days_wait_for_their_hours_and_open_again():
    with Folder() as folder:
        path = daily(folder)
        days = sources(folder / "source", 12)
        put = lambda *numbers: [shutil.copy(days[n], folder / "in") for n in numbers]
        put(0, 1, 3)
        line = told(path)
        assert line["written"] == [] and line["items"]["open"] == 1, line
        put(2)
        assert [Path(p).name for p in told(path)["written"]] == ["mean_2026-01-01.nc"]
        # The second day lacks an hour, and closes when the data have gone on to the third.
        put(4, 5, 7, 8)
        assert [Path(p).name for p in told(path)["written"]] == ["mean_2026-01-02.nc"]
        # What was late opens it again; so does a correction.
        before = outputs(folder)["mean_2026-01-02.nc"]
        put(6)
        assert [Path(p).name for p in told(path)["written"]] == ["mean_2026-01-02.nc"]
        assert outputs(folder)["mean_2026-01-02.nc"] != before
        field(folder / "in/f001.nc", [6], 99)
        assert [Path(p).name for p in told(path)["written"]] == ["mean_2026-01-01.nc"]
        # Inputs that are cleared away leave the outputs alone.
        put(1, 9, 10, 11)
        tick(path)
        whole = outputs(folder)
        (folder / "in/f000.nc").unlink()
        tick(path)
        assert outputs(folder) == whole
        import numpy as np
        netcdf = need_module("netCDF4")
        values = np.mean([netcdf.Dataset(days[n])["tas"][0].astype("f8") for n in range(4, 8)], axis=0)
        with netcdf.Dataset(folder / "out/mean_2026-01-02.nc") as file:
            assert file["time"].shape == (1,)
            close(file["tas"][0], values, relative=1e-6, what="the mean of the second day")


def test_windows_see_their_neighbours_and_keep_their_own():
    with Folder() as folder:
        (folder / "d.yaml").write_text("""
name: running
inputs:
  field: {files: "in/*.nc", variable: tas}
stages:
  - aggregate: {input: field, over: rolling, window: 3, method: mean, as: smooth}
outputs:
  - {input: smooth, file: "out/{window}.nc"}
metadata: {title: x, institution: y}
windows: {length: day, steps: 4, before: 6h, after: 6h}
schedule: {settle: 0}
""")
        sources(folder / "in", 13)
        line = told(folder / "d.yaml")
        names = [Path(p).name for p in line["written"]]
        assert names == ["2026-01-01.nc", "2026-01-02.nc", "2026-01-03.nc"], line
        netcdf = need_module("netCDF4")
        import numpy as np
        with netcdf.Dataset(folder / "out/2026-01-02.nc") as file:
            assert list(file["time"][:]) == [24, 30, 36, 42], list(file["time"][:])
            raw = [netcdf.Dataset(folder / f"in/f{n:03d}.nc")["tas"][0].astype("f8") for n in range(3, 9)]
            for n in range(4):
                close(file["tas"][n], np.mean(raw[n:n + 3], axis=0), relative=1e-6, what=f"step {n}")


def test_hooks_metrics_and_status():
    with Folder() as folder:
        for name in ("good", "bad", "slow"):
            script = folder / f"{name}.sh"
            script.write_text("#!/bin/sh\n" + {"good": 'cat > "$1"\n', "bad": "echo no good >&2; exit 3\n",
                                               "slow": "sleep 60 & sleep 60\n"}[name])
            script.chmod(0o755)
        schedule = "settle: 0, metrics: m/isotach.prom, on-success: [./good.sh, {out}], on-failure: [./good.sh, {bad}]"
        path = pipeline(folder, schedule.format(out=folder / "success $HOME; `x`.json", bad=folder / "failure.json"))
        files = sources(folder / "in", 2)
        tick(path)
        event = json.loads((folder / "success $HOME; `x`.json").read_text())
        assert event["event"] == "on-success" and len(event["written"]) == 2 and event["code"] == 0, event
        metrics = (folder / "m/isotach.prom").read_text()
        assert 'isotach_items{pipeline="scheduled",state="done"} 2' in metrics, metrics
        assert 'isotach_input_lag_seconds{pipeline="scheduled"} 0.0' in metrics and "last_success" in metrics, metrics
        files[0].write_bytes(b"nothing")
        tick(path, code=2)
        event = json.loads((folder / "failure.json").read_text())
        assert event["failed"][0]["item"] == "f000" and event["code"] == 2, event
        text = expect(bare("status", path), 0).out
        assert "1 done, 1 failed" in text and "exit 2" in text, text
        path = pipeline(folder, "settle: 0, on-success: [./bad.sh]", "q.yaml")
        files[0].unlink()
        result = expect(bare("run", "--new-only", path), 2)
        assert "ended with 3: no good" in result.err, result
        path = pipeline(folder, "settle: 0, on-success: [./slow.sh], hook-limit: 1s", "r.yaml")
        result = expect(bare("run", "--new-only", path), 2)
        assert "took more than 1s" in result.err and result.seconds < 8, result
        path = pipeline(folder, "settle: 0, on-success: [./none.sh]", "s.yaml")
        assert "no program `./none.sh`" in expect(bare("check", path), 78).err
        path = pipeline(folder, 'settle: 0, on-success: "mail -s x y"', "t.yaml")
        assert "no shell" in expect(bare("check", path), 78).err


def test_lists_of_what_was_found():
    with Folder() as folder:
        (folder / "in").mkdir()
        (folder / "tell.sh").write_text("#!/bin/sh\ncat > found.json\n".replace("found", str(folder / "found")))
        (folder / "tell.sh").chmod(0o755)
        path = folder / "d.yaml"
        path.write_text("""
name: hot
inputs:
  field: {files: "in/*.nc", variable: tas}
stages:
  - objects: {input: field, at-least: 309.5, name: hot spot, as: spots}
outputs:
  - {input: spots, file: "out/{stem}.csv"}
  - {input: spots, file: "out/{stem}_list.nc", form: list}
  - {input: spots, file: "out/{stem}_mask.nc"}
metadata: {title: x, institution: y}
schedule: {settle: 0, on-detection: [./tell.sh], metrics: m.prom}
""")
        sources(folder / "in", 2)
        line = told(path)
        assert len(line["written"]) == 6, line
        rows = sum(len((folder / f"out/f00{n}.csv").read_text().splitlines()) - 1 for n in range(2))
        found = [c for c in line["classes"] if c["of"] == "objects"]
        assert rows > 3 and [c["count"] for c in found] == [rows], (rows, line["classes"])
        event = json.loads((folder / "found.json").read_text())
        assert event["event"] == "on-detection" and event["classes"] == line["classes"], event
        assert f'class="hot spot"}} {rows}\n' in (folder / "m.prom").read_text()
        (folder / "found.json").unlink()
        before = identities(folder)
        tick(path)
        assert identities(folder) == before and not (folder / "found.json").exists()
        # A list that somebody edited is made again; where it is not known what a text was made from, it too.
        text = outputs(folder)
        (folder / "out/f001.csv").write_text("nothing")
        assert len(told(path)["written"]) == 3
        assert outputs(folder) == text
        (folder / ".isotach/d.yaml/cache").unlink()
        assert len(told(path)["written"]) == 6
        assert outputs(folder) == text


def crontab(path, folder, *arguments):
    """The command of the generated crontab, as cron hands it to /bin/sh."""
    result = expect(bare("schedule", "cron", path, "--every", "10m", "--into", folder, *arguments), 0)
    text = Path(result.out.rstrip("\n")).read_text()
    line = text.splitlines()[-1]
    assert line.startswith("*/10 * * * * "), line
    return line[len("*/10 * * * * "):].replace("\\%", "%")


def test_crontab_and_units():
    with Folder() as outer:
        folder = outer / "a % 'b' $c"
        folder.mkdir()
        path = pipeline(folder, more="parameters: {p: x}\n")
        sources(folder / "in", 2)
        command = crontab(path, outer, "--set", "p=50% $HOME", "--threads", "2")
        for umask in ("0022", "0077", "0000", "0777"):
            result = expect(run(*BARE, "/bin/sh", "-c", f"umask {umask}; " + command, cwd="/"), 0)
            assert result.out == "" and result.err == "", result
            assert len(outputs(folder)) == 2
            assert all(p.stat().st_mode & 0o600 == 0o600 for p in (folder / "out").iterdir())
            shutil.rmtree(folder / "out")
            shutil.rmtree(folder / ".isotach")
        expect(bare("schedule", "cron", path, "--every", "7m", "--into", outer), 64)
        result = expect(bare("schedule", "systemd", path, "--every", "6h", "--offset", "20m", "--into", outer), 0)
        units = result.out.split()
        assert [Path(u).name for u in units] == ["isotach-scheduled.service", "isotach-scheduled.timer"], units
        timer = Path(units[1]).read_text()
        assert "OnCalendar=*-*-* 00/6:20:00 UTC" in timer
        need_tool("systemd-analyze")
        result = expect(run("systemd-analyze", "verify", *units), 0)
        assert "isotach" not in result.err, result
        expect(run("systemd-analyze", "calendar", "*-*-* 00/6:20:00 UTC"), 0)


def drop(source, target, manner, chance):
    """Puts a file into the folder in some manner."""
    data = source.read_bytes()
    if manner == "whole":
        part = target.with_name("." + target.name)
        part.write_bytes(data)
        part.rename(target)
    elif manner == "copied":
        target.write_bytes(data)
    elif manner == "slow":
        with open(target, "wb") as file:
            pieces = chance.randint(3, 8)
            for n in range(pieces):
                file.write(data[len(data) * n // pieces:len(data) * (n + 1) // pieces])
                file.flush()
                time.sleep(chance.uniform(0.05, 0.4))
    elif manner == "damaged":
        damaged = bytearray(data[:chance.randint(0, len(data))])
        for _ in range(20):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        target.write_bytes(damaged)
        time.sleep(chance.uniform(0.5, 3))
        target.write_bytes(data)
    elif manner == "twice":
        target.write_bytes(data)
        time.sleep(chance.uniform(0.2, 2))
        target.write_bytes(data)
    elif manner == "corrected":
        field(target, [6 * int(source.stem[1:])], 1000 + chance.randrange(1000))
        time.sleep(chance.uniform(0.5, 3))
        target.write_bytes(data)


def storm(folder, path, expected, command, seconds, chance, kills=True):
    """Files of all manners are dropped while runs start, are killed, and see wrong clocks; then peace."""
    order = sorted((folder / "source").glob("*.nc"))
    chance.shuffle(order)
    manners = ["whole", "copied", "slow", "damaged", "twice", "corrected"]
    stop = threading.Event()

    def feed(part, seed):
        own = random.Random(seed)
        for source in part:
            if stop.is_set():
                break
            drop(source, folder / "in" / source.name, own.choice(manners), own)
            time.sleep(own.uniform(0, 2 * seconds / len(order)))
    feeders = [threading.Thread(target=feed, args=(order[n::3], chance.random())) for n in range(3)]
    for feeder in feeders:
        feeder.start()
    counts = {}
    try:
        while any(f.is_alive() for f in feeders):
            code = disturbed(command, chance, kills)
            counts[code] = counts.get(code, 0) + 1
            for name, data in outputs(folder).items():
                if not name.startswith("."):
                    assert data.startswith(b"\x89HDF"), f"{name} is half-written"
            time.sleep(chance.uniform(0, 0.3))
    finally:
        stop.set()
        for feeder in feeders:
            feeder.join()
    return counts


def disturbed(command, chance, kills):
    """A run that sees a wrong clock, or is killed, or both, or neither; how it ended."""
    words = list(BARE)
    if FAKE_CLOCK and chance.random() < 0.4:
        words += [f"LD_PRELOAD={FAKE_CLOCK}", "FAKETIME=" + chance.choice(["-3y", "+2d", "-1h", "+400d", "-30s"])]
    process = subprocess.Popen([*words, "/bin/sh", "-c", "exec " + command], stdin=subprocess.DEVNULL, cwd="/",
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if kills and chance.random() < 0.5:
        time.sleep(chance.uniform(0, 0.6))
        process.kill()
    try:
        text = process.communicate(timeout=300)[1].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"a run does not end: {' '.join(words)}")
    for kind in ("faketime_shm_", "sem.faketime_sem_"):
        Path("/dev/shm", f"{kind}{process.pid}").unlink(missing_ok=True)
    assert process.returncode in (0, 2, 75, -9), f"exit {process.returncode} of {' '.join(words)}: {text}"
    return process.returncode


def in_peace(folder, path, command, expected, limit=120):
    """The schedule goes on without disturbance until nothing is left."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        expect(run(*BARE, "/bin/sh", "-c", "exec " + command, cwd="/"), 0)
        if status(path)["items"]["done"] == len(expected) and not status(path)["left"]:
            break
        time.sleep(0.5)
    got = outputs(folder)
    assert sorted(got) == sorted(expected), f"missing {set(expected) - set(got)}, too many {set(got) - set(expected)}"
    differ = [name for name in expected if got[name] != expected[name]]
    assert not differ, f"other bytes: {differ}"


def test_whatever_happens_the_outputs_are_those_of_one_clean_run():
    chance = random.Random(11)
    with Folder() as folder:
        schedule = "settle: 1s, retries: 2, backoff: 1s"
        path = pipeline(folder, schedule)
        files = sources(folder / "source", 24)
        clean = folder / "clean"
        clean.mkdir()
        shutil.copytree(folder / "source", clean / "in")
        tick(pipeline(clean, schedule.replace("1s", "0", 1)))
        expected = outputs(clean)
        assert len(expected) == len(files)
        command = crontab(path, folder)
        counts = storm(folder, path, expected, command, 15, chance)
        in_peace(folder, path, command, expected)
        before = identities(folder)
        tick(path)
        assert identities(folder) == before, "an output was made twice"
        return "runs by exit code: " + ", ".join(f"{k}: {v}" for k, v in sorted(counts.items()))


def test_windows_too_are_in_the_end_those_of_one_clean_run():
    chance = random.Random(5)
    with Folder() as folder:
        path = daily(folder, schedule="settle: 1s, retries: 2, backoff: 1s", windows="steps: 4, before: 6h, watermark: 6h")
        sources(folder / "source", 24)
        clean = folder / "clean"
        clean.mkdir()
        shutil.copytree(folder / "source", clean / "in")
        tick(daily(clean, windows="steps: 4, before: 6h, watermark: 6h"))
        expected = outputs(clean)
        assert len(expected) == 6, list(expected)
        command = crontab(path, folder)
        counts = storm(folder, path, expected, command, 12, chance)
        in_peace(folder, path, command, expected)
        return "runs by exit code: " + ", ".join(f"{k}: {v}" for k, v in sorted(counts.items()))


if __name__ == "__main__":
    main(globals())
