"""lm-evaluation-harness validates the exported tasks and runs them on a tiny model. Argument: the folder of exports."""

import json
import os
import subprocess
import sys
from pathlib import Path

from read import rows_of
from tiny import make

COMMAND = Path(sys.executable).with_name("lm-eval")
METRICS = {"pairs": {"exact_match,none", "chrf,none"}, "items": {"acc,none", "acc_norm,none"}}
exports = Path(sys.argv[1]).absolute()
os.environ["HF_HUB_OFFLINE"] = "1"

for corpus, wanted in METRICS.items():
    folder = exports / corpus / "lm-eval"
    rows = rows_of(folder / "test.jsonl")
    (task,) = [path.stem for path in folder.glob("*.yaml")]
    make((row["prompt"] for row in rows), exports / "tiny")
    named = ["--tasks", task, "--include_path", "."]
    subprocess.run([COMMAND, "validate", *named], cwd=folder, check=True)
    model = ["--model", "hf", "--model_args", f"pretrained={exports / 'tiny'}", "--device", "cpu"]
    subprocess.run(
        [COMMAND, "run", *model, *named, "--batch_size", "4", "--output_path", "out", "--log_samples"],
        cwd=folder,
        check=True,
    )
    (found,) = folder.glob("out/**/results_*.json")
    results = json.loads(found.read_text(encoding="utf-8"))["results"][task]
    assert wanted <= results.keys(), results
    (samples,) = folder.glob("out/**/samples_*.jsonl")
    seen = rows_of(samples)
    asked = {sample["doc"]["id"]: sample["arguments"]["gen_args_0"]["arg_0"].rstrip("\n") for sample in seen}
    assert asked == {row["id"]: row["prompt"] for row in rows}
    right = {sample["doc"]["id"]: sample["target"] for sample in seen}
    assert right == {row["id"]: str(row.get("label", row.get("answer"))) for row in rows}
    print(f"{task}: {len(rows)} records, {', '.join(sorted(wanted))}")
