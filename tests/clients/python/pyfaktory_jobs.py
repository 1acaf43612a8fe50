"""pyfaktory: a producer pushes, a consumer works; one job fails and is sent back to its queue."""

import os
import signal
import threading

from pyfaktory import Client, Cmd, Consumer, Job, JobFilter, MutateOperation, Producer, Target


def check_args(text, number):
    assert (text, number) == ("ü", 12345678901234567890), (text, number)


def fail(message):
    raise ValueError(message)


def stop_when(reached):
    """Ends the consumer, as an operator would, once INFO is as wanted."""

    def watch():
        with Client(role="producer") as client:
            while not reached(client.info()["faktory"]):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch).start()


def work(reached):
    """Runs a consumer until INFO is as wanted."""
    stop_when(reached)
    with Client(role="consumer", worker_id="pyfaktory-worker", beat_period=5) as client:
        consumer = Consumer(client=client, queues=["low", "high"], priority="strict", concurrency=2)
        consumer.register("CheckArgs", check_args)
        consumer.register("Fail", fail)
        try:
            consumer.run()
        except SystemExit:
            pass  # run() always leaves this way.


with Client(role="producer") as client:
    producer = Producer(client)
    assert producer.push(Job(jobtype="CheckArgs", args=["ü", 12345678901234567890], queue="high"))
    assert producer.push_bulk([Job(jobtype="Fail", args=["no luck"], queue="low") for _ in range(2)]) == {}
    assert producer.push(Job(jobtype="Fail", args=[], at="2999-12-31T23:59:59Z"))
    refused = producer.push_bulk([Job(jid="short", jobtype="Fail", args=[])])
    assert refused == {"short": "jobs must have a reasonable jid parameter"}, refused
    info = client.info()["faktory"]
    assert info["queues"] == {"high": 1, "low": 2}, info
    assert info["tasks"]["Scheduled"]["size"] == 1, info

work(lambda info: info["total_processed"] == 3)

with Client(role="both", worker_id="pyfaktory-both", beat_period=5) as client:
    info = client.info()["faktory"]
    assert info["total_failures"] == 2, info
    assert info["tasks"]["Retries"]["size"] == 2, info
    assert info["queues"] == {"high": 0, "low": 0}, info

    every_fail = JobFilter(jids=None, regexp=None, jobtype="Fail")
    assert client.mutate(MutateOperation(cmd=Cmd.requeue, target=Target.retries, filter=every_fail))
    job = client._fetch(["low"])
    assert job["failure"]["errtype"] == "ValueError", job
    assert job["failure"]["message"] == "no luck", job
    assert job["failure"]["retry_count"] == 0, job
    assert client._ack(job["jid"])

    assert client.queue_pause(["low"])
    assert client._fetch(["low"]) is None
    assert client.queue_unpause(["low"])
    assert client._fetch(["low"])["args"] == ["no luck"]

    assert client.mutate(MutateOperation(cmd=Cmd.clear, target=Target.scheduled))
    assert client.queue_remove(all_queues=True)
    info = client.info()["faktory"]
    assert info["queues"] == {}, info
    assert info["tasks"]["Scheduled"]["size"] == 0, info
