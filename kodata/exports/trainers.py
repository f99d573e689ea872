"""Chats together with the file that makes a trainer load them: LLaMA-Factory, Axolotl, TRL."""

from __future__ import annotations

from kodata.exports.lines import pretty
from kodata.exports.messages import messages, prompt_completion
from kodata.exports.opened import Corpus, Files

_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


def llamafactory(corpus: Corpus) -> Files:
    """Chats and `dataset_info.json`: give its folder as `dataset_dir`, the corpus' name as `dataset`."""
    yield from messages(corpus)
    entry = {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": _TAGS}
    names = {split: corpus.name if split == "train" else f"{corpus.name}-{split}" for split in corpus.splits}
    yield "dataset_info.json", pretty({n: {"file_name": f"{split}.jsonl", **entry} for split, n in names.items()})


def axolotl(corpus: Corpus) -> Files:
    """Chats and `axolotl.yaml`, which trains on the answers only: name a base model in it."""
    yield from messages(corpus)
    yield "axolotl.yaml", [_yaml(corpus).encode()]


def trl(corpus: Corpus) -> Files:
    """Prompts and completions and `train.py`, which finetunes a model on the answers: `python train.py MODEL OUT`."""
    yield from prompt_completion(corpus)
    yield "train.py", [_TRAIN.encode()]


def _yaml(corpus: Corpus) -> str:
    import yaml

    def dataset(split: str) -> dict[str, object]:
        return {
            "path": f"{split}.jsonl",
            "ds_type": "json",
            "type": "chat_template",
            "field_messages": "messages",
            "message_property_mappings": {"role": "role", "content": "content"},
            "roles_to_train": ["assistant"],
        }

    config: dict[str, object] = {
        "base_model": "",
        "datasets": [dataset("train")],
        "dataset_prepared_path": "prepared",
        "output_dir": "out",
        "sequence_len": 2048,
        "micro_batch_size": 1,
        "gradient_accumulation_steps": 8,
        "num_epochs": 1,
        "learning_rate": 2e-5,
        "optimizer": "adamw_torch",
        "lr_scheduler": "cosine",
    }
    if "test" in corpus.splits:
        config["test_datasets"] = [dataset("test")]
    head = "# Run it in this folder: axolotl train axolotl.yaml. Name the model to finetune in `base_model` first.\n"
    return head + yaml.safe_dump(config, allow_unicode=True, sort_keys=False)


_TRAIN = '''"""Finetunes a chat model on the answers of this corpus: python train.py MODEL OUT [STEPS]"""

import sys
from pathlib import Path

import torch
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

here = Path(__file__).parent
files = {split: str(here / f"{split}.jsonl") for split in ("train", "test") if (here / f"{split}.jsonl").exists()}
data = load_dataset("json", data_files=files)
settings = SFTConfig(
    output_dir=sys.argv[2],
    max_steps=int(sys.argv[3]) if len(sys.argv) > 3 else -1,
    logging_steps=1,
    report_to="none",
    use_cpu=not torch.cuda.is_available(),
    bf16=torch.cuda.is_available(),
)
trainer = SFTTrainer(model=sys.argv[1], args=settings, train_dataset=data["train"], eval_dataset=data.get("test"))
trainer.train()
trainer.save_model()
'''
