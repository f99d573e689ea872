"""Croissant 1.0: a data set described in JSON-LD, as data search engines and mlcroissant read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

from kodata.exports.hub import ITEM, TEXTS, hf
from kodata.exports.lines import pretty
from kodata.exports.opened import Corpus, Files
from kodata.licences import licence_of
from kodata.publish.card import citation

# The terms of Croissant 1.0 (MLCommons); its context names all of them, whether they occur or not.
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}


def croissant(corpus: Corpus) -> Files:
    """The files of `hf` and `croissant.json`, which describes each of them with its hash and columns."""
    hashes: dict[str, str] = {}
    for path, content in hf(corpus):
        yield path, _hashed(path, content, hashes)
    yield "croissant.json", pretty(_description(corpus, {p: h for p, h in hashes.items() if p.endswith(".parquet")}))


def _hashed(path: str, content: Iterable[bytes], hashes: dict[str, str]) -> Iterator[bytes]:
    """The content as it was; its hash is among the hashes once it is written."""
    digest = sha256()
    for piece in content:
        digest.update(piece)
        yield piece
    hashes[path] = digest.hexdigest()


def _description(corpus: Corpus, hashes: dict[str, str]) -> dict[str, object]:
    manifest = corpus.build.manifest
    licences = list(corpus.licences)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": corpus.name,
        "description": manifest["pipeline"]["about"] or "An instruction corpus in Korean",
        "license": [found.url if (found := licence_of(licence)) else licence for licence in licences],
        "citeAs": citation(manifest),
        "inLanguage": "ko",
        "datePublished": manifest["built_at"][:10],
        "version": "1.0.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": path,
                "name": path,
                "contentUrl": path,
                "encodingFormat": "application/x-parquet",
                "sha256": digest,
            }
            for path, digest in hashes.items()
        ],
        "recordSet": [_records(path, is_evaluation=corpus.is_evaluation) for path in hashes],
    }


def _records(path: str, *, is_evaluation: bool) -> dict[str, object]:
    name = path.removeprefix("data/").removesuffix(".parquet")
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": f"{name}/{column}",
            "dataType": "sc:Integer" if column == "label" else "sc:Text",
            **({"repeated": True} if column in ITEM and column != "label" else {}),
            "source": {"fileObject": {"@id": path}, "extract": {"column": column}},
        }
        for column in ("id", *(ITEM if is_evaluation else ()), *TEXTS)
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "key": {"@id": f"{name}/id"}, "field": fields}
