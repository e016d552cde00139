"""DetectNodes, StitchNodes and DetectBlobs of TempestExtremes (Ullrich and Zarzycki 2017, Geosci. Model Dev. 10,
1069-1090; Ullrich et al. 2021, Geosci. Model Dev. 14, 5023-5048), written again in Python after the sources at
github.com/ClimateGlobalChange/tempestextremes (src/nodes/DetectNodes.cpp, src/nodes/StitchNodes.cpp,
src/base/SimpleGridUtilities.cpp), to be compared with the stages `cyclones`, `tracks`, `objects` and `rivers`.

A grid is a dictionary: lat, lon (degrees, one for each cell), neighbours (list of lists), area (km2).
"""
import numpy as np

RADIUS = 6371.229


def grid(lat, lon, periodic, diagonal):
    ny, nx = len(lat), len(lon)
    neighbours = []
    for j in range(ny):
        for i in range(nx):
            found = []
            for dj in (-1, 0, 1):
                for di in (-1, 0, 1):
                    if (dj, di) == (0, 0) or (not diagonal and dj and di) or not 0 <= j + dj < ny:
                        continue
                    k = i + di
                    if periodic:
                        k %= nx
                    elif not 0 <= k < nx:
                        continue
                    found.append((j + dj) * nx + k)
            neighbours.append(found)
    y, x = np.radians(np.repeat(lat, nx)), np.radians(np.tile(lon, ny))
    d = np.abs(np.gradient(np.asarray(lat, "f8")))
    top = np.clip(np.asarray(lat) + d / 2, -90, 90)
    low = np.clip(np.asarray(lat) - d / 2, -90, 90)
    width = np.radians(abs(lon[1] - lon[0]))
    band = RADIUS ** 2 * width * (np.sin(np.radians(top)) - np.sin(np.radians(low)))
    return {"lat": np.repeat(lat, nx), "lon": np.tile(lon, ny), "neighbours": neighbours, "y": y, "x": x,
            "area": np.repeat(band, nx), "shape": (ny, nx)}


def distance(g, a, b):
    """Great-circle distance in km, as GreatCircleDistance_Deg has it (the arc cosine)."""
    c = np.sin(g["y"][a]) * np.sin(g["y"][b]) + np.cos(g["y"][a]) * np.cos(g["y"][b]) * np.cos(g["x"][a] - g["x"][b])
    return RADIUS * np.arccos(np.clip(c, -1, 1))


def local_minima(g, data):
    return [k for k in range(data.size) if not np.isnan(data[k])
            and not any(data[n] < data[k] for n in g["neighbours"][k])]


def merged(g, data, candidates, km):
    chord = 2 * np.sin(km / RADIUS / 2)
    xyz = np.stack([np.cos(g["x"]) * np.cos(g["y"]), np.sin(g["x"]) * np.cos(g["y"]), np.sin(g["y"])], 1)
    kept = []
    for k in candidates:
        near = [n for n in candidates if np.linalg.norm(xyz[n] - xyz[k]) <= chord]
        # Of equal ones the first stays (--mergeequal).
        if all(data[n] > data[k] or (data[n] == data[k] and n >= k) for n in near):
            kept.append(k)
    return kept


def within(g, start, km):
    seen, queue, inside = {start}, [start], []
    while queue:
        k = queue.pop(0)
        if k != start and distance(g, start, k) > km:
            continue
        inside.append(k)
        for n in g["neighbours"][k]:
            if n not in seen:
                seen.add(n)
                queue.append(n)
    return inside


def closed_contour(g, data, start, rise, km, search=0):
    if search:
        near = [k for k in within(g, start, search) if not np.isnan(data[k])]
        start = (min if rise > 0 else max)(near, key=lambda k: data[k])
    seen, queue = {start}, [start]
    while queue:
        k = queue.pop(0)
        if distance(g, start, k) > km:
            return False
        change = float(data[k]) - float(data[start])
        if change >= rise if rise > 0 else change <= rise:
            continue
        for n in g["neighbours"][k]:
            if n not in seen:
                seen.add(n)
                queue.append(n)
    return True


def detect_nodes(g, data, merge, contours):
    """Candidates of one time; contours: (data, rise, km, search)."""
    candidates = merged(g, data, local_minima(g, data), merge)
    return [k for k in candidates if all(closed_contour(g, d, k, *c) for d, *c in contours)]


def stitch_nodes(g, times, km, gap, steps):
    """Tracks as lists of (time, cell): each candidate goes on to the nearest of the next time within km, or of a
    later one when nothing is found; first come, first served."""
    follow = {}
    for t, cells in enumerate(times[:-1]):
        for k in cells:
            for lag in range(1, gap + 2):
                if t + lag >= len(times) or not times[t + lag]:
                    continue
                nearest = min(times[t + lag], key=lambda n: distance(g, k, n))
                if distance(g, k, nearest) <= km:
                    follow[t, k] = (t + lag, nearest)
                    break
    tracks = []
    for t, cells in enumerate(times[:-1]):
        for k in cells:
            if (t, k) in follow:
                track = [(t, k)]
                while track[-1] in follow:
                    track.append(follow.pop(track[-1]))
                tracks.append(track)
    return [t for t in tracks if len(t) >= steps]


def detect_blobs(g, inside, seeds=None, area=0.0):
    """Connected cells with a seed among them and so much area."""
    free, blobs = set(np.flatnonzero(inside)), []
    for first in np.flatnonzero(inside):
        if first not in free:
            continue
        blob, queue = [], [first]
        free.discard(first)
        while queue:
            k = queue.pop()
            blob.append(int(k))
            for n in g["neighbours"][k]:
                if n in free:
                    free.discard(n)
                    queue.append(n)
        if seeds is not None and not any(seeds[k] for k in blob):
            continue
        if g["area"][blob].sum() >= area:
            blobs.append(sorted(blob))
    return blobs
