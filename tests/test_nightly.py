"""`pipelines/nightly/`: the refresh under systemd, cron, GitHub Actions and Airflow, run as each of them runs it."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodata.gates import Gates
from kodata.pipeline import Notify, shipped
from kodata.published import Build, find_build
from tests.conftest import items, own_pipeline, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer

HUB = 'hub = "tatsu-lab/alpaca"\nrevision = "dce01c9b08f87459cf36a430d809084718273017"'
BARE = {"PATH": "/usr/bin:/bin"}
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
UNCHANGED = "own: nothing has changed; version 2 stands\n"


def text_of(name: str) -> str:
    return shipped("pipelines", "nightly", name).read_text(encoding="utf-8")


@pytest.fixture
def opt(tmp_path: Path) -> Path:
    """What /opt/kodata is on the machine of somebody who installed kodata there."""
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt" / "bin").symlink_to(Path(sys.executable).parent)
    return tmp_path / "opt"


def corpus_in(folder: Path, records: int = 20) -> Path:
    """alpaca-ko from a file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_items(folder / "items.json", items(records))
    return own_pipeline(folder, (HUB, 'path = "items.json"'))


def nobody_is_there(words: list[str], env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a scheduler does: without a terminal, with no environment but this, and nothing to read."""
    return subprocess.run(
        words, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        start_new_session=True,
    )  # fmt: skip


def latest(builds: Path) -> Build:
    assert (builds / "own" / "latest" / "corpus.jsonl").is_file()
    return find_build("own", builds)


# -- systemd


def unit(name: str) -> ConfigParser:
    found = ConfigParser(interpolation=None, comment_prefixes="#", delimiters="=")
    found.optionxform = str  # type: ignore[assignment,method-assign]  # keys of units have capitals
    found.read_string(text_of(name))
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_units(opt: Path, tmp_path: Path) -> None:
    names = ("kodata-refresh.service", "kodata-refresh.timer")
    for name in names:
        (tmp_path / name).write_text(text_of(name).replace("/opt/kodata", str(opt)), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_timer_belongs_to_the_service_and_makes_up_for_a_night_that_was_missed() -> None:
    assert unit("kodata-refresh.timer")["Timer"] == {
        "OnCalendar": "*-*-* 03:00:00", "RandomizedDelaySec": "30min", "Persistent": "true",
    }  # fmt: skip
    assert unit("kodata-refresh.service")["Service"]["Type"] == "oneshot"


def test_systemd_is_more_patient_than_the_refresh_itself() -> None:
    service = unit("kodata-refresh.service")["Service"]
    words = shlex.split(service["ExecStart"])
    assert float(words[words.index("--timeout") + 1]) < float(service["TimeoutStartSec"].removesuffix("min"))


def test_the_service_runs(env: dict[str, str], opt: Path, tmp_path: Path) -> None:
    service, state = unit("kodata-refresh.service")["Service"], tmp_path / "var"
    home = state / service["StateDirectory"]
    home.mkdir(parents=True)
    secrets = tmp_path / "kodata.env"
    secrets.write_text("".join(f"{name}={env[name]}\n" for name in sorted(env.keys() - {"KODATA_HOME"})))

    def placed(key: str) -> list[str]:
        text = service[key].replace("%S", str(state)).replace("/opt/kodata", str(opt))
        return shlex.split(text.replace("/etc/kodata.env", str(secrets)))

    (file,), (cwd,) = placed("EnvironmentFile"), placed("WorkingDirectory")
    given = dict(line.split("=", 1) for line in [*placed("Environment"), *Path(file).read_text().splitlines()])
    around = {**BARE, "HOME": str(home), "USER": service["User"], **given}
    corpus = corpus_in(tmp_path / "corpora")
    first, *_ = placed("ExecStart")
    assert nobody_is_there([first, "refresh", str(corpus), "--budget", "1"], around, Path(cwd)).returncode == 0
    write_items(tmp_path / "corpora" / "items.json", items(23))
    done = nobody_is_there(placed("ExecStart"), around, Path(cwd))
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "own: version 2 with 23 records: 3 added")
    stands = latest(home / "builds").path
    done = nobody_is_there(placed("ExecStart"), around, Path(cwd))
    assert (done.returncode, done.stdout, done.stderr) == (0, UNCHANGED, "")
    assert latest(home / "builds").path == stands


# -- cron


def cron_line() -> str:
    (line,) = [line for line in text_of("crontab").splitlines() if line and not line.startswith("#")]
    return line


def test_the_readme_has_the_line_of_the_crontab() -> None:
    assert cron_line() in README.splitlines()


def test_the_crontab_runs(env: dict[str, str], tmp_path: Path) -> None:
    *when, command = cron_line().split(maxsplit=5)
    assert all(re.fullmatch(r"\*|\d+", field) for field in when)
    assert "%" not in command  # cron ends a line there
    folder = tmp_path / "person" / "kodata"
    corpus_in(folder)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    (folder / ".env").write_text("".join(f"{name}={env[name]}\n" for name in sorted(env.keys() - {"KODATA_HOME"})))
    around = {**BARE, "HOME": str(folder.parent), "SHELL": "/bin/sh", "LOGNAME": "person"}
    by_hand = nobody_is_there([".venv/bin/kodata", "refresh", "own.toml", "--budget", "1"], around, folder)
    assert by_hand.returncode == 0
    write_items(folder / "items.json", items(23))
    done = nobody_is_there(["/bin/sh", "-c", command], around, folder.parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "own: version 2 with 23 records: 3 added\n" in (folder / "refresh.log").read_text(encoding="utf-8")
    stands = latest(folder / "data" / "builds").path
    done = nobody_is_there(["/bin/sh", "-c", command], around, folder.parent)
    assert done.returncode == 0
    assert (folder / "refresh.log").read_text(encoding="utf-8").endswith(UNCHANGED)
    assert latest(folder / "data" / "builds").path == stands


def test_the_gates_in_the_readme_are_the_defaults() -> None:
    (block,) = re.findall(r"^```toml\n(\[gates\]\n.*?)^```", README, re.MULTILINE | re.DOTALL)
    tables = tomllib.loads(block)
    assert tables["gates"] == asdict(Gates())
    notify = Notify(**tables["notify"])
    assert (notify.style, notify.on) == (Notify("").style, list(Notify("").on))


# -- GitHub Actions


@pytest.fixture
def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(text_of("github-actions.yml"))
    return found


def on_a_runner(workflow: Mapping[Any, Any], disk: Path, known: Mapping[str, str]) -> list[tuple[str, int]]:
    """Run the steps that are commands on an empty disk, as GitHub does; each by its name with its exit code.

    What is installed is this kodata. `known` are the expressions that the workflow may use.
    """
    job = workflow["jobs"]["refresh"]
    disk.mkdir()
    known = {**known, "github.workspace": str(disk)}
    given = {name: re.sub(r"\$\{\{ (.*?) \}\}", lambda m: known[m[1]], text) for name, text in job["env"].items()}
    around = {"PATH": f"{Path(sys.executable).parent}:{BARE['PATH']}", "HOME": str(disk), **given}
    ran: list[tuple[str, int]] = []
    for step in job["steps"]:
        if "run" not in step or step["run"] == "pip install .":
            continue
        is_good = not any(code for _, code in ran)
        due = {
            "": is_good,
            "${{ !inputs.begin }}": is_good and known["inputs.begin"] == "false",
            "${{ always() && steps.refresh.outcome != 'skipped' }}": "Refresh" in dict(ran),
        }
        if due[step.get("if", "")]:
            done = nobody_is_there(["bash", "-e", "-c", step["run"]], around, disk)
            ran.append((step["name"], done.returncode))
    return ran


def test_no_two_runs_on_github_are_at_it_at_once_and_the_ledger_is_brought_back_in_time(
    workflow: dict[Any, Any],
) -> None:
    assert workflow["concurrency"] == {"group": "kodata-refresh", "cancel-in-progress": False}
    job = workflow["jobs"]["refresh"]
    (command,) = [step["run"] for step in job["steps"] if step.get("id") == "refresh"]
    words = shlex.split(command, comments=True)
    assert float(words[words.index("--timeout") + 1]) < job["timeout-minutes"]


def test_on_github_what_was_paid_is_not_paid_again_though_disks_forget_and_nights_fail(
    workflow: dict[Any, Any], env: dict[str, str], deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path
) -> None:
    for name in ("DEEPL_SERVER_URL", "OPENAI_BASE_URL"):
        workflow["jobs"]["refresh"]["env"][name] = env[name]
    workflow["jobs"]["refresh"]["env"]["CORPORA"] = str(corpus_in(tmp_path / "corpora"))
    known = {
        "vars.LEDGER": f"file://{tmp_path / 'bucket'}", "inputs.budget || '5'": "5", "inputs.begin": "false",
        "secrets.DEEPL_AUTH_KEY": env["DEEPL_AUTH_KEY"], "secrets.OPENAI_API_KEY": env["OPENAI_API_KEY"],
        "secrets.HF_TOKEN": "",
    }  # fmt: skip
    assert on_a_runner(workflow, tmp_path / "0", known) == [("Fetch the ledger", 1)]
    openai.faults(kinds=["429-quota"])
    began = on_a_runner(workflow, tmp_path / "1", {**known, "inputs.begin": "true"})
    assert began == [("Refresh", 1), ("Bring the ledger back", 0)]
    assert deepl.counts()["requests"] > 0
    openai.faults()
    openai.reset()
    deepl.reset()
    all_well = [("Fetch the ledger", 0), ("Refresh", 0), ("Bring the ledger back", 0)]
    assert on_a_runner(workflow, tmp_path / "2", known) == all_well
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 20)
    openai.reset()
    assert on_a_runner(workflow, tmp_path / "3", known) == all_well
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)
    built = [latest(tmp_path / night / ".kodata" / "builds") for night in "23"]
    assert [len(build.corpus) for build in built] == [20, 20]


# -- Airflow


def settings_of(call: str) -> dict[str, Any]:
    """The keyword arguments of the only call of that name in the DAG, where they are literals."""
    tree = ast.parse(text_of("airflow_dag.py"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == call]
    ((keywords),) = [node.keywords for node in calls]
    return {str(k.arg): ast.literal_eval(k.value) for k in keywords if not isinstance(k.value, ast.Call)}


def test_airflow_neither_retries_nor_runs_two_at_once() -> None:
    dag, task = settings_of("DAG"), settings_of("BashOperator")
    assert (dag["max_active_runs"], dag["catchup"], task["retries"]) == (1, False, 0)


def test_the_command_of_airflow_runs(env: dict[str, str], opt: Path, tmp_path: Path) -> None:
    task = settings_of("BashOperator")
    assert task["env"].keys() < env.keys()
    around = {**BARE, "HOME": str(tmp_path), **env}
    command = task["bash_command"].replace("/opt/kodata", str(opt))
    corpus = corpus_in(tmp_path / "corpora")
    first = [shlex.split(command)[0], "refresh", str(corpus), "--budget", "1"]
    assert nobody_is_there(first, around, tmp_path).returncode == 0
    done = nobody_is_there(["bash", "-c", command], around, tmp_path)
    assert (done.returncode, done.stdout) == (0, UNCHANGED.replace("2", "1"))


# -- beside the pipelines


def test_the_files_are_no_pipelines() -> None:
    from kodata.pipeline import shipped_pipelines

    assert [name for name in shipped_pipelines() if "nightly" in name or "refresh" in name] == []
