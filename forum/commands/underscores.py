"""Asks the forum by its public address whether the proxy in front passes headers whose name has an underscore.

The server gives X_Forwarded_For and X-Forwarded-For one name, and the last one counts: a client behind such a proxy
could choose its address, under which it is counted. The forum refuses Content_Type where the server shows it, so the
answer to a request with that header says what the proxy does.
"""

from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from flask import Flask

from forum.health.checks import Finding

SECONDS = 5
PASSED = (
    "passes headers whose name has an underscore, such as X_Forwarded_For, so clients may choose their address:"
    " drop them (docs/operations.md, Proxy)"
)
TRY_ELSEWHERE = (
    "find out from another machine whether a request with the header Content_Type: x is answered with 400"
)


def ask_proxy(app: Flask) -> list[Finding]:
    """Return what the proxy does as one finding, or none where FORUM_TRUSTED_PROXIES names no proxy.

    An address that does not answer from this machine is something to do, for it may answer everybody else.
    """
    if not app.config["TRUSTED_PROXIES"]:
        return []
    # The address is the forum's own: FORUM_BASE_URL is checked when the settings are loaded.
    asked = Request(f"{app.config['BASE_URL']}/livez", headers={"Content_Type": "x"})  # noqa: S310 - see above
    try:
        with urlopen(asked, timeout=SECONDS):  # noqa: S310 - http or https alone, see above
            return [Finding("proxy", True, "drops headers whose name has an underscore")]
    except HTTPError as answer:
        if answer.code == HTTPStatus.BAD_REQUEST:
            return [Finding("proxy", False, PASSED)]
        why = f"answers {answer.code}"
    except (OSError, HTTPException) as problem:
        why = f"cannot be reached ({type(getattr(problem, 'reason', problem)).__name__})"
    return [Finding("proxy", True, f"{asked.full_url} {why} from here: {TRY_ELSEWHERE}", is_to_do=True)]
