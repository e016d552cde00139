"""Small netCDF-4 and HDF5 files with what real files seldom have. usage: make_odd.py FOLDER"""
import os
import sys
import warnings

import h5py
import netCDF4
import numpy as np

warnings.simplefilter("ignore")
folder = sys.argv[1]
rng = np.random.default_rng(7)


def place(name):
    return os.path.join(folder, name)


# Parts that were never written, records of different number, byte order, groups, names.
with netCDF4.Dataset(place("unwritten.nc"), "w") as f:
    f.createDimension("time", None)
    f.createDimension("y", 7)
    f.createDimension("x", 11)
    a = f.createVariable("a", "f4", ("time", "y", "x"), zlib=True, chunksizes=(2, 4, 5), fill_value=-5.0)
    a[0:2] = rng.normal(size=(2, 7, 11))
    a[8, 1:3, 9:] = 4.0
    b = f.createVariable("b", "i2", ("time", "x"), zlib=True, shuffle=True, chunksizes=(3, 4))
    b[0:4] = rng.integers(-300, 300, size=(4, 11))
    f.createVariable("never", "i4", ("y", "x"), contiguous=True)
    f.createVariable("never_chunked", "f8", ("y", "x"), chunksizes=(3, 3), zlib=True)
    big = f.createVariable(
        "big", "f8", ("y", "x"), endian="big", zlib=True, shuffle=True, fletcher32=True, chunksizes=(4, 6)
    )
    big[:] = rng.normal(size=(7, 11))
    wide = f.createVariable("wide", "i8", ("time",), fill_value=-9223372036854775806)
    wide[0:3] = [9007199254740993, -9223372036854775806, 5]
    # A variable named as a dimension that it does not lie on, and a coordinate of two dimensions.
    f.createDimension("n", 3)
    f.createVariable("n", "i4", ("x",))[:] = np.arange(11)
    f.createDimension("label", 2)
    f.createDimension("length", 4)
    f.createVariable("label", "S1", ("label", "length"))[:] = np.array([list("abcd"), list("wxyz")], "S1")
    g = f.createGroup("outer").createGroup("inner")
    g.createDimension("y", 2)
    g.createVariable("c", "u1", ("y", "x"))[:] = rng.integers(0, 255, size=(2, 11))
    s = f.createVariable("s", str, ("y",))
    s[0], s[3] = "first", "größer"
    packed = f.createVariable("packed", "i2", ("y", "x"), fill_value=-99, zlib=True)
    packed.scale_factor, packed.add_offset, packed.valid_min = 0.01, 273.15, np.int16(-50)
    packed[:] = np.ma.masked_less(rng.normal(273, 1, size=(7, 11)), 272)

# Filters and types.
with h5py.File(place("filters.h5"), "w") as f:
    data = rng.integers(-1000, 1000, size=(30, 17))
    f.create_dataset("scaleoffset", data=data.astype("i4"), chunks=(8, 8), scaleoffset=0)
    f.create_dataset("shuffle_only", data=data.astype("f8"), chunks=(7, 5), shuffle=True)
    f.create_dataset("sum_only", data=data.astype("i2"), chunks=(7, 5), fletcher32=True)
    f.create_dataset("all", data=data.astype("f4"), chunks=(7, 5), shuffle=True, fletcher32=True, compression=9)
    f.create_dataset("big", data=data.astype(">u4"), chunks=(30, 17), shuffle=True, compression=1)
    f.create_dataset("half", data=data.astype("f2"))
    f.create_dataset("half_chunked", data=data.astype("f2"), chunks=(9, 9), compression=4)
    f.create_dataset("bool", data=data > 0, chunks=(9, 9))
    f.create_dataset("filled", (20, 20), "i2", chunks=(6, 6), fillvalue=-7, compression=4)[3:5, 4:9] = 1
    f.create_dataset("scalar", data=np.float64(2.5))
    f.create_dataset("texts", data=np.array([b"one", b"two2", b""]))
    f.create_dataset("bytes1", data=np.arange(-5, 100, dtype="i1"), chunks=(20,), shuffle=True, compression=4)
    masked = f.create_dataset("masked", (8, 8), "f4", chunks=(4, 8), shuffle=True, compression=4)
    masked[...] = data[:8, :8]
    # The chunk at (4, 0) without any filter: bits 0 and 1 of its mask.
    masked.id.write_direct_chunk((4, 0), data[4:8, :8].astype("<f4").tobytes(), filter_mask=3)
    f.attrs["texts"] = ["a", "bc"]
    f.attrs["pair"] = np.array([1.5, -2.5], ">f4")
    f.attrs["flag"] = True
    f.attrs["empty"] = h5py.Empty("f4")
with h5py.File(place("latest.h5"), "w", libver=("v110", "v110")) as f:
    for name, chunks in [("fixed", (5, 5)), ("single", (30, 17))]:
        f.create_dataset(name, data=data.astype("i4"), chunks=chunks, compression=4)
    f.create_dataset("extensible", data=data.astype("i4"), chunks=(4, 4), maxshape=(None, 17), compression=4)
    f.create_dataset("tree", data=data.astype("i4"), chunks=(4, 4), maxshape=(None, None), shuffle=True)
    f.create_dataset("implicit", data=data.astype("i4"), chunks=(4, 4))
    f.create_dataset("linked", data=data)
    f["group/alias"] = h5py.SoftLink("/linked")
    f.require_group("group")["near"] = h5py.SoftLink("alias")

# What leads out of a file, and what has no end.
with h5py.File(place("outside.h5"), "w") as f:
    f["good"] = np.arange(4.0)
    f.create_dataset("external", (100,), "u1", external=[("/etc/passwd", 0, 100)])
    f["link"] = h5py.ExternalLink("filters.h5", "/all")
    f["dangling"] = h5py.SoftLink("/nowhere")
    g = f.create_group("g")
    g["again"] = f["/"]
    layout = h5py.VirtualLayout((30, 17), "f4")
    layout[...] = h5py.VirtualSource(place("filters.h5"), "all", (30, 17))
    f.create_virtual_dataset("virtual", layout)
    f.create_dataset("reference", data=f["good"].ref, dtype=h5py.ref_dtype)
    f.create_dataset("nothing", dtype="f4", data=h5py.Empty("f4"))
with open(place("raw.bin"), "wb") as raw:
    raw.write(np.arange(50, dtype="<i4").tobytes())
with h5py.File(place("raw.h5"), "w") as f:
    f.create_dataset("external", (10,), "i4", external=[("raw.bin", 8, 40)])
with h5py.File(place("lzf.h5"), "w") as f:
    f.create_dataset("x", data=np.zeros((64, 64)), chunks=(64, 64), compression="lzf")

# Tables.
kind = np.dtype(
    [("id", "<i4"), ("wind", ">f8"), ("name", "S6"), ("note", h5py.string_dtype()), ("q", "<i2", (3,)),
     ("at", [("lat", "<f4"), ("lon", "<f4")])]
)
rows = np.array(
    [(i, i / 3, f"n{i}".encode(), f"nöte {i}", (i, -i, 2 * i), (i + 0.5, -i)) for i in range(25)], kind
)
plain = np.dtype([(n, kind[n]) for n in kind.names if n != "note"])
with h5py.File(place("table.h5"), "w") as f:
    f.create_dataset("vlen", data=rows, chunks=(10,), compression=4)
    simple = np.empty(25, plain)
    for n in plain.names:
        simple[n] = rows[n]
    f.create_dataset("plain", data=simple, chunks=(10,), shuffle=True, compression=4)
    f.create_dataset("contiguous", data=simple)
