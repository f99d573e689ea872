"""Plain text through a template: the prompts of KoAlpaca and KULLM, or one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kodata.errors import PipelineError, did_you_mean
from kodata.exports.lines import lines
from kodata.exports.opened import Corpus, Files
from kodata.pipeline import shipped

if TYPE_CHECKING:
    from jinja2 import Template


def text(corpus: Corpus) -> Files:
    """`text`: each record through a Jinja template.

    It sees `id`, `system` and `turns`, each with instruction, input and output. Raises PipelineError when it is missing
    or not Jinja.
    """
    template = template_of(corpus.template)
    for split in corpus.splits:
        yield f"{split}.jsonl", lines({"text": told} for told in _told(template, corpus, split))


def template_of(content: str) -> Template:
    """The template of that text. Raises PipelineError when it is empty or not Jinja."""
    from jinja2 import StrictUndefined, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    if not content:
        raise PipelineError(f"the text export needs --template: {', '.join(shipped_templates())}, or a Jinja file")
    # Sandboxed: a template may come from anywhere, and what it is given is a data set's.
    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    try:
        return jinja.from_string(content)
    except TemplateSyntaxError as error:
        raise PipelineError(f"the template is not Jinja: line {error.lineno}: {error.message}") from error


def _told(template: Template, corpus: Corpus, split: str) -> Iterator[str]:
    from jinja2 import TemplateError

    for talk in corpus.talks(split):
        try:
            yield template.render(id=talk.id, system=talk.system, turns=talk.rows)
        except TemplateError as error:
            raise PipelineError(f"the template cannot be used on {talk.id}: {error}") from error


def shipped_templates() -> list[str]:
    """The names of the templates that come with kodata, sorted."""
    return sorted(path.stem for path in shipped("pipelines", "templates").glob("*.jinja"))


def template_text(name: str) -> str:
    """The text of a shipped template or of a file; empty for no name. Raises PipelineError when there is none."""
    if not name:
        return ""
    path = shipped("pipelines", "templates", f"{name}.jinja") if name in shipped_templates() else Path(name)
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = did_you_mean(name, shipped_templates())
        raise PipelineError(f'the template "{name}" cannot be read{known}, or the path of a Jinja file') from error
