"""Each connector of a config with the profile of its receiver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.adapters.http_sender import HttpSender
from engine.app.possible import possible_messages
from engine.config import SEED, Connector, Profile, RunConfig, read_profile
from engine.delivery import Success, Terms
from engine.errors import InvalidInputError, InvalidMessageError
from engine.live import RouteSpec
from engine.rules import Rule
from engine.webhook import Action
from engine.webhook.render import render


@dataclass(frozen=True)
class Receiver:
    """A connector and what is known of the receiver behind it."""

    connector: Connector
    profile: Profile

    def sender(self, deadline_s: float) -> HttpSender:
        """Give what posts to it."""
        return HttpSender(self.connector, profile=self.profile, deadline_s=deadline_s)

    @property
    def terms(self) -> Terms:
        """What it promised; the connector's own word counts more than the profile's."""
        said = "deduplicates" in self.connector.model_fields_set
        deduplicates = self.connector.deduplicates if said else self.profile.deduplicates
        return Terms(deduplicates, Success(self.profile.success.body, self.profile.success.fields))

    def check(self, message: Mapping[str, object]) -> None:
        """Refuse what it has no words for. Errors: InvalidMessageError."""
        nothing = dict.fromkeys(("name", "token", "sentAt", *self.profile.values), "")
        render(self.profile, message, nothing)

    def understands(self, action: Action) -> bool:
        """Whether it has a word for an action."""
        return str(action) in self.profile.actions


def receivers_of(connectors: Mapping[str, Connector]) -> dict[str, Receiver]:
    """Read the profiles. Errors: InvalidInputError with everything that a connector lacks; those of `read_profile`."""
    found: dict[str, Receiver] = {}
    wrong: list[str] = []
    for alias, given in connectors.items():
        connector = given
        profile = read_profile(connector.profile) if connector.profile else SEED
        wrong += [
            f"connector '{alias}': its profile needs '{name}' under 'values' ({what})"
            for name, what in profile.values.items()
            if name not in connector.values
        ]
        wrong += [
            f"connector '{alias}': its profile has no value '{name}'; "
            + (f"there are {', '.join(profile.values)}" if profile.values else "it has none")
            for name in connector.values
            if name not in profile.values
        ]
        if "url" not in connector.model_fields_set:
            if profile.url is None:
                wrong.append(f"connector '{alias}': its profile names no url, so give one here")
                continue
            connector = Connector.model_validate({**_given(connector), "url": profile.url})
        found[alias] = Receiver(connector, profile)
    if wrong:
        raise InvalidInputError("\n".join(wrong))
    return found


def check_words(config: RunConfig, specs: Sequence[RouteSpec]) -> None:
    """Refuse a route whose receiver has no words for what its rule decides. Errors: InvalidInputError."""
    receivers = receivers_of(config.connectors)
    wrong: dict[str, None] = {}
    for spec in specs:
        for message in _examples(spec.rule):
            try:
                receivers[spec.connector].check(message)
            except InvalidMessageError as error:
                wrong[f"{spec.key}, connector '{spec.connector}', {message['action']}: {error}"] = None
    if wrong:
        raise InvalidInputError("\n".join(wrong))


def _examples(rule: Rule) -> Iterator[dict[str, object]]:
    """Give a message of every kind that a rule can send, as far as its fields go."""
    for possible in possible_messages(rule):
        fields: dict[str, object] = {"action": possible.action, "clientOrderId": "x", "log": "x"}
        for field in possible.fields:
            name, *rest = field.replace(",", "").split()
            fields[name] = "100" if rest == ["100"] else "50"
        yield fields


def _given(connector: Connector) -> dict[str, object]:
    return {name: getattr(connector, name) for name in connector.model_fields_set}
