"""TRL: the exported script trains two steps on a tiny model, and the loss is on the answer only. Argument: a folder."""

import json
import subprocess
import sys
from pathlib import Path

from tiny import make

exports = Path(sys.argv[1])
folder = exports / "trl"
rows = [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]
make((m["content"] for row in rows for m in row["prompt"] + row["completion"]), exports / "tiny")
subprocess.run([sys.executable, folder / "train.py", exports / "tiny", exports / "out", "2"], check=True)
assert (exports / "out" / "model.safetensors").exists()

from datasets import load_dataset  # noqa: E402
from trl import SFTConfig, SFTTrainer  # noqa: E402

data = load_dataset("json", data_files=str(folder / "train.jsonl"), split="train")
assert len(data) == len(rows)
settings = SFTConfig(output_dir=str(exports / "out"), report_to="none", max_length=None, use_cpu=True, bf16=False)
trainer = SFTTrainer(model=str(exports / "tiny"), args=settings, train_dataset=data)
for row, seen in zip(rows, trainer.train_dataset, strict=True):
    labels = [label for label in trainer.data_collator([seen])["labels"][0].tolist() if label != -100]
    trained_on = trainer.processing_class.decode(labels)
    assert trained_on.removesuffix("\n").removesuffix("<|end|>") == row["completion"][0]["content"], trained_on
print(f"{len(rows)} records: trained on the answers and on nothing else")
