"""faktory (cdrx): a producer pushes, a worker works; one job fails."""

import json
import os
import signal
import threading

import faktory

ran = []


def add(*numbers):
    ran.append(numbers)
    return sum(numbers)


def fail(jid, message):
    ran.append((jid, message))
    raise ValueError(message)


def info(client):
    client.faktory.reply("INFO")
    return json.loads(next(client.faktory.get_message()))["faktory"]


def stop_worker_when_done():
    """Ends the worker, as an operator would, once all jobs have been run."""
    with faktory.connection() as client:
        while info(client)["total_processed"] < 3:
            pass
    os.kill(os.getpid(), signal.SIGTERM)


with faktory.connection() as client:
    assert client.queue("Add", args=[1, 2], queue="sums")
    assert client.queue("Add", args=(3,), queue="sums", custom={"locale": "de"}, reserve_for=60, priority=9)
    assert client.queue("Fail", args=["no luck"], queue="sums", jid="a-job-that-fails", retry=2)
    assert client.queue("Add", args=[4], queue="sums", at="2999-12-31T23:59:59.5+01:00")
    assert info(client)["queues"] == {"sums": 3}, info(client)

threading.Thread(target=stop_worker_when_done).start()
worker = faktory.Worker(queues=["other", "sums"], use_threads=True)
worker.send_heartbeat_every = 0
worker.register("Add", add)
worker.register("Fail", fail, bind=True)
try:
    worker.run()
except SystemExit:
    pass  # run() always leaves this way.

assert ran == [(1, 2), (3,), ("a-job-that-fails", "no luck")], ran
with faktory.connection() as client:
    after = info(client)
    assert after["total_failures"] == 1, after
    assert after["queues"] == {"sums": 0}, after
    assert after["tasks"]["Retries"]["size"] == 1, after
    assert after["tasks"]["Scheduled"]["size"] == 1, after
