"""Security headers on every response, errors and static files included (S41, S42, F4)."""

from flask import Flask, Response, current_app

from forum.web.access import Face, audience

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
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # no-referrer would break the CSRF check over HTTPS (F4)
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
}
HSTS = "max-age=31536000; includeSubDomains"
OPEN_FACES = {Face.PUBLIC, Face.MACHINE}


def security_headers(secure: bool) -> dict[str, str]:
    """Return the headers for every response; `secure` when the site is reached by https."""
    return {**SECURITY_HEADERS, **({"Strict-Transport-Security": HSTS} if secure else {})}


def init_app(app: Flask) -> None:
    """Set the headers after each request."""
    fixed = security_headers(app.config["SESSION_COOKIE_SECURE"])

    @app.after_request
    def set_headers(response: Response) -> Response:
        response.headers.update(fixed)
        if audience() not in OPEN_FACES or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        if audience() not in OPEN_FACES:
            response.headers["X-Robots-Tag"] = "noindex"
            response.vary.add("Cookie")
        elif not response.headers.get("Cache-Control"):
            response.headers["Cache-Control"] = "no-cache"
        if current_app.config["DEMO"] and not current_app.config["TESTING"]:
            response.headers["X-Robots-Tag"] = "noindex"
        return response
