"""The worker's table of jobs has each job, with a short enough interval, and each job finds what it must handle."""

from datetime import timedelta

from forum import clock
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.web.limits import COUNTER
from tests.factories.events import NOW
from tests.factories.steady_clock import go_steadily
from tests.guards.reaching import may_delete

DAY_SECONDS = 24 * 3600
# The jobs run this many days after the test data were made: each job in TENDED has something to do on one of them.
DAYS = (1, 40, 440)
TENDED = {
    "announce posts",
    "check the audit trail",
    "expire invitations",
    "expire registrations",
    "forget counters",
    "forget answers on their way",
    "forget choices of people",
    "forget delegations",
    "forget exports",
    "forget followers",
    "forget forms and links",
    "forget invitations",
    "forget links of old messages",
    "forget named substitutes",
    "forget paces",
    "forget sign-ins",
    "forget tasks",
    "forget unconfirmed",
    "forget unsent files",
    "forget what undoing merges needs",
    "note audit head",
}
# The test data have nothing for these jobs, or the jobs take long; other modules test the functions that they call.
ELSEWHERE = {
    "add up counts",
    "begin mailing posts",
    "begin mailings",
    "end mailings of past events",
    "end tasks",
    "erase again",
    "forget lapsed offers",
    "forget last mails",
    "forget long tables",
    "forget old erasures",
    "forget old mails of news",
    "forget views of departed colleagues",
    "forget where people were",
    "index pages",
    "index people",
    "key digests of addresses",
    "index posts",
    "leave people out of late reminders",
    "lift restrictions",
    "make exports",
    "queue invitations",
    "queue mailings",
    "queue mails about posts",
    "queue reminders of invitations",
    "queue weekly news",
    "refill search texts",
    "remember erasures",
    "seal answers anew",
    "send reminders",
    "settle failed mails of news",
    "settle mailings",
    "sort people anew",
    "take back late weekly news",
    "tell contacts",
    "undo imports",
    "watch the clock",
    "work off imports",
    "work off tasks",
}

# Jobs that may delete rows and run whatever the worker's clock shows, each with the reason (R18).
WHY_NOT_FINAL = {
    "add up counts": "adds rows of changed counts up, and keeps the sum",
    "announce posts": "a post that is public again counts as withdrawn no more",
    "erase again": "repeats what was erased before",
    "expire registrations": "ends holds without a registration as it ends the others, and rests after a jump",
    "forget answers on their way": "whoever has not sent the form yet fills it in again",
    "forget choices of people": "an organiser ticks the people again",
    "forget counters": "a client that was held back may try again",
    "forget followers": "asks itself whether the clock goes steadily, but not about those to whom mail comes back",
    "forget exports": "an organiser asks for the list again",
    "forget last mails": "deletes what was sent, and what the outbox has given up by then",
    "forget long tables": "an organiser sends the table again",
    "forget paces": "mails leave by the pace from now on",
    "forget unsent files": "whoever has not sent the form yet chooses the file again",
    "forget views of departed colleagues": "depends on roles, not on the time",
    "forget where people were": "asks itself whether the clock goes steadily, with the event locked",
    "make exports": "deletes a list that lacks a question or its organiser, whatever the time",
    "queue mails about posts": "ends followers to whom mail comes back, whatever the time",
    "queue weekly news": "ends followers to whom mail comes back, whatever the time",
    "send reminders": "replaces the people of a draft by those who get it",
    "settle mailings": "takes mails back that have not left, which are made again",
    "take back late weekly news": "lets the posts of a mail that may leave no more be told in the next one",
    "undo imports": "deletes what an organiser takes back",
    "work off imports": "deletes the parts of a table that are imported",
}

# Jobs that do nothing for a while after a jump of the clock, each with what a clock that is ahead would do (R18).
RESTING = {
    "announce posts": "publishes planned posts early",
    "begin mailing posts": "mails a post that can still be taken back, or leaves its mails out as too late",
    "begin mailings": "begins planned messages early, and those that can still be stopped",
    "end mailings of past events": "ends messages for good and takes back their mails",
    "expire invitations": "ends invitations that can still be answered",
    "expire registrations": "ends held places and offers, and reminds of offers early",
    "leave people out of late reminders": "leaves people out whose time is not over",
    "lift restrictions": "uses the data of people who were told of a later day",
    "queue reminders of invitations": "reminds invited people early",
    "queue weekly news": "mails the news of the week before the week is over",
    "send reminders": "writes to people early, or leaves a reminder out as missed",
    "take back late weekly news": "takes back mails that may still leave",
}
# Jobs that go on after a jump of the clock although they do not wait for a steady clock, each with the reason.
WHY_NOT_RESTING = {
    "add up counts": "depends on no time",
    "check the audit trail": "only reads, and checks again",
    "end tasks": "ends what has nothing left to do",
    "erase again": "repeats what was erased before",
    "forget answers on their way": "whoever has not sent the form yet fills it in again",
    "forget choices of people": "an organiser ticks the people again",
    "forget counters": "a client that was held back may try again",
    "forget exports": "an organiser asks for the list again",
    "forget followers": "asks itself whether the clock goes steadily",
    "forget last mails": "deletes what was sent, and what the outbox has given up by then",
    "forget long tables": "an organiser sends the table again",
    "forget paces": "mails leave by the pace from now on",
    "forget unsent files": "whoever has not sent the form yet chooses the file again",
    "forget views of departed colleagues": "depends on roles, not on the time",
    "forget where people were": "asks itself whether the clock goes steadily, with the event locked",
    "index pages": "depends on no time",
    "index people": "depends on no time",
    "index posts": "depends on no time",
    "key digests of addresses": "depends on no time",
    "make exports": "does what an organiser has asked for",
    "note audit head": "notes the present head, whatever the time",
    "queue invitations": "an invitation has no planned moment, and one that is over by the clock waits",
    "queue mailings": "goes on with messages that have begun",
    "queue mails about posts": "goes on with posts whose mails have begun",
    "refill search texts": "depends on no time",
    "remember erasures": "notes what was erased",
    "seal answers anew": "depends on no time",
    "settle failed mails of news": "settles what has failed",
    "settle mailings": "ends what has nothing left to send, and pauses what is about a hidden event",
    "sort people anew": "depends on no time",
    "tell contacts": "tells what has happened; after an event by the clock it waits",
    "undo imports": "does what an organiser has asked for",
    "watch the clock": "notes how the clock goes",
    "work off imports": "does what an organiser has asked for",
    "work off tasks": "does what an organiser has asked for",
}


def test_every_job_is_listed_and_runs_at_least_daily():
    assert sorted(job.name for job in JOBS) == sorted(TENDED | ELSEWHERE)
    assert max(job.seconds for job in JOBS) <= DAY_SECONDS


def test_every_job_that_deletes_waits_for_a_steady_clock_or_says_why_not():
    deleting = {job.name for job in JOBS if may_delete(job.run) or job.name.startswith("forget ")}
    final = {job.name for job in JOBS if job.is_final}
    assert final <= deleting
    assert WHY_NOT_FINAL.keys() == deleting - final


def test_every_job_rests_after_a_jump_of_the_clock_or_says_why_not():
    """No job does too early what pages or mails announce for a moment, because a clock was wrong for minutes (R18)."""
    assert {job.name for job in JOBS if job.rests_after_jump} == RESTING.keys()
    final = {job.name for job in JOBS if job.is_final}
    assert {job.name for job in JOBS} - final == RESTING.keys() | WHY_NOT_RESTING.keys()
    assert RESTING.keys().isdisjoint(final | WHY_NOT_RESTING.keys())


def test_every_job_finds_what_has_ended(fresh_world):
    """Jobs end or delete what is over, such as links, sign-ins and files, and note the audit chain's head."""
    app = fresh_world.app
    app.extensions[COUNTER].storage.incr("ended", -1)
    idle = set(TENDED)
    for days in DAYS:
        clock.freeze(NOW + timedelta(days=days))
        with app.app_context():
            go_steadily(clock.now())
            idle -= {job.name for job in JOBS if job.name in TENDED and run_job(job)}
    assert idle == set()
    heads = (app.config["INSTANCE"] / "audit-heads.log").read_text().splitlines()
    assert [line[:10] for line in heads] == [f"{NOW + timedelta(days=days):%Y-%m-%d}" for days in DAYS]
