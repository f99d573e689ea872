"""Finetunes a chat model on the answers of this corpus: python train.py MODEL OUT [STEPS]"""

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
