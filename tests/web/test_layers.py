"""A request passes the layers (middleware and hooks) that are listed, from the outside in, and no others."""

from flask import Flask

import forum
from forum.accounts.public import identify_organiser
from forum.web import cache
from forum.web.layers import put_around


def standing_around(seen: list[str], name: str):
    """Return a layer around Flask that adds its name to `seen` when a request passes."""

    def wrap(inner):
        def pass_through(environ, start_response):
            seen.append(name)
            return inner(environ, start_response)

        return pass_through

    return lambda _app: wrap


def hooked(seen: list[str], name: str):
    """Return a layer within Flask that adds its name to `seen` before and after a request."""

    def layer(app: Flask) -> None:
        app.before_request(lambda: seen.append(f"before: {name}"))

        @app.after_request
        def note(response):
            seen.append(f"after: {name}")
            return response

    return layer


def test_a_request_meets_the_layers_from_the_outside_in():
    app, seen = Flask("layered"), []
    app.add_url_rule("/", view_func=lambda: seen.append("view") or "done")
    put_around(
        app,
        [
            standing_around(seen, "first"),
            lambda _app: None,
            standing_around(seen, "second"),
            hooked(seen, "third"),
            hooked(seen, "fourth"),
        ],
    )

    assert app.test_client().get("/").text == "done"
    within = ["before: third", "before: fourth", "view", "after: fourth", "after: third"]
    assert seen == ["first", "second", *within]


def test_a_request_meets_nothing_that_is_not_listed(make_app, sqlite_url, monkeypatch):
    def makes_the_cache_alone(app: Flask) -> None:
        cache.answer_kept(app)

    monkeypatch.setattr(forum, "LAYERS", (makes_the_cache_alone,))
    app = make_app(sqlite_url)

    hooks = (app.before_request_funcs, app.after_request_funcs, app.url_value_preprocessors)
    assert [dict(funcs).get(None, []) for funcs in hooks] == [[], [], []]
    assert app.wsgi_app == Flask.wsgi_app.__get__(app)


def test_blueprints_add_no_hooks_that_are_not_listed(app):
    """Three blueprints load the sign-in before their views (see `LAYERS`); no other has a hook of its own."""
    signed_in = {name: [identify_organiser] for name in ("accounts", "own_account", "passkeys")}
    before, *others = (
        {name: hooks for name, hooks in funcs.items() if name is not None and hooks}
        for funcs in (app.before_request_funcs, app.after_request_funcs, app.url_value_preprocessors)
    )
    assert (before, others) == (signed_in, [{}, {}])
