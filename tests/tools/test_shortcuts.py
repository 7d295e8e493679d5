"""Shortcuts of the tests: apps share their compiled routes, and yet each app has routes of its own."""

from flask import Flask

from forum.accounts.access import AUDIENCES, Face


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
