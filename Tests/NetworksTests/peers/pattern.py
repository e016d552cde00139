"""The same numbers as Support/Pattern.swift, and a writer of golden files."""

import json
import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"


def pattern(shape, seed):
    """float32 numbers in [-1, 1)."""
    count = int(np.prod(shape)) if len(shape) else 1
    index = np.arange(count, dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    h = ((index + np.uint64(seed * 7919 % 2**32)) & mask) * np.uint64(2654435761) & mask
    h = (h ^ (h >> np.uint64(15))) * np.uint64(2246822519) & mask
    h = (h ^ (h >> np.uint64(13))) >> np.uint64(8)
    return (h.astype(np.float64) / 2**23 - 1).astype(np.float32).reshape(shape)


def write(file, entries):
    """A list of objects, one a line."""
    GOLDEN.mkdir(exist_ok=True)
    text = "[\n" + ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries) + "\n]\n"
    (GOLDEN / file).write_text(text)
    print(file, len(text), "bytes")
