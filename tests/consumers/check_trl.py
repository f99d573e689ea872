"""TRL trains on the answers and on nothing else, by the exported script and by itself. Argument: the folder of exports.

`datasets` loads every file, and TRL's own functions read the forms that it has functions for.
"""

import subprocess
import sys
from pathlib import Path

from datasets import load_dataset
from read import TO_TRAIN_ON, rows_of
from tiny import make
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer
from trl.data_utils import apply_chat_template, maybe_convert_to_chatml

LINES = ("text", "messages", "prompt-completion", "sharegpt", "preference", "alpaca", "openai", "trl", "llamafactory")


def main() -> None:
    exports = Path(sys.argv[1])
    for corpus in TO_TRAIN_ON:
        folder = exports / corpus
        chats = [row["messages"] for row in rows_of(folder / "messages" / "train.jsonl")]
        make((message["content"] for chat in chats for message in chat), exports / "tiny")
        read_all(folder)
        answer_only(folder, exports)
        templates(folder, exports)
        print(f"{corpus}: {len(chats)} records: trained on the answers and on nothing else")
    train(exports / "pairs", exports)
    preferences(exports / "pairs", exports)


def loaded(path: Path):
    return load_dataset("json", data_files=str(path), split="train")


def read_all(folder: Path) -> None:
    """`datasets` finds in each file the rows that stand there."""
    for path in (path for name in LINES for path in (folder / name).glob("t*.json*")):
        wanted, found = rows_of(path), loaded(path)
        names = found.column_names
        assert found.to_list() == [{name: row.get(name) for name in names} for row in wanted], path


def answer_only(folder: Path, exports: Path) -> None:
    """The labels of a batch are the last answer, from the first token to the last."""
    rows = rows_of(folder / "trl" / "train.jsonl")
    trainer = sft(loaded(folder / "trl" / "train.jsonl"), exports)
    assert len(trainer.train_dataset) == len(rows)
    for row, seen in zip(rows, trainer.train_dataset, strict=True):
        labels = [label for label in trainer.data_collator([seen])["labels"][0].tolist() if label != -100]
        trained_on = trainer.processing_class.decode(labels)
        assert trained_on.removesuffix("\n").removesuffix("<|end|>") == row["completion"][0]["content"], trained_on


def templates(folder: Path, exports: Path) -> None:
    """Chats go through a chat template as they are; ShareGPT's become chats."""
    tokenizer = sft(loaded(folder / "text" / "train.jsonl"), exports).processing_class
    chats = rows_of(folder / "messages" / "train.jsonl")
    for chat, own, talk in zip(
        chats, rows_of(folder / "openai" / "train.jsonl"), rows_of(folder / "sharegpt" / "train.json"), strict=True
    ):
        read = maybe_convert_to_chatml({"conversations": talk["conversations"]})["messages"]
        assert [m["content"] for m in read] == [m["content"] for m in chat["messages"]]  # it keeps human and gpt
        assert own == {"messages": chat["messages"]}
        told = "".join(f"<|{m['role']}|>\n{m['content']}<|end|>\n" for m in chat["messages"])
        assert apply_chat_template(own, tokenizer) == {"text": told}
    for row in rows_of(folder / "prompt-completion" / "train.jsonl"):
        told = apply_chat_template(row, tokenizer)
        assert told["completion"] == f"{row['completion'][0]['content']}<|end|>\n"


def sft(data, exports: Path) -> SFTTrainer:
    settings = SFTConfig(output_dir=str(exports / "out"), report_to="none", max_length=None, use_cpu=True, bf16=False)
    return SFTTrainer(model=str(exports / "tiny"), args=settings, train_dataset=data)


def train(folder: Path, exports: Path) -> None:
    """Two steps of the exported script."""
    command = [sys.executable, folder / "trl" / "train.py", exports / "tiny", exports / "trained", "2"]
    subprocess.run(command, check=True)
    assert (exports / "trained" / "model.safetensors").exists()


def preferences(folder: Path, exports: Path) -> None:
    """DPO takes the pairs and trains two steps."""
    data = loaded(folder / "preference" / "train.jsonl")
    settings = DPOConfig(output_dir=str(exports / "out"), report_to="none", max_steps=2, use_cpu=True, bf16=False)
    trainer = DPOTrainer(model=str(exports / "tiny"), args=settings, train_dataset=data)
    assert len(trainer.train_dataset) == len(rows_of(folder / "preference" / "train.jsonl"))
    trainer.train()
    print(f"pairs: {len(data)} preferences")


if __name__ == "__main__":
    main()
