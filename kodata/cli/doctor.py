"""`kodata doctor`: what a real build needs, checked one by one; no key is ever shown, not even in part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.errors import KodataError, Transient
from kodata.show.lines import counted, dollars, printable

if TYPE_CHECKING:
    from kodata.pipeline import Pipeline
    from kodata.prices import Prices
    from kodata.providers.deepl import DeepL, DeepLTranslator
    from kodata.providers.openai import OpenAI, OpenAIWriter
    from kodata.providers.openai_translator import OpenAITranslator
    from kodata.workspace import Workspace

Examined = Annotated[str, typer.Argument(metavar="[PIPELINE]", help="The pipeline that is to be built.")]
Send = Annotated[bool, typer.Option("--send", help="Prove it: translate one short text for a fraction of a cent.")]

_WHERE = {
    "DEEPL_AUTH_KEY": "https://www.deepl.com/your-account/keys",
    "OPENAI_API_KEY": "https://platform.openai.com/api-keys",
}
_PROOF = "Good morning."


@dataclass(frozen=True)
class _Found:
    """What a check found: good, or what is wrong and what to do."""

    is_good: bool
    text: str


def doctor(pipeline: Examined = "alpaca-ko", send: Send = False) -> None:
    """Check folders, ledger, keys and models.

    Nothing billable is sent without --send.
    """
    from kodata.workspace import Workspace, environment

    env = environment()
    wrong = 0
    for found in _findings(pipeline, Workspace.of(env), env, send):
        print(f"{'ok   ' if found.is_good else 'wrong'}  {printable(found.text)}", flush=True)
        wrong += not found.is_good
    if wrong:
        print(f"\n{counted(wrong, 'thing')} to mend before {pipeline} can be built. Without keys: --demo")
        raise typer.Exit(1)
    print(f"\nNext: kodata plan {pipeline}")


def _findings(name: str, workspace: Workspace, env: Mapping[str, str], send: bool) -> Iterator[_Found]:
    from importlib.metadata import version
    from platform import python_version

    from kodata.pipeline import load_pipeline
    from kodata.prices import load_prices

    yield _Found(True, f"kodata {version('kodata')}, Python {python_version()}")
    yield _folder("builds", workspace.builds)
    yield _folder("snapshots", workspace.snapshots)
    yield _ledger(workspace)
    try:
        loaded = load_pipeline(name, env=env)
        prices = load_prices(workspace.prices)
    except KodataError as error:
        yield _Found(False, str(error))
        return
    yield _Found(True, f"pipeline {loaded.name}: {counted(len(loaded.steps), 'stage')}")
    yield from _services(loaded, prices, workspace, env, send)
    if loaded.notify is not None and not env.get(loaded.notify.webhook_env):
        yield _Found(False, f"{loaded.notify.webhook_env} is not set: nobody will be told of a refresh")


def _folder(name: str, path: Path) -> _Found:
    """Whether the folder takes a file. It is made, as the first build would."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=path).close()
    except OSError as error:
        what = f"{path.absolute()} cannot be written ({error.strerror})"
        return _Found(False, f"{name}: {what}. Set KODATA_HOME to a folder that can")
    return _Found(True, f"{name}: {path.absolute()}")


def _ledger(workspace: Workspace) -> _Found:
    from kodata.ledger import Ledger

    if not workspace.ledger.exists():
        folder = _folder("ledger", workspace.ledger.parent)
        return _Found(True, f"ledger: {workspace.ledger}, not there yet") if folder.is_good else folder
    try:
        with Ledger(workspace.ledger) as ledger:
            return _Found(True, f"ledger: {workspace.ledger}, {counted(len(ledger), 'answer')}")
    except KodataError as error:
        return _Found(False, str(error))


def _services(
    pipeline: Pipeline, prices: Prices, workspace: Workspace, env: Mapping[str, str], send: bool
) -> Iterator[_Found]:
    """For each service that the pipeline asks: is there a key, is it accepted, is there a price."""
    from kodata.building import provider_for
    from kodata.pipeline import KEYS
    from kodata.providers.deepl import DeepL, DeepLTranslator
    from kodata.providers.openai import OpenAI, OpenAIWriter
    from kodata.providers.openai_translator import OpenAITranslator

    for face in dict.fromkeys(step.face for step in pipeline.steps):
        if not isinstance(face, (DeepLTranslator, OpenAIWriter, OpenAITranslator)):
            continue
        server = pipeline.servers.get(face.provider)
        variable = KEYS[face.provider.partition("@")[0]] if server is None else server.key_env
        if server is None and not env.get(variable):
            yield _Found(False, f"{variable} is not set. Get a key at {_WHERE[variable]} and put it into .env")
            continue
        try:
            # Refuses a key that no request could carry.
            account = provider_for(
                face.provider, env, prices, pipeline.glossaries, sends=True, servers=pipeline.servers
            )
            if not isinstance(face, DeepLTranslator) and isinstance(account, OpenAI):
                yield _Found(True, _openai(face, account, variable))
            elif isinstance(face, DeepLTranslator) and isinstance(account, DeepL):
                yield _Found(True, _deepl(account))
                yield from [_Found(True, _proof(face, account, workspace))] if send else []
        except Transient as error:
            advice = "" if "Check" in str(error) else ". Check the network, then try again"
            yield _Found(False, f"{error}{advice}")
        except KodataError as error:
            yield _Found(False, str(error))


def _deepl(account: DeepL) -> str:
    """How many characters are left. Raises ProviderError when the key is not accepted."""
    usage = account.left()
    left = f"{usage[1] - usage[0]:,} of {usage[1]:,} characters left" if usage else "no limit of characters"
    per_million = account.prices.of_characters("deepl") * 1e6
    return f"{account.name} accepts the key in DEEPL_AUTH_KEY: {left}, ${per_million:g} per million"


def _openai(face: OpenAIWriter | OpenAITranslator, account: OpenAI, variable: str) -> str:
    """Whether the account has the model. Raises ProviderError when not."""
    account.model_is_there(face.model)
    price = account.prices.of_model(face.model)
    cost = f"${price.usd_per_million_in:g} in, ${price.usd_per_million_out:g} out per million tokens"
    key = f"accepts the key in {variable} and " if variable else ""
    return f"{face.provider} {key}has {face.model}: {cost}"


def _proof(face: DeepLTranslator, account: DeepL, workspace: Workspace) -> str:
    """A translation that was paid for just now; it goes into the ledger like any other, each time as a new sample."""
    from kodata.asks import Passage
    from kodata.ledger import Ledger

    ask = face.ask([Passage(_PROOF)], "doctor")
    with Ledger(workspace.ledger) as ledger:
        while ledger.known([ask.key]):
            ask = ask.again(ask.sample + 1)
        (answer,) = account.answer([ask])
        ledger.keep([(ask, answer)])
    return f'{face.provider} translated "{_PROOF}" to "{answer.text}" for {dollars(answer.usd)}'
