"""ecr.events and ecr.subscribe(): what a fake emitted, and the functions that are called for it."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import fakeecr
from fakeecr import EventHandlerWarning, FakeECR, events
from tests.answers import ONCE, api_request, code_of
from tests.front_door.clients import SESSION, tags_in_web


def tags(emitted) -> list[str]:
    return [event["detail"]["image-tag"] for event in emitted]


# --- The log -----------------------------------------------------------------------------------------


def test_events_are_plain_json_oldest_first(ecr):
    ecr.push("web", "a")
    ecr.push("web", "b")

    assert json.loads(json.dumps(ecr.events)) == list(ecr.events)
    assert tags(ecr.events) == ["a", "b"]


def test_only_the_last_events_are_kept_and_the_others_counted(ecr, monkeypatch):
    monkeypatch.setattr(events, "MOST_EVENTS", 3)

    ecr.push("web", *"abcde")

    assert tags(ecr.events) == ["c", "d", "e"]
    assert ecr.events.dropped == 2
    assert "5 events" in repr(ecr)


def test_a_reset_forgets_the_events_and_keeps_subscriptions(ecr):
    seen = []
    ecr.subscribe(seen.append)
    ecr.push("web", "a")

    ecr.reset()

    assert ecr.events == ()
    ecr.push("web", "b")
    assert tags(seen) == ["a", "b"]


def test_events_can_be_read_after_the_fake_was_stopped():
    with FakeECR() as ecr:
        ecr.push("web", "latest")

    assert tags(ecr.events) == ["latest"]
    with ecr:
        assert ecr.events == ()
    assert FakeECR().events == ()


def test_no_thread_can_overtake_another_between_its_commit_and_its_event(any_ecr, monkeypatch):
    backend = any_ecr._open().backend
    record, is_first_committed, is_second_recorded = backend._record, threading.Event(), threading.Event()

    def record_slowly(emitted):
        if not is_first_committed.is_set():
            is_first_committed.set()
            is_second_recorded.wait(0.3)  # in vain, unless the other thread overtakes this one
        else:
            is_second_recorded.set()
        record(emitted)

    monkeypatch.setattr(backend, "_record", record_slowly)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(any_ecr.push, "web", "first")
        assert is_first_committed.wait(10)
        any_ecr.push("web", "second")
        first.result()

    assert tags(any_ecr.events) == ["first", "second"]


# --- Subscriptions -----------------------------------------------------------------------------------


def test_a_handler_is_called_before_the_call_returns(ecr):
    seen = []
    ecr.subscribe(seen.append)
    client = ecr.client()
    ecr.push("web", "latest")
    assert tags(seen) == ["latest"]

    client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])

    assert seen == list(ecr.events)


def test_a_handler_sees_the_database_as_the_call_left_it(any_ecr):
    client = any_ecr.client()
    listed = []
    any_ecr.subscribe(lambda event: listed.append(tags_in_web(client)))

    any_ecr.push("web", "latest")

    assert listed == [["latest"]]


def test_the_call_that_caused_an_event_is_recorded_before_the_calls_of_its_handler(ecr):
    client = ecr.client()
    ecr.push("web", "latest")
    ecr.subscribe(lambda event: client.describe_repositories())

    client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])

    assert [call.operation for call in ecr.calls] == ["BatchDeleteImage", "DescribeRepositories"]


def test_a_handler_is_called_for_its_detail_type_only(ecr):
    scans, everything = [], []
    ecr.subscribe(scans.append, "ECR Image Scan")
    ecr.subscribe(everything.append, detail_type=None)
    ecr.push("web", "latest")

    ecr.client().start_image_scan(repositoryName="web", imageId={"imageTag": "latest"})

    assert [event["detail-type"] for event in scans] == ["ECR Image Scan"]
    assert len(everything) == 2


def test_handlers_are_called_in_the_order_of_their_subscriptions_for_one_event_after_the_other(ecr):
    seen = []
    ecr.subscribe(lambda event: seen.append(("first", event["detail"]["image-tag"])))
    ecr.subscribe(lambda event: seen.append(("second", event["detail"]["image-tag"])))

    ecr.push("web", "a", "b")

    assert seen == [("first", "a"), ("second", "a"), ("first", "b"), ("second", "b")]


def test_a_handler_that_changes_its_event_changes_nothing_else(ecr):
    seen = []
    ecr.subscribe(lambda event: event["detail"].clear())
    ecr.subscribe(seen.append)

    ecr.push("web", "latest")

    assert tags(seen) == tags(ecr.events) == ["latest"]


def test_a_cancelled_subscription_is_not_called_again(ecr):
    seen = []
    subscription = ecr.subscribe(seen.append)
    ecr.push("web", "a")

    subscription.cancel()
    subscription.cancel()
    ecr.push("web", "b")

    assert tags(seen) == ["a"]


def test_a_subscription_lasts_as_long_as_its_block(ecr):
    seen = []

    with ecr.subscribe(seen.append):
        ecr.push("web", "a")
    ecr.push("web", "b")

    assert tags(seen) == ["a"]


def test_a_handler_can_cancel_its_own_subscription(ecr):
    seen = []

    def once(event):
        seen.append(event)
        subscription.cancel()

    subscription = ecr.subscribe(once)
    ecr.push("web", "a", "b")

    assert tags(seen) == ["a"]


def test_events_from_before_a_subscription_are_not_delivered(ecr):
    ecr.push("web", "a")
    seen = []

    ecr.subscribe(seen.append)

    ecr.client().describe_repositories()
    assert seen == []


def test_what_a_handler_causes_is_delivered_after_its_own_event(ecr):
    order = []
    client = ecr.client()

    def delete(event):
        order.append((event["detail"]["action-type"], event["detail"]["image-tag"]))
        if event["detail"]["action-type"] == "PUSH":
            identifier = {"imageTag": event["detail"]["image-tag"]}
            client.batch_delete_image(repositoryName="web", imageIds=[identifier])

    ecr.subscribe(delete)
    ecr.push("web", "a", "b")

    assert order == [("PUSH", "a"), ("PUSH", "b"), ("DELETE", "a"), ("DELETE", "b")]


def test_a_handler_may_wait_for_other_threads_that_push(ecr):
    seen = []

    def copy(event):
        seen.append(event["detail"]["image-tag"])
        if event["detail"]["image-tag"] == "latest":
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda number: ecr.push("web", f"copy-{number}"), range(8)))

    ecr.subscribe(copy)
    ecr.push("web", "latest")

    assert sorted(seen) == ["copy-0", "copy-1", "copy-2", "copy-3", "copy-4", "copy-5", "copy-6", "copy-7", "latest"]


def test_of_two_threads_one_delivers_what_both_emit_in_order(ecr):
    seen, is_inside, may_go_on = [], threading.Event(), threading.Event()

    def handle(event):
        seen.append(event["detail"]["image-tag"])
        if event["detail"]["image-tag"] == "slow":
            is_inside.set()
            assert may_go_on.wait(10)

    ecr.subscribe(handle)
    thread = threading.Thread(target=ecr.push, args=("web", "slow"))
    thread.start()
    assert is_inside.wait(10)
    ecr.push("web", "fast")
    assert seen == ["slow"]
    may_go_on.set()
    thread.join(10)

    assert seen == ["slow", "fast"]


def test_the_handlers_of_a_stopped_fake_are_not_called_by_its_next_start():
    seen = []
    ecr = FakeECR()
    ecr.subscribe(seen.append)
    ecr.push("web", "a")
    ecr.stop()

    with ecr:
        ecr.push("web", "b")

    assert tags(seen) == ["a"]


def test_an_inner_fake_does_not_call_the_handlers_of_an_outer_one(ecr):
    seen = []
    ecr.subscribe(seen.append)

    with FakeECR() as inner:
        inner.push("web", "latest")

    assert seen == []


def test_a_handler_that_stops_the_fake_is_not_called_again():
    seen = []
    ecr = FakeECR().start()

    def stop(event):
        seen.append(event)
        ecr.stop()

    ecr.subscribe(stop)
    ecr.push("web", "a", "b", "c")

    assert tags(seen) == ["a"]


def test_the_calls_of_a_handler_are_answered_by_its_own_fake(ecr):
    ecr.push("web", "inner")
    with FakeECR() as outer:
        listed = []
        ecr.subscribe(lambda event: listed.append((fakeecr.current() is ecr, tags_in_web())))

        ecr.push("web", "latest")

        assert fakeecr.current() is outer
    assert listed == [(True, ["inner", "latest"])]


def test_the_calls_of_a_handler_are_answered_by_a_fake_that_was_not_started():
    ecr, listed = FakeECR(), []
    ecr.subscribe(lambda event: listed.append(tags_in_web()))

    ecr.push("web", "latest")
    ecr.stop()

    assert listed == [["latest"]]


def test_a_fake_that_a_handler_starts_answers_it(ecr):
    answered = []

    def handle(event):
        with FakeECR() as inner:
            answered.append(fakeecr.current() is inner)

    ecr.subscribe(handle)
    ecr.push("web", "latest")

    assert answered == [True]


def test_a_process_that_a_handler_forks_delivers_its_own_events(ecr):
    seen, children = [], []

    def handle(event):
        seen.append(event["detail"]["image-tag"])
        if len(seen) == 1:
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    ecr.push("web", "child")
                    status = 0 if seen[-1] == "child" else 1
                finally:
                    os._exit(status)
            children.append(child)

    ecr.subscribe(handle)
    ecr.push("web", "parent")

    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 0
    assert seen == ["parent"]


# --- Mistakes ----------------------------------------------------------------------------------------


async def coroutine(event):
    """Handle an event too late."""


@pytest.mark.parametrize(
    ("handler", "message"),
    [("print", "expected a function"), (None, "expected a function"), (coroutine, "not a coroutine function")],
)
def test_what_cannot_handle_events_is_refused(ecr, handler, message):
    with pytest.raises(TypeError, match=message):
        ecr.subscribe(handler)


def test_a_detail_type_that_ecr_does_not_send_is_refused(ecr):
    with pytest.raises(ValueError, match=r"ECR sends no event 'ECR Image Actions'\. Did you mean 'ECR Image Action'\?"):
        ecr.subscribe(print, "ECR Image Actions")


def fail(event):
    raise LookupError("no such bucket")


def test_an_exception_in_a_handler_becomes_a_warning_with_its_traceback(ecr):
    seen = []
    ecr.subscribe(fail)
    ecr.subscribe(seen.append)

    with pytest.warns(EventHandlerWarning) as warned:
        ecr.push("web", "a", "b")

    assert tags(seen) == ["a", "b"]
    assert len(warned) == 2
    message = str(warned[0].message)
    assert message.startswith("fail failed on an event 'ECR Image Action':")
    assert 'raise LookupError("no such bucket")' in message
    assert warned[0].filename == __file__


def test_an_exception_in_a_handler_does_not_fail_the_call(ecr):
    ecr.push("web", "latest")
    ecr.subscribe(fail)

    with pytest.warns(EventHandlerWarning):
        response = ecr.client().batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])

    assert response["failures"] == []


def test_a_warning_that_is_an_error_is_raised_by_the_call_and_the_other_events_follow(ecr):
    seen = []

    def handle(event):
        if event["detail"]["image-tag"] == "a":
            raise LookupError
        seen.append(event)

    ecr.subscribe(handle)
    with pytest.raises(EventHandlerWarning) as raised:
        ecr.push("web", "a", "b")
    assert isinstance(raised.value.__cause__, LookupError)

    assert tags(seen) == ["b"]
    assert tags_in_web(ecr.client()) == ["a", "b"]


def test_a_handler_sees_its_event_although_an_earlier_one_raised_a_warning_that_is_an_error(ecr):
    seen = []
    ecr.subscribe(fail)
    ecr.subscribe(seen.append)

    with pytest.raises(EventHandlerWarning):
        ecr.push("web", "a", "b")

    assert tags(seen) == ["a", "b"]


def test_handlers_that_cause_their_own_events_are_stopped(ecr):
    subscription = ecr.subscribe(lambda event: ecr.push("web", "latest"))

    with pytest.raises(
        RecursionError, match=r"<lambda>.* caused events that they handle themselves, 100 times in a row"
    ):
        ecr.push("web", "latest")

    assert len(ecr.events) < 110
    subscription.cancel()
    ecr.push("web", "latest")


def test_many_events_of_one_call_are_no_recursion(ecr):
    seen = []
    ecr.subscribe(seen.append)

    ecr.push("web", *[f"t{number}" for number in range(500)])

    assert len(seen) == 500


async def coroutine_of(event):
    """Handle an event if it is awaited."""


def test_a_handler_that_returns_a_coroutine_is_warned_about(ecr):
    ecr.subscribe(lambda event: coroutine_of(event))

    with pytest.warns(EventHandlerWarning, match="<lambda> returned a coroutine, which nothing awaits"):
        ecr.push("web", "latest")


def test_a_keyboard_interrupt_in_a_handler_is_raised(ecr):
    def interrupt(event):
        raise KeyboardInterrupt

    with ecr.subscribe(interrupt), pytest.raises(KeyboardInterrupt):
        ecr.push("web", "latest")

    seen = []
    ecr.subscribe(seen.append)
    ecr.push("web", "v2")
    assert tags(seen) == ["v2"]


def test_a_refused_call_calls_no_handler(ecr):
    seen = []
    ecr.subscribe(seen.append)

    code_of(ecr.client(**ONCE).batch_delete_image, repositoryName="web", imageIds=[{"imageTag": "latest"}])
    ecr.answer(api_request("PutImage", b"{"))

    assert seen == []


def test_a_handler_is_called_for_clients_of_the_code_under_test(ecr):
    seen = []
    ecr.subscribe(seen.append)
    client = SESSION.client("ecr")
    client.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})

    ecr.push("web", "latest")

    assert [event["detail-type"] for event in seen] == ["ECR Image Action", "ECR Image Scan"]


def test_the_classes_of_events_are_exported():
    assert fakeecr.EmittedEvents is events.EmittedEvents
    assert fakeecr.Subscription is events.Subscription
