"""LLaMA-Factory's own loader reads what is exported and trains on the answers. Argument: the folder of the exports.

The form llamafactory brings its `dataset_info.json`; Alpaca and ShareGPT are read as its documentation says:
https://llamafactory.readthedocs.io/en/latest/getting_started/data_preparation.html
"""

import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from read import TO_TRAIN_ON, answers_of, rows_of
from tiny import make

# Sound and pictures need libraries that fit the installed torch; chats do without.
sys.modules["torchvision"] = None
sys.modules["torchaudio"] = ModuleType("torchaudio")
sys.modules["torchaudio"].__spec__ = ModuleSpec("torchaudio", None)

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer  # noqa: E402
from llamafactory.hparams import get_train_args  # noqa: E402
from llamafactory.model import load_tokenizer  # noqa: E402

ALPACA = {"prompt": "instruction", "query": "input", "response": "output", "history": "history", "system": "system"}


def main() -> None:
    exports = Path(sys.argv[1])
    for corpus in TO_TRAIN_ON:
        rows = rows_of(exports / corpus / "messages" / "train.jsonl")
        make((message["content"] for row in rows for message in row["messages"]), exports / "tiny")
        names = [*json.loads((exports / corpus / "llamafactory" / "dataset_info.json").read_text(encoding="utf-8"))]
        answers = [answers_of(row["messages"]) for row in rows]
        assert trained_on(exports, exports / corpus / "llamafactory", names[0]) == plain(answers), corpus
        columns = {"messages": "conversations"}
        describe(exports / corpus / "sharegpt", "train.json", {"formatting": "sharegpt", "columns": columns})
        assert trained_on(exports, exports / corpus / "sharegpt", "own") == plain(answers), corpus
        alpaca = rows_of(exports / corpus / "alpaca" / "train.json")
        there = {name: column for name, column in ALPACA.items() if any(column in row for row in alpaca)}
        for file in ("train.json", "train.jsonl"):
            describe(exports / corpus / "alpaca", file, {"columns": there})
            assert trained_on(exports, exports / corpus / "alpaca", "own") == plain(answers), (corpus, file)
        print(f"{corpus}: {len(rows)} records: trained on the answers and on nothing else")


def describe(folder: Path, file: str, entry: dict[str, object]) -> None:
    info = {"own": {"file_name": file, **entry}}
    (folder / "dataset_info.json").write_text(json.dumps(info), encoding="utf-8")


def plain(answers: list[list[str]]) -> list[str]:
    """The answers of each record without white space, as templates put their own between them."""
    return ["".join("".join(texts).split()) for texts in answers]


def trained_on(exports: Path, folder: Path, name: str) -> list[str]:
    """What is trained on in each record, as LLaMA-Factory prepares it."""
    wanted = {
        "model_name_or_path": str(exports / "tiny"),
        "dataset_dir": str(folder),
        "dataset": name,
        "stage": "sft",
        "do_train": True,
        "template": "default",
        "cutoff_len": 100_000,
        "output_dir": str(exports / "out"),
        "overwrite_cache": True,
        "use_cpu": True,
        "report_to": "none",
    }
    model, data, training, _, _ = get_train_args(wanted)
    module = load_tokenizer(model)
    template = get_template_and_fix_tokenizer(module["tokenizer"], data)
    read = get_dataset(template, model, data, training, "sft", **module)["train_dataset"]
    decode = module["tokenizer"].decode
    texts = [decode([label for label in seen["labels"] if label != -100]).replace("<|end|>", "") for seen in read]
    return plain([[text] for text in texts])


if __name__ == "__main__":
    main()
