#!/usr/bin/env python3
"""Writes Sources/Grids/Vocabulary/StandardNameTable.swift from the CF standard-name table.

    python3 Scripts/standard-names.py cf-standard-name-table.xml > Sources/Grids/Vocabulary/StandardNameTable.swift

The table is published by the CF community (https://cfconventions.org/standard-names.html) for anyone to use;
a copy is in the PyPI package compliance-checker (6.1.0 has version 93; Apache-2.0), in
compliance_checker/data/cf-standard-name-table.xml. Only names, canonical units and aliases are taken.
"""
import sys
import xml.etree.ElementTree as ElementTree

root = ElementTree.parse(sys.argv[1]).getroot()
version = root.findtext("version_number").strip()
aliases = {}
for alias in root.findall("alias"):
    for entry in alias.findall("entry_id"):
        aliases.setdefault(entry.text.strip(), []).append(alias.get("id").strip())

lines = []
for entry in root.findall("entry"):
    name = entry.get("id").strip()
    units = (entry.findtext("canonical_units") or "").strip()
    fields = [name, units] + sorted(aliases.get(name, []))
    for field in fields:
        assert not set(field) & set('\t\n\\"'), field
    lines.append("|".join(fields))

print(f'''// Made by Scripts/standard-names.py from the CF standard-name table, version {version}. Not edited by hand.
// swift-format-ignore-file

/// One line a name: `name|canonical units|alias|alias...`. The table is published by the CF community for anyone
/// to use (https://cfconventions.org/standard-names.html); this copy was taken from compliance-checker 6.1.0
/// (Apache-2.0).
enum StandardNameTable {{
  static let version = {version}
  static let text: StaticString = """''')
print("\n".join(sorted(lines)))
print('"""\n}')
