"""mlcroissant validates `croissant.json` and reads every record through it. Argument: a folder."""

import json
import os
import sys
from pathlib import Path

import mlcroissant

exports = Path(sys.argv[1])
rows = [json.loads(line) for line in (exports / "messages" / "train.jsonl").read_text(encoding="utf-8").splitlines()]
os.chdir(exports / "croissant")  # the files stand beside the description
data = mlcroissant.Dataset("croissant.json")
assert not data.metadata.issues.errors, data.metadata.issues.report()
(name,) = [records.id for records in data.metadata.record_sets]
read = [record[f"{name}/id"].decode() for record in data.records(name)]
assert read == [row["id"] for row in rows]
print(f"{len(read)} records")
