"""Has a published parser read datagrams of metrics; writes what it has read as JSON, one metric a line.

DATAGRAMS names a file with the datagrams, in hexadecimal digits, one a line.
"""

import json
import os
import socket
import threading

from yellowbox_statsd import StatsdService

with open(os.environ["DATAGRAMS"]) as file:
    datagrams = [bytes.fromhex(line) for line in file]

agent = StatsdService(host="127.0.0.1")
arrived = threading.Semaphore(0)
agent.add_datagram_callback(lambda _: arrived.release())
agent.start()
with agent.capture() as captured:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, ("127.0.0.1", agent.port))
            assert arrived.acquire(timeout=30), "the agent has not got a datagram"
    agent.stop()

for (name, kind), metrics in captured.items():
    for metric in metrics:
        (value,) = metric.values
        line = {"name": name, "kind": kind, "value": float(value), "tags": sorted(metric.tags or [])}
        print(json.dumps(line))
