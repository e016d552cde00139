"""Damaged files, made on the fly from real ones: exit 65, the file named; no crash, no hang, no balloon.

The damage is seeded, so that a failure can be had again: it names the file, the kind and the number.
"""
import random
from concurrent.futures import ThreadPoolExecutor

from support import *

MEMORY = 512 << 20
SECONDS = 30

PIPELINE = """
name: damaged
inputs:
  field: {{files: {file}, {variable}}}
stages:
  - transform: {{input: field, function: abs, as: result}}
outputs:
  - {{input: result, file: out.nc}}
metadata: {{title: x, institution: y}}
"""


def bases():
    """Name, path, how the pipeline names its variable."""
    made = [
        ("classic", debian("tas_mod1_hist_rectilin_grid_2D.nc"), "variable: tas"),
        ("classic with records", debian("uas_rectilinear_grid_2D.nc"), "variable: uas"),
        ("packed", ROOT / "Tests/data/sst_packed.nc", "variable: sst"),
        ("netCDF-4 with groups", debian("nc4uvt.nc"), "variable: T"),
        ("HDF5", debian("MLS-Aura_L2GP-IWC_v02-21-c02_2007d210.he5"),
         "variable: /HDFEOS/SWATHS/IWC/Data Fields/L2gpValue, dimensions: [profile, pressure]"),
    ]
    compressed = OUT / "wind_climatology.nc"
    if compressed.exists():
        made.append(("netCDF-4 compressed", compressed, "variable: uas"))
    return made


def attack(name, folder, data, variable):
    """inspect, check and run on one damaged file: each must end in order."""
    place = folder / name
    place.mkdir()
    file = place / "damaged.nc"
    file.write_bytes(data)
    (place / "p.yaml").write_text(PIPELINE.format(file=file, variable=variable))
    codes = []
    for arguments in (("inspect", file), ("run", place / "p.yaml", "--threads", "1")):
        result = isotach(*arguments, timeout=10 * SECONDS)
        if result.timed_out or result.processor > SECONDS or result.code < 0 or result.code not in (0, 65, 78):
            return f"{name}: {arguments[0]}: {result}", codes
        if result.peak > MEMORY:
            return f"{name}: {arguments[0]} took {result.peak >> 20} MiB", codes
        if result.code == 65 and "damaged.nc" not in result.err:
            return f"{name}: {arguments[0]}: the file is not named: {result.err}", codes
        codes.append(result.code)
    left = sorted(p.name for p in place.iterdir() if p.name not in ("damaged.nc", "p.yaml", "out.nc"))
    if left:
        return f"{name}: litter {left}", codes
    if codes[1] != 0 and (place / "out.nc").exists():
        return f"{name}: run failed, yet wrote an output", codes
    shutil.rmtree(place)
    return None, codes


def campaign(mutations):
    """mutations: (name, bytes, variable). Runs them two at a time and gathers the failures."""
    with Folder() as folder, ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda m: attack(m[0], folder, m[1], m[2]), mutations))
    failures = [text for text, _ in results if text]
    assert not failures, f"{len(failures)} of {len(results)}\n  " + "\n  ".join(failures[:8])
    counts = {}
    for _, codes in results:
        counts[codes[1]] = counts.get(codes[1], 0) + 1
    return f"{len(results)} files; run ended with " + ", ".join(f"{c}: {n}" for c, n in sorted(counts.items())), results


def test_undamaged_files_are_read():
    for name, path, variable in bases():
        with Folder() as folder:
            text, codes = attack("whole", folder, Path(path).read_bytes(), variable)
            assert text is None and codes[0] == 0, f"{name}: {text} {codes}"


def test_truncated_files_are_refused():
    mutations = []
    for number, (name, path, variable) in enumerate(bases()):
        data, chance = Path(path).read_bytes(), random.Random(1000 + number)
        lengths = [0, 1, 3, 4, 8, 100, len(data) // 2, len(data) - 1] + [chance.randrange(len(data)) for _ in range(6)]
        mutations += [(f"{name} cut to {n}".replace(" ", "-"), data[:n], variable) for n in sorted(set(lengths))]
    note, results = campaign(mutations)
    wrong = []
    for (name, data, _), (_, codes) in zip(mutations, results):
        if codes[1] == 0:
            wrong.append(name)
    assert not wrong, f"accepted although cut: {wrong}"
    return note


def test_flipped_bits_in_headers():
    mutations = []
    for number, (name, path, variable) in enumerate(bases()):
        data, chance = Path(path).read_bytes(), random.Random(2000 + number)
        # Headers of classic files are at the start; HDF5 has its metadata all over, densest at the start.
        reach = min(len(data), 1500 if data[:3] == b"CDF" else 8192)
        for round in range(25):
            changed = bytearray(data)
            for _ in range(chance.choice((1, 1, 1, 4))):
                changed[chance.randrange(reach)] ^= 1 << chance.randrange(8)
            mutations.append((f"{name} header {round}".replace(" ", "-"), bytes(changed), variable))
    return campaign(mutations)[0]


def test_flipped_bits_anywhere():
    mutations = []
    for number, (name, path, variable) in enumerate(bases()):
        data, chance = Path(path).read_bytes(), random.Random(3000 + number)
        for round in range(10):
            changed = bytearray(data)
            for _ in range(200):
                changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            mutations.append((f"{name} anywhere {round}".replace(" ", "-"), bytes(changed), variable))
    return campaign(mutations)[0]


def test_overwritten_stretches():
    mutations = []
    for number, (name, path, variable) in enumerate(bases()):
        data, chance = Path(path).read_bytes(), random.Random(4000 + number)
        for round, filler in enumerate((b"\x00", b"\xff", b"\x7f", b"\x80")):
            start = chance.randrange(8, min(len(data), 4096))
            length = chance.choice((4, 8, 64, 512))
            changed = data[:start] + (filler * length)[: max(0, len(data) - start)] + data[start + length:]
            mutations.append((f"{name} stretch {round}".replace(" ", "-"), changed, variable))
    return campaign(mutations)[0]


def test_a_classic_header_that_claims_too_much():
    data = bytearray(Path(debian("uas_rectilinear_grid_2D.nc")).read_bytes())
    # Bytes 4..7: the number of records; then the tag and number of dimensions.
    claims = []
    for offset, words in ((4, b"\x7f\xff\xff\xff"), (12, b"\x7f\xff\xff\xff"), (12, b"\xff\xff\xff\xff"),
                          (16, b"\x7f\xff\xff\xf0")):
        changed = bytearray(data)
        changed[offset:offset + 4] = words
        claims.append((f"claim-{offset}-{words.hex()}", bytes(changed), "variable: uas"))
    note, results = campaign(claims)
    for (name, _, _), (_, codes) in zip(claims, results):
        assert codes[1] == 65, f"{name}: {codes}"
    return note


def test_external_storage_and_links_are_refused():
    h5py = need_module("h5py")
    import numpy as np
    with Folder() as folder:
        secret = folder / "secret.bin"
        secret.write_bytes(np.arange(100, dtype="f4").tobytes())
        with h5py.File(folder / "external.h5", "w") as file:
            space = h5py.h5s.create_simple((10, 10))
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_external(str(secret).encode(), 0, h5py.h5f.UNLIMITED)
            h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, space, plist)
        with h5py.File(folder / "target.h5", "w") as file:
            file["y"] = np.ones((10, 10), "f4")
        with h5py.File(folder / "link.h5", "w") as file:
            file["x"] = h5py.ExternalLink("target.h5", "/y")
        for name in ("external.h5", "link.h5"):
            (folder / "p.yaml").write_text(PIPELINE.format(
                file=folder / name, variable="variable: /x, dimensions: [y, x]"))
            result = isotach("run", folder / "p.yaml")
            assert result.code in (65, 78), f"{name}: {result}"
            assert not (folder / "out.nc").exists(), f"{name} was followed"


if __name__ == "__main__":
    main(globals())
