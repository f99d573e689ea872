"""Where things are: the ledger in the user's data folder, snapshots and builds below ./data, or all in KODATA_HOME."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from kodata.errors import PipelineError


@dataclass(frozen=True)
class Workspace:
    """The folders of one user. The ledger lives apart, so that cleaning a checkout throws no paid answer away."""

    ledger: Path
    snapshots: Path
    builds: Path
    prices: Path
    accounts: Path

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Workspace:
        if home := env.get("KODATA_HOME"):
            return cls._at(Path(home).expanduser(), Path(home).expanduser())
        return cls._at(Path(platformdirs.user_data_dir("kodata", appauthor=False)), Path.cwd() / "data")

    @classmethod
    def _at(cls, kept: Path, work: Path) -> Workspace:
        return cls(
            kept / "ledger.sqlite",
            work / "snapshots",
            (work / "builds").resolve(),
            kept / "prices.toml",
            kept / "accounts.json",
        )


def environment() -> dict[str, str]:
    """The variables of the environment and of `.env` in this folder; the environment goes first.

    kodata reads DEEPL_AUTH_KEY, DEEPL_SERVER_URL, OPENAI_API_KEY, OPENAI_BASE_URL, HF_TOKEN, KODATA_HOME, and what a
    pipeline file names as `key_env`.
    """
    from dotenv import dotenv_values

    try:
        here = {**dotenv_values(".env"), **os.environ}
    except UnicodeDecodeError as error:
        raise PipelineError(".env is not UTF-8. Save it as UTF-8") from error
    return {name: value.strip(" \t\r\n") for name, value in here.items() if value}
