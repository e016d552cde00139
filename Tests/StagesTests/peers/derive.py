"""Numbers for DeriveTests: the formulas again in numpy, in other algebraic forms where there are any, written to
derive.json beside this.

Fields are float32 of base + amplitude * ((7919 k + 104729 v) mod 1009) / 1009, k the index of the value and v the
number of the variable, on 2 times x 4 levels x 6 latitudes x 12 longitudes.
"""
import json
import pathlib

import numpy as np

T, L, J, I = 2, 4, 6, 12
P = np.array([1000.0, 850.0, 500.0, 300.0])
LAT = -90 + (np.arange(J) + 0.5) * 180 / J
LON = np.arange(I) * 360.0 / I
G = 9.80665
EPS = 0.62198


def field(v, base, amplitude, levels=True):
    shape = (T, L, J, I) if levels else (T, J, I)
    k = np.arange(np.prod(shape)).reshape(shape)
    return (base + amplitude * ((7919 * k + 104729 * v) % 1009) / 1009).astype(np.float32).astype(np.float64)


u, v = field(0, -30, 60), field(1, -30, 60)
t = field(2, 230, 70)
rh = field(3, 5, 90)  # percent
q = field(4, 0.0005, 0.015)
z = field(5, 100, 500) + np.array([0, 1400, 5500, 9000.0])[None, :, None, None]
z = z.astype(np.float32).astype(np.float64)
ps = field(6, 70000, 35000, levels=False)
td = field(7, 230, 60)
p = P[None, :, None, None] + 0 * t  # hPa


def es(kelvin):  # hPa, Bolton (1980) in degrees Celsius
    c = kelvin - 273.15
    return 6.112 * np.exp(17.67 * c / (c + 243.5))


def q_of(e, p):
    w = EPS * e / (p - e)
    return w / (1 + w)


def e_of(q, p):
    w = q / (1 - q)
    return w * p / (EPS + w)


def dew_point(e):
    x = np.log(e / 6.112)
    return 273.15 + 243.5 * x / (17.67 - x)


def derivative_x(f):
    wide = np.concatenate([f[..., -1:], f, f[..., :1]], axis=-1)
    lon = np.radians(np.concatenate([[LON[-1] - 360], LON, [LON[0] + 360]]))
    return np.gradient(wide, lon, axis=-1)[..., 1:-1]


def derivative_y(f):
    return np.gradient(f, np.radians(LAT), axis=-2, edge_order=1)


cos = np.cos(np.radians(LAT))[:, None]
A = 6371229.0
vorticity = (derivative_x(v) - derivative_y(u * cos)) / (A * cos)
divergence = (derivative_x(u) + derivative_y(v * cos)) / (A * cos)


def column(f):
    return -np.trapezoid(f, P * 100, axis=1) / G


def column_to_surface(f):
    result = np.empty((T, J, I))
    for n in range(T):
        for j in range(J):
            for i in range(I):
                s = ps[n, j, i] / 100
                pressure, values = P[::-1], f[n, ::-1, j, i]
                above = pressure < s
                x = np.append(pressure[above], s)
                y = np.append(values[above], np.interp(s, pressure, values))  # constant beyond the lowest level
                if s > pressure[-1]:
                    y[-1] = values[-1]
                result[n, j, i] = np.trapezoid(y, x * 100) / G
    return result


def theta_e():
    e = e_of(q, p)
    r = 1000 * EPS / 0.62198 * 0.622 * e / (p - e)
    tl = 2840 / (3.5 * np.log(t) - np.log(e) - 4.805) + 55
    return t * (1000 / p) ** (0.2854 * (1 - 0.28e-3 * r)) * np.exp((3.376 / tl - 0.00254) * r * (1 + 0.81e-3 * r))


east, north = column(q * u), column(q * v)
results = {
    "wind_speed": np.hypot(u, v),
    "wind_direction": (270 - np.degrees(np.arctan2(v, u))) % 360,
    "vorticity": vorticity,
    "divergence": divergence,
    "specific_humidity": q_of(rh / 100 * es(t), p),
    "relative_humidity": e_of(q, p) / es(t),
    "dew_point": dew_point(e_of(q, p)),
    "potential_temperature": t * (1000 / p) ** (2 / 7),
    "equivalent_potential_temperature": theta_e(),
    "virtual_temperature": t * (1 + q * (1 - EPS) / EPS),
    "vapour_pressure_deficit": 100 * (es(t) - rh / 100 * es(t)),
    "geopotential_thickness": np.abs(z[:, 2] - z[:, 0]),
    "lapse_rate": (t[:, 0] - t[:, 2]) / (z[:, 2] - z[:, 0]),
    "integrated_water_vapour": column(q),
    "integrated_water_vapour to the surface": column_to_surface(q),
    "vapour_transport": np.stack([np.hypot(east, north), east, north]),
    "specific_humidity at the dew point": q_of(es(td), p),
}
path = pathlib.Path(__file__).with_suffix(".json")
text = json.dumps({k: [float(f"{x:.9g}") for x in a.ravel()] for k, a in results.items()}, separators=(",", ":"))
path.write_text(text.replace('],"', '],\n"') + "\n")
