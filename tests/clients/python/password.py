"""Both clients log in with a password; the older one hashes it only once. Both are refused with a wrong one."""

import os

import faktory
import pyfaktory

wrong_url = os.environ["FAKTORY_URL"].replace("tcp://:", "tcp://:wrong-")

with pyfaktory.Client(role="producer") as client:
    assert pyfaktory.Producer(client).push(pyfaktory.Job(jobtype="Test", args=[]))
with faktory.connection() as client:
    assert client.queue("Test")

try:
    pyfaktory.Client(faktory_url=wrong_url).connect()
    raise SystemExit("pyfaktory got in with a wrong password")
except pyfaktory.FaktroyWorkProtocolError as error:
    assert "Invalid password" in str(error), error

try:
    faktory.get_client(wrong_url).connect()
    raise SystemExit("faktory got in with a wrong password")
except faktory.FaktoryAuthenticationError:
    pass
