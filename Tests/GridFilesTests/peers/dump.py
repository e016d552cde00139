"""What netCDF4-python and h5py see in files: headers, and for every variable the checksum of its bytes.

usage: dump.py FILE...     prints one JSON object: file -> {library, groups, variables}
"""
import json
import sys
import warnings
import zlib

import h5py
import netCDF4
import numpy as np

warnings.simplefilter("ignore")


def checksum(data):
    data = memoryview(data).cast("B") if len(data) else b""
    return f"{len(data)} {zlib.crc32(data)}"


def native(array):
    array = np.ascontiguousarray(array)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    return array


def text_of(value):
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            value = value.decode("latin-1")
    return str(value).rstrip("\0")


def attribute(value):
    """`text:...`, `strings:[...]`, or type and bytes in hexadecimal."""
    if isinstance(value, h5py.Empty):
        return "text:" if value.dtype.kind in "SUO" else f"{value.dtype.kind}{value.dtype.itemsize}:"
    if isinstance(value, (str, bytes)):
        return "text:" + text_of(value)
    if isinstance(value, (list, tuple)):
        return "strings:" + "\n".join(text_of(v) for v in value)
    array = np.asarray(value)
    if array.dtype.kind in "SUO":
        items = array.ravel().tolist()
        if not all(isinstance(i, (str, bytes)) for i in items):
            return None
        texts = [text_of(i) for i in items]
        return "text:" + texts[0] if len(texts) == 1 else "strings:" + "\n".join(texts)
    if array.dtype.kind == "b":
        array = array.astype("i1")
    if array.dtype.kind not in "iuf":
        return None
    array = native(array)
    return f"{array.dtype.kind}{array.dtype.itemsize}:{array.tobytes().hex()}"


def strings(items):
    return "strings:" + checksum("\0".join(text_of(i) for i in items).encode())


def decoded(data):
    """Of what is not masked and is a finite number: how many, their sum, the sum of their absolutes."""
    masked = np.ma.getmaskarray(data)
    values = np.ma.getdata(data).astype("f8")
    good = ~masked & np.isfinite(values)
    values = values[good]
    return {"valid": int(good.sum()), "sum": float(values.sum()), "size": float(np.abs(values).sum())}


def netcdf_group(group, path, out):
    dimensions = [[d.name, len(d), d.isunlimited()] for d in group.dimensions.values()]
    attributes = {n: attribute(group.getncattr(n)) for n in group.ncattrs()}
    out["groups"][path] = {"dimensions": dimensions, "attributes": attributes}
    for name, v in group.variables.items():
        full = path.rstrip("/") + "/" + name
        entry = {
            "dimensions": list(v.dimensions),
            "shape": list(v.shape),
            "attributes": {n: attribute(v.getncattr(n)) for n in v.ncattrs()},
        }
        out["variables"][full] = entry
        v.set_auto_chartostring(False)
        v.set_auto_maskandscale(False)
        v.set_always_mask(False)
        if v.dtype is str:
            entry["type"] = "string"
            entry["data"] = strings(np.asarray(v[...]).ravel().tolist())
            continue
        if isinstance(v.datatype, netCDF4.CompoundType) or isinstance(v.datatype, netCDF4.VLType):
            continue
        if isinstance(v.datatype, netCDF4.EnumType):
            entry["type"] = "enum"
        elif v.dtype.kind == "S":
            entry["type"] = "char"
        else:
            entry["type"] = f"{v.dtype.kind}{v.dtype.itemsize}"
        entry["data"] = "bytes:" + checksum(native(v[...]).tobytes())
        if entry["type"][0] in "iuf":
            v.set_auto_maskandscale(True)
            entry["decoded"] = decoded(v[...])
    for name, child in group.groups.items():
        netcdf_group(child, path.rstrip("/") + "/" + name, out)


def hdf5_file(path):
    out = {"library": "h5py", "groups": {}, "variables": {}}

    def attributes(o):
        result = {}
        hidden = ["REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS"]
        if isinstance(o, h5py.Dataset) and o.is_scale:
            hidden += ["CLASS", "NAME"]
        for name in o.attrs:
            if name in hidden:
                continue
            try:
                result[name] = attribute(o.attrs[name])
            except (OSError, TypeError):
                result[name] = None
        return result

    def visit(name, o):
        full = "/" + name
        if isinstance(o, h5py.Group):
            out["groups"][full] = {"attributes": attributes(o)}
            return
        if not isinstance(o, h5py.Dataset) or o.shape is None:
            return
        entry = {"shape": list(o.shape), "attributes": attributes(o)}
        kind = h5py.check_string_dtype(o.dtype)
        if kind is not None and kind.length is None:
            entry["type"] = "string"
            entry["data"] = strings(np.asarray(o[...]).ravel().tolist())
        elif o.dtype.kind == "S":
            entry["type"] = "fixed"
            entry["data"] = strings(np.asarray(o[...]).ravel().tolist())
        elif o.dtype.kind in "iufb" or h5py.check_enum_dtype(o.dtype):
            array = native(o[...])
            if array.dtype.kind == "f" and array.dtype.itemsize == 2:
                array = array.astype("f4")
            entry["type"] = f"{array.dtype.kind}{array.dtype.itemsize}"
            entry["data"] = "bytes:" + checksum(array.tobytes())
        else:
            return
        out["variables"][full] = entry

    with h5py.File(path, "r") as f:
        out["groups"]["/"] = {"attributes": attributes(f)}
        f.visititems(visit)
    return out


def netcdf_file(path):
    out = {"library": "netCDF4", "groups": {}, "variables": {}}
    with netCDF4.Dataset(path) as f:
        out["format"] = f.data_model
        netcdf_group(f, "/", out)
    return out


result = {}
for name in sys.argv[1:]:
    try:
        plain = name.endswith((".h5", ".hdf5", ".he5"))
        result[name] = hdf5_file(name) if plain else netcdf_file(name)
    except Exception as error:  # the peer itself cannot read the file
        result[name] = {"error": f"{type(error).__name__}: {error}"}
json.dump(result, sys.stdout)
