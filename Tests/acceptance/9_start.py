"""How long a start takes: printed beside its target, and failed only at five times that."""
import statistics

from support import *


def milliseconds(arguments, rounds=30, cwd=None):
    times = []
    null = os.open(os.devnull, os.O_RDWR)
    for _ in range(rounds):
        begin = time.perf_counter()
        pid = os.posix_spawn(arguments[0], [str(a) for a in arguments], os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)])
        _, status = os.waitpid(pid, 0)
        times.append((time.perf_counter() - begin) * 1000)
        assert os.waitstatus_to_exitcode(status) == 0, arguments
    os.close(null)
    return statistics.median(times), min(times)


def within(target, arguments):
    median, best = milliseconds(arguments)
    text = f"median {median:.1f} ms, best {best:.1f} ms, target {target} ms"
    assert median < 5 * target, text
    return text + ("" if median <= target else ": OVER THE TARGET")


def test_version():
    return within(15, [ISOTACH, "--version"])


def test_small_classic_run():
    with Folder() as folder:
        (folder / "p.yaml").write_text(
            f"name: small\ninputs:\n  t: {{files: {debian('tas_mod1_hist_rectilin_grid_2D.nc')}, variable: tas}}\n"
            "stages:\n  - convert: {input: t, units: {tas: degC}, as: c}\noutputs:\n  - {input: c, file: out.nc}\n"
            "metadata: {title: x, institution: y}\n")
        return within(50, [ISOTACH, "run", folder / "p.yaml"])


def test_small_run_on_netCDF_4_with_its_child_process():
    with Folder() as folder:
        source = OUT / "wind_climatology.nc"
        if not source.exists():
            raise Skip("pipelines/out was not made")
        (folder / "p.yaml").write_text(
            f"name: small\ninputs:\n  t: {{files: {source}, variable: uas}}\n"
            "stages:\n  - convert: {input: t, units: {uas: knot}, as: c}\noutputs:\n  - {input: c, file: out.nc}\n"
            "metadata: {title: x, institution: y}\n")
        return within(50, [ISOTACH, "run", folder / "p.yaml"])


def test_bare_process():
    """What the machine needs to start any program, for scale."""
    median, best = milliseconds(["/bin/true"])
    return f"/bin/true: median {median:.1f} ms"


if __name__ == "__main__":
    main(globals())
