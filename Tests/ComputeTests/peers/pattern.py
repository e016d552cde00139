"""The same numbers as Support/Pattern.swift, and a writer of golden files."""

import json
import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"


def pattern(shape, seed):
    """float32 numbers in [-1, 1)."""
    count = int(np.prod(shape)) if len(shape) else 1
    index = np.arange(count, dtype=np.uint32)
    mask = np.uint64(0xFFFFFFFF)
    h = ((index.astype(np.uint64) + np.uint64(seed * 7919 % 2**32)) & mask) * np.uint64(2654435761) & mask
    h = (h ^ (h >> np.uint64(15))) * np.uint64(2246822519) & mask
    h = (h ^ (h >> np.uint64(13))) >> np.uint64(8)
    return (h.astype(np.float64) / 2**23 - 1).astype(np.float32).reshape(shape)


def case(name, forward, inputs, wanted):
    """Runs `forward` (torch tensors in, one out) on inputs, a list of (shape, low, high) or arrays; the loss is
    sum(out * pattern(99)). `wanted`: the inputs that gradients are wanted for."""
    import torch

    tensors = []
    for position, entry in enumerate(inputs):
        if isinstance(entry, np.ndarray):
            array = entry.astype(np.float64)
        else:
            shape, low, high = entry
            array = low + (pattern(shape, position + 1).astype(np.float64) + 1) / 2 * (high - low)
        tensor = torch.tensor(array, dtype=torch.float64, requires_grad=position in wanted)
        tensors.append(tensor)
    out = forward(*tensors)
    weights = torch.tensor(pattern(tuple(out.shape), 99).astype(np.float64))
    (out * weights).sum().backward()
    result = {
        "name": name,
        "shape": list(out.shape),
        "output": [round(v, 9) for v in out.detach().reshape(-1).tolist()],
        "gradients": {
            str(p): [round(v, 9) for v in tensors[p].grad.reshape(-1).tolist()] for p in sorted(wanted)
        },
    }
    return result


def write(file, cases):
    """One golden file for each operator."""
    GOLDEN.mkdir(exist_ok=True)
    text = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
    (GOLDEN / file).write_text(text)
    print(file, len(text), "bytes")
