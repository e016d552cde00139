"""Prints what cftime makes of times in all calendars: the numbers of cftime_dates.txt.

    python cftime_dates.py > cftime_dates.txt

Columns: calendar | units | value (hex) | year month day hour minute second microsecond (astronomical years).
"""
import random, sys, warnings
import cftime

warnings.simplefilter("ignore")
random.seed(20)
print("# cftime", cftime.__version__)
calendars = ["standard", "proleptic_gregorian", "noleap", "all_leap", "360_day", "julian"]
units = ["days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "d", "h", "hr", "min", "sec"]
origins = [
    "1850-01-01", "1-1-1 00:00:0.0", "2001-12-31T23:00:00Z", "1582-10-04 12:00", "1582-10-15",
    "1800-1-1 00:00:00", "1970-01-01 00:00:00 UTC", "2000-02-28 06:30:15.5", "1900-01-01 00:00:00 -05:00",
    "2000-01-01 12:00 +0530", "1600-03-01 03:00", "-0100-06-01", "1979-12-01 00:00:00 +02:00",
]
for calendar in calendars:
    for origin in origins:
        for unit in units:
            scale = {"d": 1, "h": 24, "m": 1440, "s": 86400}.get(unit[0], 1)
            if unit == "microseconds":
                scale = 86400e6
            elif unit == "milliseconds":
                scale = 86400e3
            for _ in range(2):
                value = random.choice([float(random.randint(-300000, 900000)), random.uniform(-2e5, 9e5),
                                       random.randint(-1000, 400000) / 8])
                value = value if scale < 1e6 else value / 100
                value = float(round(value * scale)) if random.random() < 0.4 else value * scale
                text = f"{unit} since {origin}"
                try:
                    d = cftime.num2date(value, text, calendar, has_year_zero=None)
                except Exception:
                    continue
                year = d.year if d.has_year_zero or d.year > 0 else d.year + 1
                print(calendar, text, float(value).hex(),
                      f"{year} {d.month} {d.day} {d.hour} {d.minute} {d.second} {d.microsecond}", sep=" | ")
