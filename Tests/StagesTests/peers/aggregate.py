"""Numbers for AggregateTests: cftime's calendars and numpy's statistics, written to aggregate.json beside this.

The samples are x(t) = ((7919 t + 13) mod 1009) / 8 - 60; every 17th is missing.
"""
import json
import pathlib

import cftime
import numpy as np

STATISTICS = {
    "mean": np.mean,
    "sum": np.sum,
    "max": np.max,
    "min": np.min,
    "range": np.ptp,
    "std": np.std,
    "var": np.var,
    "median": np.median,
    "percentile": lambda x: np.percentile(x, 90),
    "count": len,
}


def key(date, over, climatology):
    season_year = date.year + (date.month == 12)
    season = date.month % 12 // 3
    if over == "day":
        return (date.dayofyr,) if climatology else (date.year, date.month, date.day)
    if over == "month":
        return (date.month,) if climatology else (date.year, date.month)
    if over == "season":
        return (season,) if climatology else (season_year, season)
    if over == "hour":
        return (date.hour,) if climatology else (date.year, date.month, date.day, date.hour)
    if over == "year":
        return (date.year,)
    return (0,)


cases = []
for calendar, units, step, count in [
    ("noleap", "days since 2001-03-10 12:00:00", 1.0, 900),
    ("360_day", "days since 1999-11-30", 1.0, 800),
    ("standard", "days since 2003-01-01", 1.0, 1200),
    ("standard", "hours since 2004-02-27 03:00:00", 3.0, 60),
]:
    t = np.arange(count)
    x = ((7919 * t + 13) % 1009) / 8 - 60
    valid = t % 17 != 5
    dates = cftime.num2date(t * step, units, calendar)
    for over, climatology in [
        ("month", False), ("season", False), ("year", False), ("day", False), ("all", False),
        ("month", True), ("season", True), ("hour", True),
    ]:
        if over == "day" and step == 1.0 or over == "hour" and step == 1.0:
            continue
        groups = {}
        for i, date in enumerate(dates):
            groups.setdefault(key(date, over, climatology), []).append(i)
        ordered = [groups[k] for k in sorted(groups)]
        results = {
            name: [float(f(x[np.array(g)][valid[np.array(g)]])) for g in ordered]
            for name, f in STATISTICS.items()
        }
        cases.append(dict(
            calendar=calendar, units=units, step=step, count=count, over=over, climatology=climatology,
            firsts=[g[0] for g in ordered], results=results))

path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(cases, indent=None, separators=(",", ":")) + "\n")
