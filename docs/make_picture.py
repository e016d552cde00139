#!/usr/bin/env python3
"""Draws docs/flow.svg, the main job: coarse temperature and relief go in, the stages, fine temperature comes out.

    isotach run pipelines/downscale-temperature.yaml
    .venv/bin/python docs/make_picture.py [the temperature that the run wrote]
"""
import base64
import struct
import sys
import zlib
from pathlib import Path

import netCDF4
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path("/usr/share/ncarg/data/nug")
RESULT = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "pipelines/out/tas_EUR-11_from_4x_west.nc"
FACTOR = 4
# Of the 408 x 424 cells, from the lower left: the Adriatic between its mountains, in the half not trained on.
ROWS, COLUMNS = slice(108, 188), slice(214, 294)
# Dark blue, teal, pale, ochre, dark red, by equal steps; and of the relief, from lowland to snow.
HEAT = [(36, 36, 92), (40, 100, 150), (90, 170, 175), (215, 225, 205), (238, 190, 105), (205, 100, 60), (120, 30, 45)]
LAND = [(88, 120, 98), (150, 168, 120), (205, 190, 145), (160, 125, 95), (245, 245, 245)]


def image(field, stops, low, high):
    """A PNG as a data URL, one pixel for each cell."""
    stops = np.array(stops, float)
    place = np.clip((np.ma.filled(field, np.nan) - low) / (high - low), 0, 1) * (len(stops) - 1)
    first = np.clip(place.astype(int), 0, len(stops) - 2)
    part = (place - first)[..., None]
    rows = (stops[first] * (1 - part) + stops[first + 1] * part).astype("u1")[::-1]
    raw = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(data).decode()


def read(path, variable):
    with netCDF4.Dataset(path) as data:
        return np.squeeze(np.asarray(data[variable][:], float))


truth = read(SOURCE / "tas_rotated_grid_EUR11.nc", "tas")[:408, :424][ROWS, COLUMNS] - 273.15
relief = read(SOURCE / "HSURF_regional_model_0.11deg.nc", "HSURF")[13:421, 13:437][ROWS, COLUMNS]
fine = read(RESULT, "tas")[ROWS, COLUMNS] - 273.15
ny, nx = truth.shape
coarse = truth.reshape(ny // FACTOR, FACTOR, nx // FACTOR, FACTOR).mean((1, 3))
# As blocks, also in viewers that smooth what they enlarge.
coarse = coarse.repeat(FACTOR, 0).repeat(FACTOR, 1)
low, high = np.floor(truth.min()), np.ceil(truth.max())

SIZE = 190


def map_at(x, y, field, stops, low, high, title, below):
    return (f'<text x="{x}" y="{y - 10}" font-weight="bold">{title}</text>'
            f'<image x="{x}" y="{y}" width="{SIZE}" height="{SIZE}" style="image-rendering:pixelated" '
            f'href="{image(field, stops, low, high)}"/>'
            f'<text x="{x}" y="{y + SIZE + 17}" font-size="12" fill="#666">{below}</text>')


def box(y, name, line):
    return (f'<rect x="300" y="{y}" width="400" height="50" rx="6" fill="#fff" stroke="#8fa0b8"/>'
            f'<text x="500" y="{y + 20}" font-weight="bold">{name}</text>'
            f'<text x="500" y="{y + 39}" font-size="12" fill="#5a6880" '
            f'font-family="Helvetica, Arial, sans-serif">{line}</text>')


def bar(x, y, width, stops, name):
    return (f'<rect x="{x}" y="{y}" width="{width}" height="9" fill="url(#{name})"/>')


def gradient(name, stops):
    return f'<linearGradient id="{name}">' + "".join(
        f'<stop offset="{i / (len(stops) - 1):.3f}" stop-color="rgb{c}"/>' for i, c in enumerate(stops)
    ) + "</linearGradient>"


svg = f'''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 560" font-family="Helvetica, Arial, sans-serif">
<title>The main job: a network trained on one half of Europe makes fine temperature from coarse on the other</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" orient="auto">
<path d="M0 0L8 4L0 8z" fill="#8fa0b8"/></marker>{gradient("heat", HEAT)}{gradient("land", LAND)}</defs>
<rect width="1000" height="560" rx="10" fill="#f7f7f4"/>
<g fill="#333" font-size="14">
{map_at(24, 48, coarse, HEAT, low, high, "Coarse temperature", "2 m, January 2006, cells of 0.44°")}
{map_at(24, 300, relief, LAND, 0, 3000, "Relief", "EURO-CORDEX, cells of 0.11°")}
{map_at(786, 48, fine, HEAT, low, high, "Fine temperature", "by the network, cells of 0.11°")}
{map_at(786, 300, truth, HEAT, low, high, "The truth", "in the half not trained on")}
</g>
<g font-family="Menlo, Consolas, monospace" font-size="13" text-anchor="middle" fill="#24324a">
{box(48, "regrid, combine, regress, conserve", "interpolated; relief less its coarse mean; a lapse rate")}
{box(132, "stack", "the features, on one grid, in known units and order")}
{box(216, "train", "a UNet, on patches of the western half of Europe")}
{box(300, "predict, conserve", "in windows; each coarse cell keeps its mean")}
{box(384, "evaluate", "beside bilinear and lapse rate, on the eastern half")}
{box(468, "outputs", "CF-1.11 NetCDF; scores as a table, JSON and NetCDF")}
</g>
<g stroke="#8fa0b8" stroke-width="2" fill="none" marker-end="url(#tip)">
<path d="M218 73H292"/><path d="M218 395H254Q262 395 262 387V96Q262 88 270 88H292"/>
<path d="M500 98V124"/><path d="M500 182V208"/><path d="M500 266V292"/><path d="M500 350V376"/><path d="M500 434V460"/>
<path d="M700 325H732Q740 325 740 317V151Q740 143 748 143H778"/><path d="M782 409H708"/>
</g>
{bar(786, 530, 190, HEAT, "heat")}{bar(24, 530, 190, LAND, "land")}
<g font-size="11.5" fill="#555"><text x="786" y="552">{low:.0f} °C</text><text x="976" y="552" text-anchor="end">{high:.0f} °C</text>
<text x="24" y="552">0 m</text><text x="214" y="552" text-anchor="end">3000 m</text></g>
</svg>
'''
(ROOT / "docs/flow.svg").write_text(svg)
print(f"docs/flow.svg: {len(svg)} bytes")
