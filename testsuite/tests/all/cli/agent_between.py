"""Stands between gmsactl and an agent, passes on what they say, and misbehaves as it is told.

usage: agent_between.py AGENT FOLDER

FOLDER/rule.json holds {"at": REQUEST, "do": ..., "times": N}: at the first N requests of that name, or batches with one
  close-before   ends without passing the request on
  close-after    passes the request on, and ends before the answer
  garbage        answers with something that is no frame
  version-9      answers with the agent's hello, of protocol 9
  hide-service   answers without the Synchronization Service among the services
  wait           makes FOLDER/waits, and passes the request on when FOLDER/go is there
FOLDER/seen gets a line for each request that met the rule.
"""

import json
import os
import struct
import subprocess
import sys
import time


def frame(stream):
    prefix = stream.read(8)
    if len(prefix) < 8:
        sys.exit(0)
    lengths = struct.unpack(">II", prefix)
    return [stream.read(length) for length in lengths]


def pass_on(stream, header, secret):
    stream.write(struct.pack(">II", len(header), len(secret)) + header + secret)
    stream.flush()


def name(request):
    return request if isinstance(request, str) else next(iter(request))


def names(header):
    body = json.loads(header)["body"]
    request = body.get("request", body)
    parts = request["batch"] if name(request) == "batch" else []
    return [name(one) for one in [request, *parts]]


def hide_service(services):
    services["services"] = [one for one in services["services"] if not one["name"].startswith("FIM")]


def edited(header, action):
    message = json.loads(header)
    if action == "version-9":
        message["body"]["hello"]["protocol"] = 9
    elif action == "hide-service":
        done = message["body"]["done"]
        parts = [one["Ok"] for one in done.get("batch", []) if "Ok" in one]
        for part in [done, *parts]:
            if isinstance(part, dict) and "services" in part:
                hide_service(part["services"])
    return json.dumps(message).encode()


def meets(folder, rule, header):
    seen = os.path.join(folder, "seen")
    count = len(open(seen).readlines()) if os.path.exists(seen) else 0
    if rule["at"] not in names(header) or count >= rule["times"]:
        return False
    with open(seen, "a") as file:
        file.write(rule["at"] + "\n")
    return True


def wait(folder):
    open(os.path.join(folder, "waits"), "w").close()
    client = os.getppid()
    while not os.path.exists(os.path.join(folder, "go")):
        if os.getppid() != client:
            sys.exit(0)
        time.sleep(0.02)


def main():
    agent, folder = sys.argv[1:]
    with open(os.path.join(folder, "rule.json")) as file:
        rule = json.load(file)
    agent = subprocess.Popen([agent], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    while True:
        request, secret = frame(sys.stdin.buffer)
        action = rule["do"] if meets(folder, rule, request) else None
        if action == "close-before":
            sys.exit(3)
        if action == "wait":
            wait(folder)
        pass_on(agent.stdin, request, secret)
        answer, secret = frame(agent.stdout)
        if action == "close-after":
            sys.exit(3)
        if action == "garbage":
            sys.stdout.buffer.write(b"Microsoft Windows [Version 10.0.20348]\r\n")
            sys.stdout.buffer.flush()
        else:
            pass_on(sys.stdout.buffer, edited(answer, action) if action else answer, secret)


main()
