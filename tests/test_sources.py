"""Alpaca files as people have them: what they hold becomes records, what they do not hold is said."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kodata.corpus import Turn
from kodata.errors import SourceError
from kodata.sources import Reading, Source, read
from kodata.sources.alpaca import alpaca
from kodata.sources.opening import open_source
from kodata.sources.raw import Raw, Unreadable
from kodata.sources.reading import numbered_repeats
from tests.conftest import write_items

TEA = {"instruction": "Name a tea.", "input": "", "output": "Green tea."}
RAIN = {"instruction": "Why does it rain?", "input": "", "output": "Water falls."}


def reading(path: Path, limit: int | None = None) -> Reading:
    source = Source("alpaca", "alpaca", path=str(path), licence="CC-BY-NC-4.0")
    return read(source, open_source(source), limit)


def of(tmp_path: Path, content: object, name: str = "alpaca.json") -> Reading:
    """What is read from a file of that content: bytes, text, or what is written as JSON."""
    path = tmp_path / name
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)).encode()
    path.write_bytes(content)
    return reading(path)


def texts(found: Reading) -> list[tuple[str, str, str]]:
    return found.frame.select("instruction", "input", "output").rows()


def lines(*items: object) -> str:
    return "\n".join(item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items)


# -- one item


def test_an_item_is_a_turn() -> None:
    item = {"instruction": "요약하세요.", "input": "긴 글", "output": "짧은 글"}
    assert alpaca(item) == Raw((("요약하세요.", "긴 글", "짧은 글"),))


NO_INPUT = (
    "No input", "Noinput", "<no input>", "No Input", "noinput", "No input.", "<No input>", "No input required.",
    "<NO INPUT>", '"<noinput>"', "N/A", "NoInput", "<noinput>.", "< noinput >", "`<noinput>`", "None", "<none>",
    "(noinput)", "No input needed.", "<noinput", "<N/A>", "\\<noinput\\>", "NA", "[No Input]", "<noinput?",
    "{\\noinput}", "<noinput>,", ":\n<noinput>", "<noinputs>", "nan", "NaN", "null", "not applicable", "n.a.",
    "No input provided", "No input is required",
)  # fmt: skip


@pytest.mark.parametrize("marker", NO_INPUT)
def test_a_marker_for_no_input_becomes_empty(marker: str) -> None:
    assert alpaca({**TEA, "input": marker}).turns == (("Name a tea.", "", "Green tea."),)


@pytest.mark.parametrize(
    ("item", "fixes"),
    [
        ({"input": "<noinput>"}, ("no-input-marker",)),
        ({"output": "<nooutput>"}, ("no-output-marker",)),
        ({"input": "N/A", "output": "N/A"}, ("no-input-marker", "no-output-marker")),
    ],
)
def test_a_marker_that_became_empty_is_named_as_mended(item: dict[str, str], fixes: tuple[str, ...]) -> None:
    assert alpaca({**TEA, **item}).fixes == (fixes,)


@pytest.mark.parametrize(
    "text",
    [
        "No input was found in the log.",
        "Nonesuch",
        "Na",
        "Nantes",
        "None of them",
        "Input: none",
        "0",
        "no",
        "<input>",
        "NaCl",
    ],
)
def test_a_text_that_is_no_marker_stays(text: str) -> None:
    assert alpaca({**TEA, "input": text}).turns == (("Name a tea.", text, "Green tea."),)


@pytest.mark.parametrize(
    "marker",
    [
        "<nooutput>", "No Output", "N/A", "<no output>", "No output required",
        "<nooutput - cannot create a visual output>",
        "No Output, GPT model cannot create visuals.", "<nooutput> - Visuals cannot be created by a language model.",
    ],
)  # fmt: skip
def test_a_marker_for_no_output_becomes_empty(marker: str) -> None:
    assert alpaca({**TEA, "output": marker}).turns == (("Name a tea.", "", ""),)


@pytest.mark.parametrize("text", ["None of these", "No. Output is 3.", "nothing", "None."])
def test_an_answer_that_is_no_marker_stays(text: str) -> None:
    assert alpaca({**TEA, "output": text}).turns == (("Name a tea.", "", text),)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (float("nan"), ""), (42, "42"), (2.5, "2.5"), (0, "0"), ("  ", ""), (10**30, "1" + "0" * 30)],
    ids=["null", "NaN", "whole number", "fraction", "zero", "blanks", "huge number"],
)
def test_a_field_that_holds_no_string_is_read_as_text(value: object, text: str) -> None:
    assert alpaca({**TEA, "input": value}).turns == (("Name a tea.", text, "Green tea."),)


@pytest.mark.parametrize("name", ["instruction", "input", "output", "id", "category"])
@pytest.mark.parametrize(("value", "kind"), [(["a"], "list"), ({"value": "a"}, "dict"), (True, "bool"), ([], "list")])
def test_a_field_that_holds_no_text_is_unreadable(name: str, value: object, kind: str) -> None:
    with pytest.raises(Unreadable, match=f'^field "{name}" holds {kind}, not text$'):
        alpaca({**TEA, name: value})


@pytest.mark.parametrize("name", ["input", "output"])
def test_a_missing_field_is_empty(name: str) -> None:
    item = {key: value for key, value in {**TEA, "input": "green"}.items() if key != name}
    assert alpaca(item) == alpaca({**item, name: ""})


def test_an_item_without_an_instruction_is_unreadable() -> None:
    with pytest.raises(Unreadable, match=r'^no field "instruction" among ask, 답$'):
        alpaca({"ask": "Name a tea.", "답": "차"})


def test_white_space_around_an_instruction_is_none_of_it() -> None:
    assert alpaca({**TEA, "instruction": "\n Name a tea. "}) == alpaca(TEA)


def test_white_space_in_input_and_output_stays() -> None:
    assert alpaca({**TEA, "input": " a\n b", "output": "\tx\n"}).turns == (("Name a tea.", " a\n b", "\tx\n"),)


def test_what_else_an_item_knows_is_kept() -> None:
    more = {"id": "seed_7", "category": "음료", "url": "https://example.com", "score": 0.5, "tags": ["차", None, True]}
    assert alpaca({**TEA, **more}) == Raw(
        alpaca(TEA).turns,
        None,
        "음료",
        "seed_7",
        {"url": "https://example.com", "score": 0.5, "tags": ["차", None, True]},
    )


def test_the_text_field_of_the_hub_is_left_out() -> None:
    assert alpaca({**TEA, "text": "Below is an instruction that describes a task. ..."}) == alpaca(TEA)


def test_what_else_an_item_knows_is_cleaned() -> None:
    found = alpaca({**TEA, "메\u1106ᅩ\x00": {"\r\n": ["가\ud800"]}}).extra
    assert found == {"메모": {"\n": ["가"]}}


# -- a file of items


def test_a_record_has_all_that_the_source_says(tmp_path: Path) -> None:
    found = of(tmp_path, [{**TEA, "id": 7, "category": "drinks", "url": "u"}])
    assert Turn(*found.frame.row(0)[:11], None, None, None, (), (), *found.frame.row(0)[16:]) == Turn(
        id="alpaca-f26aeb043a61f6d0",
        turn=0,
        instruction="Name a tea.",
        output="Green tea.",
        lang="en",
        source="alpaca",
        licence="CC-BY-NC-4.0",
        category="drinks",
        extra='{"url":"u"}',
        upstream_key="7",
    )


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([TEA, RAIN]).encode(),
        json.dumps([TEA, RAIN], indent=2).replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + json.dumps([TEA, RAIN]).encode(),
        b"\n\n  " + json.dumps([TEA, RAIN]).encode() + b"\n",
        lines(TEA, RAIN).encode(),
        lines(TEA, "", RAIN, "").replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + lines(TEA, RAIN).encode(),
    ],
    ids=["array", "array, CRLF", "array, BOM", "array, blanks", "lines", "lines, CRLF", "lines, BOM"],
)
@pytest.mark.parametrize("name", ["alpaca.json", "alpaca.jsonl", "alpaca.txt", "무제"])
def test_the_content_decides_how_a_file_is_read(content: bytes, name: str, tmp_path: Path) -> None:
    assert texts(of(tmp_path, content, name)) == [tuple(TEA.values()), tuple(RAIN.values())]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r'"\uac74\uac15"', "건강"),
        (r'"1\/2"', "1/2"),
        (r'"\ud83c\udf4e"', "🍎"),
        (r'"\ud800a\udfff"', "a"),
        (r'"a\r\nb\rc"', "a\nb\nc"),
        (r'"\"\\n\""', '"\\n"'),
        (r'"a\u0000b"', "ab"),
        (r'"\u1100\u1161"', "가"),
        ('"a\u2028b"', "a\nb"),
    ],
    ids=["\\u", "\\/", "pair", "lone surrogates", "CRLF", "quotes", "NUL", "NFD", "U+2028"],
)
@pytest.mark.parametrize("shape", ["[%s]", "%s\n"], ids=["array", "lines"])
def test_an_escape_is_read_as_what_it_stands_for(shape: str, written: str, text: str, tmp_path: Path) -> None:
    assert texts(of(tmp_path, shape % f'{{"instruction": "x", "input": {written}}}')) == [("x", text, "")]


def test_a_bad_line_is_dropped_with_its_number_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = of(tmp_path, lines(TEA, "", '{"instruction": "cut o', RAIN))
    assert (texts(found), found.dropped["reason"].to_list(), found.dropped["evidence"].to_list()) == (
        [tuple(TEA.values()), tuple(RAIN.values())],
        ["not-json"],
        ["alpaca.json, line 3: not JSON: Unterminated string starting at, at character 17"],
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"instruction": "\xff"}', "not UTF-8, at byte 18"),
        (b'{"x": ' + b"[" * 100_000 + b"}", "nested too deep"),
        (b'{"x": ' + b"9" * 5_000 + b"}", "a number with too many digits"),
        (b"{instruction: 1}", "Expecting property name enclosed in double quotes, at character 2"),
    ],
    ids=["UTF-8", "nesting", "digits", "quotes"],
)
def test_a_line_that_is_no_json_says_why(line: bytes, why: str, tmp_path: Path) -> None:
    found = of(tmp_path, lines(TEA).encode() + b"\n" + line)
    assert found.dropped["evidence"].to_list() == [f"alpaca.json, line 2: not JSON: {why}"]


def test_items_that_are_no_objects_are_dropped(tmp_path: Path) -> None:
    found = of(tmp_path, [1, TEA, None, [TEA], "Name a tea."])
    assert found.dropped.select("reason", "evidence").rows() == [
        ("not-an-object", "alpaca.json, item 1: holds int, not an object"),
        ("not-an-object", "alpaca.json, item 3: holds NoneType, not an object"),
        ("not-an-object", "alpaca.json, item 4: holds list, not an object"),
        ("not-an-object", "alpaca.json, item 5: holds str, not an object"),
    ]


def test_items_without_an_instruction_are_dropped(tmp_path: Path) -> None:
    found = of(tmp_path, f'[{json.dumps(TEA)}, {{"\\ud800ask": 1}}]')
    assert found.dropped.select("reason", "evidence").rows() == [
        ("no-instruction", 'alpaca.json, item 2: no field "instruction" among ask')
    ]


@pytest.mark.parametrize("depth", [101, 300, 600])
@pytest.mark.parametrize("shape", ["[%s]", "%s\n"], ids=["array", "lines"])
def test_a_field_nested_too_deep_is_dropped(shape: str, depth: int, tmp_path: Path) -> None:
    found = of(tmp_path, shape % f'{{"instruction": "x", "x": {"[" * depth}{"]" * depth}}}')
    assert found.dropped["reason"].to_list() == ["too-deep"]


def test_a_field_nested_a_hundred_times_is_kept(tmp_path: Path) -> None:
    found = of(tmp_path, f'[{{"instruction": "x", "x": {"[" * 100}{"]" * 100}}}]')
    assert found.frame["extra"].to_list() == [f'{{"x":{"[" * 100}{"]" * 100}}}']


def test_a_whole_number_of_any_size_is_kept(tmp_path: Path) -> None:
    found = of(tmp_path, f'[{{"instruction": "x", "small": -1, "large": {10**40}}}]')
    assert found.frame["extra"].to_list() == [f'{{"large":"{10**40}","small":-1}}']


def test_a_line_of_a_hundred_thousand_characters_is_read(tmp_path: Path) -> None:
    assert texts(of(tmp_path, lines({**TEA, "input": "가" * 100_000}))) == [
        ("Name a tea.", "가" * 100_000, "Green tea.")
    ]


def test_every_item_has_a_place_in_the_file(tmp_path: Path) -> None:
    found = of(tmp_path, lines(TEA, "{", "", RAIN))
    assert found.rows.rows() == [
        (found.frame["id"][0], "alpaca.json", 1),
        (found.dropped["id"][0], "alpaca.json", 2),
        (found.frame["id"][1], "alpaca.json", 4),
    ]


def test_only_the_first_items_are_read_when_a_limit_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([TEA, 1, RAIN]), encoding="utf-8")
    found = reading(tmp_path / "a.json", limit=2)
    assert (texts(found), found.rows["source_row"].to_list()) == ([tuple(TEA.values())], [1, 2])


# -- ids


def test_an_id_is_what_it_has_always_been(tmp_path: Path) -> None:
    # Written down once: published corpora and recordings are joined by it.
    assert of(tmp_path, [TEA]).frame["id"].to_list() == ["alpaca-cb4671479ba89fa9"]


def ids(tmp_path: Path, *items: object, name: str = "alpaca.json") -> list[str]:
    return of(tmp_path, list(items), name).frame["id"].to_list()


def test_an_id_does_not_depend_on_file_name_or_position(tmp_path: Path) -> None:
    assert ids(tmp_path, RAIN, TEA, name="another.jsonl") == ids(tmp_path, TEA, RAIN)[::-1]


def test_an_id_does_not_depend_on_the_order_of_fields_or_the_container(tmp_path: Path) -> None:
    assert of(tmp_path, lines(dict(reversed(TEA.items())))).frame["id"].to_list() == ids(tmp_path, TEA)


def test_an_id_does_not_depend_on_how_a_missing_input_is_written(tmp_path: Path) -> None:
    missing = [{"instruction": "Name a tea.", "output": "Green tea."}]
    assert of(tmp_path, missing).frame["id"].to_list() == ids(tmp_path, {**TEA, "input": "<noinput>"})


@pytest.mark.parametrize("name", ["instruction", "input", "output", "url"])
def test_an_id_depends_on_texts_and_extra_fields(name: str, tmp_path: Path) -> None:
    assert ids(tmp_path, {**TEA, name: "다른 글"}) != ids(tmp_path, TEA)


def test_an_id_begins_with_the_name_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([TEA]), encoding="utf-8")
    source = Source("alpaca", "내것", path=str(tmp_path / "a.json"))
    assert read(source, open_source(source)).frame["id"][0].startswith("내것-")


def test_verbatim_repeats_are_numbered(tmp_path: Path) -> None:
    tea, rain = ids(tmp_path, TEA, RAIN)
    assert ids(tmp_path, TEA, RAIN, TEA, TEA) == [tea, rain, f"{tea}~2", f"{tea}~3"]


def test_repeats_that_differ_in_what_no_id_covers_are_numbered_by_that(tmp_path: Path) -> None:
    rows = [{**TEA, "id": key, "category": category} for key, category in (("b", "x"), ("a", "y"), ("a", "x"))]
    for order in ([0, 1, 2], [2, 1, 0]):
        found = of(tmp_path, [rows[n] for n in order]).frame.select("id", "upstream_key", "category")
        tea = "alpaca-cb4671479ba89fa9"
        assert sorted(found.rows()) == [(tea, "a", "x"), (f"{tea}~2", "a", "y"), (f"{tea}~3", "b", "x")]


def test_a_repeated_conversation_has_one_number_on_all_its_turns(tmp_path: Path) -> None:
    said = [{"from": ("human", "gpt")[n % 2], "value": f"text {n}"} for n in range(4)]
    write_items(tmp_path / "a.json", [{"conversations": said}] * 2)  # type: ignore[list-item]
    source = Source("sharegpt", "s", path=str(tmp_path / "a.json"))
    one, *others = read(source, open_source(source)).frame["id"]
    assert others == [one, f"{one}~2", f"{one}~2"]


def test_shards_on_disk_hold_what_one_frame_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [TEA, RAIN, 1, TEA, {}, TEA, RAIN, 1]
    whole = of(tmp_path, rows)
    for name, size in (("SHARD_RECORDS", 2), ("SHARD_CHARACTERS", 50)):
        monkeypatch.setattr(f"kodata.shards.{name}", size)
        source = Source("alpaca", "alpaca", path=str(tmp_path / "alpaca.json"), licence="CC-BY-NC-4.0")
        parts = read(source, open_source(source), folder=tmp_path / name)
        assert len(parts.records) > 2
        assert parts.records.records == 5
        for one, other in ((parts.frame, whole.frame), (parts.dropped, whole.dropped), (parts.rows, whole.rows)):
            assert one.equals(other)
        assert (parts.digest, parts.reasons) == (whole.digest, whole.reasons)


def test_two_different_records_under_one_id_are_an_error() -> None:
    seen = pl.DataFrame(
        {"id": ["s-1", "s-1"], "record": [0, 1], "upstream_key": "k", "category": None, "check": [1, 2]}
    )
    with pytest.raises(SourceError, match="two different records have the id s-1"):
        numbered_repeats(seen)


def test_a_conversation_of_more_turns_than_can_be_numbered_is_dropped(tmp_path: Path) -> None:
    said = [{"from": ("human", "gpt")[n % 2], "value": "a"} for n in range(2**17 + 2)]
    write_items(tmp_path / "a.json", [{"conversations": said}])  # type: ignore[list-item]
    source = Source("sharegpt", "s", path=str(tmp_path / "a.json"))
    assert read(source, open_source(source)).reasons == {"too-many-turns": 1}


def test_repeated_bad_lines_are_numbered(tmp_path: Path) -> None:
    first, second = of(tmp_path, lines(TEA, "{", "{")).dropped["id"]
    assert second == f"{first}~2"


def test_a_bad_line_has_an_id_of_its_own_bytes(tmp_path: Path) -> None:
    one, other = (of(tmp_path, lines(*rows)).dropped["id"].to_list() for rows in ((TEA, "{"), (RAIN, TEA, "{")))
    assert one == other


def test_the_upstream_key_is_the_same_when_only_the_output_was_edited(tmp_path: Path) -> None:
    keys = of(tmp_path, [TEA, {**TEA, "output": "홍차"}]).frame["upstream_key"].to_list()
    assert keys[0] == keys[1]


def test_the_digest_does_not_depend_on_the_file_name(tmp_path: Path) -> None:
    assert of(tmp_path, [TEA, RAIN], "b.json").digest == of(tmp_path, [TEA, RAIN]).digest


@pytest.mark.parametrize("other", [[RAIN, TEA], [TEA], [TEA, RAIN, 1], [TEA, {**RAIN, "id": "7"}]])
def test_the_digest_depends_on_what_was_read(other: list[object], tmp_path: Path) -> None:
    assert of(tmp_path, other).digest != of(tmp_path, [TEA, RAIN]).digest


# -- a file that is none


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 22773992\n",
            "is a Git LFS pointer, not the data",
        ),
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"[]", "is an empty JSON array"),
        (b"instruction,input,output\n", "is a CSV with a line of names and no rows"),
        (
            b"Human: Hi.\nAssistant: Hello!\n",
            "is neither JSON, CSV, TSV nor Parquet: it begins with b'Human: Hi.\\nAss",
        ),
        (b"PAR1\x15\x04", "is a damaged or cut off Parquet file (ArrowInvalid)"),
        (b'[{"instruction": "cut o', "is not a JSON array: Unterminated string starting at, at character 18"),
        (
            b'[{"instruction": "\xff"}]',
            "is not a JSON array: none of its 1 items can be read; the first is not JSON: not UTF-8, at character 19",
        ),
        (b'[{"instruction": "a"}, {"instruction": "b"},', "is not a JSON array: it is cut off after 2 items"),
        (
            b'[{"instruction": "a"}, {"instruction": "b',
            "is not a JSON array: Unterminated string starting at, at character 40 (item 2)",
        ),
        (b'[{"instruction": "a"}] x', "is not a JSON array: Extra data, at character 24"),
        (b"[" * 100_000, "is not a JSON array: nested too deep"),
        (
            b"[" + b"9" * 5_000 + b"]",
            "is not a JSON array: none of its 1 items can be read; the first is not JSON: a number with too",
        ),
        (
            b"{instruction: 1}\n{",
            "is not JSON lines: none of its 2 lines can be read; the first is not JSON: Expecting",
        ),
        (b'{"data": []}x', "is not a JSON object: Extra data, at character 13"),
        (b'{"a": [1, 2], "b": [1]}', "holds columns of unequal length: a 2, b 1"),
        (b'{"train": [{"a": 1}], "test": [{"a": 2}]}', 'holds two lists, "train" and "test". Split the file'),
        (b"PK\x03\x04....", "is a ZIP archive. Unpack it and name the folder"),
        (b"\xff\xfe[\x00", "is UTF-16, not UTF-8. Write it as UTF-8"),
        (b"<!DOCTYPE html><html>", "is a web page, not data: the download went wrong, or wants you to log in"),
        (gzip.compress(b'[{"instruction": "a"}]' * 9)[:-9], "is damaged or cut off: its gzip does not end well"),
        (b"\x1f\x8bx", "is damaged or cut off"),
        (b"\x28\xb5\x2f\xfdx", "is damaged or cut off"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_file_that_holds_no_items_is_said_to(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        of(tmp_path, content)
    assert str(error.value).startswith(f"{tmp_path / 'alpaca.json'} {said}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"/alpaca\.json: no such file$"):
        reading(tmp_path / "alpaca.json")


def test_a_folder_without_files_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r" is a folder without files$"):
        reading(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["instruction", "input", "output", "id", "category", "text", "url"]) | st.text(max_size=3)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(st.dictionaries(names, json_values, max_size=5) | json_values, min_size=1, max_size=5))
def test_every_item_of_any_array_is_a_record_or_among_the_dropped(items: list[object], tmp_path: Path) -> None:
    (tmp_path / "any.json").write_text(json.dumps(items), encoding="ascii")
    found = reading(tmp_path / "any.json")
    assert sorted(found.rows["id"]) == sorted([*found.frame["id"], *found.dropped["id"]])


# -- the hub

ASK_THE_HUB = """
from kodata.errors import SourceError
from kodata.sources import Source
from kodata.sources.opening import open_source
try:
    open_source(Source("alpaca", "alpaca", hub="tatsu-lab/alpaca", revision="dce01c9b08f87459cf36a430d809084718273017"))
except SourceError as error:
    print(error)
"""
NO_HUB = "tatsu-lab/alpaca@dce01c9b08f8 cannot be loaded from the hub ({}): check the name and the network\n"


def said_of_the_hub(tmp_path: Path, **env: str) -> str:
    """What a process with this environment prints when it asks for a data set."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    done = subprocess.run(
        [sys.executable, "-c", ASK_THE_HUB],
        env={**clean, "HF_HOME": str(tmp_path / "hf"), **env},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


@pytest.fixture
def empty_hub() -> Iterator[str]:
    """A hub on loopback that has no data set at all."""

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Nothing) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_data_set_that_is_not_on_the_hub_is_one_clear_error(empty_hub: str, tmp_path: Path) -> None:
    assert said_of_the_hub(tmp_path, HF_ENDPOINT=empty_hub) == NO_HUB.format("DatasetNotFoundError")


def test_a_hub_that_may_not_be_asked_is_one_clear_error(tmp_path: Path) -> None:
    assert said_of_the_hub(tmp_path, HF_HUB_OFFLINE="1") == NO_HUB.format("ConnectionError")


@pytest.mark.slow  # the hub's client tries for 24 seconds
def test_a_hub_that_cannot_be_reached_is_one_clear_error(tmp_path: Path) -> None:
    assert said_of_the_hub(tmp_path, HF_ENDPOINT="http://127.0.0.1:9") == NO_HUB.format("ConnectionError")


def test_control_characters_that_were_taken_off_are_among_the_fixes(tmp_path: Path) -> None:
    rows = [
        {"instruction": "\x1b[31mName\x1b[0m a colour.\x1b]0;owned\x07", "input": "", "output": "Red\x00\ud800"},
        {"instruction": "Name a\r\nfruit.", "input": "", "output": "A pear"},
    ]
    (tmp_path / "any.json").write_text(json.dumps(rows), encoding="ascii")
    found = reading(tmp_path / "any.json").frame.select("instruction", "output", "fixes").rows()
    assert found == [("Name a colour.", "Red", ["control-characters"]), ("Name a\nfruit.", "A pear", [])]
