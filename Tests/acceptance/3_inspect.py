"""`inspect` on every real file: it shows it, or says why not; it never crashes. Dimensions as netCDF4-python has them."""
import json

from support import *

ENDINGS = {".nc", ".cdf", ".h5", ".he5", ".hdf5", ".nc4"}


def debian_files():
    files = []
    for package in ("libncarg-data", "ferret-datasets"):
        listing = run("dpkg", "-L", package) if shutil.which("dpkg") else None
        if listing and listing.code == 0:
            files += [Path(line) for line in listing.out.splitlines() if Path(line).suffix in ENDINGS]
    if not files:
        raise Skip("libncarg-data and ferret-datasets are not installed")
    return sorted(files)


def shared_files():
    root = need_shared()
    return sorted(p for p in root.rglob("*") if p.is_file() and p.suffix in ENDINGS)


def inspect_all(files):
    refused = []
    for file in files:
        result = isotach("inspect", file, timeout=300)
        assert result.processor <= 60 and result.code in (0, 65), f"{file}: {result}"
        if result.code == 65:
            assert file.name in result.err, f"{file}: the refusal does not name the file: {result.err}"
            refused.append(f"{file.name}: {result.err.strip().splitlines()[-1][:120]}")
        else:
            assert len(result.out) > 40, f"{file}: nothing was shown"
    note = f"{len(files) - len(refused)} shown, {len(refused)} refused"
    return note + ("\n    " + "\n    ".join(refused) if refused else "")


def test_inspect_files_of_the_debian_packages():
    return inspect_all(debian_files())


def test_inspect_files_of_shared_data():
    return inspect_all(shared_files())


def test_inspect_json_agrees_with_netCDF4_python():
    netCDF4 = need_module("netCDF4")
    checked = 0
    for file in debian_files():
        result = isotach("inspect", file, "--json")
        if result.code != 0:
            continue
        shown = json.loads(result.out)
        text = json.dumps(shown)
        try:
            data = netCDF4.Dataset(file)
        except OSError:
            continue
        with data:
            for name, variable in data.variables.items():
                assert json.dumps(name) in text or json.dumps("/" + name) in text, f"{file}: {name} is not shown"
            checked += 1
    assert checked > 50, f"only {checked} files were compared"
    return f"{checked} files"


def test_things_that_are_no_files_are_refused():
    with Folder() as folder:
        fifo = folder / "fifo.nc"
        os.mkfifo(fifo)
        (folder / "empty.nc").write_bytes(b"")
        (folder / "text.nc").write_text("no grid\n")
        for subject, codes in ((fifo, (65,)), ("/dev/zero", (65,)), (folder, (65, 66)), (folder / "empty.nc", (65,)),
                               (folder / "text.nc", (65,)), (folder / "gone.nc", (66,)),
                               ("http://localhost/x.nc", (65, 66))):
            result = isotach("inspect", subject, timeout=120)
            assert result.processor <= 20 and result.code in codes, f"{subject}: expected exit {codes}, got {result}"
            assert result.err.strip(), f"{subject}: no reason is given"


if __name__ == "__main__":
    main(globals())
