"""`kodata audit`: any corpus in, its defects out, ranked and counted; from a file, a build, or memory."""

# ruff: noqa: F811  # fixtures are imported and then named again

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kodata
from kodata.auditing import Audit
from kodata.errors import PipelineError, SourceError
from kodata.published import Build
from tests.conftest import SHARED, Kodata, items
from tests.conftest import kodata as run_kodata  # noqa: F401  # a fixture
from tests.test_cli import at_demo, demo  # noqa: F401  # fixtures

CHECKOUT = Path(__file__).parents[1]
ROWS: list[dict[str, str]] = [
    {"instruction": "하늘은 왜 파란가요?", "input": "", "output": "공기가 파란빛을 더 많이 흩뜨리기 때문입니다."},
    {"instruction": "사과의 색을 말해 주세요.", "input": "입력 없음", "output": '"사과는 빨갛습니다."'},
    {"instruction": "내일 날씨를 알려 주세요.", "input": "", "output": "죄송하지만 저는 AI라서 날씨를 알 수 없습니다."},
    {"instruction": "연락처를 적어 주세요.", "input": "", "output": "010-0482-7731로 전화하세요."},
    {"instruction": "하늘은 왜 파란가요?", "input": "", "output": "공기가 파란빛을 더 많이 흩뜨리기 때문입니다!"},
    {"instruction": "사과의 색을 말해 주세요.", "input": "", "output": "초록색 사과도 있습니다."},
]
PAIRS: list[dict[str, Any]] = [
    {
        "ko": {"q": "세 가지", "a": "먹고, 자고, 걷습니다."},
        "en": {"q": "Give me three tips for staying healthy every day of the year."},
    },
    {"ko": {"q": "바다를 묘사하세요.", "a": "바다는 넓고 푸릅니다."}, "en": {"q": "Describe the sea."}},
]


def checks(audit: Audit) -> dict[str, int]:
    return {finding.check: finding.records for finding in audit.findings}


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def test_a_list_of_dicts_is_audited() -> None:
    audit = kodata.audit(ROWS)
    assert checks(audit) == {
        "duplicate": 1, "refusal": 1, "ai-disclaimer": 1, "mobile-number": 1, "no-input-marker": 1, "quoted-answer": 1,
    }  # fmt: skip
    assert (audit.records, audit.turns) == (6, 6)


def test_findings_stand_by_severity_then_by_records() -> None:
    severities = [finding.severity for finding in kodata.audit(ROWS).findings]
    assert severities == sorted(severities, key=["drop", "review", "fix", "info"].index)


def test_a_question_asked_again_and_answered_otherwise_is_told() -> None:
    rows = [{"instruction": "수도는?", "output": "서울"}, {"instruction": "수도는?", "output": "서울특별시입니다."}]
    audit = kodata.audit(rows)
    assert [(f.check, f.severity, f.evidence) for f in audit.findings] == [("same-question", "info", "as row 1")]


def test_twins_are_named_by_their_rows() -> None:
    (twin,) = (finding for finding in kodata.audit(ROWS).findings if finding.check == "duplicate")
    assert (twin.source_row, twin.evidence) == (5, "equal to row 1")


def test_data_of_persons_is_masked_in_findings() -> None:
    (number,) = (finding for finding in kodata.audit(ROWS).findings if finding.check == "mobile-number")
    assert number.evidence == "output: 01*-****-****"


def test_checks_that_found_nothing_are_named() -> None:
    audit = kodata.audit(ROWS)
    assert {"near-duplicate", "collapsed-answers", "loop"} <= set(audit.not_found)
    assert set(audit.not_found).isdisjoint({*checks(audit), "length-ratio"})


@pytest.mark.parametrize("kind", ["frame", "pandas", "dataset"])
def test_what_people_have_in_memory_is_audited_alike(kind: str) -> None:
    frame = pl.DataFrame(ROWS)
    data: Any = frame
    if kind == "pandas":
        data = frame.to_pandas()
    if kind == "dataset":
        from datasets import Dataset

        data = Dataset.from_list(ROWS)
    assert kodata.audit(data).as_dict == kodata.audit(ROWS).as_dict


def test_a_file_is_audited_as_what_it_holds(tmp_path: Path) -> None:
    audit = kodata.audit(write(tmp_path / "corpus.jsonl", ROWS))
    assert checks(audit) == checks(kodata.audit(ROWS))
    assert audit.origin == "corpus.jsonl"


def test_an_unreadable_item_is_counted_and_the_rest_audited(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.jsonl", [*ROWS, {"text_only": "무엇"}])
    assert kodata.audit(path).unreadable == {"no-instruction": 1}


def test_conversations_are_recognised(tmp_path: Path) -> None:
    talk = [
        {"role": "user", "content": "수도는 어디인가요?"}, {"role": "assistant", "content": "서울입니다."},
        {"role": "user", "content": "인구는요?"}, {"role": "assistant", "content": '"구백만 명쯤입니다."'},
    ]  # fmt: skip
    audit = kodata.audit(write(tmp_path / "talks.jsonl", [{"messages": talk}]))
    assert (audit.records, audit.turns, checks(audit)) == (1, 2, {"quoted-answer": 1})
    assert audit.flagged.rows()[0][1] == 1


def test_fields_are_taken_from_where_they_stand_and_the_english_checks_the_translation(tmp_path: Path) -> None:
    fields = {"instruction": "ko.q", "output": "ko.a"}
    audit = kodata.audit(write(tmp_path / "pairs.jsonl", PAIRS), fields=fields, english={"instruction": "en.q"})
    assert audit.figures.with_english == 2
    assert "length-ratio" in checks(audit)
    assert "foreign-language" not in checks(audit)


def test_an_english_question_in_a_korean_corpus_is_found() -> None:
    rows = [*ROWS, {"instruction": "Why is the sky so blue over the sea in summer?", "output": "빛 때문입니다."}]
    assert checks(kodata.audit(rows))["foreign-language"] == 1


def test_a_build_is_audited_by_its_name(at_demo: Build) -> None:
    audit = kodata.audit("alpaca-ko@demo")
    assert audit.records == len(at_demo.corpus)
    assert audit.figures.with_english == audit.turns
    assert "duplicate" not in checks(audit)


def test_the_folder_of_a_build_and_the_one_above_are_the_build(run_kodata: Kodata, at_demo: Build) -> None:
    kept = at_demo.manifest["records"]["kept"]
    for folder in (at_demo.path, at_demo.path.parent):
        assert kodata.audit(folder).records == kept
        assert json.loads(run_kodata("inspect", folder, "--json", "--progress", "none").out)["records"] == kept
        assert run_kodata("show", folder).out.splitlines()[0] == run_kodata("show", at_demo.path).out.splitlines()[0]


def test_a_layout_that_nobody_knows_is_said_with_what_may_be_meant(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"--map instruction=ko.q --map output=ko.a"):
        kodata.audit(write(tmp_path / "pairs.jsonl", [{"ko": row["ko"]} for row in PAIRS]))


def test_english_that_no_record_has_is_an_error_with_the_nearest_field(tmp_path: Path) -> None:
    fields = {"instruction": "ko.q", "output": "ko.a"}
    with pytest.raises(PipelineError, match=r'^no record has "en.text" beside its texts - did you mean "en.q"\?$'):
        kodata.audit(write(tmp_path / "pairs.jsonl", PAIRS), fields=fields, english={"instruction": "en.text"})


def test_a_field_that_no_item_has_is_an_error_with_the_nearest(run_kodata: Kodata, tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("질문,답변\n수도는?,서울입니다.\n", encoding="utf-8")
    for command in ("audit", "inspect"):
        ended = run_kodata(command, tmp_path / "q.csv", "--map", "instruction=질믄")
        assert (ended.code, ended.complaint) == (2, 'kodata: no item has the field "질믄" - did you mean "질문"?')


def test_a_file_is_no_folder_to_write_to_and_nothing_is_read(run_kodata: Kodata, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ROWS)
    ended = run_kodata("audit", tmp_path / "nowhere.json", "--out", path)
    assert (ended.code, "a.jsonl' is a file" in " ".join(ended.err.split())) == (2, True)


def test_a_file_without_a_record_is_no_clean_corpus(run_kodata: Kodata, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"label": 1}, {"label": 2}])
    with pytest.raises(SourceError, match=r"^a.jsonl: none of its items \(2\) is a record of the format alpaca: "):
        kodata.audit(path, use="alpaca")
    ended = run_kodata("inspect", path, "--use", "alpaca", "--progress", "none")
    assert ended.out.splitlines()[-1].endswith("--map instruction=PLACE --map output=PLACE")


def test_english_stands_beside_texts_only() -> None:
    with pytest.raises(PipelineError, match='not beside "label"'):
        kodata.audit(ROWS, english={"label": "en.label"})


def test_items_of_benchmarks_are_found_and_counted(tmp_path: Path) -> None:
    questions = ("바닷물은 왜 짜고 강물은 왜 짜지 않은지 설명하세요.", "눈이 내리는 까닭을 아이에게 말하듯 설명하세요.")
    test = write(tmp_path / "our-test.jsonl", [{"question": question} for question in questions])
    rows = [
        *ROWS,
        {"instruction": "바닷물은 왜 짜고 강물은 왜 짜지 않은지 설명해 주세요.", "output": "소금 때문입니다."},
    ]
    audit = kodata.audit(rows, benchmarks=[str(test)])
    assert [(leak.benchmark, leak.items, leak.seen, leak.records) for leak in audit.benchmarks] == [
        ("our-test", 2, 1, 1)
    ]
    assert checks(audit)["benchmark"] == 1


def test_a_benchmark_that_is_not_there_is_named(tmp_path: Path) -> None:
    audit = kodata.audit(ROWS, benchmarks=[str(tmp_path / "our-test.jsonl")])
    assert list(audit.benchmarks_missing) == ["our-test"]
    assert "benchmark" not in audit.not_found


def test_the_speech_levels_of_answers_are_told() -> None:
    rows = [
        {"instruction": "하늘의 색은?", "output": "파랗습니다."},
        {"instruction": "풀의 색은?", "output": "초록색이에요."},
        {"instruction": "눈의 색은?", "output": "하얗다. 그렇지만 늘 그렇지는 않습니다."},
        {"instruction": "셋은?", "output": "3"},
    ]
    assert kodata.audit(rows).figures.speech == {"haeyo": 1, "hapsyo": 1, "mixed": 1, "none": 1}


def test_what_is_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match='"nothing" is no file, no folder and no build'):
        kodata.audit("nothing")


def test_an_empty_corpus_has_no_findings() -> None:
    audit = kodata.audit([])
    assert (audit.records, audit.findings) == (0, ())


def test_flagged_turns_are_written_with_their_marks(tmp_path: Path) -> None:
    audit = kodata.audit(ROWS)
    folder = audit.write(tmp_path / "out" / "audit")
    lines = [json.loads(line) for line in (folder / "flagged.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["source_row"] for line in lines] == [2, 3, 4, 5]
    assert [mark["check"] for mark in lines[0]["marks"]] == ["no-input-marker", "quoted-answer"]
    assert json.loads((folder / "audit.json").read_bytes()) == json.loads(json.dumps(audit.as_dict))


def test_findings_do_not_depend_on_the_order_of_the_records() -> None:
    """But for which record is the first, and for answers out of place, which are told by their neighbours."""
    assert checks(kodata.audit(ROWS)) == checks(kodata.audit(ROWS[::-1]))


def test_a_notebook_shows_texts_escaped() -> None:
    rows = [{"instruction": "쓰세요.", "output": '"<script>alert(1)</script>"'}]
    assert "<script>" not in kodata.audit(rows)._repr_html_()


# -- the command


def test_the_report_names_each_finding_with_its_place(run_kodata: Kodata, tmp_path: Path) -> None:
    ended = run_kodata("audit", write(tmp_path / "corpus.jsonl", ROWS))
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "corpus.jsonl: 6 records"
    assert "Would be dropped: 2 records, 33.3%" in lines
    assert '    row 2: "사과는 빨갛습니다."' in lines
    assert lines[-1].startswith("Next: kodata audit ")


def test_the_report_as_json_is_the_audit(run_kodata: Kodata, tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.jsonl", ROWS)
    assert json.loads(run_kodata("audit", path, "--json").out) == json.loads(json.dumps(kodata.audit(path).as_dict))


def test_the_report_in_the_readme_is_that_of_the_sample(run_kodata: Kodata, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    (command, shown) = re.findall(r"^(kodata audit \S+) .*?^```\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)[0]
    monkeypatch.chdir(CHECKOUT)
    said = iter(run_kodata(*command.split()[1:]).out.splitlines())
    assert [line for line in shown.splitlines() if line != "..." and line not in said] == []


def test_nothing_in_a_corpus_reaches_the_terminal_but_its_letters(run_kodata: Kodata, tmp_path: Path) -> None:
    odd = "\x1b[2J\x1b]0;title\x07 \x00\x9b31m\u202e\ud800"
    rows = [
        {"instruction": f"색을 {odd}말해 주세요.", "output": f'"{odd} 빨간색입니다."'},
        {"instruction": "이름은?", "output": f"죄송하지만{odd} 저는 AI라서 알 수 없습니다."},
        {odd: odd},
    ]
    path = tmp_path / "a\x1b[31m.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="ascii")
    for given in ([], ["--json"], ["--use", "sharegpt"], ["--map", f"input={odd[:4]}"], ["--benchmark", odd[:4]]):
        ended = run_kodata("audit", path, *given)
        letters = (ended.out + ended.err).replace("\n", "")
        assert letters
        assert {char for char in letters if unicodedata.category(char) in ("Cc", "Cf", "Cs")} == set()


def test_one_record_of_very_long_texts_is_audited(run_kodata: Kodata, tmp_path: Path) -> None:
    path = write(tmp_path / "long.jsonl", [{"instruction": "가나다라 " * 120_000, "output": "바사 " * 100_000}])
    ended = run_kodata("audit", path)
    assert (ended.code, ended.out.splitlines()[0]) == (0, "long.jsonl: 1 record")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"[]", "is an empty JSON array"),
        (b"[1, 2]", "has no item that can be read; of the first (item 1), it is no object with fields"),
        (b"instruction,output\na,\xff\n", "has no item that can be read; of the first (line 2), not UTF-8"),
        (b"question,answer,answer\n1,2,3\n", 'is a CSV with two columns "answer". Give each a name of its own'),
        ("질문,답\n수도는?,서울\n".encode("cp949"), "is CP949 (EUC-KR), not UTF-8. Write it as UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b"x" * 1_000_000, "is neither JSON, CSV, TSV nor Parquet"),
    ],
    ids=["empty", "no item", "numbers", "bytes", "names", "CP949", "brackets", "one line"],
)
def test_what_cannot_be_audited_is_said_in_a_line(
    run_kodata: Kodata, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "corpus"
    path.write_bytes(content)
    ended = run_kodata("audit", path)
    assert (ended.code, ended.out) == (1, "")
    assert sentence in ended.complaint


def test_fields_are_given_on_the_command_line(run_kodata: Kodata, tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.jsonl", PAIRS)
    out = run_kodata("audit", path, "--map", "instruction=ko.q", "--map", "output=ko.a").out
    assert "questions ko 100.0%" in out


def test_a_field_without_a_place_is_wrong_usage(run_kodata: Kodata, tmp_path: Path) -> None:
    ended = run_kodata("audit", write(tmp_path / "corpus.jsonl", ROWS), "--english", "instruction")
    assert (ended.code, '"instruction" is not of the form FIELD=PLACE' in ended.err) == (2, True)


def test_flagged_turns_are_written_where_the_command_says(run_kodata: Kodata, tmp_path: Path) -> None:
    out = run_kodata("audit", write(tmp_path / "corpus.jsonl", ROWS), "--out", tmp_path / "found").out
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == ["audit.json", "flagged.jsonl"]
    assert out.splitlines()[-1] == f"Written: {tmp_path / 'found'} (audit.json, flagged.jsonl)"


def test_a_corpus_that_is_not_there_is_said_in_a_line(run_kodata: Kodata) -> None:
    ended = run_kodata("audit", "corpus.jsonl")
    assert ended.code == 1
    assert ended.complaint.startswith('kodata: "corpus.jsonl" is no file, no folder and no build.')


def test_one_thread_and_eight_find_the_same(tmp_path: Path) -> None:
    rows = [*ROWS, *items(300)]
    path, said = write(tmp_path / "corpus.jsonl", rows), {}
    test = write(tmp_path / "our-test.jsonl", [{"question": row["instruction"]} for row in rows[::9]])
    for threads in ("1", "8"):
        env = {**os.environ, "POLARS_MAX_THREADS": threads}
        command = [sys.executable, "-m", "kodata", "audit", str(path), "--json", "--benchmark", str(test)]
        said[threads] = subprocess.run(command, env=env, capture_output=True, check=True).stdout
    assert said["1"] == said["8"]
    assert b'"check": "benchmark"' in said["1"]


# -- the regression case

KOALPACA = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"
# What went wrong in KoAlpaca v1.0, on how many of 5,970 records.
KNOWN_DEFECTS = {
    "collapsed-answers": 23, "quoted-answer": 667, "leaked-label": 21, "echoed-question": 44, "no-input-marker": 77,
    "refusal": 15, "self-reference": 5, "answer-not-korean": 15, "stray-script": 4, "asks-for-input": 12,
    "same-as-question": 15, "url-only-input": 19, "needs-image": 11, "html-residue": 7,
}  # fmt: skip


@pytest.mark.skipif(not KOALPACA.exists(), reason=f"{KOALPACA} is not there")
def test_the_known_defects_of_koalpaca_are_named_with_their_counts() -> None:
    fields = {name: f"ko.{name}" for name in ("instruction", "input", "output")}
    found = checks(kodata.audit(KOALPACA, fields=fields))
    assert {name: found.get(name, 0) for name in KNOWN_DEFECTS} == KNOWN_DEFECTS


@pytest.mark.skipif(not KOALPACA.exists(), reason=f"{KOALPACA} is not there")
def test_with_the_english_beside_it_the_damage_of_its_translation_is_named() -> None:
    texts = ("instruction", "input", "output")
    fields, english = ({name: f"{side}.{name}" for name in texts} for side in ("ko", "en"))
    damage = {
        "statement-for-request", "code-changed", "tags-changed", "blanks-lost", "brackets-lost", "quoted-lost",
        "about-english", "numbers-changed",
    }  # fmt: skip
    audit = kodata.audit(KOALPACA, fields=fields, english={name: english[name] for name in texts[:2]})
    assert damage - checks(audit).keys() == set()
