"""Asks the forum by its public address whether the proxy in front passes headers whose name has an underscore.

To the forum's server X_Forwarded_For and X-Forwarded-For are one header, and the last one counts. Behind a proxy that
passes the first, a client could choose the address under which rate limits count it. The forum refuses any request that
reaches it with Content_Type, so the answer to such a request shows what the proxy does.
"""

from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from flask import Flask

from forum.health.checks import Finding

SECONDS = 5
# Every answer of the forum has this header, so an answer without it comes from another server, such as the proxy.
OF_THE_FORUM = "X-Request-ID"
PASSED = (
    "passes headers whose name has an underscore, such as X_Forwarded_For, so clients may choose their address:"
    " drop them (docs/operations.md, Proxy)"
)
FINDINGS: dict[int, Finding] = {
    HTTPStatus.OK: Finding("proxy", True, "drops headers whose name has an underscore"),
    HTTPStatus.BAD_REQUEST: Finding("proxy", False, PASSED),
}
TRY_ELSEWHERE = (
    "find out from another machine whether a request with the header Content_Type: x is answered with 400"
)


def ask_proxy(app: Flask) -> list[Finding]:
    """Return what the proxy does as one finding, or none where FORUM_TRUSTED_PROXIES names no proxy.

    An address that does not answer from this machine is no error: it may answer from other machines.
    """
    if not app.config["TRUSTED_PROXIES"]:
        return []
    # The address is the forum's own FORUM_BASE_URL, which was checked when the settings were loaded.
    asked = Request(f"{app.config['BASE_URL']}/livez", headers={"Content_Type": "x"})  # noqa: S310 - see above
    try:
        status, is_own = _answer(asked)
    except (OSError, HTTPException) as problem:
        why = f"cannot be reached ({type(getattr(problem, 'reason', problem)).__name__})"
    else:
        if is_own and status in FINDINGS:
            return [FINDINGS[status]]
        why = f"answers {status}" if is_own else f"is answered with {status} by something before the forum"
    return [Finding("proxy", True, f"{asked.full_url} {why} from here: {TRY_ELSEWHERE}", is_to_do=True)]


def _answer(asked: Request) -> tuple[int, bool]:
    """Return the answer's status, and whether the forum itself answered."""
    try:
        with urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310 - http or https alone, see above
            return answer.status, OF_THE_FORUM in answer.headers
    except HTTPError as answer:
        return answer.code, OF_THE_FORUM in answer.headers
