"""Makes golden.safetensors with the format's own library (PyPI safetensors, torch)."""

import json
import math
import pathlib

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).resolve().parent
inf, nan = math.inf, math.nan
bits = lambda *values: torch.tensor(values, dtype=torch.int16).view(torch.bfloat16)
tensors = {
    "weight": torch.tensor([[0, -1.5, 3.25], [nan, inf, 1e-45]], dtype=torch.float32),
    "wide": torch.tensor([math.pi, -0.0], dtype=torch.float64),
    "half": torch.tensor([1, -2, 65504, 6e-8, inf, 0.333], dtype=torch.float16),
    "brain": bits(0x3F80, 0xC000 - 0x10000, 0x7F80, 0x0001),
    "whole": torch.tensor([[-(2**63)], [2**63 - 1]]),
    "bytes": torch.arange(5, dtype=torch.uint8),
    "scalar": torch.tensor(7.0),
    "none": torch.zeros(0, 3),
}
save_file(tensors, here / "golden.safetensors", {"ä": 'text "quoted"', "json": json.dumps({"a": [1, 2]})})
