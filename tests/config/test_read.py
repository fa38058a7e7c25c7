from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from engine.config import RunConfig, is_config, read_config
from engine.errors import InvalidDocumentError, InvalidInputError

TOKEN = "canary-f3a9c1-token"  # noqa: S105 - a canary

BASE = """\
exchange: {id: sample}
routes:
  - strategy: ../strategies/one.yaml
    symbol: BTC/USDT:USDT
    connector: main
"""
PAPER = """\
extends: base.yaml
mode: paper
state: ../state/paper.db
connectors:
  main:
    url: http://127.0.0.1:8790/hook
    name: btc
    token: ${TOKEN}
paper: {port: 8790}
"""


def write(folder: Path, **files: str) -> Path:
    """Write NAME.yaml for each; give the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, name: str = "paper", **environment: str) -> RunConfig:
    return read_config(folder / f"{name}.yaml", {"TOKEN": TOKEN, **environment})


def refused(folder: Path, name: str = "paper", **environment: str) -> list[str]:
    """Give what is told of a config that is refused: "file:line:column message | hint"."""
    with pytest.raises(InvalidDocumentError) as error:
        read(folder, name, **environment)
    assert TOKEN not in "".join(traceback.format_exception(error.value))
    return [
        f"{Path(p.place).name}:{p.line}:{p.column} {p.message}" + (f" | {p.hint}" if p.hint else "")
        for p in error.value.problems
    ]


def test_the_shipped_configs_are_good() -> None:
    """configs/paper.yaml reads with nothing set, configs/live.yaml with its two variables."""
    assert read_config("configs/paper.yaml", {}).mode == "paper"
    live = read_config("configs/live.yaml", {"SIGNAL_ENGINE_CONNECTOR": "btc", "SIGNAL_ENGINE_TOKEN": TOKEN})
    assert live.connectors["main"].token.get_secret_value() == TOKEN
    assert TOKEN not in repr(live)


@pytest.mark.parametrize(
    ("paper", "told"),
    [
        (
            "{host: 0.0.0.0}",
            "'0.0.0.0' can be reached by others, who could read and feed every account; give 'api_token'",
        ),
        ("{host: 192.168.0.7, api_token: short}", "api_token: it must be 16 letters"),
        ("{api_token: '${TOKEN} and more'}", "api_token: it must be 16 letters"),
        ("{api_token: '${NOT_SET}'}", "the environment variable NOT_SET is not set"),
    ],
)
def test_a_platform_that_others_reach_needs_a_token(tmp_path: Path, paper: str, told: str) -> None:
    """Beyond loopback its API needs a token that is hard to guess; no error shows what was given."""
    write(tmp_path, base=BASE, paper=PAPER.replace("{port: 8790}", paper))
    (problem,) = refused(tmp_path)
    assert told in problem
    write(tmp_path, paper=PAPER.replace("{port: 8790}", "{host: 0.0.0.0, api_token: '${TOKEN}'}"))
    config = read(tmp_path)
    assert config.paper is not None
    assert config.paper.api_token is not None
    assert TOKEN not in repr(config)


def test_a_base_by_itself_is_told_how_it_is_checked() -> None:
    """A config that lacks what those that extend it add is refused in one sentence that says so."""
    with pytest.raises(InvalidDocumentError) as error:
        read_config("configs/base.yaml", {})
    (problem,) = error.value.problems
    assert problem.message == "'mode', 'state' and 'connectors' are missing"
    assert problem.hint == "a config that others extend is checked through them"


def test_paths_start_at_the_file_they_stand_in(tmp_path: Path) -> None:
    """A path in a base counts from the base's folder, one in the config from the config's; so does a default."""
    write(tmp_path / "common", base=BASE)
    folder = write(tmp_path / "run", paper=PAPER.replace("base.yaml", "../common/base.yaml"))
    config = read(folder)
    assert Path(config.routes[0].strategy) == tmp_path / "strategies/one.yaml"
    assert Path(config.state) == tmp_path / "state/paper.db"
    assert config.paper is not None
    assert Path(config.paper.ledger) == tmp_path / "state/paper-ledger.db"


def test_a_path_from_the_environment_may_be_absolute(tmp_path: Path) -> None:
    """`${DIR}/x` with an absolute DIR is that path, not one below the config."""
    write(tmp_path, base=BASE, paper=PAPER.replace("../state/paper.db", "${DIR:-state}/x.db"))
    assert read(tmp_path, DIR="/var/lib/engine").state == "/var/lib/engine/x.db"
    assert Path(read(tmp_path).state) == tmp_path / "state/x.db"


def test_the_nearest_value_counts_and_mappings_merge(tmp_path: Path) -> None:
    """Through three files, mappings are merged key by key; lists and values are replaced whole."""
    write(
        tmp_path,
        base=BASE + "capital: 1\ntick_seconds: 2\n",
        middle="extends: base.yaml\ncapital: 5\nexchange: {options: {a: 1, b: 2}}\n",
        paper=PAPER.replace("base.yaml", "middle.yaml") + "exchange: {options: {b: 3}}\n",
    )
    config = read(tmp_path)
    assert (config.capital, config.tick_seconds) == (5, 2)
    assert config.exchange.id == "sample"
    assert config.exchange.options == {"a": 1, "b": 3}


def test_problems_stand_in_the_file_that_causes_them(tmp_path: Path) -> None:
    """Of two files with mistakes each is named, the nearest first, with its own line."""
    write(tmp_path, base=BASE.replace("symbol", "symbl") + "capital: -1\n", paper=PAPER + "tick_seconds: x\n")
    assert refused(tmp_path) == [
        "paper.yaml:10:15 tick_seconds: expected a number",
        "base.yaml:3:5 'symbol' is missing",
        "base.yaml:4:5 unknown key 'symbl' | did you mean 'symbol'?",
        "base.yaml:6:10 capital: must be above 0",
    ]


def test_a_list_hides_the_one_below_it(tmp_path: Path) -> None:
    """What a replaced list lacks is told of the list that counts, not of the one it replaced."""
    own = "routes:\n  - strategy: a.yaml\n    connector: main\n"
    write(tmp_path, base=BASE, paper=PAPER + own)
    assert refused(tmp_path) == ["paper.yaml:11:5 'symbol' is missing"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"paper": "extends: paper.yaml"}, "paper.yaml:1:10 'extends' leads back to a file that extends this one"),
        (
            {"paper": "extends: base.yaml", "base": "a: 1\nextends: ./paper.yaml"},
            "base.yaml:2:10 'extends' leads back to a file that extends this one",
        ),
        ({"paper": "mode: paper\nextends: [a]"}, "paper.yaml:2:10 'extends' takes the path of one config"),
        ({"paper": "extends: base.yaml", "base": "- a"}, "base.yaml:1:1 expected lines of 'key: value'"),
        ({"paper": "extends: base.yaml", "base": "a: b: c"}, "base.yaml:1:5 not valid YAML"),
        ({f"f{i}": f"extends: f{i + 1}.yaml" for i in range(11)}, "f9.yaml:1:10 over 10 files extend one another"),
    ],
)
def test_extends_that_leads_nowhere_is_refused_at_its_line(tmp_path: Path, files: dict[str, str], told: str) -> None:
    """Circles, chains without an end, lists and files that are no YAML are placed where they are caused."""
    write(tmp_path, **files)
    (problem,) = refused(tmp_path, next(iter(files)))
    assert problem.startswith(told)


@pytest.mark.parametrize("target", ["nothing.yaml", ".", '"a\\0b"'])
def test_a_missing_base_is_told_at_the_line_that_names_it(tmp_path: Path, target: str) -> None:
    """A file that cannot be read is placed at the `extends` that names it; the first of all has no such line."""
    write(tmp_path, paper=f"mode: paper\nextends: {target}")
    (problem,) = refused(tmp_path)
    assert problem.startswith("paper.yaml:2:10 ")
    with pytest.raises(InvalidInputError, match="cannot be read: No such file"):
        read_config(tmp_path / "none.yaml", {})


def test_variables_are_filled_in(tmp_path: Path) -> None:
    """A variable may be part of a text, be a number, have a default; what is filled in is not looked through again."""
    text = PAPER.replace("name: btc", "name: a-${A}-${B:-${C}}".replace("-${C}}", "-none}")).replace("8790/h", "${P}/h")
    write(tmp_path, base=BASE, paper=text.replace("port: 8790", "port: '${P}'") + "capital: ${CAPITAL:-250}\n")
    config = read(tmp_path, A="${TOKEN}", P="8791")
    assert config.connectors["main"].name == "a-${TOKEN}-none"
    assert config.connectors["main"].token.get_secret_value() == TOKEN
    assert config.paper is not None
    assert (config.paper.port, config.capital) == (8791, 250)


def test_variables_that_are_not_set_are_all_told(tmp_path: Path) -> None:
    """Each unset or empty variable is one problem, and hides what else is wrong at its place."""
    text = PAPER.replace("http://127.0.0.1:8790/hook", "${URL}").replace("name: btc", "name: ${EMPTY}")
    write(tmp_path, base=BASE, paper=text)
    assert refused(tmp_path, EMPTY="") == [
        "paper.yaml:6:10 the environment variable URL is not set, or is empty | set it: export URL=...",
        "paper.yaml:7:11 the environment variable EMPTY is not set, or is empty | set it: export EMPTY=...",
    ]


@pytest.mark.parametrize("text", ["${TOKEN", "${}", "${1X}", "${TO KEN}", "a${"])
def test_a_variable_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """A misspelt ${...} is never sent to the platform as a token."""
    write(tmp_path, base=BASE, paper=PAPER.replace("${TOKEN}", f'"{text}"'))
    (problem,) = refused(tmp_path)
    assert problem == "paper.yaml:8:12 '${' begins no variable | write ${NAME} or ${NAME:-default}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("token: ${TOKEN}", f"tokn: {TOKEN}"),
        ("token: ${TOKEN}", f"key: {TOKEN}"),
        ("token: ${TOKEN}", f"token: {TOKEN}\n    token: {TOKEN}"),
        ("token: ${TOKEN}", f"token: [{TOKEN}]"),
        ("token: ${TOKEN}", f"token: {{{TOKEN}: {TOKEN}}}"),
        ("token: ${TOKEN}", f"token: a: {TOKEN}"),
        ("token: ${TOKEN}", f"token: '{TOKEN}"),
        ("token: ${TOKEN}", f"token: *{TOKEN}"),
        ("token: ${TOKEN}", f"token: !{TOKEN} x"),
        ("http://127.0.0.1:8790/hook", f"https://user:{TOKEN}@127.0.0.1/"),
        ("http://127.0.0.1:8790/hook", "${TOKEN}"),
        ("http://127.0.0.1:8790/hook", "https://example.com/${TOKEN}"),
        ("  main:\n", f"  main: {{url: 7, name: btc, token: {TOKEN}}}\n  other:\n"),
        ("paper: {port", f"exchange: {{id: 7, options: {{apiKey: {TOKEN}, secret: {TOKEN}}}}}\npaper: {{port"),
        ("paper: {port", f"exchange: {{id: 7, options: {{uid: {TOKEN}}}}}\npaper: {{port"),
        ("paper: {port", f"password: {TOKEN}\npaper: {{port"),
    ],
)
def test_a_secret_shows_in_no_error(tmp_path: Path, old: str, new: str) -> None:
    """Whatever is wrong with or beside a secret, neither message, hint nor source line holds it."""
    assert old in PAPER
    write(tmp_path, base=BASE, paper=PAPER.replace(old, new))
    assert refused(tmp_path)


def test_a_secret_shows_in_no_repr(tmp_path: Path) -> None:
    """The whole config may be logged: neither tokens nor the exchange's keys are in its repr."""
    keys = f"exchange: {{options: {{apiKey: {TOKEN}, password: {TOKEN}}}}}\n"
    write(tmp_path, base=BASE, paper=PAPER + keys)
    config = read(tmp_path)
    assert config.exchange.options["apiKey"] == TOKEN
    assert TOKEN not in f"{config!r} {config}"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"connector: main": "connector: mian"},
            ["base.yaml:5:16 there is no connector 'mian'; there is main"],
        ),
        (
            {"    connector: main\n": "    connector: main\n" + BASE[BASE.index("  - ") :].replace("BTC/", "ETH/")},
            [
                "base.yaml:8:16 connector 'main' has two routes (BTC/USDT:USDT and ETH/USDT:USDT); "
                "a message names no symbol, so each route needs a connector of its own"
            ],
        ),
        (
            {
                "    connector: main\n": "    connector: main\n" + BASE[BASE.index("  - ") :].replace("main", "other"),
                "paper: {": "  other: {url: 'http://127.0.0.1:8790/hook', name: btc, token: x}\npaper: {",
            },
            ["paper.yaml:9:52 'main' and 'other' have one url and one name, so they are one connector with two routes"],
        ),
        (
            {"http://127.0.0.1:8790/hook": "https://example.com/hook?key=1"},
            ["paper.yaml:6:10 this leads to example.com; in paper mode nothing leaves this machine"],
        ),
        (
            {"port: 8790}": "port: 8791}"},
            ["paper.yaml:6:10 this leads to port 8790, and 'paper' listens on 8791"],
        ),
        (
            {"mode: paper": "mode: live"},
            [
                "paper.yaml:9:1 a live config cannot have 'paper': its messages go to the real platform",
                "base.yaml:1:16 a live config cannot trade on the sample market, which is synthetic",
            ],
        ),
        ({"mode: paper": "mode: papper"}, ["paper.yaml:2:7 mode: expected 'paper' or 'live' | did you mean 'paper'?"]),
        ({"state: ../state/paper.db": "state: ''"}, ["paper.yaml:3:8 state: expected something"]),
        ({"paper: {": "capital: 1e999\npaper: {"}, ["paper.yaml:9:10 capital: expected a finite number"]),
        ({"paper: {": "capital: inf\npaper: {"}, ["paper.yaml:9:10 capital: expected a finite number"]),
        ({"paper: {": "routes: []\npaper: {"}, ["paper.yaml:9:1 routes: expected something"]),
        ({"paper: {port: 8790}": "paper:"}, []),
    ],
)
def test_contradictions_are_refused_where_they_stand(tmp_path: Path, changes: dict[str, str], told: list[str]) -> None:
    """What cannot be meant is refused at the very value, before anything starts."""
    base, paper = BASE, PAPER
    for old, new in changes.items():
        assert (old in base) != (old in paper), old
        base, paper = base.replace(old, new, 1), paper.replace(old, new, 1)
    write(tmp_path, base=base, paper=paper)
    assert (refused(tmp_path) if told else []) == told
    if not told:
        assert read(tmp_path)


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("mode: paper", True),
        ("extends: base.yaml\nextends: twice.yaml", True),
        ("name: demo\nmarket: spot", False),
        ("a: b: c", False),
        ("", False),
    ],
)
def test_configs_are_told_from_rules_by_their_keys(tmp_path: Path, text: str, config: bool) -> None:
    """A file with a config's keys is one, even with mistakes; what cannot be read is not."""
    write(tmp_path, x=text)
    assert is_config(tmp_path / "x.yaml") is config
    assert not is_config(tmp_path / "none.yaml")
