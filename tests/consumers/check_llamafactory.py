"""LLaMA-Factory's own loader reads the folder by `dataset_info.json` and trains on the answers. Argument: a folder."""

import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from tiny import make

# Sound and pictures need libraries that fit the installed torch; chats do without.
sys.modules["torchvision"] = None
sys.modules["torchaudio"] = ModuleType("torchaudio")
sys.modules["torchaudio"].__spec__ = ModuleSpec("torchaudio", None)

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer  # noqa: E402
from llamafactory.hparams import get_train_args  # noqa: E402
from llamafactory.model import load_tokenizer  # noqa: E402

exports = Path(sys.argv[1])
folder = exports / "llamafactory"
rows = [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]
(name,) = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
make((message["content"] for row in rows for message in row["messages"]), exports / "tiny")

wanted = {
    "model_name_or_path": str(exports / "tiny"),
    "dataset_dir": str(folder),
    "dataset": name,
    "stage": "sft",
    "do_train": True,
    "template": "default",
    "cutoff_len": 100_000,
    "output_dir": str(exports / "out"),
    "use_cpu": True,
    "report_to": "none",
}
model, data, training, _, _ = get_train_args(wanted)
module = load_tokenizer(model)
tokenizer = module["tokenizer"]
template = get_template_and_fix_tokenizer(tokenizer, data)
read = get_dataset(template, model, data, training, "sft", **module)["train_dataset"]
assert len(read) == len(rows)
for row, seen in zip(rows, read, strict=True):
    trained_on = tokenizer.decode([label for label in seen["labels"] if label != -100]).replace("<|end|>", "")
    answers = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
    assert "".join(trained_on.split()) == "".join("".join(answers).split()), (trained_on, answers)
print(f"{len(rows)} records: trained on the answers and on nothing else")
