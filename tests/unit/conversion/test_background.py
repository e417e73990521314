"""The thread that encodes beside the one that decodes."""

import threading
import time

import pytest

from backend.conversion.background import AHEAD, Background


def test_calls_are_made_in_their_order():
    """Row groups must reach the file as they were submitted."""
    made = []
    with Background() as background:
        for n in range(20):
            background.submit(made.append, n)
        background.wait()
    assert made == list(range(20))


def test_no_more_wait_than_memory_is_meant_for():
    """A caller that is faster is held back."""
    go, submitted = threading.Event(), []
    with Background() as background:

        def submit():
            for n in range(AHEAD + 2):
                background.submit(go.wait)
                submitted.append(n)

        caller = threading.Thread(target=submit)
        caller.start()
        while len(submitted) < AHEAD:
            time.sleep(0.001)
        caller.join(0.05)
        held_back = list(submitted)
        go.set()
        caller.join()
        background.wait()
    assert held_back == list(range(AHEAD))
    assert submitted == list(range(AHEAD + 2))


def submit_more(background):
    for _ in range(AHEAD):
        background.submit(lambda: None)


@pytest.mark.parametrize("go_on", [Background.wait, submit_more])
def test_a_failure_reaches_the_caller(go_on):
    """The same exception, at the next occasion."""
    error = OSError("no space left")

    def fail():
        raise error

    with Background() as background:
        background.submit(fail)
        with pytest.raises(OSError, match="no space") as raised:
            go_on(background)
    assert raised.value is error


def test_settling_forgets_failures_and_waits():
    """What is thrown away is not written to any more, and nobody hears of it."""
    begun, go, ended = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        go.wait()
        ended.append(True)
        raise OSError("gone")

    with Background() as background:
        background.submit(slow)
        background.submit(ended.append, "never made")
        begun.wait()
        threading.Timer(0.01, go.set).start()
        background.settle()
        assert ended == [True]
