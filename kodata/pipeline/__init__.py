"""Pipeline files, `pipelines/*.toml`: sources, stages, limits, and what is shipped beside them."""

from kodata.pipeline.endpoints import KEYS, REDIRECTS, endpoint
from kodata.pipeline.faces import FACES, translation_prompt
from kodata.pipeline.loading import benchmarks_in, load_pipeline, rules_in
from kodata.pipeline.model import Limits, Notify, Pipeline, Publish, Step, kind_of
from kodata.pipeline.shipped import schema, shipped, shipped_pipelines
from kodata.pipeline.steps import STAGES

__all__ = [
    "FACES",
    "KEYS",
    "REDIRECTS",
    "STAGES",
    "Limits",
    "Notify",
    "Pipeline",
    "Publish",
    "Step",
    "benchmarks_in",
    "endpoint",
    "kind_of",
    "load_pipeline",
    "rules_in",
    "schema",
    "shipped",
    "shipped_pipelines",
    "translation_prompt",
]
