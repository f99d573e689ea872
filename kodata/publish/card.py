"""The card of a data set: what it is, how it was made, what left it and why, under which licences, how to load it.

What comes from a source or a pipeline file cannot break out of its place in the Markdown, and the head is YAML as the
Hugging Face hub reads it.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kodata.licences import Use, licence_of
from kodata.publish.checked import checks, left
from kodata.publish.markdown import code, inline, table
from kodata.publish.rebuilding import LEDGER, rebuilding
from kodata.sources import SOURCES

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LIMITS = """\
- Texts were translated by a machine, and answers written by a model: both can be wrong, and nobody read all of them.
- What is about English itself (spelling, rhyme, word play) was dropped or kept as the pipeline file says, and is
  thinner here than in the English data.
- Facts, names and customs are those of the English data, not of Korea."""

_MIXED = "Its records have several licences, and none covers all: the conditions of each hold for its own records."
_APART = " Each licence is a configuration of its own, as the conditions of one would not cover the others."
_IN_COLUMN = "Which of the following terms a record falls under is in its column `terms`."
_TERMS = (
    "Whoever had the texts translated and written is also bound to these terms, which a person must read before "
    "publication; this card does not decide them:"
)


@dataclass(frozen=True)
class Config:
    """One configuration of a data set: its name, how many records it has by licence, and its files by split."""

    name: str
    licences: Mapping[str, int]
    files: Mapping[str, str]

    @property
    def records(self) -> int:
        return sum(self.licences.values())


@dataclass(frozen=True)
class Extra:
    """A file beside the corpus: what its lines are, how many there are, and how many were left out of it, by reason."""

    path: str
    about: str
    records: int
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class Publication:
    """Where and how a corpus is published: the `use` that its licences allow, and what was left out for that.

    `left_out` are source, licence and records. Without a `repository` the card is that of files on disk.
    """

    repository: str = ""
    use: Use = "any"
    left_out: Sequence[tuple[str, str, int]] = ()
    extras: Sequence[Extra] = ()


ON_DISK: Final = Publication()


def card(manifest: Mapping[str, Any], configs: Sequence[Config], publication: Publication = ON_DISK) -> str:
    """The card of a build with these configurations, as the text of its README.md."""
    pipeline = manifest["pipeline"]
    excerpt = next((extra for extra in publication.extras if extra.path == LEDGER), None)
    title = f"{pipeline['name']} ({pipeline['variant']})" if pipeline["variant"] else pipeline["name"]
    about = pipeline["about"] or "An instruction corpus in Korean"
    if "--demo" in pipeline["flags"]:
        about = "The shipped sample, translated and answered by hand: no service was asked"
    sections = (
        ("", [inline(f"{about}."), "", *_counts(manifest["records"], publication)]),
        ("Load", _loading(configs, publication)),
        ("How it was made", _made(manifest)),
        ("Sources", _sources(manifest)),
        ("Licences", _licences(manifest, configs, publication)),
        ("What left, and why", left(manifest)),
        ("Checks", checks(manifest)),
        ("Known limits", _LIMITS.splitlines()),
        ("Beside the corpus", list(_extras(publication.extras))),
        ("Rebuild", rebuilding(manifest, publication.repository, None if excerpt is None else not excerpt.left_out)),
        ("Cite", ["```bibtex", citation(manifest), "```", "", "Cite the sources as well."]),
    )
    body = [line for name, lines in sections if lines for line in ([f"## {name}", ""] if name else []) + [*lines, ""]]
    return "\n".join(["---", _head(manifest, configs) + "---", "", f"# {inline(title)}", "", *body])


def _head(manifest: Mapping[str, Any], configs: Sequence[Config]) -> str:
    import yaml

    kept = sum(config.records for config in configs)
    is_evaluation = all(SOURCES[source["use"]].has_choices for source in manifest["sources"])
    hub = sorted({found.hub if (found := licence_of(name)) else "unknown" for name in _licensed(configs)})
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


def _licensed(configs: Sequence[Config]) -> dict[str, int]:
    """The records of all configurations by licence, in the order of its name."""
    counts = Counter[str]()
    for config in configs:
        counts.update(config.licences)
    return dict(sorted(counts.items()))


def _counts(records: Mapping[str, int], publication: Publication) -> Iterator[str]:
    yield (
        f"{records['kept']:,} of {records['in']:,} records. {records['dropped']:,} left on the way, each with stage, "
        "reason and evidence."
    )
    if publication.use != "any":
        less = sum(n for _, _, n in publication.left_out)
        yield ""
        yield f"Here are those whose licence allows {publication.use} use; {less:,} of them are left out, see below."


def _loading(configs: Sequence[Config], publication: Publication) -> list[str]:
    named = f', "{configs[0].name}"' if len(configs) > 1 else ""
    what = [
        f"`{c.name}`: {c.records:,} records under {inline(', '.join(c.licences))}." for c in configs if len(configs) > 1
    ]
    where = publication.repository or "PATH_OR_REPOSITORY"
    lines = ["```python", "import datasets", "", f'datasets.load_dataset("{where}"{named})', "```"]
    return [*lines, *([""] if what else []), *what]


def _made(manifest: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    stages = [
        (*_stage(stage), f"{sum(manifest['dropped'].get(str(stage.get('name', stage.get('use'))), {}).values()):,}")
        for stage in tomllib.loads(manifest["pipeline"]["text"]).get("stage", ())
    ]
    overrides = ", ".join(f"{key} = {value}" for key, value in manifest["pipeline"]["overrides"].items())
    asked = [
        (name, f"{a['sent']:,}", f"{a['known']:,}", f"{a['lost']:,}", f"{a['usd']:.4f}")
        for name, a in manifest["asks"].items()
    ]
    return [
        f"Built at {manifest['built_at']} by the pipeline {inline(manifest['pipeline']['name'])}, "
        f"its hash {manifest['pipeline']['hash']}, with {versions}.",
        *([f"Set beside the file: {inline(overrides)}."] if overrides else []),
        "",
        *table(("stage", "uses", "asks", "records that left"), stages),
        "",
        *(table(("asked", "sent", "from the ledger", "lost", "dollars"), asked) if asked else []),
    ]


def _stage(stage: Mapping[str, Any]) -> tuple[str, str, str]:
    face = stage.get("with", {})
    whom = [str(face[key]) for key in ("use", "model", "model_type") if key in face] if isinstance(face, dict) else []
    return str(stage.get("name", stage.get("use"))), str(stage.get("use")), " ".join(whom)


def _sources(manifest: Mapping[str, Any]) -> list[str]:
    kept = Counter[str]()
    for share in manifest["shares"]:
        kept[share["source"]] += share["records"]
    rows = [
        (s["name"], s["use"], s["origin"], s["licence"], f"{s['records']:,}", f"{kept[s['name']]:,}")
        for s in manifest["sources"]
    ]
    return table(("source", "format", "from", "licence", "records", "kept"), rows)


def _licences(manifest: Mapping[str, Any], configs: Sequence[Config], publication: Publication) -> list[str]:
    rows = []
    for licence, n in _licensed(configs).items():
        found = licence_of(licence)
        rows.append(
            (licence, f"{n:,}", found.conditions if found else "not known here: read it", found.url if found else "")
        )
    terms = [f"- {inline(term)}" for term in manifest["terms"]]
    return [
        *table(("licence", "records", "conditions", ""), rows),
        "",
        *([_MIXED + (_APART if len(configs) > 1 else ""), ""] if len(rows) > 1 else []),
        *_left_out(publication),
        *(["The licence of each record is in its column `licence`."] if rows else []),
        *([_IN_COLUMN] if terms and publication is not ON_DISK else []),
        _TERMS if terms else "No service was asked.",
        *([""] if terms else []),
        *terms,
    ]


def _left_out(publication: Publication) -> list[str]:
    """What the use does not allow, by source and licence."""
    if not publication.left_out:
        return []
    rows = [(source, licence, f"{n:,}") for source, licence, n in publication.left_out]
    head = ("source", "licence", f"records left out, as it does not allow {publication.use} use by its name")
    return [*table(head, rows), ""]


def _extras(extras: Sequence[Extra]) -> Iterator[str]:
    for extra in extras:
        yield f"- {code(extra.path)}: {extra.about}, {extra.records:,}."
        if extra.left_out:
            left = ", ".join(f"{n:,} ({why})" for why, n in extra.left_out.items())
            yield f"  Left out: {left}."


def citation(manifest: Mapping[str, Any]) -> str:
    """A BibTeX entry for a build, on one line."""
    name, year = re.sub(r"\W+", "-", manifest["pipeline"]["name"]), manifest["built_at"][:4]
    origins = "; ".join(str(source["origin"]) for source in manifest["sources"])
    entry = f"@misc{{{name}, title = {{{name}}}, year = {{{year}}}, note = {{built with kodata from {origins}}}}}"
    return " ".join(entry.replace("`", "").split())
