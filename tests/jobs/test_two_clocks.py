"""A worker on another machine, whose clock differs from that of the machine that serves, in a real process."""

from datetime import timedelta

import pytest

from forum import clock
from tests.factories.events import NOW, make_event
from tests.factories.news import make_post
from tests.jobs.processes import worker_elsewhere

WORD = "zebraword"
PLACES = ("/en/", "/en/news/", "/en/news/feed.atom", f"/en/news/search?q={WORD}", "/sitemap.xml")
SECOND = timedelta(seconds=1)
DIFFERENCES = (-3600, -1, 1, 3600)  # seconds by which the worker's clock is ahead of the web process's clock


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.mark.slow
def test_a_planned_post_is_shown_from_when_another_clock_announces_it(app, settings):
    """No page shows the post before it is announced, whatever the serving machine's clock; then every page does."""
    client, own = app.test_client(), ("SECRET_KEY", "DATA_KEYS", "STATIC")
    here = {"INSTANCE": app.config["INSTANCE"], "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"]}
    with app.app_context():
        make_event()
    with worker_elsewhere({**{name: settings[name] for name in own}, **here}) as run_jobs:
        for number, ahead in enumerate(DIFFERENCES):
            slug, planned = f"{WORD}-{number}", NOW + timedelta(days=1 + number)
            with app.app_context():
                make_post(slug=slug, headline=WORD, published_at=planned, announced_at=None)
            for moment, expected in (
                (planned - SECOND, False),
                (planned, True),
                (planned + 2 * SECOND, True),
            ):
                clock.freeze(moment - timedelta(seconds=ahead))
                run_jobs(moment)
                shown = {path: f"{slug}-en" in client.get(path).text for path in PLACES}
                assert shown == dict.fromkeys(PLACES, expected), (ahead, moment)
            # A heartbeat whose time is off by an hour does not count.
            failing = client.get("/status").json["failing"]
            assert ("worker" in failing) == (abs(ahead) > 60), ahead
