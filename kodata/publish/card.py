"""The card of a data set: what it is, how it was made, what left it and why, under which licences, how to load it.

What comes from a source or a pipeline file cannot break out of its place in the Markdown, and the head is YAML as the
Hugging Face hub reads it.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kodata.licences import licence_of
from kodata.sources import SOURCES

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LIMITS = """\
- Texts were translated by a machine, and answers written by a model: both can be wrong, and nobody read all of them.
- What is about English itself (spelling, rhyme, word play) was dropped or kept as the pipeline file says, and is
  thinner here than in the English data.
- Facts, names and customs are those of the English data, not of Korea."""

_MIXED = "Its records have several licences, and none covers all: the conditions of each hold for its own records."
_TERMS = (
    "Whoever had the texts translated and written is also bound to these terms, which a person must read before "
    "publication; this card does not decide them:"
)


@dataclass(frozen=True)
class Config:
    """One configuration of a data set: its name, the licence of all of its records, and its files by split."""

    name: str
    licence: str
    records: int
    files: Mapping[str, str]


def card(manifest: Mapping[str, Any], configs: Sequence[Config]) -> str:
    """The card of a build with these configurations, as the text of its README.md."""
    pipeline, records = manifest["pipeline"], manifest["records"]
    title = f"{pipeline['name']} ({pipeline['variant']})" if pipeline["variant"] else pipeline["name"]
    about = pipeline["about"] or "An instruction corpus in Korean"
    if "--demo" in pipeline["flags"]:
        about = "The shipped sample, translated and answered by hand: no service was asked"
    sections = (
        ("", [_inline(f"{about}."), "", _counts(records)]),
        ("Load", _loading(configs)),
        ("How it was made", _made(manifest)),
        ("Sources", _sources(manifest)),
        ("Licences", _licences(manifest, configs)),
        ("What left, and why", _left(manifest)),
        ("Checks", _checks(manifest)),
        ("Known limits", _LIMITS.splitlines()),
        ("Rebuild", _rebuild(pipeline)),
        ("Cite", ["```bibtex", citation(manifest), "```", "", "Cite the sources as well."]),
    )
    body = [line for name, lines in sections for line in ([f"## {name}", ""] if name else []) + [*lines, ""]]
    return "\n".join(["---", _head(manifest, configs) + "---", "", f"# {_inline(title)}", "", *body])


def _head(manifest: Mapping[str, Any], configs: Sequence[Config]) -> str:
    import yaml

    kept = manifest["records"]["kept"]
    is_evaluation = all(SOURCES[source["use"]].has_choices for source in manifest["sources"])
    hub = sorted({found.hub if (found := licence_of(name)) else "unknown" for name in manifest["licences"]})
    origins = [str(source["origin"]) for source in manifest["sources"]]
    written = any(asked["tokens_out"] for asked in manifest["asks"].values() if "tokens_out" in asked)
    head = {
        "pretty_name": manifest["pipeline"]["name"],
        "language": ["ko"],
        "license": hub[0] if len(hub) == 1 else hub or "unknown",
        "language_creators": ["machine-generated"],
        "annotations_creators": ["machine-generated" if written else "no-annotation"],
        "multilinguality": ["monolingual"],
        "source_datasets": [
            f"extended|{origin.removeprefix('hf://').partition('@')[0]}" if origin.startswith("hf://") else "original"
            for origin in origins
        ],
        "task_categories": ["multiple-choice" if is_evaluation else "text-generation"],
        "size_categories": [next((name for most, name in _SIZES if kept < most), "1M<n<10M")],
        "tags": ["evaluation" if is_evaluation else "instruction-tuning", "korean", "kodata"],
        "configs": [
            {"config_name": c.name, "data_files": [{"split": split, "path": path} for split, path in c.files.items()]}
            for c in configs
        ],
    }
    return yaml.safe_dump(head, allow_unicode=True, sort_keys=False)


def _counts(records: Mapping[str, int]) -> str:
    return (
        f"{records['kept']:,} of {records['in']:,} records. {records['dropped']:,} left on the way, each with stage, "
        "reason and evidence."
    )


def _loading(configs: Sequence[Config]) -> list[str]:
    named = f', "{configs[0].name}"' if len(configs) > 1 else ""
    what = [f"`{c.name}`: {c.records:,} records under {_inline(c.licence)}." for c in configs if len(configs) > 1]
    code = ["```python", "import datasets", "", f'datasets.load_dataset("PATH_OR_REPOSITORY"{named})', "```"]
    return [*code, *([""] if what else []), *what]


def _made(manifest: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    stages = [_stage(stage) for stage in tomllib.loads(manifest["pipeline"]["text"]).get("stage", ())]
    overrides = ", ".join(f"{key} = {value}" for key, value in manifest["pipeline"]["overrides"].items())
    asked = [
        (name, f"{a['sent']:,}", f"{a['known']:,}", f"{a['lost']:,}", f"{a['usd']:.4f}")
        for name, a in manifest["asks"].items()
    ]
    return [
        f"Built at {manifest['built_at']} by the pipeline {_inline(manifest['pipeline']['name'])}, "
        f"its hash {manifest['pipeline']['hash']}, with {versions}.",
        *([f"Set beside the file: {_inline(overrides)}."] if overrides else []),
        "",
        *_table(("stage", "uses", "asks"), stages),
        "",
        *(_table(("asked", "sent", "from the ledger", "lost", "dollars"), asked) if asked else []),
    ]


def _stage(stage: Mapping[str, Any]) -> tuple[str, str, str]:
    face = stage.get("with", {})
    whom = [str(face[key]) for key in ("use", "model", "model_type") if key in face] if isinstance(face, dict) else []
    return str(stage.get("name", stage.get("use"))), str(stage.get("use")), " ".join(whom)


def _sources(manifest: Mapping[str, Any]) -> list[str]:
    rows = [(s["name"], s["use"], s["origin"], s["licence"], f"{s['records']:,}") for s in manifest["sources"]]
    return _table(("source", "format", "from", "licence", "records"), rows)


def _licences(manifest: Mapping[str, Any], configs: Sequence[Config]) -> list[str]:
    rows = []
    for licence, n in sorted(manifest["licences"].items()):
        found = licence_of(licence)
        rows.append(
            (licence, f"{n:,}", found.conditions if found else "not known here: read it", found.url if found else "")
        )
    terms = [f"- {_inline(term)}" for term in manifest["terms"]]
    return [
        *_table(("licence", "records", "conditions", ""), rows),
        "",
        *([_MIXED, ""] if len(rows) > 1 else []),
        *(["The licence of each record is in its column `licence`."] if rows else []),
        _TERMS if terms else "No service was asked.",
        *([""] if terms else []),
        *terms,
    ]


def _left(manifest: Mapping[str, Any]) -> list[str]:
    rows = [(stage, why, f"{n:,}") for stage, counts in manifest["dropped"].items() for why, n in counts.items()]
    return _table(("stage", "reason", "records"), rows) if rows else ["Nothing."]


def _checks(manifest: Mapping[str, Any]) -> list[str]:
    rows = [(stage, rule, f"{n:,}") for stage, counts in manifest["remarks"].items() for rule, n in counts.items()]
    noticed = _table(("stage", "flagged, mended or counted", "turns"), rows) if rows else ["No turn was flagged."]
    compared = list(_compared(manifest["benchmarks"])) or ["It was not checked for items of benchmarks."]
    return [*noticed, "", *compared]


def _compared(benchmarks: Mapping[str, Any]) -> Iterator[str]:
    """With which benchmarks records were compared, what of them was found (and dropped), and with which not."""
    for stage, found in benchmarks.items():
        rows = [
            (stage, row["benchmark"], f"{row['items']:,}", f"{row['seen']:,}", f"{row['records']:,}")
            for row in found["checked"]
        ]
        if rows:
            yield from (*_table(("stage", "benchmark", "items", "found", "records dropped"), rows), "")
        if found["not_checked"]:
            yield from (f"Not compared with, in {_inline(stage)}: {', '.join(found['not_checked'])}.", "")


def _rebuild(pipeline: Mapping[str, Any]) -> list[str]:
    flags = [flag for flag in pipeline["flags"] if flag != "--offline"]
    command = shlex.join(["kodata", "build", pipeline["name"], *flags, *([] if "--demo" in flags else ["--offline"])])
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", pipeline["text"])), default=0))
    return [
        f"{_code(command)}, with the ledger it was built from and the same endpoints, gives the same files byte for "
        "byte. The pipeline file:",
        "",
        f"{fence}toml",
        *pipeline["text"].strip().splitlines(),
        fence,
    ]


def citation(manifest: Mapping[str, Any]) -> str:
    """A BibTeX entry for a build, on one line."""
    name, year = re.sub(r"\W+", "-", manifest["pipeline"]["name"]), manifest["built_at"][:4]
    origins = "; ".join(str(source["origin"]) for source in manifest["sources"])
    entry = f"@misc{{{name}, title = {{{name}}}, year = {{{year}}}, note = {{built with kodata from {origins}}}}}"
    return " ".join(entry.replace("`", "").split())


def _inline(text: object) -> str:
    """The text on one line, without what would be markup."""
    return re.sub(r"([\\<>|`\[\]])", r"\\\1", " ".join(str(text).split()))


def _code(text: str) -> str:
    """The text as code in a line of Markdown."""
    return f"`{' '.join(text.replace('`', '').split())}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table; what comes from a source cannot break out of its cell."""
    lines = [tuple(head), ("---",) * len(head), *(tuple(map(_inline, row)) for row in rows)]
    return [f"| {' | '.join(cells)} |" for cells in lines]
