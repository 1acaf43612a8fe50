"""pyfaktory: batches with its own calls, a batch in a batch, unique and expiring jobs."""

import json

from pyfaktory import Batch, Client, Job, Producer, TargetJob


def bulk(answer):
    """The library returns the answers of BATCH NEW and STATUS as they came over the wire."""
    return answer.split("\r\n")[1]


def batch(producer, success=None, complete=None, parent_bid=None):
    def target(jobtype):
        return jobtype and TargetJob(jobtype=jobtype, args=["ü"], queue="callbacks")

    return bulk(
        producer.batch_new(
            Batch(parent_bid=parent_bid, description="a b", success=target(success), complete=target(complete))
        )
    )


with Client(role="both", worker_id="pyfaktory-features", beat_period=5) as client:
    producer = Producer(client)

    def status(bid):
        return json.loads(bulk(client._batch_status(bid)))

    def run(queue, jobtype):
        job = client._fetch([queue])
        assert job["jobtype"] == jobtype, job
        assert client._ack(job["jid"])
        return job

    above = batch(producer, success="AboveDone")
    below = batch(producer, success="Done", complete="Complete", parent_bid=above)
    assert above.startswith("b-") and below.startswith("b-") and above != below
    assert producer.push_bulk([Job(jobtype="Part", args=[n], custom={"bid": below}) for n in range(2)]) == {}
    assert producer.batch_commit(above)
    assert producer.batch_open(below)
    assert producer.push(Job(jobtype="Part", args=[2], custom={"bid": below}))
    assert producer.batch_commit(below)
    now = status(below)
    assert (now["total"], now["pending"], now["failed"]) == (3, 3, 0), now
    assert (now["parent_bid"], now["description"]) == (above, "a b"), now

    run("default", "Part")
    job = client._fetch(["default"])
    assert client._fail(job["jid"], "ValueError", "no luck", [])
    run("default", "Part")
    assert (status(below)["pending"], status(below)["failed"]) == (0, 1), status(below)
    custom = run("callbacks", "Complete")["custom"]
    assert custom == {"_bid": below, "_cb": "complete", "_pbid": above}, custom
    assert (status(below)["complete_st"], status(below)["success_st"]) == ("2", ""), status(below)

    client._send_and_receive('MUTATE {"cmd":"requeue","target":"retries"}\r\n')
    run("default", "Part")
    assert run("callbacks", "Done")["args"] == ["ü"]
    assert run("callbacks", "AboveDone")["custom"] == {"_bid": above, "_cb": "success"}
    assert (status(above)["success_st"], status(below)["success_st"]) == ("2", "2"), status(above)

    try:
        producer.batch_open("b-AAAAAAAAAAAAAA")
        raise AssertionError("a batch that does not exist is opened")
    except Exception as error:
        assert "No such batch b-AAAAAAAAAAAAAA" in str(error), error

    # The library's parser splits an answer at line ends; its JSON has none.
    first, second = (Job(jobtype="Sync", args=["eu"], custom={"unique_for": 600}) for _ in range(2))
    assert producer.push(first)
    assert producer.push_bulk([second]) == {second.jid: "NOTUNIQUE Job not unique"}
    run("default", "Sync")
    assert producer.push(second)
    run("default", "Sync")

    for number, expiry in enumerate([{"expires_at": "2020-01-01T00:00:00Z"}, {"expires_in": "1h30m"}]):
        assert producer.push(Job(jobtype="Code", args=[number], custom=expiry))
    assert run("default", "Code")["args"] == [1]
