#!/usr/bin/env python3
"""Compares `isotach validate` with compliance-checker, file by file.

    .venv/bin/python Tests/InspectionTests/peers/compliance.py .build/release/isotach FOLDER FILE...

The reports of compliance-checker are kept in FOLDER and used again (it takes seconds a file, minutes for some).

For each file the errors of compliance-checker 6.1.0 (-t cf:1.11 -c strict) are listed that have no finding of
ours at the same variable and in the same chapter, then the other way round. Output: one JSON line a file, and
a table of what neither shares, by the checker's own words with the names taken out.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile


def theirs(path, folder):
    """(priority, chapter, message), or None when there is no report"""
    checker = os.path.join(os.path.dirname(sys.executable), "compliance-checker")
    kept = os.path.join(folder, os.path.abspath(path).replace("/", "_") + ".json")
    if not os.path.exists(kept):
        try:
            subprocess.run(
                [checker, "-t", "cf:1.11", "-c", "strict", "-f", "json_new", "-o", kept, path],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)
        except subprocess.TimeoutExpired:
            pass
        if not os.path.exists(kept):
            open(kept, "w").close()
    try:
        report = json.load(open(kept))
    except json.JSONDecodeError:
        return None
    result = []
    for checks in report.values():
        for priority in ("high", "medium", "low"):
            for check in checks["cf:1.11"][priority + "_priorities"]:
                for message in check["msgs"]:
                    chapter = re.match(r"§(\d+)", check["name"])
                    result.append((priority, chapter.group(1) if chapter else "", message))
    return result


def ours(program, path):
    done = subprocess.run([program, "validate", "--json", path], capture_output=True, text=True, timeout=120)
    if done.returncode not in (0, 1):
        return None
    return json.loads(done.stdout)["findings"]


# Appendices of CF belong to the chapters that use them; we number some things as later versions of CF do.
CHAPTERS = {"C": "3", "E": "7", "F": "5", "A": "2"}
ALIKE = {("1", "5"), ("1", "2"), ("4", "3"), ("5", "4"), ("9", "5"), ("2", "4"), ("1", "1")}


def matches(finding, chapter, words):
    """Of the same chapter (or a neighbour that treats the same thing), about the same variable."""
    section = finding["section"].split()[-1].split(".")[0]
    section = CHAPTERS.get(section, section)
    if finding["section"].startswith("ACDD"):
        section = "2"
    if section != chapter and (chapter, section) not in ALIKE and (section, chapter) not in ALIKE:
        return False
    name = finding["variable"]
    if name is None:
        return finding["attribute"] is None or finding["attribute"] in words
    return name in words or name.split("/")[-1] in words


def shape(message):
    message = re.sub(r'"[^"]*"|\'[^\']*\'|`[^`]*`', "X", message)
    return re.sub(r"\b\w*_\w*\b|\b[A-Z]{2,}\w*\b", "N", message)[:100]


def main():
    program, folder, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    missed, total = collections.Counter(), collections.Counter()
    examples = {}
    for path in paths:
        mine, peer = ours(program, path), theirs(path, folder)
        if mine is None or peer is None:
            print(json.dumps({"file": path, "isotach": mine is not None, "checker": peer is not None}))
            continue
        lost = []
        for priority, chapter, message in peer:
            if chapter == "2" and "Filename" in message or "must end with" in message:
                continue
            total[priority] += 1
            words = set(re.findall(r"[\w./]+", message))
            near = [f for f in mine if matches(f, chapter, words)]
            if not near:
                lost.append((priority, message))
                key = (priority, shape(message))
                missed[key] += 1
                examples.setdefault(key, (path, message))
        print(json.dumps({
            "file": os.path.basename(path), "errors": sum(f["level"] == "error" for f in mine),
            "warnings": sum(f["level"] == "warning" for f in mine),
            "high": sum(p == "high" for p, _, _ in peer), "medium": sum(p == "medium" for p, _, _ in peer),
            "low": sum(p == "low" for p, _, _ in peer), "missed": len(lost)}))
    print("messages of the checker:", dict(total))
    for key, count in sorted(missed.items()):
        print(count, *key, "|", *examples[key])


if __name__ == "__main__":
    main()
