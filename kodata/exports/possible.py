"""Whether a pipeline's builds can be put in a form, as far as its file tells: known before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterable

from kodata.errors import PipelineError
from kodata.exports.text import template_of, template_text
from kodata.pipeline import STAGES, Pipeline, Publish, Step
from kodata.sources import SOURCES
from kodata.stages.compose import Compose
from kodata.stages.regenerate import Regenerate
from kodata.stages.translate import Translate

_OF_EVALUATIONS = ("lm-eval", "hf", "croissant")


def why_not(pipeline: Pipeline, form: Publish) -> str:
    """Why no build of the pipeline can have the form; empty where one may."""
    kinds = {SOURCES[source.use].has_choices for source in pipeline.sources}
    if kinds == {True, False}:
        return "items of an evaluation and records to train on are two corpora. Build them apart"
    if True in kinds and form.to not in _OF_EVALUATIONS:
        return f'"{form.to}" is to train on, and nobody trains on items of an evaluation. Publish "lm-eval"'
    if form.to == "lm-eval" and True not in kinds and pipeline.split is None:
        return '"lm-eval" needs records that are held out. Put [split] with `test = 0.01` into the file'
    if form.to == "preference" and not _may_have_both(pipeline.steps):
        return '"preference" needs two answers. Put "output" among the `fields` of translate, and regenerate behind it'
    if form.to == "text":
        try:
            template_of(template_text(form.template))
        except PipelineError as error:
            return str(error)
    return ""


def _may_have_both(steps: Iterable[Step]) -> bool:
    """Whether an answer may be there when another is written; of a stage of one's own nobody knows."""
    is_answered = False
    for stage in (step.stage for step in steps):
        if (is_answered and isinstance(stage, Regenerate)) or type(stage) not in STAGES.values():
            return True
        is_answered |= isinstance(stage, Regenerate | Compose)
        is_answered |= isinstance(stage, Translate) and "output" in stage.fields
    return False
