"""Shortcuts of the tests: apps share compiled routes and templates, and yet each app has its own."""

import pytest
from flask import Blueprint, Flask
from jinja2 import TemplateNotFound

from forum.accounts.access import AUDIENCES, Face
from tests import shortcuts

HOOKS = (
    *("before_request_funcs", "after_request_funcs", "teardown_request_funcs", "template_context_processors"),
    *("url_value_preprocessors", "url_default_functions"),
)


def test_a_route_that_is_added_to_one_app_is_in_no_other(make_app, sqlite_url, monkeypatch):
    monkeypatch.setitem(AUDIENCES, "added", Face.PUBLIC)
    before, changed, after = (make_app(sqlite_url) for _ in range(3))
    assert "added" not in {rule.endpoint for rule in changed.url_map.iter_rules()}
    changed.add_url_rule("/added", "added", lambda: "yes")
    apps = (before, changed, after, make_app(sqlite_url))
    assert [app.test_client().get("/added").status_code for app in apps] == [404, 200, 404, 404]


def test_routes_of_one_path_differ_by_endpoint_methods_and_defaults():
    apps = []
    for name, methods, defaults in (
        ("a", ["GET"], None),
        ("b", ["POST"], None),
        ("c", ["GET"], {"n": 1}),
        ("d", ["GET"], None),
    ):
        app = Flask(name)
        app.add_url_rule("/", name, lambda **values: values, methods=methods, defaults=defaults)
        apps.append(app)
    assert [app.test_client().post("/").status_code for app in apps] == [405, 200, 405, 405]
    assert [app.test_client().get("/").json for app in apps if app.name != "b"] == [{}, {"n": 1}, {}]


def test_an_app_with_shared_routes_is_as_flask_makes_it(make_app, sqlite_url, monkeypatch):
    """Blueprints of which an earlier app had the same routes add the same routes, views, hooks and names to an app."""
    make_app(sqlite_url)
    again = []
    monkeypatch.setattr(shortcuts, "_register_anew", lambda blueprint, *_: again.append(blueprint.name))
    shared = make_app(sqlite_url)
    monkeypatch.undo()
    monkeypatch.setattr(Blueprint, "register", shortcuts._register_anew)
    assert again == []
    assert described(shared) == described(make_app(sqlite_url))


def described(app: Flask) -> dict:
    """Return what blueprints have added to an app; functions that each app has of its own are told by their names."""
    hooks = {
        name: {
            key: [hook.__qualname__ for hook in listed]
            for key, listed in getattr(app, name).items()
            if listed
        }
        for name in HOOKS
    }
    return {
        **hooks,
        "routes": [
            (rule.rule, rule.endpoint, rule.methods, rule.defaults) for rule in app.url_map.iter_rules()
        ],
        "views": {endpoint: view.__qualname__ for endpoint, view in app.view_functions.items()},
        "blueprints": list(app.blueprints.items()),
        "handlers": {key: listed for key, listed in app.error_handler_spec.items() if any(listed.values())},
        "names": (set(app.jinja_env.globals), set(app.jinja_env.filters), set(app.jinja_env.tests)),
    }


def test_apps_share_the_code_of_a_template_and_each_app_has_its_own_template(make_app, sqlite_url):
    one, other = (make_app(sqlite_url).jinja_env for _ in range(2))
    loaded = [env.get_template("layouts/public.html") for env in (one, other)]
    assert [template.environment for template in loaded] == [one, other]
    assert len({template.root_render_func.__code__ for template in loaded}) == 1


def test_an_app_has_all_templates_and_no_others(make_app, sqlite_url):
    env = make_app(sqlite_url).jinja_env
    assert sorted(env.list_templates()) == sorted(env.loader.files.list_templates())
    with pytest.raises(TemplateNotFound):
        env.get_template("layouts/none.html")
