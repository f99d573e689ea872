"""Containers as people have them: what is in a file decides how it is read, and nothing in it is lost."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kodata.errors import SourceError
from kodata.sources import Source
from kodata.sources.opening import Item, open_source
from kodata.sources.opening.documents import items_of, layout_of
from kodata.sources.opening.streams import open_stream

TEA = {"instruction": "Name a tea.", "input": "", "output": "Green tea."}
RAIN = {"instruction": "비가 왜 오나요?", "input": 'a\n"b",\tc', "output": "물이 내려옵니다."}
ROWS = [TEA, RAIN]
TALKS = [
    {"id": str(n), "conversations": [{"from": "human", "value": f"{n}?"}, {"from": "gpt", "value": "!"}]}
    for n in (1, 2)
]


def opened(path: Path) -> list[Item]:
    return list(open_source(Source("alpaca", path=str(path))).items)


def container(path: Path) -> str:
    return open_source(Source("alpaca", path=str(path))).container


def dumped(value: object, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode()


def lines(rows: list[dict[str, object]]) -> bytes:
    return b"".join(dumped(row) + b"\n" for row in rows)


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def parquet(rows: list[dict[str, object]]) -> bytes:
    to = io.BytesIO()
    pl.DataFrame(rows).write_parquet(to)
    return to.getvalue()


def table(rows: list[dict[str, object]], delimiter: str) -> bytes:
    to = io.StringIO(newline="")
    writer = csv.DictWriter(to, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return to.getvalue().encode()


MARK = b"\xef\xbb\xbf"
CONTAINERS: dict[str, Callable[[list[dict[str, object]]], bytes]] = {
    "JSON array": dumped,
    "JSON array, with a byte order mark": lambda rows: MARK + dumped(rows, 2),
    "JSON array, gzip": lambda rows: gzip.compress(dumped(rows, 2)),
    "JSON array, zstd": lambda rows: zstd(dumped(rows)),
    "JSON lines": lines,
    "JSON lines, with a byte order mark": lambda rows: MARK + lines(rows).replace(b"\n", b"\r\n"),
    "JSON lines, gzip": lambda rows: gzip.compress(lines(rows)),
    "JSON lines, zstd": lambda rows: zstd(lines(rows)),
    "JSON lines, gzip, with a byte order mark": lambda rows: gzip.compress(MARK + lines(rows)),
    "JSON object": lambda rows: dumped({"data": rows}),
    "JSON object, with a byte order mark": lambda rows: MARK + dumped({"version": "1", "rows": rows, "n": {"a": 1}}, 1),
    "JSON object, gzip": lambda rows: gzip.compress(dumped({name: [row[name] for row in rows] for name in rows[0]})),
    "JSON object, zstd": lambda rows: zstd(b"\n".join(dumped(row, 2) for row in rows)),
    "Parquet": parquet,
}
TABLES: dict[str, Callable[[list[dict[str, object]]], bytes]] = {
    "CSV": lambda rows: table(rows, ","),
    "CSV, gzip": lambda rows: gzip.compress(table(rows, ";")),
    "CSV, with a byte order mark": lambda rows: MARK + table(rows, ","),
    "TSV": lambda rows: table(rows, "\t"),
    "TSV, zstd": lambda rows: zstd(table(rows, "\t")),
}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv", "a.gz", "무제"])
@pytest.mark.parametrize("kind", [*CONTAINERS, *TABLES])
def test_the_content_decides_how_a_file_is_read(kind: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes({**CONTAINERS, **TABLES}[kind](ROWS))
    assert container(tmp_path / name) == kind
    assert [item.decoded for item in opened(tmp_path / name)] == ROWS


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_conversation_is_read_from_every_container(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTAINERS[kind](TALKS))
    assert [item.decoded for item in opened(tmp_path / "a")] == TALKS


@pytest.mark.parametrize("size", [1, 30, 1_000])
def test_a_list_that_is_wrapped_is_found_however_long_its_first_item_is(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kodata.sources.opening.streams.HEAD", 300)
    rows = [{"instruction": "a" * size, "output": "b"}] * 3
    (tmp_path / "a.json").write_bytes(dumped({"version": 1, "data": rows}))
    assert container(tmp_path / "a.json") == "JSON object"
    assert [item.decoded for item in opened(tmp_path / "a.json")] == rows


RECORDS = [
    {"conversations": [{"from": "human", "value": "a"}]},
    {"messages": [{"role": "user", "content": "a"}], "id": 1},
    {"items": [{"from": "human", "value": "a"}]},
    {"instruction": "a", "instances": [{"input": "b", "output": "c"}]},
    {"title": "a", "answers": [{"text": "b", "accepted": True}]},
    {"data": ["a", "b"], "id": "0"},
    {"data": ["a", "b"]},
    {},
]


@pytest.mark.parametrize("record", RECORDS, ids=", ".join)
@pytest.mark.parametrize("indent", [None, 1])
def test_one_object_that_is_a_record_is_read_as_one(record: object, indent: int | None, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dumped(record, indent))
    assert [item.decoded for item in opened(tmp_path / "a.json")] == [record]


def test_items_are_numbered_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dumped({"data": ROWS}))
    assert [(item.file, item.row, item.unit) for item in opened(tmp_path / "a.json")] == [
        ("a.json", 1, "item"), ("a.json", 2, "item"),
    ]  # fmt: skip


# -- JSON that is broken


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b'{"instruction": "a" "b"}', "Expecting ',' delimiter, at character 43"),
        (b'{"x": [{"y": "a\nb"}, "]"]}', "Invalid control character at, at character 38"),
        (b'{"a": "\\x"}', "Invalid \\escape, at character 30"),
        (b'{"a": "\xff"}', "not UTF-8, at character 30"),
        (b'{"a": nul}', "Expecting value, at character 29"),
        (b"NULL", "Expecting value, at character 23"),
        (b'{"x": ' + b"9" * 5_000 + b"}", "a number with too many digits"),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deep"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_item_of_an_array_is_dropped_and_the_rest_goes_on(broken: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'[{"instruction": "a"},' + broken + b',\n{"instruction": "b"}]')
    found = opened(tmp_path / "a.json")
    assert [item.decoded for item in found] == [{"instruction": "a"}, None, {"instruction": "b"}]
    assert (found[1].row, found[1].unread, found[1].error) == (2, broken, f"not JSON: {why}")


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_where_an_array_is_cut_for_reading_decides_nothing(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [TEA, 123456, True, None, -1.5e10, "\\ud800 글", [[]], RAIN, {"a": {"b": ["]", "}"]}}, "", 7]
    (tmp_path / "a.json").write_bytes(json.dumps(values).encode())
    monkeypatch.setattr("kodata.sources.opening.documents._CHUNK", size)
    assert [item.decoded for item in opened(tmp_path / "a.json")] == values


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(values=st.lists(json_values, min_size=1, max_size=8), size=st.integers(1, 40), is_ascii=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_array_is_read_as_json_loads_reads_it(
    values: list[object], size: int, is_ascii: bool, tmp_path: Path
) -> None:
    content = json.dumps(values, ensure_ascii=is_ascii).encode(errors="surrogatepass")
    try:
        content.decode()
    except UnicodeDecodeError:
        return  # lone surrogates have no bytes of their own
    (tmp_path / "a.json").write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kodata.sources.opening.documents._CHUNK", size)
        assert [item.decoded for item in opened(tmp_path / "a.json")] == values


def test_json_lines_begin_where_the_first_object_does(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"# made by hand\n" + lines(ROWS))
    found = opened(tmp_path / "a.txt")
    assert [item.row for item in found if not item.error] == [2, 3]
    assert (found[0].row, found[0].unread) == (1, b"# made by hand")


def test_memory_holds_one_item_of_an_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kodata.sources.opening.documents._CHUNK", 1_000)
    (tmp_path / "a.json").write_bytes(dumped([{"n": n, "text": "x" * 300} for n in range(10_000)]))
    stream = open_stream(tmp_path / "a.json")
    layout = layout_of(stream)
    assert layout == "JSON array"
    items = items_of(stream, layout, "a.json")
    next(items)
    assert stream.share() < 0.01
    assert sum(1 for _ in items) == 9_999


# -- tables


def test_quotes_that_enclose_nothing_are_text(tmp_path: Path) -> None:
    rows = ['a\t"Yes', '"b" he said\tc"', "d\te", '"f\tg', "h\ti"]
    (tmp_path / "a.tsv").write_text("\n".join(["instruction\toutput", *rows]), encoding="utf-8")
    assert container(tmp_path / "a.tsv") == "TSV whose quotes are part of the text"
    assert [list(item.decoded.values()) for item in opened(tmp_path / "a.tsv")] == [row.split("\t") for row in rows]  # type: ignore[attr-defined]


def test_quotes_that_enclose_tabs_and_line_breaks_are_not_text(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('instruction\toutput\n"a\n""b"""\t"c\td"\ne\tf\n', encoding="utf-8")
    assert [item.decoded for item in opened(tmp_path / "a.tsv")] == [
        {"instruction": 'a\n"b"', "output": "c\td"},
        {"instruction": "e", "output": "f"},
    ]


def test_a_row_with_too_many_or_few_fields_is_dropped_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b\n1,"2\n2"\n3\n4,5\n6,7\n8,9\n1,1\n2,2\n5,6,7\n8,9\n1,1\n1,1', encoding="utf-8")
    bad = [item for item in opened(tmp_path / "a.csv") if item.error]
    assert [(item.row, item.unread, item.error, item.reason) for item in bad] == [
        (4, b"3", "1 fields where 2 are named", "ragged-row"),
        (10, b"5,6,7", "3 fields where 2 are named", "ragged-row"),
    ]


def test_half_of_the_rows_may_be_ragged_and_a_file_with_more_is_told_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("질문,답변\n수도는?,서울\n인구는?\n넓이는?,605,약\n높이는?,38\n", encoding="utf-8")
    assert [(item.row, item.error) for item in opened(tmp_path / "a.csv")] == [
        (2, ""), (3, "1 fields where 2 are named"), (4, "3 fields where 2 are named"), (5, ""),
    ]  # fmt: skip
    (tmp_path / "b.csv").write_text("질문,답변\n수도는?,서울\n인구는?\n넓이는?,605,약\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"neither JSON, .* As CSV, line 3 has 1 fields where 2 are named$"):
        opened(tmp_path / "b.csv")


def test_a_row_that_is_not_utf_8_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("a,b\n1,글\n2,".encode() + "글\n".encode("cp949"))
    assert [(item.row, item.error) for item in opened(tmp_path / "a.csv")] == [(2, ""), (3, "not UTF-8")]


def test_a_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",instruction,output,\n0,a,b,\n", encoding="utf-8")
    assert [item.decoded for item in opened(tmp_path / "a.csv")] == [
        {"column 1": "0", "instruction": "a", "output": "b", "column 4": ""}
    ]


def test_a_file_that_is_cut_off_within_a_character_is_no_cp949(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("a,b\n1,한글과".encode()[:-1])
    assert [item.error for item in opened(tmp_path / "a.csv")] == ["not UTF-8"]


def test_a_field_of_two_hundred_thousand_characters_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"a,b\n1,{'가' * 200_000}\n", encoding="utf-8")
    assert opened(tmp_path / "a.csv")[0].decoded == {"a": "1", "b": "가" * 200_000}


def test_a_parquet_file_may_hold_any_type_in_its_columns(tmp_path: Path) -> None:
    rows = [{"instruction": "a", "n": 1, "tags": ["x"], "sub": {"y": None}}, {"instruction": None, "n": None}]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(tmp_path / "a.parquet")
    assert [item.decoded for item in opened(tmp_path / "a.parquet")] == [
        rows[0], {"instruction": None, "n": None, "tags": None, "sub": None},
    ]  # fmt: skip


# -- folders


def test_a_folder_is_read_file_by_file_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.json").write_bytes(dumped(RAIN))
    (tmp_path / "b" / "2.json").write_bytes(dumped(TEA, 2))
    (tmp_path / "b" / "10.json").write_bytes(lines(ROWS))
    (tmp_path / "a.csv").write_bytes(table(ROWS[:1], ","))
    found = opened(tmp_path)
    assert [(item.file, item.row, item.decoded) for item in found] == [
        ("a.csv", 2, TEA), ("b/10.json", 1, TEA), ("b/10.json", 2, RAIN), ("b/2.json", 1, TEA),
    ]  # fmt: skip
    assert container(tmp_path) == "folder of 3 files"


def test_a_file_without_items_in_a_folder_is_dropped_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# About\n\nRecords.", encoding="utf-8")
    (tmp_path / "a.json").write_bytes(dumped(ROWS))
    first, *others = opened(tmp_path)
    assert (first.file, first.unit, first.reason) == ("README.md", "file", "no-data-file")
    assert first.error == "is neither JSON, CSV, TSV nor Parquet: it begins with b'# About\\n\\nRecords.'"
    assert [item.decoded for item in others] == ROWS


@pytest.mark.parametrize("content", [b"version https://git-lfs.github.com/spec/v1\n", b"[{"])
def test_a_file_of_a_folder_that_is_not_whole_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dumped(ROWS))
    (tmp_path / "b.json").write_bytes(content)
    with pytest.raises(SourceError, match=r"b\.json is (a Git LFS pointer|not a JSON array)"):
        opened(tmp_path)


def test_a_folder_without_data_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# About", encoding="utf-8")
    with pytest.raises(SourceError, match="none of its 1 files is JSON, CSV, TSV or Parquet with items"):
        opened(tmp_path)
