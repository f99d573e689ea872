"""The builds of shipped samples whose exports are held against golden files and loaded by their consumers."""

from pathlib import Path

from kodata.building import Options, build, silent
from kodata.exports import EXPORTS, export
from kodata.published import Build
from kodata.workspace import Workspace

PIPELINES = {
    "sample": "alpaca-ko",
    "talks": "sharegpt-ko",  # of several turns
    "pairs": str(Path(__file__).with_name("pairs-ko.toml")),  # both answers, and some held out
    "items": "hellaswag-ko",  # of an evaluation
}
_NOT_OF = {
    "sample": ("preference", "lm-eval"),
    "talks": ("preference", "lm-eval"),
    "items": tuple({*EXPORTS} - {"lm-eval", "hf", "croissant"}),
}


def corpus(name: str, home: Path, limit: int | None = None) -> Build:
    """The build of that name from the first records of its sample, its answers from the recording."""
    workspace = Workspace.of({"KODATA_HOME": str(home)})
    return build(PIPELINES[name], Options(demo=True, limit=limit), workspace, {}, silent)


def write_exports(folder: Path) -> Path:
    """Every form that each of the corpora can have, in `CORPUS/FORM`; the folder of the corpora."""
    exports = folder / "exports"
    for name in PIPELINES:
        made = corpus(name, folder / "home")
        for to in EXPORTS:
            if to not in _NOT_OF.get(name, ()):
                export(made, to, exports / name / to, "koalpaca" if to == "text" else "")
    return exports
