"""The command ``models``: what scores documents, whether it is the right file, and how good it is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.endings import NOT_FOUND, WRONG_CALL, AsJson, one_line, said

if TYPE_CHECKING:
    from classifiers.registry import Model


class Action(StrEnum):
    """What `models` does."""

    LIST = "list"
    SHOW = "show"
    VERIFY = "verify"
    FETCH = "fetch"
    PAGE = "page"


def models(
    action: Annotated[
        Action,
        typer.Argument(
            help="list: all there are; show: a card; verify: compare digests; fetch: get what does not ship; page: a card as HTML"
        ),
    ] = Action.LIST,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="models, NAME or NAME@VERSION")] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help="a folder of models of one's own; they go before ours")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="page: the HTML file to write")] = None,
    as_json: AsJson = False,
) -> None:
    """List the models, show what is known of one, compare digests, or fetch the one that the repository does not carry."""
    with one_line():
        from classifiers.fetch import FetchError
        from classifiers.registry import CardError
        from udfs.fasttext import ModelMissing

        try:
            _act(action, names or [], store, out, as_json=as_json)
        except CardError as error:
            raise said(str(error), WRONG_CALL) from error
        except (ModelMissing, FetchError) as error:
            raise said(str(error), NOT_FOUND) from error


def _act(action: Action, names: list[str], store: Path | None, out: Path | None, *, as_json: bool) -> None:
    if (out is not None) != (action is Action.PAGE):
        raise typer.BadParameter("page writes a file: give --out FILE, and give it to page alone", param_hint="--out")
    if action in (Action.SHOW, Action.PAGE) and len(names) != 1:
        raise typer.BadParameter(f"{action} takes one model, here are {len(names)}", param_hint="NAME")
    if action is Action.FETCH:
        _fetch(store, as_json=as_json)
    elif action is Action.SHOW:
        _show(names[0], store, as_json=as_json)
    elif action is Action.PAGE and out is not None:
        _page(names[0], store, out, as_json=as_json)
    elif action is Action.VERIFY:
        _verify(_named(names, store), as_json=as_json)
    else:
        _list(_named(names, store), as_json=as_json)


def _named(names: list[str], store: Path | None) -> list[Model]:
    from classifiers.registry import find
    from classifiers.registry import models as known

    return [find(name, store) for name in names] if names else list(known(store))


def _list(found: list[Model], *, as_json: bool) -> None:
    from console import show

    rows = [
        {
            "name": one.card.name,
            "version": one.card.version,
            "kind": one.card.kind,
            "there": one.path.exists(),
            "sha256": one.card.sha256,
            "purpose": one.card.purpose,
        }
        for one in found
    ]
    if as_json:
        show.as_json(rows)
    else:
        show.records([row | {"sha256": str(row["sha256"])[:16]} for row in rows])


def _show(name: str, store: Path | None, *, as_json: bool) -> None:
    import json

    from classifiers.registry import find
    from console import show

    found = find(name, store)
    card: dict[str, Any] = json.loads(found.card.to_json())
    if as_json:
        show.as_json(card | {"path": str(found.path), "state": _state(found)})
        return
    for bulky in ("percentiles", "calibration"):
        card.pop(bulky, None)
    card["evaluation"] = {k: v for k, v in card.get("evaluation", {}).items() if k not in ("curves", "histogram")}
    told = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in card.items() if v}
    show.pairs({"path": str(found.path), "state": _state(found)} | told)


def _state(model: Model) -> str:
    from udfs.fasttext import ModelMissing

    try:
        model.checked()
    except ModelMissing as error:
        return str(error)
    return "there, digest verified"


def _verify(found: list[Model], *, as_json: bool) -> None:
    from console import show

    rows = [{"model": one.reference, "path": str(one.path), "state": _state(one)} for one in found]
    if as_json:
        show.as_json(rows)
    else:
        show.records(rows)
    if wrong := [row["model"] for row in rows if row["state"] != "there, digest verified"]:
        raise said(f"{len(wrong)} of {len(rows)} models are not there or not the right file: {', '.join(wrong)}", NOT_FOUND)


def _fetch(store: Path | None, *, as_json: bool) -> None:
    from classifiers.fetch import fetch

    path = fetch()
    if as_json:
        _list(_named([], store), as_json=True)
    else:
        print(path)


def _page(name: str, store: Path | None, out: Path, *, as_json: bool) -> None:
    from classifiers.evaluation.page import render
    from classifiers.registry import find
    from console import show
    from jobs.store import write_atomic

    found = find(name, store)
    write_atomic(out, render(found.card, _state(found)))
    if as_json:
        show.as_json({"out": str(out), "bytes": out.stat().st_size})
    else:
        print(out)
