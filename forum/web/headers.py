"""Security headers on every response, errors and static files included (S41, S42, F4)."""

from collections.abc import Callable

from flask import Flask, Response, current_app

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)
# Cache-Control of answers whose URL changes with their content, such as static files: browsers never ask again.
FOR_EVER = "public, max-age=31536000, immutable"
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # the value no-referrer would break the CSRF check over HTTPS (F4)
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
}


def security_headers(hsts: str) -> dict[str, str]:
    """Return the headers for every response; `hsts` is the value of Strict-Transport-Security, "" for none."""
    return {**SECURITY_HEADERS, **({"Strict-Transport-Security": hsts} if hsts else {})}


def set_headers(app: Flask, *, is_open: Callable[[], bool], may_be_listed: Callable[[], bool]) -> None:
    """Add security headers to every response (a layer of the app).

    `is_open` tells whether the request's route is open to everybody, `may_be_listed` whether search engines may list
    the page.
    """
    fixed = security_headers(app.config["HSTS"])

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in fixed.items():
            # Keep a header that the view has set, such as a stricter policy.
            response.headers.setdefault(name, value)
        # By `private`, a view allows only the person's own program to store an answer, such as a calendar feed.
        is_own = response.cache_control.private and not is_open()
        if response.status_code >= 400 or not (is_open() or is_own):
            response.headers["Cache-Control"] = "no-store"
        if not may_be_listed():
            response.headers["X-Robots-Tag"] = "noindex"
        if not is_open():
            response.vary.add("Cookie")
        elif not response.headers.get("Cache-Control"):
            response.headers["Cache-Control"] = "no-cache"
        if current_app.config["DEMO"] and not current_app.config["TESTING"]:
            response.headers["X-Robots-Tag"] = "noindex"
        return response
