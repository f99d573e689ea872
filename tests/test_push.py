"""A build is pushed to the hub as one commit: what differs, what may be shown, and nothing by half."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kodata.asks import Answer, Ask
from kodata.building import Options, build, silent
from kodata.cli import app
from kodata.errors import BuildError, PipelineError
from kodata.ledger import Ledger
from kodata.published import Build
from kodata.pushing import Hub as Client
from kodata.pushing import Wanted, compared, lay_out
from kodata.workspace import Workspace
from tests.conftest import HASTY, files_of, items, own_pipeline, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.hub import Hub
from tests.servers.openai import OpenAIServer

TOKEN = "hf_secret"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub on which kim may make the data set kim/tea, which is not there yet."""
    with Hub("kim/tea", {}, TOKEN, is_open=True, exists=False) as there:
        yield there


def environment(hub: Hub, home: Path, token: str = TOKEN) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}  # the loopback hub has no Xet
    return {**plain, **own, **({"HF_TOKEN": token} if token else {})}


def pushed(hub: Hub, build: Build, *words: str, token: str = TOKEN) -> Result:
    """`kodata push` with nobody at a terminal."""
    command = ["push", str(build.path), hub.name, *words]
    done = CliRunner().invoke(app, command, env=environment(hub, build.path, token))
    assert TOKEN not in done.output
    return done


def made(folder: Path, *licences: str, rows: int = 2, more: str = "") -> Build:
    """A build of a source under each of these licences, answered by echo."""
    sources = "\n".join(
        f'[[source]]\nuse = "alpaca"\nname = "s{n}"\npath = "s{n}.json"\nlicence = "{licence}"\n'
        for n, licence in enumerate(licences)
    )
    folder.mkdir(exist_ok=True)
    (folder / "prompt.md").write_text("한국어로 답하세요.", encoding="utf-8")
    stage = '[[stage]]\nuse = "regenerate"\nprompt = "prompt.md"\nwith = { use = "echo" }\n'
    (folder / "tea-ko.toml").write_text(f"{sources}\n{more}\n{stage}", encoding="utf-8")
    for n in range(len(licences)):
        write_items(folder / f"s{n}.json", items(rows * len(licences))[rows * n : rows * n + rows])
    workspace = Workspace.of({"KODATA_HOME": str(folder / "home")})
    return build(str(folder / "tea-ko.toml"), Options(), workspace, {}, silent)


def test_a_first_push_makes_the_repository_and_is_one_commit_with_a_tag(hub: Hub, tmp_path: Path) -> None:
    done = pushed(hub, made(tmp_path, "MIT", "CC-BY-NC-4.0"), "--yes")
    assert done.exit_code == 0, done.stderr
    assert sorted(hub.files) == [
        ".gitattributes", "README.md", "data/cc-by-nc-4.0/train.parquet", "data/mit/train.parquet", "export.json",
    ]  # fmt: skip
    assert (len(hub.commits), len(hub.uploads), hub.is_private) == (1, 2, False)
    assert re.fullmatch(r"v\d{8}-[0-9a-f]{8}", *hub.tags)
    assert list(hub.tags.values()) == [hub.sha]
    assert re.search(r"^cc-by-nc-4.0 +CC-BY-NC-4.0 +2$", done.stdout, re.MULTILINE)


def test_what_was_pushed_is_loaded_from_the_hub(hub: Hub, tmp_path: Path) -> None:
    built = made(tmp_path, "MIT", "CC-BY-NC-4.0")
    pushed(hub, built, "--yes")
    code = "import datasets; print(datasets.load_dataset('kim/tea', 'mit', split='train')['licence'])"
    command, env = [sys.executable, "-c", code], environment(hub, tmp_path / "hf")
    done = subprocess.run(command, check=False, env=env, text=True, capture_output=True)
    assert "['MIT', 'MIT']" in done.stdout, done.stderr
    assert 'datasets.load_dataset("kim/tea", "cc-by-nc-4.0")' in hub.files["README.md"].decode()


def test_an_unchanged_push_sends_nothing(hub: Hub, tmp_path: Path) -> None:
    built = made(tmp_path, "MIT")
    pushed(hub, built, "--yes")
    hub.uploads.clear()
    done = pushed(hub, built, "--yes")
    assert "Nothing to do: the hub holds all of it" in done.stdout
    assert (len(hub.commits), hub.uploads, len(hub.tags)) == (1, [], 1)


def test_only_what_changed_is_sent_and_what_is_gone_is_removed(hub: Hub, tmp_path: Path) -> None:
    pushed(hub, made(tmp_path, "MIT", "Apache-2.0", "CC-BY-4.0"), "--yes")
    hub.files["notes.txt"] = b"of somebody else"
    hub.uploads.clear()
    second = made(tmp_path, "MIT", "Apache-2.0", rows=3, more="[gates]\nshrunk = 1.0\n")
    kept = hub.files["data/mit/train.parquet"]
    write_items(tmp_path / "s0.json", items(9)[:2])  # the first source as it was
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path / "home")})
    second = build(str(tmp_path / "tea-ko.toml"), Options(), workspace, {}, silent)
    done = pushed(hub, second, "--yes")
    assert done.exit_code == 0, done.stderr
    assert {name: content is None for name, content in hub.commits[1].items()} == {
        "README.md": False, "export.json": False, "data/apache-2.0/train.parquet": False,
        "data/cc-by-4.0/train.parquet": True,
    }  # fmt: skip
    assert hub.files["data/mit/train.parquet"] == kept
    assert (len(hub.uploads), hub.files["notes.txt"]) == (1, b"of somebody else")


def test_an_unknown_licence_is_pushed_in_private_only(hub: Hub, tmp_path: Path) -> None:
    built = made(tmp_path, "MIT", "unknown", "our own")
    refused = pushed(hub, built, "--yes")
    assert refused.exit_code == 2
    assert 'unknown licence are pushed only --private: s1 ("unknown", 2), s2 ("our own", 2)' in refused.stderr
    assert (hub.exists, hub.commits) == (False, [])
    done = pushed(hub, built, "--yes", "--private")
    assert (done.exit_code, hub.is_private, len(hub.commits)) == (0, True, 1)


def test_a_use_leaves_out_what_would_be_refused_and_says_so(hub: Hub, tmp_path: Path) -> None:
    done = pushed(hub, made(tmp_path, "MIT", "CC-BY-NC-4.0", "unknown"), "--yes", "--use", "commercial")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["s1", "CC-BY-NC-4.0", "2"] in rows
    assert ["s2", "unknown", "2"] in rows
    assert sorted(n for n in hub.files if n.startswith("data")) == ["data/default/train.parquet"]


def test_a_public_repository_is_not_made_private_by_a_push(tmp_path: Path) -> None:
    with Hub("kim/tea", {"README.md": b"# tea"}, TOKEN, is_open=True) as hub:
        done = pushed(hub, made(tmp_path, "MIT"), "--yes", "--private")
    assert (done.exit_code, hub.commits) == (2, [])
    assert "kim/tea is public and --private does not hide it" in done.stderr


def test_a_dry_run_needs_no_token_and_writes_nothing(tmp_path: Path) -> None:
    with Hub("kim/tea", {"README.md": b"# tea"}, TOKEN, is_open=True) as hub:
        done = pushed(hub, made(tmp_path, "MIT"), "--dry-run", token="")
        assert done.exit_code == 0, done.stderr
        assert "Nothing was sent: this was a dry run" in done.stdout
        assert re.search(r"^README.md +[\d,]+ +changed$", done.stdout, re.MULTILINE)
        assert re.search(r"^data/default/train.parquet +[\d,]+ +added$", done.stdout, re.MULTILINE)
        assert {request.split()[0] for request in hub.asked} <= {"GET", "HEAD"}


def test_a_dry_run_without_a_hub_shows_all_of_it(tmp_path: Path) -> None:
    with Hub("kim/tea", {}, TOKEN) as hub:
        pass
    done = pushed(hub, made(tmp_path, "MIT"), "--dry-run", token="")
    assert done.exit_code == 0, done.stderr
    assert "The hub was not asked what it holds, so that everything looks new" in done.stdout
    assert re.search(r"^README.md +[\d,]+ +added$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(("typed", "commits"), [("n\n", 0), ("y\n", 1)])
def test_a_person_is_asked_first(hub: Hub, tmp_path: Path, typed: str, commits: int) -> None:
    terminal, end = pty.openpty()
    os.write(terminal, typed.encode())
    command = [sys.executable, "-m", "kodata", "push", str(made(tmp_path, "MIT").path), hub.name]
    done = subprocess.run(
        command, check=False, env=environment(hub, tmp_path), text=True, stdin=end, stderr=end, stdout=subprocess.PIPE
    )
    os.close(end)
    assert "Push to kim/tea, which anybody may read? [y/N]" in os.read(terminal, 10_000).decode()
    assert (done.returncode, len(hub.commits), hub.exists) == (0, commits, bool(commits))
    assert ("Nothing was sent" in done.stdout) is not bool(commits)


def test_nobody_at_a_terminal_is_no_yes(hub: Hub, tmp_path: Path) -> None:
    done = pushed(hub, made(tmp_path, "MIT"))
    assert (done.exit_code, hub.asked) == (2, [])
    assert "--yes" in done.stderr


@pytest.mark.parametrize(
    ("token", "said"), [("", "HF_TOKEN is not set"), ("hf_other", "the hub does not accept HF_TOKEN")]
)
def test_a_push_without_a_right_token_names_the_variable(hub: Hub, tmp_path: Path, token: str, said: str) -> None:
    done = pushed(hub, made(tmp_path, "MIT"), "--yes", token=token)
    assert (done.exit_code, hub.exists) == (1, False)
    assert said in done.stderr
    assert "hf_other" not in done.stderr


@pytest.mark.parametrize("where", ["/lfs/", "/commit/"])
def test_a_hub_that_fails_in_the_middle_leaves_nothing_by_half(hub: Hub, tmp_path: Path, where: str) -> None:
    built = made(tmp_path, "MIT", "CC-BY-4.0")
    hub.fails = {where: 507}
    done = pushed(hub, built, "--yes")
    assert done.exit_code == 1
    assert "the hub failed while files were sent (it answered 507)" in done.stderr
    assert (list(hub.files), hub.commits, hub.tags) == ([".gitattributes"], [], {})
    hub.fails = {}
    assert pushed(hub, built, "--yes").exit_code == 0
    assert (len(hub.commits), len(hub.tags)) == (1, 1)


def test_a_commit_that_was_not_tagged_is_tagged_by_the_next_push(hub: Hub, tmp_path: Path) -> None:
    built = made(tmp_path, "MIT")
    hub.fails = {"/tag/": 507}
    assert pushed(hub, built, "--yes").exit_code == 1
    hub.fails = {}
    assert pushed(hub, built, "--yes").exit_code == 0
    assert (len(hub.commits), list(hub.tags.values())) == (1, [hub.sha])


@pytest.mark.parametrize("name", ["tea", "kim/tea/pot", "../tea", "kim/../tea", "kim/te a", "kim/", "hf://kim/tea"])
def test_what_is_no_name_of_a_repository_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PipelineError, match="is no repository of the hub: give it as user/name"):
        Client(name)


def test_a_token_that_may_not_write_there_is_said_so(hub: Hub, tmp_path: Path) -> None:
    hub.fails = {"/api/repos/create": 403}
    done = pushed(hub, made(tmp_path, "MIT"), "--yes")
    assert (done.exit_code, hub.exists) == (1, False)
    assert "HF_TOKEN may not write to kim/tea. It needs write access to it" in done.stderr


def test_a_repository_that_was_changed_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    with Hub("kim/tea", {"README.md": b"# tea"}, TOKEN) as hub:
        client, out = Client("kim/tea", TOKEN, hub.url), tmp_path / "out"
        out.mkdir()
        layout = lay_out(made(tmp_path, "MIT"), "kim/tea", Wanted(), out, None, None)
        held = client.held()
        hub.sha = "f" * 40
        with pytest.raises(BuildError, match=r"kim/tea was changed meanwhile\. Nothing was pushed"):
            client.send(layout, compared(layout, held), held, is_private=False)
        assert (hub.files, hub.commits) == ({"README.md": b"# tea"}, [])


# -- beside the corpus

ROWS = [
    *items(9),
    {"instruction": "", "input": "", "output": "There is no question."},  # dropped
    {"instruction": "Name a tea.", "input": "", "output": "Green tea."},
    {"instruction": "Name a tea!", "input": "", "output": "Green tea."},  # dropped: said twice
]
PERSONAL = [
    {"instruction": "Write to kim@tea-house.kr about the order.", "input": "", "output": "Done."},  # kept and flagged
    {"instruction": "My SSN is 219-09-9998, is that right?", "input": "", "output": "Yes."},  # dropped for that
    {"instruction": "", "input": "", "output": "Call 010-2938-4756."},  # dropped as empty
]
Run = Callable[..., Build]


def beside(hub: Hub) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The dropped records and the ledger's lines that the hub holds."""
    dropped = hub.files["dropped.jsonl"].splitlines()
    ledger = gzip.decompress(hub.files["ledger.jsonl.gz"]).splitlines()
    return [json.loads(line) for line in dropped], [json.loads(line) for line in ledger]


def rebuilt(hub: Hub, env: dict[str, str], folder: Path) -> Build:
    """The build made again on another machine, from what the hub holds and the source alone."""
    for name, content in hub.files.items():
        (folder / "fetched" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "fetched" / name).write_bytes(content)
    elsewhere = {**env, "KODATA_HOME": str(folder / "elsewhere")}
    taken = CliRunner().invoke(app, ["ledger", "import", str(folder / "fetched" / "ledger.jsonl.gz")], env=elsewhere)
    assert taken.exit_code == 0, taken.output
    options = Options(offline=True, sources={"": folder / "items.json"})
    pipeline = str(folder / "fetched" / "pipeline" / "own.toml")
    return build(pipeline, options, Workspace.of(elsewhere), elsewhere, silent, HASTY)


def test_what_was_pushed_with_the_ledger_is_rebuilt_byte_for_byte(
    hub: Hub, run: Run, env: dict[str, str], tmp_path: Path, deepl: DeepLServer, openai: OpenAIServer
) -> None:
    own = str(own_pipeline(tmp_path / "mine"))
    run(items(20), pipeline="alpaca-ko")  # of another corpus, most of whose records are no concern of this one
    first = run(ROWS, pipeline=own)
    built = run(ROWS, pipeline=own, redo=(first.corpus["id"][2],))  # a rejected answer, and the one in its place
    done = pushed(hub, built, "--yes", "--with-dropped", "--with-ledger")
    assert done.exit_code == 0, done.output
    asked = deepl.counts()["requests"], openai.counts()["requests"]
    assert files_of(rebuilt(hub, env, tmp_path)) == files_of(built)
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == asked
    dropped, ledger = beside(hub)
    assert [item["reason"] for item in dropped] == ["empty", "duplicate"]
    ids = set(built.corpus["id"]) | {item["id"] for item in dropped}
    assert {line["about"].partition("#")[0] for line in ledger if "key" in line} <= ids
    assert [line["why"] for line in ledger if "rejected" in line] == ["rejected"] * 2  # translation and answer


def test_the_card_says_how_to_rebuild_and_what_stands_beside_the_corpus(hub: Hub, run: Run, tmp_path: Path) -> None:
    pushed(hub, run(ROWS, pipeline=str(own_pipeline(tmp_path / "mine"))), "--yes", "--with-dropped", "--with-ledger")
    card = hub.files["README.md"].decode()
    assert "kodata ledger pull hf://datasets/kim/tea\nkodata build pipeline/own.toml --source items.json" in card
    assert "- `dropped.jsonl`: records that were dropped, with stage, reason and evidence; not compared with" in card
    assert "The same sources and endpoints give the same files byte for byte." in card
    assert "The prompt prompts/answer-ko.md:" in card


def test_a_ledger_is_pulled_from_where_a_build_was_pushed(hub: Hub, run: Run, tmp_path: Path) -> None:
    pushed(hub, run(items(3), pipeline=str(own_pipeline(tmp_path / "mine"))), "--yes", "--with-ledger")
    command = [sys.executable, "-m", "kodata", "ledger", "pull", "hf://datasets/kim/tea"]
    env = {**environment(hub, tmp_path / "hf"), "KODATA_HOME": str(tmp_path / "elsewhere")}
    done = subprocess.run(command, check=False, env=env, text=True, capture_output=True)
    answers = len(gzip.decompress(hub.files["ledger.jsonl.gz"]).splitlines())
    assert done.stdout == f"{answers:,} new, 0 known already\n", done.stderr


def test_what_was_asked_in_other_words_or_of_another_model_stays_here(
    hub: Hub, run: Run, env: dict[str, str], tmp_path: Path
) -> None:
    own, prompt = own_pipeline(tmp_path / "mine"), tmp_path / "mine" / "prompts" / "answer-ko.md"
    text = prompt.read_text(encoding="utf-8")
    prompt.write_text("내부용 시험 지시문입니다.", encoding="utf-8")
    run(ROWS, pipeline=str(own))
    prompt.write_text(text, encoding="utf-8")
    built = run(ROWS, pipeline=str(own))
    with Ledger(Workspace.of(env).ledger) as kept:
        (line, *_) = [
            line for part in kept.excerpt(built.corpus["id"], sorted(built.manifest["asks"])) for line in part
        ]
        about, provider = json.loads(line)["about"], json.loads(line)["provider"]
        kept.keep([(Ask(provider, '{"model":"gpt-6-sol"}', "[]", about=about), Answer("답", f"{provider}/gpt-6-sol"))])
    pushed(hub, built, "--yes", "--with-dropped", "--with-ledger")
    _, ledger = beside(hub)
    writing = [line for line in ledger if line["content"].startswith("[{")]
    assert len(writing) == len(built.corpus)
    assert all("내부용" not in line["content"] for line in writing)
    assert "gpt-6-sol" not in json.dumps(ledger)


def test_data_of_persons_is_left_out_of_what_stands_beside(hub: Hub, run: Run, tmp_path: Path) -> None:
    built = run([*ROWS, *PERSONAL], pipeline=str(own_pipeline(tmp_path / "mine")))
    done = pushed(hub, built, "--yes", "--with-dropped", "--with-ledger")
    dropped, ledger = beside(hub)
    text = json.dumps([dropped, ledger], ensure_ascii=False)
    assert not any(found in text for found in ("tea-house", "219-09", "4756"))
    assert [item["reason"] for item in dropped] == ["empty", "duplicate"]
    assert re.findall(r"^  left out (\d+): data of persons$", done.stdout, re.MULTILINE) == [
        "2",
        "1",
    ]  # the translation was asked without the address
    assert "  Left out: 2 (data of persons)." in hub.files["README.md"].decode()
    assert "Records whose answers were left out of the excerpt (see above) cannot be rebuilt" in (
        hub.files["README.md"].decode()
    )


def test_items_of_benchmarks_are_left_out_also_where_they_left_before_they_were_compared(
    hub: Hub, run: Run, tmp_path: Path
) -> None:
    asked = "Which of these two whales is able to stay under water for longer than an hour at a time?"
    (tmp_path / "whales.jsonl").write_text(json.dumps({"question": asked}), encoding="utf-8")
    named = ("benchmarks = []\n\n# -- paid", f'benchmarks = ["{tmp_path}/whales.jsonl"]\n\n# -- paid')
    own = str(own_pipeline(tmp_path / "mine", named))
    leaks = [{"instruction": text, "input": "", "output": "One."} for text in (asked, asked.upper())]
    built = run([*ROWS, *leaks], pipeline=own)
    assert built.dropped["reason"].to_list() == ["empty", "duplicate", "duplicate", "benchmark"]
    done = pushed(hub, built, "--yes", "--with-dropped")
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in hub.files["dropped.jsonl"].splitlines()]
    assert [item["reason"] for item in lines] == ["empty", "duplicate"]
    assert "  left out 2: items of benchmarks" in done.stdout
    (tmp_path / "whales.jsonl").unlink()
    refused = pushed(hub, built, "--yes", "--with-dropped")
    assert (refused.exit_code, len(hub.commits)) == (1, 1)
    assert "must be compared with the benchmarks of its pipeline, or stay here: benchmark whales:" in refused.output


def test_texts_that_no_licence_lets_out_are_left_out(hub: Hub, run: Run, tmp_path: Path) -> None:
    own = own_pipeline(tmp_path / "mine", ('licence = "CC-BY-NC-4.0"', 'licence = "unknown"'))
    done = pushed(hub, run(ROWS, pipeline=str(own)), "--yes", "--private", "--with-dropped", "--with-ledger")
    assert (done.exit_code, beside(hub)) == (0, ([], []))
    assert re.findall(r"^  left out (\d+): licence unknown$", done.stdout, re.MULTILINE)[0] == "2"


def test_a_source_that_is_not_published_has_nothing_beside_the_corpus(hub: Hub, run: Run, tmp_path: Path) -> None:
    private = ('licence = "CC-BY-NC-4.0"', 'licence = "CC-BY-NC-4.0"\npublish_source = false')
    built = run(ROWS, pipeline=str(own_pipeline(tmp_path / "mine", private)))
    done = pushed(hub, built, "--yes", "--with-dropped", "--with-ledger")
    assert (done.exit_code, beside(hub)) == (0, ([], []))
    assert "source not published" in done.stdout


@pytest.mark.parametrize("name", ["corrections.jsonl", "mine.txt"])
def test_corrections_are_pushed_of_records_that_are_and_without_persons(
    hub: Hub, run: Run, tmp_path: Path, name: str
) -> None:
    ids = run(ROWS).corpus["id"]
    texts = {
        ids[0]: "물이 끓는 까닭을 설명하세요.",
        ids[1]: "010-2938-4756로 전화하세요.",
        "alpaca-0000000000000000": "남의 글",
    }
    lines = [{"id": ident, "turn": 0, "field": "instruction", "text": text} for ident, text in texts.items()]
    own = own_pipeline(
        tmp_path / "mine",
        ('columns = ["system", "instruction", "input"]', f'columns = ["instruction"]\nfile = "{name}"'),
    )
    (tmp_path / "mine" / name).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = pushed(hub, run(ROWS, pipeline=str(own)), "--yes", "--with-ledger")
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["id"] for line in hub.files[f"pipeline/{name}"].splitlines()] == [ids[0]]
    assert hub.files["pipeline/prompts/answer-ko.md"] == (tmp_path / "mine" / "prompts" / "answer-ko.md").read_bytes()


def test_without_a_ledger_none_is_pushed(hub: Hub, tmp_path: Path) -> None:
    done = pushed(hub, made(tmp_path / "own", "MIT"), "--yes", "--with-ledger")
    assert (done.exit_code, hub.exists) == (1, False)
    assert "there is no ledger here" in done.stderr


def test_a_build_that_is_held_back_is_not_pushed(hub: Hub, tmp_path: Path) -> None:
    built = made(tmp_path, "MIT", more="[limits]\ndropped = 0.0")
    manifest = built.manifest | {"held_back_by": "50.0% of the records were dropped, the limit is 0.0%"}
    (built.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    done = pushed(hub, Build(built.path), "--yes")
    assert (done.exit_code, hub.exists) == (1, False)
    assert "is held back: 50.0% of the records were dropped" in done.stderr
