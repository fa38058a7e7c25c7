"""The setting that decides which pandas-ta is used, for every command and for `import engine`."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import InvalidInputError

VARIABLE = "SIGNAL_ENGINE_PANDAS_TA"


def choose_libraries(environment: Mapping[str, str]) -> None:
    """Take pandas-ta's indicators from where SIGNAL_ENGINE_PANDAS_TA says: `classic` (the default) or `original`.

    Errors: InvalidInputError where there is no such pandas-ta, or it is not installed.
    """
    name = environment.get(VARIABLE)
    if not name:
        return
    from engine.indicators.library import choose  # noqa: PLC0415 - the indicators load numba

    try:
        choose(name)
    except InvalidInputError as error:
        raise InvalidInputError(f"{VARIABLE}: {error}") from None
