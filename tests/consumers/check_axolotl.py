"""Axolotl's own loader reads `axolotl.yaml` and trains on the answers. Argument: the folder of the exports."""

import os
import sys
from pathlib import Path

import yaml
from read import TO_TRAIN_ON, answers_of, rows_of
from tiny import make


def main() -> None:
    exports = Path(sys.argv[1]).absolute()
    os.environ |= {"AXOLOTL_DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}  # nothing here is fetched, nobody told
    for corpus in TO_TRAIN_ON:
        folder = exports / corpus / "axolotl"
        messages = [row["messages"] for row in rows_of(folder / "train.jsonl")]
        make((message["content"] for chat in messages for message in chat), exports / "tiny")
        trained_on = sorted(load(folder, exports / "tiny"))
        assert trained_on == sorted("".join(answer.strip() for answer in answers_of(chat)) for chat in messages)
        print(f"{corpus}: {len(messages)} records: trained on the answers and on nothing else")


def load(folder: Path, model: Path) -> list[str]:
    """What is trained on in each record, as Axolotl prepares it."""
    from axolotl.cli.args import TrainerCliArgs
    from axolotl.cli.config import load_cfg
    from axolotl.common.datasets import load_datasets
    from axolotl.loaders import load_tokenizer

    config = yaml.safe_load((folder / "axolotl.yaml").read_text(encoding="utf-8"))
    config |= {"base_model": str(model), "sequence_len": 100_000, "use_cpu": True, "dataset_num_proc": 1}
    os.chdir(folder)
    Path("with-model.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    settings = load_cfg("with-model.yaml")
    read = load_datasets(cfg=settings, cli_args=TrainerCliArgs())
    assert (read.eval_dataset is not None) == ("test_datasets" in config)
    tokenizer = load_tokenizer(settings)
    texts = (tokenizer.decode([label for label in seen["labels"] if label != -100]) for seen in read.train_dataset)
    return ["".join(part.strip() for part in text.split("<|end|>")) for text in texts]


if __name__ == "__main__":  # it starts processes, which import this file
    main()
