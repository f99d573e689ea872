"""Pipeline files: what they say is what is built, and what is wrong in them is named with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from kodata.errors import Misconfigured, PipelineError
from kodata.pipeline import (
    FACES,
    STAGES,
    Limits,
    Pipeline,
    Step,
    endpoint,
    kind_of,
    load_pipeline,
    schema,
    shipped,
    shipped_pipelines,
)
from kodata.providers.deepl import DeepLTranslator
from kodata.providers.echo import EchoFace
from kodata.providers.openai import OpenAIWriter
from kodata.rules import RULES
from kodata.rules.manners import Refusal
from kodata.rules.source import Empty
from kodata.sources import SOURCES, Source
from kodata.stages.compose import Compose
from kodata.stages.dedupe import Dedupe
from kodata.stages.distinct import Distinct
from kodata.stages.filter import Filter
from kodata.stages.regenerate import Regenerate
from kodata.stages.sample import Sample
from kodata.stages.translate import Translate
from kodata.stages.validate import Validate

Table = Mapping[str, object]

SOURCE: Table = {"use": "alpaca", "path": "alpaca.json"}
ECHO: Table = {"use": "echo"}
PROMPT = "한국어로 답하세요.\n"
DEEPL: Table = {"use": "deepl"}
OPENAI: Table = {"use": "openai", "model": "gpt-6-luna"}

# A table for each stage that is as short as can be.
STAGE: dict[str, Table] = {
    "translate": {"use": "translate", "with": ECHO},
    "regenerate": {"use": "regenerate", "with": ECHO, "prompt": "prompt.md"},
    "compose": {"use": "compose", "with": ECHO, "prompt": "prompt.md"},
    "filter": {"use": "filter", "rules": ["empty"]},
    "sample": {"use": "sample", "n": 3},
    "correct": {"use": "correct"},
    "distinct": {"use": "distinct"},
    "dedupe": {"use": "dedupe"},
    "decontaminate": {"use": "decontaminate", "benchmarks": ["kmmlu"]},
    "validate": {"use": "validate"},
}
FACE: dict[str, Table] = {"deepl": DEEPL, "openai": OPENAI, "echo": ECHO}


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def table(head: str, content: Table) -> str:
    return "\n".join([head, *(f"{json.dumps(key)} = {toml(value)}" for key, value in content.items())])


def load(
    tmp_path: Path, *stages: Table, source: Table = SOURCE, top: str = "", overrides: tuple[str, ...] = (), **env: str
) -> Pipeline:
    """The pipeline file `my-ko.toml` with these tables, loaded."""
    (tmp_path / "prompt.md").write_text(PROMPT, encoding="utf-8")
    parts = [top, table("[[source]]", source), *(table("[[stage]]", stage) for stage in stages or [STAGE["dedupe"]])]
    (tmp_path / "my-ko.toml").write_text("\n".join(parts) + "\n", encoding="utf-8")
    return load_pipeline(str(tmp_path / "my-ko.toml"), overrides, env)


def only(pipeline: Pipeline) -> object:
    """The stage of a pipeline that has one."""
    (step,) = pipeline.steps
    return step.stage


SERVER = (
    '[providers.local]\nbase_url = "{}"\nkey_env = "{}"\n'
    "price = {{ usd_per_million_tokens_in = 0.0, usd_per_million_tokens_out = 0.0 }}"
)


def said(tmp_path: Path, *stages: Table, **how: Any) -> str:
    """What is said of a file that is wrong."""
    with pytest.raises(PipelineError) as error:
        load(tmp_path, *stages, **how)
    return str(error.value)


# -- what a file says


def test_a_file_is_sources_stages_and_limits(tmp_path: Path) -> None:
    top = 'about = "우리 말뭉치"\n[limits]\ndropped = 0.25'
    pipeline = load(tmp_path, STAGE["filter"], STAGE["dedupe"], source={**SOURCE, "licence": "CC0"}, top=top)
    assert pipeline == Pipeline(
        name="my-ko",
        about="우리 말뭉치",
        sources=(Source("alpaca", "alpaca", path=str(tmp_path / "alpaca.json"), licence="CC0"),),
        steps=(Step("filter", Filter((Empty(),))), Step("dedupe", Dedupe())),
        limits=Limits(0.25, 0.0),
        text=(tmp_path / "my-ko.toml").read_text(encoding="utf-8"),
    )


SCHEMA = schema()


@pytest.mark.parametrize(
    ("written", "stage"),
    [
        (STAGE["translate"], Translate(EchoFace())),
        ({**STAGE["translate"], "fields": ["output"]}, Translate(EchoFace(), ("output",))),
        ({**STAGE["translate"], "with": DEEPL}, Translate(DeepLTranslator())),
        (
            {**STAGE["translate"], "with": {**DEEPL, "custom_instructions": ["존댓말"]}},
            Translate(DeepLTranslator(custom_instructions=("존댓말",))),
        ),
        (STAGE["sample"], Sample(3)),
        (STAGE["distinct"], Distinct()),
        (STAGE["compose"], Compose(EchoFace(), PROMPT)),
        (STAGE["regenerate"], Regenerate(EchoFace(), PROMPT)),
        ({**STAGE["regenerate"], "with": OPENAI}, Regenerate(OpenAIWriter("gpt-6-luna"), PROMPT)),
        (
            {**STAGE["regenerate"], "with": {**OPENAI, "temperature": 1}},
            Regenerate(OpenAIWriter("gpt-6-luna", temperature=1.0), PROMPT),
        ),
        (STAGE["filter"], Filter((Empty(),))),
        (
            {"use": "filter", "rules": [{"use": "empty", "columns": ["output"]}, "refusal"]},
            Filter((Empty(("output",)), Refusal())),
        ),
        ({"use": "dedupe", "ngram": 3, "min_share": 1}, Dedupe(ngram=3, min_share=1.0)),
        (STAGE["validate"], Validate(SCHEMA)),
    ],
)
def test_a_table_becomes_its_stage(written: Table, stage: object, tmp_path: Path) -> None:
    assert only(load(tmp_path, written)) == stage


def test_a_stage_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    steps = load(tmp_path, STAGE["dedupe"], {**STAGE["dedupe"], "name": "다시"}).steps
    assert [step.name for step in steps] == ["dedupe", "다시"]


def test_a_prompt_is_read_from_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "kind.md").write_text("다정하게 답하세요.", encoding="utf-8")
    stage = only(load(tmp_path, {**STAGE["regenerate"], "prompt": "prompts/kind.md"}))
    assert stage == Regenerate(EchoFace(), "다정하게 답하세요.")


@pytest.mark.parametrize("path", ["/data/alpaca.json", "~/alpaca.json"])
def test_a_source_elsewhere_stays_where_it_is(path: str, tmp_path: Path) -> None:
    assert load(tmp_path, source={**SOURCE, "path": path}).sources[0].path == path


def test_a_source_may_be_on_the_hub(tmp_path: Path) -> None:
    source = {"use": "alpaca", "name": "stanford", "hub": "tatsu-lab/alpaca", "revision": "main"}
    assert load(tmp_path, source=source).sources == (
        Source("alpaca", "stanford", hub="tatsu-lab/alpaca", revision="main"),
    )


def test_the_providers_are_named_in_order_of_first_use(tmp_path: Path) -> None:
    stages = (
        {**STAGE["regenerate"], "with": OPENAI},
        {**STAGE["translate"], "with": DEEPL},
        {**STAGE["regenerate"], "name": "again"},
    )
    assert load(tmp_path, *stages).providers == ("openai", "deepl", "echo")


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({}, "deepl"),
        ({"DEEPL_SERVER_URL": "https://api-free.deepl.com"}, "deepl"),
        ({"DEEPL_SERVER_URL": "http://127.0.0.1:3000/one"}, "deepl@127.0.0.1:3000/one"),
        ({"DEEPL_SERVER_URL": "https://API.deepl.com:443/"}, "deepl"),
        ({"DEEPL_SERVER_URL": "http://alice:secret@127.0.0.1:80"}, "deepl@127.0.0.1"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:3000"}, "deepl"),
    ],
)
def test_another_endpoint_is_another_provider(env: dict[str, str], name: str, tmp_path: Path) -> None:
    assert load(tmp_path, {**STAGE["translate"], "with": DEEPL}, **env).providers == (name,)


def test_echo_has_no_other_endpoint() -> None:
    assert endpoint("echo", {"OPENAI_BASE_URL": "http://127.0.0.1:3000"}) == "echo"


def test_the_identity_changes_with_a_setting_and_not_with_words_about_it(tmp_path: Path) -> None:
    plain, described, other = (
        load(tmp_path, {"use": "dedupe", "ngram": ngram}, top=top).identity
        for ngram, top in ((3, ""), (3, 'about = "설명"\n[limits]\ndropped = 1'), (4, ""))
    )
    assert (plain == described, plain == other) == (True, False)


def test_the_identity_is_the_same_wherever_the_prompt_lies(tmp_path: Path) -> None:
    (tmp_path / "copy.md").write_text(PROMPT, encoding="utf-8")
    one, other = (load(tmp_path, {**STAGE["regenerate"], "prompt": name}).identity for name in ("prompt.md", "copy.md"))
    assert one == other


# -- shipped


@pytest.mark.parametrize("name", shipped_pipelines())
def test_every_shipped_pipeline_loads(name: str) -> None:
    assert load_pipeline(name).name == name


def test_the_shipped_pipelines_are_the_files_in_the_folder() -> None:
    assert [f"{name}.toml" for name in shipped_pipelines()] == sorted(
        p.name for p in shipped("pipelines").glob("*.toml")
    )


@pytest.mark.parametrize("name", shipped_pipelines())
def test_a_shipped_pipeline_loads_by_its_path_too(name: str) -> None:
    assert load_pipeline(str(shipped("pipelines", f"{name}.toml"))) == load_pipeline(name)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("alpaka-ko", 'no pipeline "alpaka-ko" - did you mean "alpaca-ko"?'),
        ("missing.toml", 'no pipeline "missing.toml"'),
        ("", 'no pipeline "" - known: '),
    ],
)
def test_a_pipeline_that_is_not_there_is_named(name: str, what: str) -> None:
    with pytest.raises(
        PipelineError, match=f"^{re.escape(what)}.*`kodata list` shows them; a file is given by its path"
    ):
        load_pipeline(name)


# -- misspelt, missing, of the wrong type: every setting there is


def settings_of(kind: type, *given: str) -> list[Field[Any]]:
    return [f for f in fields(kind) if f.name not in ("use", *given)]


def misspelt(name: str) -> str:
    return name[:-1] + name[-1] * 2


def wrong_for(kind: type, name: str) -> object:
    """A value that the setting cannot have."""
    return [["x"]] if "str" in str(get_type_hints(kind)[name]) else "x"


# Where a setting stands: how messages call the place, the class, the settings that are given otherwise.
PLACES: dict[str, tuple[str, type, tuple[str, ...]]] = {
    "limits": ("[limits]", Limits, ()),
    **{f"source {use}": (f"source 1 ({use})", Source, ()) for use in SOURCES},
    **{
        f"stage {use}": (
            f"stage 1 ({use})",
            kind,
            ("by", "schema") if kind is Validate else ("by", "rules", "benchmarks"),
        )
        for use, kind in STAGES.items()
    },
    **{f"rule {name}": (f"stage 1 (filter), rule {name}", rule, ()) for name, rule in RULES.items()},
    **{
        f"face {stage.__name__} {use}": (f"stage 1 ({stage.__name__.lower()}), with", face, ("provider",))
        for stage, faces in FACES.items()
        for use, face in faces.items()
    },
}
SETTINGS = [
    pytest.param(place, f, id=f"{place}: {f.name}")
    for place, (_, kind, given) in PLACES.items()
    for f in settings_of(kind, *given)
]


def load_with(tmp_path: Path, place: str, change: Table, leave_out: str = "") -> str:
    """What is said when the table of that place has these settings beside what it needs."""

    def put(content: Table) -> Table:
        return {key: value for key, value in {**content, **change}.items() if key != leave_out}

    what, _, name = place.partition(" ")
    if what == "limits":
        return said(tmp_path, top=table("[limits]", put({})))
    if what == "source":
        return said(tmp_path, source=put({**SOURCE, "use": name}))
    if what == "stage":
        return said(tmp_path, put(STAGE[name]))
    if what == "rule":
        return said(tmp_path, {"use": "filter", "rules": [put({"use": name})]})
    stage, face = name.split()
    return said(tmp_path, {**STAGE[stage.lower()], "with": put(FACE[face])})


def test_settings_that_do_not_go_together_are_named_with_their_place(tmp_path: Path) -> None:
    expected = "my-ko.toml, stage 1 (sample): give one of `n` and `share`"
    assert said(tmp_path, {"use": "sample", "n": 3, "share": 0.5}) == expected


def test_a_field_that_the_format_does_not_know_is_named_with_the_nearest(tmp_path: Path) -> None:
    expected = 'my-ko.toml, source 1 (alpaca), fields: no setting "instrution" - did you mean "instruction"?'
    assert said(tmp_path, source={**SOURCE, "fields": {"instrution": "q"}}) == expected


@pytest.mark.parametrize(("place", "setting"), SETTINGS)
def test_a_misspelt_setting_is_named_with_its_place_and_the_nearest(
    place: str, setting: Field[Any], tmp_path: Path
) -> None:
    wrong = misspelt(setting.name)
    expected = f'my-ko.toml, {PLACES[place][0]}: no setting "{wrong}" - did you mean "{setting.name}"?'
    assert load_with(tmp_path, place, {wrong: 1}) == expected


@pytest.mark.parametrize(("place", "setting"), SETTINGS)
def test_a_setting_of_the_wrong_type_is_named_with_its_place(place: str, setting: Field[Any], tmp_path: Path) -> None:
    where, kind, _ = PLACES[place]
    value = wrong_for(kind, setting.name)
    found = load_with(tmp_path, place, {setting.name: value})
    expected = (
        f"my-ko.toml, {where}: {setting.name} = "
        if setting.name in ("prompt", "file", "memory", "glossary")  # files
        else f'my-ko.toml, {where}: setting "{setting.name}": '
    )
    assert found.startswith(expected)


REQUIRED = [
    param
    for param in SETTINGS
    if param.values[1].default is MISSING
    and param.values[1].default_factory is MISSING
    and param.id != "face Translate openai: prompt"  # one is shipped
]


@pytest.mark.parametrize(("place", "setting"), REQUIRED)
def test_a_missing_setting_is_named_with_its_place(place: str, setting: Field[Any], tmp_path: Path) -> None:
    expected = f'my-ko.toml, {PLACES[place][0]}: setting "{setting.name}" is missing'
    assert load_with(tmp_path, place, {}, leave_out=setting.name) == expected


def test_there_are_settings_that_must_be_given() -> None:
    assert {param.id for param in REQUIRED} >= {"stage regenerate: prompt", "face Regenerate openai: model"}


@pytest.mark.parametrize("given", ["by", "schema", "provider", "version"])
def test_what_the_loader_gives_is_no_setting(given: str, tmp_path: Path) -> None:
    stage = {"by": "translate", "schema": "validate", "provider": "translate", "version": "dedupe"}[given]
    assert f'stage 1 ({stage}): no setting "{given}"' in said(tmp_path, {**STAGE[stage], given: "x"})


@pytest.mark.parametrize(
    ("stage", "wrong", "what"),
    [
        ("filter", {"ruls": ["empty"]}, 'no setting "ruls" - did you mean "rules"?'),
        ("translate", {"wth": DEEPL}, 'no setting "wth" - did you mean "with"?'),
        ("dedupe", {"nmae": "x"}, 'no setting "nmae" - did you mean "name"?'),
    ],
)
def test_a_misspelt_key_is_named_even_where_another_is_missing(
    stage: str, wrong: Table, what: str, tmp_path: Path
) -> None:
    assert said(tmp_path, {"use": stage, **wrong}) == f"my-ko.toml, stage 1 ({stage}): {what}"


# -- unknown names


@pytest.mark.parametrize(
    ("stages", "how", "what"),
    [
        (({"use": "tranlate"},), {}, 'stage 1: no stage "tranlate" - did you mean "translate"?'),
        ((STAGE["dedupe"], {"use": []}), {}, 'stage 2: no stage "[]" - known: '),
        (
            ({"ngram": 3},),
            {},
            'stage 1: no stage "" - known: compose, correct, decontaminate, dedupe, distinct, filter, ',
        ),
        (({"use": "filter", "rules": ["refusl"]},), {}, 'stage 1 (filter): no rule "refusl" - did you mean "refusal"?'),
        (
            ({"use": "filter", "rules": [{"use": "lenght-ratio"}]},),
            {},
            'stage 1 (filter): no rule "lenght-ratio" - did you mean "length-ratio"?',
        ),
        (({"use": "filter", "rules": [5]},), {}, 'stage 1 (filter): no rule "" - known: '),
        (
            ({"use": "filter", "rules": "empty"},),
            {},
            'stage 1 (filter): setting "rules" is missing or no list of rules',
        ),
        (({"use": "filter"},), {}, 'stage 1 (filter): setting "rules" is missing or no list of rules'),
        (
            ({"use": "filter", "rules": [{"use": "empty", "columns": ["outptu"]}]},),
            {},
            'stage 1 (filter), rule empty: no column "outptu" - did you mean "output"?',
        ),
        (
            ({"use": "dedupe", "columns": ["instrction"]},),
            {},
            'stage 1 (dedupe): no column "instrction" - did you mean "instruction"?',
        ),
        (
            ({"use": "translate", "with": {"use": "deppl"}},),
            {},
            'stage 1 (translate): `with = { use = ... }` names who is asked; no "deppl" - did you mean "deepl"?',
        ),
        (
            ({"use": "translate", "with": {"use": []}},),
            {},
            "stage 1 (translate): `with = { use = ... }` names who is asked; no ",
        ),
        (
            ({"use": "translate", "with": "deepl"},),
            {},
            "stage 1 (translate): `with = { use = ... }` names who is asked: deepl, openai, echo",
        ),
        (
            ({"use": "translate"},),
            {},
            "stage 1 (translate): `with = { use = ... }` names who is asked: deepl, openai, echo",
        ),
        (
            ({"use": "translate", "with": {"use": "hand"}},),
            {},
            'stage 1 (translate): `with = { use = ... }` names who is asked; no "hand" - known: deepl, echo, openai',
        ),
        ((), {"source": {**SOURCE, "use": "alpcaa"}}, 'source 1: no format "alpcaa" - did you mean "alpaca"?'),
        ((), {"source": {"path": "a.json"}}, 'source 1: no format "" - known: '),
        ((), {"source": {**SOURCE, "use": ["x"]}}, "source 1: no format "),
        ((), {"top": "[limts]\ndropped = 1"}, 'top level: no setting "limts" - did you mean "limits"?'),
        (
            (),
            {"top": SERVER.format("http://localhost/v1", "sk-SECRET")},
            "[providers.local]: key_env names the variable",
        ),
        ((), {"top": SERVER.format("http://me:SECRET@here/v1", "KEY")}, "[providers.local]: base_url holds a password"),
        ((), {"top": "[[stages]]\nuse = 1"}, 'top level: no setting "stages" - did you mean "stage"?'),
    ],
)
def test_an_unknown_name_is_named_with_its_place_and_the_nearest(
    stages: tuple[Table, ...], how: dict[str, Any], what: str, tmp_path: Path
) -> None:
    assert said(tmp_path, *stages, **how).startswith(f"my-ko.toml, {what}")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"[[stage]]\nuse = 'dedupe'", "my-ko.toml: at least one [[source]] is needed"),
        (b"[[source]]\nuse = 'alpaca'\npath = 'a'", "my-ko.toml: at least one [[stage]] is needed"),
        (b"[source]\nuse = 'alpaca'", "my-ko.toml: at least one [[stage]] is needed"),
        (
            b"[source]\nuse = 'alpaca'\n[[stage]]\nuse = 'dedupe'",
            "my-ko.toml: source may stand more than once: write [[",
        ),
        (b"\xef\xbb\xbfabuot = 'a'", 'my-ko.toml, top level: no setting "abuot"'),
        (b"source = [1]\n[[stage]]\nuse = 'dedupe'", "my-ko.toml: at least one [[source]] is needed"),
        (b"", "my-ko.toml: at least one [[stage]] is needed"),
        (b"[[source]\n", "my-ko.toml is not TOML: "),
        ("about = '말뭉치'".encode("cp949"), "my-ko.toml is not TOML: "),
    ],
    ids=[
        "no source",
        "no stage",
        "no list",
        "one table",
        "byte order mark",
        "no tables",
        "empty",
        "no TOML",
        "no UTF-8",
    ],
)
def test_a_file_that_is_no_pipeline_is_said_to_be(text: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "my-ko.toml").write_bytes(text)
    with pytest.raises(PipelineError, match=f"^{re.escape(what)}"):
        load_pipeline(str(tmp_path / "my-ko.toml"))


def test_a_source_has_one_place_at_most(tmp_path: Path) -> None:
    found = said(tmp_path, source={"use": "alpaca", "path": "a.json", "hub": "tatsu-lab/alpaca"})
    assert found == "my-ko.toml, source 1 (alpaca): give one of `path` and `hub`"


def test_two_stages_of_one_name_are_told_apart_by_the_writer(tmp_path: Path) -> None:
    found = said(tmp_path, STAGE["dedupe"], STAGE["dedupe"])
    assert found == 'my-ko.toml: the name "dedupe" stands twice. Give one a `name` of its own'


@pytest.mark.parametrize("limits", ["limits = 3", "[[limits]]\ndropped = 0.1"])
def test_limits_are_a_table(limits: str, tmp_path: Path) -> None:
    assert said(tmp_path, top=limits) == "my-ko.toml: limits is one table, [limits]"


@pytest.mark.parametrize(("share", "bound"), [(30, "less than or equal to 1"), (-0.1, "greater than or equal to 0")])
def test_a_limit_is_a_share_and_no_percentage(share: float, bound: str, tmp_path: Path) -> None:
    found = said(tmp_path, top=f"[limits]\ndropped = {share}")
    assert found == f'my-ko.toml, [limits]: setting "dropped": Input should be {bound}, not {share}'


@pytest.mark.parametrize(("name", "value"), [("ngram", 0), ("min_share", -1.0), ("min_share", 1.5)])
def test_a_setting_out_of_its_range_is_named(name: str, value: float, tmp_path: Path) -> None:
    assert f'setting "{name}": Input should be ' in said(tmp_path, {"use": "dedupe", name: value})


@pytest.mark.parametrize("value", ["true", '"3"', "3.0", "nan"])
def test_a_number_is_not_guessed(value: str, tmp_path: Path) -> None:
    found = said(tmp_path, overrides=(f"dedupe.ngram={value}",))
    assert found.startswith('my-ko.toml, stage 1 (dedupe): setting "ngram": Input should be a valid integer, not ')


@pytest.mark.parametrize("name", ["missing.md", "", "latin.md", 5])
def test_a_prompt_that_cannot_be_read_is_named(name: object, tmp_path: Path) -> None:
    (tmp_path / "latin.md").write_bytes("답하세요".encode("cp949"))
    found = said(tmp_path, {**STAGE["regenerate"], "prompt": name})
    assert found.startswith(f"my-ko.toml, stage 1 (regenerate): prompt = {name!r} cannot be read (")


# -- --set


BOTH = ({**STAGE["translate"], "with": DEEPL}, {**STAGE["regenerate"], "with": OPENAI})


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("regenerate.model=gpt-6-sol", (Translate(DeepLTranslator()), Regenerate(OpenAIWriter("gpt-6-sol"), PROMPT))),
        ('regenerate.model="5"', (Translate(DeepLTranslator()), Regenerate(OpenAIWriter("5"), PROMPT))),
        ("regenerate.with.model=x=y", (Translate(DeepLTranslator()), Regenerate(OpenAIWriter("x=y"), PROMPT))),
        (
            "regenerate.temperature=0.5",
            (Translate(DeepLTranslator()), Regenerate(OpenAIWriter("gpt-6-luna", temperature=0.5), PROMPT)),
        ),
        (
            "regenerate.prompt=other.md",
            (Translate(DeepLTranslator()), Regenerate(OpenAIWriter("gpt-6-luna"), "짧게 답하세요.")),
        ),
        (
            'translate.fields=["output"]',
            (Translate(DeepLTranslator(), ("output",)), Regenerate(OpenAIWriter("gpt-6-luna"), PROMPT)),
        ),
        (
            "translate.model_type=latency_optimized",
            (
                Translate(DeepLTranslator(model_type="latency_optimized")),
                Regenerate(OpenAIWriter("gpt-6-luna"), PROMPT),
            ),
        ),
        ("translate.use=echo", (Translate(EchoFace()), Regenerate(OpenAIWriter("gpt-6-luna"), PROMPT))),
    ],
)
def test_one_setting_is_set_beside_the_file(text: str, steps: tuple[object, ...], tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("짧게 답하세요.", encoding="utf-8")
    assert tuple(step.stage for step in load(tmp_path, *BOTH, overrides=(text,)).steps) == steps


def test_what_was_set_is_recorded(tmp_path: Path) -> None:
    chosen = load(tmp_path, overrides=(" dedupe.ngram = 3", "dedupe.min_share=0.9")).overrides
    assert chosen == {"dedupe.ngram": " 3", "dedupe.min_share": "0.9"}


def test_what_is_set_last_counts(tmp_path: Path) -> None:
    assert only(load(tmp_path, overrides=("dedupe.ngram=3", "dedupe.ngram=4"))) == Dedupe(ngram=4)


def test_a_stage_is_set_by_the_name_it_was_given(tmp_path: Path) -> None:
    named = {**STAGE["dedupe"], "name": "second"}
    steps = load(tmp_path, STAGE["dedupe"], named, overrides=("second.ngram=3",)).steps
    assert [step.stage for step in steps] == [Dedupe(), Dedupe(ngram=3)]


@pytest.mark.parametrize("text", ["", "dedupe", "dedupe.ngram", "ngram=3", "dedupe.=3", "=", ".="])
def test_what_is_set_has_a_stage_a_key_and_a_value(text: str, tmp_path: Path) -> None:
    assert said(tmp_path, overrides=(text,)) == f'--set "{text}" is not of the form stage.key=value'


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("dedup.ngram=3", '--set "dedup.ngram=3": no stage "dedup" - did you mean "dedupe"?'),
        ("dedupe.ngrm=3", 'my-ko.toml, stage 1 (dedupe): no setting "ngrm" - did you mean "ngram"?'),
        (
            "dedupe.ngram=three",
            "my-ko.toml, stage 1 (dedupe): setting \"ngram\": Input should be a valid integer, not 'three'",
        ),
    ],
)
def test_a_misspelt_override_is_named_with_the_nearest(text: str, what: str, tmp_path: Path) -> None:
    assert said(tmp_path, overrides=(text,)) == what


# -- one's own stage


OWN = """
from dataclasses import dataclass
from typing import ClassVar
import polars as pl
from kodata.corpus import Split

@dataclass(frozen=True)
class Shout:
    version: ClassVar[int] = 1
    marks: int = 1

    def run(self, frame: pl.DataFrame) -> Split:
        return Split(frame)

class Plain:
    version = 1
    def run(self, frame): ...

class Ageless:
    def run(self, frame): ...

class Nothing:
    version = 1
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_own_stages.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("url", ["127.0.0.1:9", "localhost", "ftp://127.0.0.1", "http://"])
def test_a_redirect_that_is_no_url_does_not_reach_the_real_service(url: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="DEEPL_SERVER_URL is no http"):
        load(tmp_path, {**STAGE["translate"], "with": DEEPL}, DEEPL_SERVER_URL=url)


@pytest.mark.usefixtures("own")
def test_a_stage_of_ones_own_has_its_settings(tmp_path: Path) -> None:
    from my_own_stages import Shout  # type: ignore[import-not-found]

    pipeline = load(tmp_path, {"use": "my_own_stages:Shout", "name": "외치기", "marks": 3})
    assert pipeline.steps == (Step("외치기", Shout(3)),)


@pytest.mark.usefixtures("own")
def test_a_misspelt_setting_of_ones_own_stage_is_named(tmp_path: Path) -> None:
    found = said(tmp_path, {"use": "my_own_stages:Shout", "mark": 3})
    assert found == 'my-ko.toml, stage 1 (my_own_stages:Shout): no setting "mark" - did you mean "marks"?'


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("use", "what"),
    [
        ("my_own_stagez:Shout", "cannot be imported (No module named 'my_own_stagez')"),
        ("my_own_stages:Shoot", "cannot be imported (module 'my_own_stages' has no attribute 'Shoot')"),
        (":Shout", "cannot be imported (Empty module name)"),
        ("my_own_stages:Nothing", "is no stage: it has neither run, story nor decide"),
        ("my_own_stages:Plain", "is no stage: it is no dataclass"),
        ("my_own_stages:Ageless", "has no `version: ClassVar[int]`"),
    ],
)
def test_what_cannot_be_a_stage_is_named(use: str, what: str, tmp_path: Path) -> None:
    assert said(tmp_path, {"use": use}) == f'my-ko.toml, stage 1 ({use}): "{use}" {what}'


@pytest.mark.parametrize(
    ("stage", "kind"),
    [
        (Filter(()), "frame"),
        (Validate(""), "frame"),
        (Translate(EchoFace()), "record"),
        (Regenerate(EchoFace(), ""), "record"),
        (Dedupe(), "corpus"),
    ],
)
def test_a_stage_is_of_one_kind(stage: Any, kind: str) -> None:
    assert kind_of(stage) == kind


def test_only_a_rule_that_can_mend_may_be_told_to(tmp_path: Path) -> None:
    rule = {"use": "filter", "rules": [{"use": "empty", "severity": "fix"}]}
    assert 'rule empty: it cannot mend. Set "drop", "review" or "info"' in said(tmp_path, rule)


def test_the_severity_of_a_rule_is_a_setting(tmp_path: Path) -> None:
    rules = [{"use": "empty", "severity": "review"}]
    stage = only(load(tmp_path, {"use": "filter", "rules": rules}))
    assert stage == Filter((Empty(severity="review"),))
