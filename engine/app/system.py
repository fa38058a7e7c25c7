"""A running system: the parts of a config, put together and started, and taken down in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.adapters.clocks import SystemClock, steady_ms
from engine.adapters.markets import markets_of
from engine.adapters.pulse_file import PulseFile
from engine.adapters.redaction import Redaction
from engine.adapters.sql_store import SqlStore
from engine.app.budget import check_budget
from engine.app.limits import limits_of, stop_file_of
from engine.app.outbox import Account, account_of
from engine.app.profiles import check_words, receivers_of
from engine.app.rule_watch import RuleWatch
from engine.config import Connector, RunConfig
from engine.decisions import Costs
from engine.delivery import Command, Exchange, Row, RowState, Step, Word
from engine.errors import InvalidInputError, RefusedError, SignalEngineError
from engine.live import DAY_MS, DeliveryLoop, GapPolicy, Guard, LiveEngine, Observer, RouteSpec
from engine.market.sample import sample_instrument
from engine.paper.process import PaperProcess
from engine.paper.settings import PaperConnector, PaperSettings
from engine.ports import Clock, Notice, NoticeKind, Pulse
from engine.rules import read_rule_file

PAPER_PATH = "/trading-signal/webhook"
EXCHANGE_S = 6.0  # of one POST: short enough to end within 10 s of Ctrl-C
OnDelivery = Callable[[Row, Step, Exchange | None], None]
OnDoubt = Callable[[Account], None]
OnStopped = Callable[[str], None]


def read_routes(config: RunConfig) -> list[RouteSpec]:
    """Read the rules of all routes and plan them. Errors: InvalidInputError with everything wrong in any of them."""
    specs: list[RouteSpec] = []
    wrong: list[str] = []
    for route in config.routes:
        try:
            rule = read_rule_file(route.strategy)
            rule.plan(route.params, symbol=route.symbol)
            specs.append(RouteSpec(route.symbol, route.connector, rule, route.params, route.exchange or ""))
        except InvalidInputError as error:
            wrong.append(str(error))
    keys = [spec.key for spec in specs]
    wrong += [
        f"{key}: two routes of this name; their states would mix" for key in {k for k in keys if keys.count(k) > 1}
    ]
    if wrong:
        raise InvalidInputError("\n".join(wrong))
    return specs


def paper_settings(config: RunConfig, specs: Sequence[RouteSpec], *, pushed: bool = False) -> PaperSettings:
    """Give what the paper platform of a config is told; `pushed`: its candles are, and it fetches none itself.

    Errors: InvalidInputError for a config without one.
    """
    if config.paper is None:
        raise InvalidInputError("this config has no 'paper' section, so there is no paper platform to start")
    venue = {route.connector: route.exchange or "" for route in config.routes}
    known = {
        config.connectors[spec.connector].name: _paper_connector(config, spec, venue[spec.connector]) for spec in specs
    }
    return PaperSettings(
        connectors=known,
        ledger=Path(config.paper.ledger),
        host=config.paper.host,
        port=config.paper.port,
        capital=Decimal(repr(config.capital)),
        account=config.paper.account,
        exchanges={} if pushed else config.venues,
        tickers=config.paper.prices == "tickers",
        api_token=config.paper.api_token,
        drill=config.paper.drill,
    )


def _paper_connector(config: RunConfig, spec: RouteSpec, venue: str) -> PaperConnector:
    """Give what the platform knows of a connector; of the sample market its steps too."""
    token = config.connectors[spec.connector].token
    known = PaperConnector(token=token, market=spec.rule.market, symbol=spec.symbol, exchange=venue)
    if config.venues[venue].id != "sample":
        return known
    instrument = sample_instrument(spec.symbol)
    return known.model_copy(update={"tick": instrument.tick, "lot": instrument.lot})


def start_paper(
    config: RunConfig, specs: Sequence[RouteSpec], stack: ExitStack, *, pushed: bool = False
) -> PaperProcess | None:
    """Start the paper platform of a config, where it has one, until the stack is closed."""
    if config.paper is None:
        return None
    return stack.enter_context(PaperProcess(paper_settings(config, specs, pushed=pushed)))


def reachable(config: RunConfig, paper: PaperProcess | None) -> Mapping[str, Connector]:
    """Give the connectors with the addresses by which they are reached now."""
    if paper is None:
        return config.connectors
    return {a: c.model_copy(update={"url": paper.url + PAPER_PATH}) for a, c in config.connectors.items()}


class System:
    """Everything that runs for one config, between `__enter__` and `__exit__`.

    Errors on entering: RefusedError, StoreError, MarketDataError, InvalidInputError; nothing is left running then.
    """

    def __init__(
        self,
        config: RunConfig,
        observer: Observer,
        on_delivery: OnDelivery,
        clock: Clock | None = None,
        on_doubt: OnDoubt | None = None,
        on_stopped: OnStopped | None = None,
        *,
        pushed: bool = False,
    ) -> None:
        """Check the rules; nothing is started yet.

        `on_doubt` is told all that is known of a message in doubt; `on_stopped` why entries are stopped, from now on,
        or "" when they are allowed again. `pushed`: the paper platform fetches no candles; they are
        pushed.
        """
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.specs = read_routes(config)
        check_words(config, self.specs)
        self._observer, self._on_delivery, self._on_doubt = observer, on_delivery, on_doubt
        self._on_stopped, self._stopped = on_stopped, ""
        self._pushed = pushed
        self._stack = ExitStack()
        self._paper: PaperProcess | None = None

    def __enter__(self) -> Self:
        """Start the paper platform (where the config has one), open the state, start delivering."""
        with ExitStack() as stack:
            self.store = SqlStore(self.config.state, clock=self.clock)  # first: it refuses a second engine
            stack.callback(self.store.close)
            self._paper = start_paper(self.config, self.specs, stack, pushed=self._pushed)
            self.paper_url = self._paper.url if self._paper else ""
            receivers = receivers_of(reachable(self.config, self._paper))
            self.markets = markets_of(self.config, self.clock, self.noticed)
            check_budget(self.config, self.specs, self.markets)
            self.delivery = DeliveryLoop(
                self.store,
                {alias: receiver.sender(EXCHANGE_S) for alias, receiver in receivers.items()},
                {alias: receiver.terms for alias, receiver in receivers.items()},
                self.clock,
                self._delivered,
            )
            self.guard = Guard(limits_of(self.config), self.store, self.clock, self.specs, stop_file_of(self.config))
            self.engine = LiveEngine(
                self.specs,
                self.markets,
                self.store,
                Costs(self.config.capital),
                self.clock,
                self._observer,
                self.delivery.wake,
                round(self.config.settle_seconds * 1000),
                guard=self.guard,
                kept_ms=self.config.journal.keep_days * DAY_MS,
                gaps=GapPolicy(self.config.gaps),
                steady_ms=steady_ms if isinstance(self.clock, SystemClock) else None,
            )
            tokens = [connector.token.get_secret_value() for connector in self.config.connectors.values()]
            self._pulse = PulseFile(Path(self.config.state), Redaction(tokens))
            files = [Path(route.strategy) for route in self.config.routes]
            self._rules = RuleWatch(zip(files, (spec.rule for spec in self.specs), strict=True), self.noticed)
            self.delivery.start()
            stack.callback(self.delivery.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop sending after what is in flight, close the state, stop the paper platform."""
        self._stack.close()

    async def close_markets(self) -> None:
        """Ask the exchanges nothing more, and let go of the connections."""
        self.engine.stop()
        for market in self.markets.values():
            await market.close()

    def stop_entries(self, reason: str) -> None:
        """Send no entry from now on, also after a restart, until someone allows them. Errors: StoreError."""
        self.store.ask(Command(Word.STOP_ENTRIES, self.clock.now_ms(), reason=reason))

    def noticed(self, notice: Notice) -> None:
        """Count and tell what nobody must be blind to."""
        self.engine.notice(notice)

    def check(self) -> None:
        """Look whether everything still runs, whether entries are stopped, and whether a rule file was edited.

        It is called at each ring, which is told to whoever looks from outside.

        Errors: what ended the delivery; SignalEngineError for the platform.
        """
        if self.delivery.failure is not None:
            raise self.delivery.failure
        if self._paper is not None and not self._paper.alive:
            raise SignalEngineError("the paper platform has ended by itself; start again")
        self._rules.look(steady_ms())
        if self._on_stopped is not None and (stopped := self.guard.stopped()) != self._stopped:
            self._stopped = stopped
            self._on_stopped(stopped)
        health, missed = self.engine.health, self.engine.counts[NoticeKind.RINGS]
        self._pulse.beat(Pulse(os.getpid(), self.clock.now_ms(), missed, dict(health.heard), health.ailing))

    def _delivered(self, row: Row, step: Step, exchange: Exchange | None) -> None:
        self._on_delivery(row, step, exchange)
        if step.state is RowState.UNKNOWN and self._on_doubt is not None:
            self._on_doubt(account_of(self.store, replace(row, state=step.state)))


def check_start(config: RunConfig, *, confirm_live: bool) -> None:
    """Refuse what must not start. Errors: RefusedError."""
    if config.mode == "live" and not confirm_live:
        raise RefusedError(
            "this config is live: its messages trade real money. If that is what you want, add --confirm-live"
        )
