"""`signal-engine backtest`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import (
    DATA,
    FEED,
    Capital,
    ClosesOwn,
    Commission,
    End,
    Length,
    Lot,
    Maker,
    Margin,
    OnClose,
    Params,
    PerContract,
    PerOrder,
    Slippage,
    SlippagePercent,
    Start,
    Symbol,
    Tick,
    Warmup,
    costs,
    files_by_symbol,
    params_of,
    stated,
)
from engine.cli.output import console, errors, print_json, program

if TYPE_CHECKING:
    from engine.backtest import Result, RunDefinition
    from engine.backtest.prepared import Prepared


def backtest(
    file: Annotated[Path, typer.Argument(metavar="STRATEGY", help="A rule file, or a run definition.")],
    data: Annotated[str | None, typer.Option(help=DATA)] = None,
    symbol: Symbol = None,
    timeframe: Length = None,
    start: Start = None,
    end: End = None,
    param: Params = None,
    feed: Annotated[list[str] | None, typer.Option(help=FEED)] = None,
    finer: Annotated[
        str | None, typer.Option(help="Finer candles for the rule's 'watch'; else made out of --data.")
    ] = None,
    fills: Annotated[
        str | None,
        typer.Option(help="webhook: as the messages can. tradingview: as its Strategy Tester. (webhook)"),
    ] = None,
    capital: Capital = None,
    commission: Commission = None,
    maker: Maker = None,
    per_contract: PerContract = None,
    per_order: PerOrder = None,
    slippage: Slippage = None,
    slippage_percent: SlippagePercent = None,
    latency: Annotated[int | None, typer.Option(help="Candles that an order needs beyond the next open.")] = None,
    funding: Annotated[
        str | None, typer.Option(help="Percent that a long pays every 8 hours, or a CSV of 'time' and 'rate'.")
    ] = None,
    leverage: Annotated[float | None, typer.Option(help="Orders may be worth so many times the equity.")] = None,
    maintenance: Annotated[
        float | None, typer.Option(help="Equity below this percent of the position's value is liquidated.")
    ] = None,
    margin: Margin = None,
    orders_on_close: OnClose = False,
    closes_own: ClosesOwn = False,
    tick: Tick = None,
    lot: Lot = None,
    warmup: Warmup = None,
    trades: Annotated[int, typer.Option(min=0, help="How many of the last trades to list.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="One JSON document: statistics, trades, messages.")] = False,
) -> None:
    """Backtest a rule file on candles or the sample market; check a run definition's expectations.

    Costs that are not stated: 10,000 of capital, 0.05 % commission per fill, nothing else.
    """
    from engine.app.backtests import definition_for, definition_in, prepare, prepare_portfolio
    from engine.errors import InvalidDocumentError, InvalidInputError

    spent = costs(
        capital=capital, commission=commission, maker=maker, per_contract=per_contract, per_order=per_order,
        slippage=slippage, slippage_percent=slippage_percent, latency=latency, leverage=leverage,
        maintenance=maintenance, margin=margin, orders_on_close=orders_on_close or None,
        closes_own=closes_own or None,
    )  # fmt: skip
    given = stated(
        {
            "data": data,
            "symbol": symbol,
            "timeframe": timeframe,
            "from": start,
            "to": end,
            "warmup": warmup,
            "params": params_of(param),
            "feeds": files_by_symbol(feed),
            "finer": finer,
            "fills": fills,
            "costs": {**spent, **_funding(funding)},
            "tick": tick,
            "lot": lot,
        }
    )
    written = definition_in(file)
    if written is not None and given:
        raise typer.BadParameter(f"{file} is a run definition; change it there ({', '.join(given)})")
    definition = written or definition_for(file, given)
    try:
        members = prepare_portfolio(definition) if definition.portfolio else {"": prepare(definition)}
    except InvalidDocumentError:
        from engine.config import is_config  # no rule file has need of it

        if is_config(file):
            raise InvalidInputError(f"{file} is a config; to run it: {program()} run --config {file}") from None
        raise
    show = _show_portfolio if definition.portfolio else _show
    differences = show(definition, members, trades, as_json=json)
    for line in differences:
        errors.print(f"{file}: not as expected: {line}", markup=False, highlight=False, soft_wrap=True)
    if definition.expect and not differences and not json:
        console.print(f"[green]as expected[/green]: {', '.join(definition.expect)}", highlight=False)
    raise typer.Exit(1 if differences else 0)


def _show(definition: RunDefinition, members: Mapping[str, Prepared], trades: int, *, as_json: bool) -> list[str]:
    """Backtest, and print what comes of it. Gives what is not as expected."""
    from engine.backtest.uncertainty import uncertainty
    from engine.cli.backtest_words import document, print_result

    prepared = members[""]
    result = prepared.run()
    _keep(definition, {"": result}, members)
    uncertain = uncertainty(result, prepared.run)
    # Comparing makes every message of the result, which may take longer than all the rest.
    differences = definition.differences(result) if definition.expect else []
    if as_json:
        print_json(document(result, uncertain, differences))
    else:
        print_result(result, uncertain, synthetic=definition.data == "sample", most=trades)
    return differences


def _show_portfolio(
    definition: RunDefinition, members: Mapping[str, Prepared], trades: int, *, as_json: bool
) -> list[str]:
    """Do the same for many symbols."""
    from engine.backtest.portfolio import backtest_portfolio
    from engine.backtest.uncertainty import uncertainty
    from engine.cli.portfolio_words import portfolio_document, print_portfolio

    portfolio = definition.portfolio
    most = None if portfolio is None else portfolio.max_open
    result = backtest_portfolio(members, most)
    _keep(definition, result.results, members)
    uncertain = uncertainty(result, lambda path: backtest_portfolio(members, most, path))
    differences = definition.differences(result) if definition.expect else []
    if as_json:
        print_json(portfolio_document(result, uncertain, differences))
    else:
        synthetic = portfolio is not None and any(each.data == "sample" for each in portfolio.symbols.values())
        print_portfolio(result, uncertain, synthetic=synthetic, most=trades)
    return differences


def _keep(definition: RunDefinition, results: Mapping[str, Result], members: Mapping[str, Prepared]) -> None:
    """Write down what was backtested, and say what a person should know of it."""
    from engine.app.backtested import note
    from engine.app.fingerprints import keep

    one = next(iter(results.values()))
    notes = keep(Path(definition.strategy), one.rule, one.fingerprint)
    symbols = definition.portfolio.symbols if definition.portfolio else {}
    for name, result in results.items():
        data = symbols[name].data if symbols else definition.data
        notes += filter(None, [note(definition, data, members[name].params, result)])
    for line in notes:
        errors.print(line, markup=False, highlight=False, soft_wrap=True)


def _funding(text: str | None) -> dict[str, object]:
    """Read --funding: a number is what is paid every 8 hours, anything else a file."""
    try:
        return {"funding_percent": float(text)} if text is not None else {}
    except ValueError:
        return {"funding": text}
