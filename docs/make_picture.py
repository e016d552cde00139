#!/usr/bin/env python3
"""Draws docs/flow.svg: EURO-CORDEX temperature on its rotated grid, the stages, and the regular grid that came out.

    isotach run pipelines/eurocordex-conservative.yaml
    .venv/bin/python docs/make_picture.py
"""
import base64
import struct
import zlib
from pathlib import Path

import netCDF4
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "/usr/share/ncarg/data/nug/tas_rotated_grid_EUR11.nc"
AFTER = ROOT / "pipelines/out/tas_EUR-025_conservative.nc"
# Dark blue, teal, pale, ochre, dark red, by equal steps.
STOPS = np.array([(36, 36, 92), (40, 100, 150), (90, 170, 175), (215, 225, 205), (238, 190, 105), (205, 100, 60),
                  (120, 30, 45)], float)
RANGE = (245.0, 300.0)


def colours(field):
    place = np.clip((np.ma.filled(field, np.nan) - RANGE[0]) / (RANGE[1] - RANGE[0]), 0, 1) * (len(STOPS) - 1)
    low = np.clip(np.nan_to_num(place).astype(int), 0, len(STOPS) - 2)
    part = (np.nan_to_num(place) - low)[..., None]
    colour = STOPS[low] * (1 - part) + STOPS[low + 1] * part
    alpha = np.where(np.isnan(place), 0, 255)[..., None]
    return np.concatenate([colour, alpha], -1).astype("u1")


def lines(latitude, longitude):
    """Where a multiple of 10 degrees runs between neighbouring cells."""
    marks = np.zeros(latitude.shape, bool)
    for angles in (latitude, longitude):
        step = np.floor(angles / 10)
        marks[:-1] |= step[1:] != step[:-1]
        marks[:, :-1] |= step[:, 1:] != step[:, :-1]
    return marks


def png(field, latitude, longitude):
    image = colours(field)
    marks = lines(latitude, longitude) & (image[..., 3] > 0)
    image[marks, :3] = (image[marks, :3] * 0.6 + 255 * 0.4).astype("u1")
    image = image[::-1]
    raw = b"".join(b"\0" + row.tobytes() for row in image)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 6, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(data).decode()


with netCDF4.Dataset(BEFORE) as data:
    field = data["tas"][0, 0]
    y, x = np.radians(np.meshgrid(data["rlat"][:], data["rlon"][:], indexing="ij"))
    pole = data["rotated_pole"]
    p, q = np.radians(pole.grid_north_pole_latitude), pole.grid_north_pole_longitude
    latitude = np.degrees(np.arcsin(np.sin(p) * np.sin(y) + np.cos(p) * np.cos(y) * np.cos(x)))
    longitude = q + 180 + np.degrees(np.arctan2(
        np.cos(y) * np.sin(x), np.sin(p) * np.cos(y) * np.cos(x) - np.cos(p) * np.sin(y)))
    longitude = (longitude + 180) % 360 - 180
    before = png(field[::2, ::2], latitude[::2, ::2], longitude[::2, ::2])
with netCDF4.Dataset(AFTER) as data:
    field = np.ma.squeeze(data["tas"][:])
    latitude, longitude = np.meshgrid(data["lat"][:], data["lon"][:], indexing="ij")
    after = png(field, latitude, longitude)

bar = "".join(f'<stop offset="{i / (len(STOPS) - 1):.3f}" stop-color="rgb({int(r)},{int(g)},{int(b)})"/>'
              for i, (r, g, b) in enumerate(STOPS))
svg = f'''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 400" font-family="Helvetica, Arial, sans-serif">
<title>EURO-CORDEX 2 m temperature of January 2006: from the rotated grid of the model to a regular grid</title>
<rect width="1000" height="400" rx="10" fill="#f7f7f4"/>
<g fill="#333" font-size="15">
<text x="24" y="34" font-weight="bold">tas_rotated_grid_EUR11.nc</text>
<text x="24" y="54" font-size="12.5" fill="#666">rotated pole, 412 x 424 cells of 0.11°, CDF-1</text>
<image x="24" y="66" width="272" height="264" href="{before}"/>
<text x="540" y="34" font-weight="bold">tas_EUR-025_conservative.nc</text>
<text x="540" y="54" font-size="12.5" fill="#666">latitude and longitude, 202 x 440 cells of 0.25°, CF-1.11 and ACDD-1.3</text>
<image x="540" y="96" width="436" height="200" href="{after}"/>
</g>
<g font-family="Menlo, Consolas, monospace" font-size="12.5" text-anchor="middle" fill="#24324a">
<rect x="338" y="112" width="160" height="34" rx="6" fill="#fff" stroke="#8fa0b8"/><text x="418" y="134">inputs: tas</text>
<rect x="338" y="176" width="160" height="52" rx="6" fill="#fff" stroke="#8fa0b8"/><text x="418" y="198">regrid:</text>
<text x="418" y="215">conservative, 0.25°</text>
<rect x="338" y="258" width="160" height="34" rx="6" fill="#fff" stroke="#8fa0b8"/><text x="418" y="280">outputs: out/...nc</text>
</g>
<g stroke="#8fa0b8" stroke-width="2" fill="none" marker-end="url(#tip)">
<path d="M300 129H330"/><path d="M418 146V168"/><path d="M418 228V250"/><path d="M498 275H530"/></g>
<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" orient="auto">
<path d="M0 0L8 4L0 8z" fill="#8fa0b8"/></marker>
<linearGradient id="bar">{bar}</linearGradient></defs>
<rect x="640" y="326" width="236" height="12" fill="url(#bar)"/>
<g font-size="12" fill="#555" text-anchor="middle"><text x="640" y="354">{RANGE[0] - 273.15:.0f} °C</text>
<text x="876" y="354">{RANGE[1] - 273.15:.0f} °C</text></g>
<text x="24" y="368" font-size="12.5" fill="#666">Mean 2 m temperature of January 2006. White lines: every 10° of latitude and longitude.</text>
</svg>
'''
(ROOT / "docs/flow.svg").write_text(svg)
print(f"docs/flow.svg: {len(svg)} bytes")
