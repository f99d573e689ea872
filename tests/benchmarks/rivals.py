"""Other tools that look for near-duplicates: how each is installed, and what it does with a list of texts.

All are asked for sequences of five characters and a similarity of 0.8, with the bands that they choose themselves;
text-dedup knows sequences of words only, and passes over texts of fewer than five.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson

TIMED = """
import gc, json, sys, time
texts = json.load(open(sys.argv[1], encoding="utf-8"))
gc.disable()
{code}
elapsed, cpu = time.perf_counter() - began, time.process_time() - began_cpu
peak_kb = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(json.dumps([elapsed, cpu, len(texts) - kept, int(peak_kb) / 1e6]))
"""


@dataclass(frozen=True)
class Recipe:
    """Code that loads its libraries, sets `began`, and says in `kept` how many of the `texts` it would keep."""

    python: Path
    code: str

    def timed(self, texts: Path) -> tuple[float, float, int, float]:
        """Seconds elapsed and of CPU once its libraries are loaded, texts dropped, and GB at the peak."""
        began = "began = time.perf_counter()"
        code = TIMED.replace("{code}", self.code.replace(began, f"{began}; began_cpu = time.process_time()"))
        command = [str(self.python), "-c", code, str(texts)]
        said = subprocess.run(command, capture_output=True, check=True).stdout
        elapsed, cpu, dropped, peak_gb = orjson.loads(said.splitlines()[-1])
        return elapsed, cpu, dropped, peak_gb


@dataclass(frozen=True)
class Rival:
    """What is installed for a recipe: wheels, or anything where `from_source`."""

    packages: tuple[str, ...]
    code: str
    from_source: bool = False


RENSA = """
from rensa import RMinHash, RMinHashDeduplicator
began = time.perf_counter()
found = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True, num_bands=16)
for n, text in enumerate(texts):
    one = RMinHash(128, 42)
    one.update([text[k : k + 5] for k in range(len(text) - 4)])
    found.add(str(n), one)
kept = found.len()
"""
GAOYA = """
from gaoya.minhash import MinHashStringIndex
began = time.perf_counter()
how = dict(analyzer="char", ngram_range=(5, 5))
index = MinHashStringIndex(hash_size=32, jaccard_threshold=0.8, num_bands=16, band_size=8, **how)
index.par_bulk_insert_docs(list(range(len(texts))), texts)
near = index.par_bulk_query(texts)
kept = sum(min(ids, default=n) == n for n, ids in enumerate(near))
"""
DATATROVE = """
import tempfile
from pathlib import Path
from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster
from datatrove.pipeline.dedup.minhash import MinhashDedupSignature
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WhitespaceTokenizer
class Characters(WhitespaceTokenizer):
    def word_tokenize(self, text):
        return list(text)
began = time.perf_counter()
home = tempfile.TemporaryDirectory()
signed, paired, gone = (f"{home.name}/{name}" for name in ("signed", "paired", "gone"))
as_is = TextNormConfig(remove_punctuation=False, norm_unicode_diacritics=False, norm_numbers=False)
how = MinhashConfig(n_grams=5, norm_config=as_is)
documents = [Document(text=text, id=str(n)) for n, text in enumerate(texts)]
MinhashDedupSignature(signed, how, Characters()).run(documents)
for bucket in range(how.num_buckets):
    MinhashDedupBuckets(signed, paired, config=how).run(None, bucket, how.num_buckets)
MinhashDedupCluster(paired, gone, config=how).run()
kept = len(texts) - sum(file.stat().st_size for file in Path(gone).rglob("*.remove")) // 4
"""
DATA_JUICER = """
import datasets
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
began = time.perf_counter()
stage = DocumentMinhashDeduplicator("character", 5, num_permutations=128, jaccard_threshold=0.8)
kept = len(stage.process(datasets.Dataset.from_dict({"text": texts}).map(stage.compute_hash))[0])
"""
TEXT_DEDUP = """
import tempfile
import datasets
from text_dedup import minhash
began = time.perf_counter()
home = tempfile.mkdtemp()
with open(f"{home}/texts.jsonl", "w", encoding="utf-8") as file:
    file.writelines(json.dumps({"text": text}) + "\\n" for text in texts)
where = ["--path", "json", "--data_files", f"{home}/texts.jsonl", "--cache_dir", home, "--output", f"{home}/kept"]
minhash.main([*where, "--split", "train", "--column", "text", "--threshold", "0.8"], standalone_mode=False)
kept = len(datasets.load_from_disk(f"{home}/kept"))
"""
RIVALS = {
    "rensa": Rival(("rensa",), RENSA),
    "gaoya": Rival(("gaoya",), GAOYA),
    "datatrove": Rival(("datatrove", "regex", "tokenizers", "xxhash<4"), DATATROVE),
    "data-juicer": Rival(("py-data-juicer", "aiohttp"), DATA_JUICER, from_source=True),
    "text-dedup": Rival(("text-dedup>=0.4",), TEXT_DEDUP, from_source=True),
}
_PATIENCE_S = 300


def installed(rival: Rival, folder: Path) -> Recipe | None:
    """The recipe with the Python of a new environment; None where it does not install in five minutes, or not load."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    wheels = () if rival.from_source else ("--only-binary", ":all:")
    loads = rival.code.partition("began =")[0]
    try:
        pip = [python, "-m", "pip", "install", "--quiet", *wheels, *rival.packages]
        subprocess.run(pip, capture_output=True, check=True, timeout=_PATIENCE_S)
        subprocess.run([python, "-c", loads], capture_output=True, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    return Recipe(python, rival.code)
