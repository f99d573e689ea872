"""Axolotl's own loader reads `axolotl.yaml` and trains on the answers. Argument: a folder."""

import json
import os
import sys
from pathlib import Path

import yaml
from tiny import make

exports = Path(sys.argv[1])
folder = exports / "axolotl"
rows = [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]
messages = [message for row in rows for message in row["messages"]]
make((message["content"] for message in messages), exports / "tiny")

config = yaml.safe_load((folder / "axolotl.yaml").read_text(encoding="utf-8"))
config |= {"base_model": str(exports / "tiny"), "sequence_len": 100_000, "use_cpu": True}
os.environ |= {"AXOLOTL_DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}  # nothing here is fetched, nobody told
os.chdir(folder)
Path("with-model.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

from axolotl.cli.args import TrainerCliArgs  # noqa: E402
from axolotl.cli.config import load_cfg  # noqa: E402
from axolotl.common.datasets import load_datasets  # noqa: E402
from axolotl.loaders import load_tokenizer  # noqa: E402

settings = load_cfg("with-model.yaml")
read = load_datasets(cfg=settings, cli_args=TrainerCliArgs()).train_dataset
tokenizer = load_tokenizer(settings)
assert len(read) == len(rows)
trained_on = sorted(
    tokenizer.decode([label for label in seen["labels"] if label != -100]).replace("<|end|>", "").strip()
    for seen in read
)
answers = sorted(message["content"].strip() for message in messages if message["role"] == "assistant")
assert trained_on == answers
print(f"{len(rows)} records: trained on the answers and on nothing else")
