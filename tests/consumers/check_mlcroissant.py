"""mlcroissant validates `croissant.json` and reads every record through it. Argument: the folder of the exports."""

import subprocess
import sys
from pathlib import Path

import mlcroissant
from read import rows_of

COMMAND = Path(sys.executable).with_name("mlcroissant")

for folder in sorted(Path(sys.argv[1]).absolute().glob("*/croissant")):
    subprocess.run([COMMAND, "validate", "--jsonld", folder / "croissant.json"], check=True)
    data = mlcroissant.Dataset(folder / "croissant.json")
    assert not data.metadata.issues.errors, data.metadata.issues.report()
    sets = [records.id for records in data.metadata.record_sets]
    read = [record[f"{name}/id"].decode() for name in sets for record in data.records(name)]
    lines = folder.parent / ("messages" if (folder.parent / "messages").exists() else "lm-eval")
    wanted = [row["id"] for name in sets for row in rows_of(lines / f"{name.rpartition('/')[2]}.jsonl")]
    assert read == wanted
    print(f"{folder.parent.name}: {len(read)} records in {', '.join(sets)}")
