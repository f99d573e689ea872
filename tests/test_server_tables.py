"""Servers of one's own: `[providers.NAME]` says where they are, what they cost and what they call things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kodata.cli.doctor import _findings
from kodata.errors import Misconfigured, PipelineError
from kodata.pipeline import load_pipeline
from kodata.published import Build
from kodata.workspace import Workspace
from tests.servers.openai import OpenAIServer

Run = Callable[..., Build]
FILE = """
[providers.local]
base_url = "{url}/v1"
key_env = "LOCAL_KEY"
price = {{ usd_per_million_tokens_in = 1.0, usd_per_million_tokens_out = 2.0 }}
{more}

[[source]]
use = "alpaca"
path = "items.json"
lang = "ko"
[[stage]]
use = "regenerate"
prompt = "prompt.md"
with = {{ use = "local", model = "{model}" }}
"""
ROWS = [{"instruction": f"하늘이 파란 까닭 {n}가지를 말하세요.", "input": "", "output": ""} for n in range(4)]


@pytest.fixture
def local(run: Run, openai: OpenAIServer, env: dict[str, str], tmp_path: Path) -> Callable[..., Build]:
    """Builds from a server of one's own; OpenAI itself has no key here."""
    env |= {"LOCAL_KEY": "test-key"}
    del env["OPENAI_API_KEY"], env["OPENAI_BASE_URL"]
    (tmp_path / "prompt.md").write_text("한국어로 답하세요.", encoding="utf-8")

    def build_it(model: str = "gpt-6-luna", more: str = "", name: str = "local") -> Build:
        text = FILE.format(url=openai.url, model=model, more=more).replace("local", name)
        (tmp_path / "own.toml").write_text(text)
        return run(ROWS, pipeline=str(tmp_path / "own.toml"))

    return build_it


def test_a_server_is_asked_by_its_name_and_at_its_price(local: Callable[..., Build], openai: OpenAIServer) -> None:
    made = local()
    counts = openai.counts()
    assert made.corpus["written_by"].to_list() == ["local/gpt-6-luna"] * 4
    usd = counts["tokens_in"] * 1e-6 + counts["tokens_out"] * 2e-6
    assert made.manifest["asks"]["local"]["usd"] == pytest.approx(usd, abs=1e-6)


def test_two_servers_never_share_answers(local: Callable[..., Build], openai: OpenAIServer) -> None:
    local()
    local(name="other")
    assert openai.counts()["ok"] == 8


def test_a_model_that_the_server_does_not_have_is_named_before_anything_is_asked(
    local: Callable[..., Build], openai: OpenAIServer
) -> None:
    with pytest.raises(Misconfigured, match=r'local does not have the model "gpt-6-lunar" - did you mean "gpt-6-luna"'):
        local(model="gpt-6-lunar")
    assert openai.counts()["requests"] == 0


def test_a_missing_key_of_a_server_is_named(local: Callable[..., Build], env: dict[str, str]) -> None:
    del env["LOCAL_KEY"]
    with pytest.raises(Misconfigured, match=r"^LOCAL_KEY is not set, so local cannot be asked"):
        local()


def test_a_wrong_key_of_a_server_is_named(local: Callable[..., Build], env: dict[str, str]) -> None:
    env["LOCAL_KEY"] = "wrong"
    with pytest.raises(Misconfigured, match="LOCAL_KEY"):
        local()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('token_name = "max_tokens"', 'no setting "token_name" - did you mean "tokens_name"'),
        ('tokens_name = "n_predict"', 'setting "tokens_name"'),
        ("parallel = 0", 'setting "parallel"'),
    ],
)
def test_a_wrong_setting_of_a_server_is_named(local: Callable[..., Build], more: str, said: str) -> None:
    with pytest.raises(PipelineError) as error:
        local(more=more)
    assert f"own.toml, [providers.local]: {said}" in str(error.value)


def test_the_doctor_asks_a_server_for_its_model(
    local: Callable[..., Build], env: dict[str, str], tmp_path: Path
) -> None:
    local()
    found = list(_findings(str(tmp_path / "own.toml"), Workspace.of(env), env, send=False))
    assert found[-1].text == ("local accepts the key in LOCAL_KEY and has gpt-6-luna: $1 in, $2 out per million tokens")


def test_the_doctor_asks_for_the_model_that_translates(
    local: Callable[..., Build], env: dict[str, str], tmp_path: Path
) -> None:
    local()
    translating = FILE.replace('"regenerate"\nprompt = "prompt.md"', '"translate"')
    url = (tmp_path / "own.toml").read_text().partition('base_url = "')[2].partition("/v1")[0]
    (tmp_path / "own.toml").write_text(translating.format(url=url, model="gpt-6-lunar", more=""))
    found = list(_findings(str(tmp_path / "own.toml"), Workspace.of(env), env, send=False))
    assert (found[-1].is_good, "does not have the model" in found[-1].text) == (False, True)


@pytest.mark.parametrize("name", ["openai", "deepl", "echo", "recording"])
def test_a_server_may_not_have_the_name_of_a_service(local: Callable[..., Build], name: str) -> None:
    with pytest.raises(PipelineError, match="give it another name"):
        local(name=name)


def test_a_server_without_a_price_or_with_no_url_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_text("답하세요.", encoding="utf-8")
    for find, put, said in (
        ("price = { usd_per_million_tokens_in = 1.0, usd_per_million_tokens_out = 2.0 }", "", '"price" is missing'),
        ('"x/v1"', '"ftp://x"', "base_url is no http"),
    ):
        (tmp_path / "own.toml").write_text(FILE.format(url="x", model="m", more="").replace(find, put))
        with pytest.raises(PipelineError, match=said):
            load_pipeline(str(tmp_path / "own.toml"))
