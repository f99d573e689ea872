"""Versions: whatever is killed between two steps, readers have a whole corpus, and the next step finds its way."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import orjson
import pytest

from kodata.building import Options, build, silent
from kodata.differences import difference
from kodata.errors import BuildError
from kodata.history import History
from kodata.published import Build
from kodata.workspace import Workspace
from tests.conftest import Kodata, items, write_items

STAGES = (
    '[[stage]]\nuse = "filter"\nrules = ["empty", { use = "empty", columns = ["output"] }]\n'
    '[[stage]]\nuse = "translate"\nfields = ["instruction", "input", "output"]\nwith = { use = "echo" }\n'
)
QUIET = ("--progress", "none")


def made(folder: Path, count: int, more: str = "") -> Build:
    """A build of so many items, answered by echo; nothing is paid."""
    write_items(folder / "items.json", items(count))
    source = '[limits]\ndropped = 1.0\n[[source]]\nuse = "alpaca"\npath = "items.json"\nlang = "en"\n'
    (folder / "own.toml").write_text(f"{source}{more}\n{STAGES}", encoding="utf-8")
    return build(str(folder / "own.toml"), Options(), workspace(folder), {}, silent)


def workspace(folder: Path) -> Workspace:
    return Workspace.of({"KODATA_HOME": str(folder / "home")})


def history(folder: Path) -> History:
    return History(workspace(folder).builds / "own")


def records(folder: Path) -> int:
    return int(Build((history(folder).home / "latest").resolve()).manifest["records"]["kept"])


def held(folder: Path, count: int) -> Build:
    """A build that is held back: half of its records are empty."""
    write_items(folder / "items.json", [*items(count), *({"instruction": f"{n}", "output": ""} for n in range(count))])
    return build(str(folder / "own.toml"), Options(), workspace(folder), {}, silent)


def test_rollback_goes_to_what_stood_before_and_never_to_what_was_gone_back_from(tmp_path: Path) -> None:
    for count in (40, 41, 42):
        made(tmp_path, count)
    history(tmp_path).roll_back()
    history(tmp_path).roll_back()
    assert records(tmp_path) == 40
    made(tmp_path, 43)
    history(tmp_path).roll_back()
    assert records(tmp_path) == 40
    with pytest.raises(BuildError, match="no version before the one that stands is left"):
        history(tmp_path).roll_back()


@pytest.mark.parametrize("command", ["refresh", "rollback"])
def test_a_version_that_was_written_down_stands_though_its_writer_was_killed(
    kodata: Kodata, tmp_path: Path, command: str
) -> None:
    """Killed behind the line of version 2, before `latest` moved."""
    first, _ = made(tmp_path, 40), made(tmp_path, 41)
    if command == "refresh":
        kodata("refresh", tmp_path / "own.toml", *QUIET)
    latest = history(tmp_path).home / "latest"
    latest.unlink()
    latest.symlink_to(first.path.name)
    assert kodata(command, tmp_path / "own.toml" if command == "refresh" else "own").code == 0
    assert records(tmp_path) == (41 if command == "refresh" else 40)
    assert [version.records for version in history(tmp_path).versions()][:2] == [40, 41]


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_promotion_that_was_killed_is_ended_later(tmp_path: Path, done: int) -> None:
    made(tmp_path, 40)
    build_held = held(tmp_path, 40)
    home = history(tmp_path).home
    copy = shutil.copytree(build_held.path, tmp_path / "copy")
    history(tmp_path).promote(build_held)
    standing = home / build_held.path.name
    if done < 3:  # the folder has not moved yet
        shutil.rmtree(standing)
        shutil.copytree(copy, build_held.path)
    if done < 2:  # nor does it say that it is free
        assert Build(build_held.path).gates
    (home / "latest").unlink()
    (home / "latest").symlink_to(history(tmp_path).versions()[0].build)
    history(tmp_path).settle()
    now = history(tmp_path).standing()
    assert now is not None
    assert (now.path.name, now.held_back_by, now.gates) == (build_held.path.name, "", [])
    assert history(tmp_path).held() == []


def test_only_full_builds_that_were_held_back_are_promoted(kodata: Kodata, tmp_path: Path) -> None:
    made(tmp_path, 40)
    with pytest.raises(BuildError, match="was not held back"):
        history(tmp_path).promote(Build((history(tmp_path).home / "latest").resolve()))
    write_items(tmp_path / "items.json", [{"instruction": " ", "input": "", "output": ""}])
    ended = kodata("build", tmp_path / "own.toml", "--limit", "1", *QUIET)
    assert ended.code == 3
    folder = ended.out.split("Next: kodata show ")[1].strip()
    assert "is no full build but limit-1" in kodata("promote", folder).complaint


def test_a_build_older_than_what_stands_is_promoted_by_its_folder_alone(kodata: Kodata, tmp_path: Path) -> None:
    made(tmp_path, 40)
    old = held(tmp_path, 40)
    manifest = old.path / "manifest.json"
    manifest.write_bytes(orjson.dumps(old.manifest | {"built_at": "2020-01-01T00:00:00+00:00"}))
    assert f"kodata promote {old.path}" in kodata("promote", "own").complaint
    assert "held back before the one that stands: own/held/" in kodata("history", "own").out
    assert kodata("promote", old.path).code == 0


def test_what_is_held_and_deleted_is_built_again(kodata: Kodata, tmp_path: Path) -> None:
    made(tmp_path, 1)
    shutil.rmtree(tmp_path / "home")
    write_items(tmp_path / "items.json", [{"instruction": " ", "input": "", "output": ""}])
    assert kodata("refresh", tmp_path / "own.toml", *QUIET).code == 3
    shutil.rmtree(history(tmp_path).home / "held")
    assert "because: there is no corpus yet" in kodata("refresh", tmp_path / "own.toml", *QUIET).out


@pytest.mark.parametrize("way", ["a link", "a relative path"])
def test_the_build_that_stands_is_never_pruned(
    kodata: Kodata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to("disk")
    monkeypatch.setenv("KODATA_HOME", "home" if way == "a relative path" else str(tmp_path / "home"))
    for count in (40, 41, 42):
        made(tmp_path, count)
        assert kodata("refresh", tmp_path / "own.toml", "--keep", "1", *QUIET).code == 0
    assert records(tmp_path) == 42
    assert len(list((tmp_path / "disk" / "builds" / "own").glob("2*"))) == 1


def test_a_standing_corpus_that_cannot_be_read_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    path = made(tmp_path, 40).path
    (path / "corpus.parquet").write_bytes(b"PAR1 torn PAR1")
    with pytest.raises(BuildError, match=rf"{path}: its corpus.parquet cannot be read. Delete that folder"):
        made(tmp_path, 41)


def test_a_record_that_was_edited_and_then_dropped_is_not_said_to_be_gone(tmp_path: Path) -> None:
    old, rows = made(tmp_path, 40), items(40)
    rows[3]["output"] = ""
    write_items(tmp_path / "items.json", rows)
    new = build(str(tmp_path / "own.toml"), Options(), workspace(tmp_path), {}, silent)
    (change,) = difference(old, new).changes
    assert (change.what, change.why) == ("removed", "edited upstream, dropped: filter, empty")
    (back,) = difference(new, old).changes
    assert (back.what, back.why) == ("added", "edited upstream, was dropped: filter, empty")


def test_a_copy_that_was_killed_is_no_build_and_is_made_again(tmp_path: Path) -> None:
    made(tmp_path, 40)
    out = tmp_path / "out"
    shutil.copytree((history(tmp_path).home / "latest").resolve(), out)
    (out / "manifest.json").unlink()
    (out / ".unfinished").mkdir()
    build(str(tmp_path / "own.toml"), Options(out=out), workspace(tmp_path), {}, silent)
    assert json.loads((out / "manifest.json").read_bytes())["records"]["kept"] == 40
    assert not (out / ".unfinished").exists()


def test_a_folder_with_names_that_are_no_text_is_read(tmp_path: Path) -> None:
    made(tmp_path, 40)
    (tmp_path / "talks").mkdir()
    name = os.path.join(os.fsencode(tmp_path / "talks"), b"caf\xe9.json")
    try:
        with open(name, "wb") as file:
            file.write(json.dumps(items(3)).encode())
    except OSError:
        pytest.skip("the file system takes text only")
    text = (tmp_path / "own.toml").read_text(encoding="utf-8").replace("items.json", "talks")
    (tmp_path / "folder.toml").write_text(text, encoding="utf-8")
    built = build(str(tmp_path / "folder.toml"), Options(), workspace(tmp_path), {}, silent)
    assert built.corpus["source_file"].unique().to_list() == ["caf\ufffd.json"]
