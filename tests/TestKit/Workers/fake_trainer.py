#!/usr/bin/env python3
"""A trainer whose only talent is to misbehave on demand, for tests of whoever supervises trainers.

It speaks version 1 of the trainer protocol on standard input and output and needs nothing but Python's own library.
Its "training" does nothing; its checkpoint is a text that depends on seed, parent, start and steps alone.

Settings of `open`, all optional:
  behave        what goes wrong, one of the words in MISDEEDS; default: nothing
  at            the step (within the segment) at which it does; default 0
  stepSeconds   how long a step takes; default 0
  pidFile       file that gets one line with the process number of each process started
  gate          file: before step `at` it waits until this file is there, reporting progress all the while
"""

import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import time

MISDEEDS = {
    "abort", "exit", "hang", "mute", "memory", "garbage", "malformed", "too_long", "wrong_rates", "wrong_hash",
    "too_few_steps", "no_series", "deaf", "clinging", "family", "diverge", "no_space", "bad_input", "chatty",
}


def say(**message):
    sys.stdout.write(json.dumps(message, allow_nan=False) + "\n")
    sys.stdout.flush()


def describe():
    return {
        "protocol": 1,
        "trainer": {"name": "fake", "version": "1", "digest": "fake-digest"},
        "deterministic": True,
        "class": "fake",
        "workloads": [{
            "name": "fake", "settings": {"type": "object"}, "metrics": ["validation_loss"], "rules": [], "capabilities": [],
        }],
        "data": [],
    }


class Fake:
    def __init__(self):
        self.requests = queue.Queue()
        self.stop = self.place = None
        self.settings = {}
        self.seed = 0
        self.scratch = "."
        self.at_end = "exit"

    def listen(self):
        for line in sys.stdin:
            request = json.loads(line)
            if request["type"] == "stop":
                self.place, self.stop = request.get("output"), request["reason"]
            else:
                self.requests.put(request)
        if self.settings.get("behave") != "clinging":
            os._exit(0)

    def run(self):
        threading.Thread(target=self.listen, daemon=True).start()
        while True:
            request = self.requests.get()
            kind = request["type"]
            if kind == "close":
                return
            if kind == "open":
                self.open(request)
            elif kind == "train":
                self.train(request)

    def open(self, request):
        self.settings = request["settings"]
        self.seed = request["seed"]
        self.scratch = request["scratch"]
        pid_file = self.settings.get("pidFile")
        if self.settings.get("behave") == "family":
            child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
            self.note(pid_file, child.pid)
        self.note(pid_file, os.getpid())
        if self.settings.get("behave") == "mute":
            time.sleep(600)
        say(type="ready", re=request["id"], description=describe(), parameters=0)

    @staticmethod
    def note(path, pid):
        if path:
            with open(path, "a", encoding="utf-8") as file:
                file.write(f"{pid}\n")

    def misbehave(self, request, step):
        """True: the segment is over, answered or not."""
        behave = self.settings.get("behave")
        if behave == "abort":
            sys.stderr.write("terminate called after throwing an instance of 'c10::Error'\n")
            sys.stderr.flush()
            os.abort()
        elif behave == "exit":
            sys.stderr.write("I give up\n")
            sys.stderr.flush()
            os._exit(3)
        elif behave == "hang":
            time.sleep(600)
        elif behave == "memory":
            self.hoard = bytearray(os.urandom(1 << 20)) * 256
            while True:
                say(type="progress", re=request["id"], steps=step, columns=[], points=[])
                time.sleep(0.05)
        elif behave == "garbage":
            while True:
                print("lorem ipsum { dolor", flush=True)
                time.sleep(0.05)
        elif behave == "malformed":
            print('{"type":"done","re":%d,"steps":"many"}' % request["id"], flush=True)
            time.sleep(600)
        elif behave == "too_long":
            print('{"type":"progress","x":"' + "y" * (2 << 20) + '"}', flush=True)
            time.sleep(600)
        elif behave == "diverge":
            say(type="failed", re=request["id"], kind="diverged", message="the loss is not finite",
                step=request["start"] + step, lastFiniteLoss=1.5)
            return True
        elif behave in ("no_space", "bad_input"):
            say(type="failed", re=request["id"], kind=behave, message="as I was told")
            return True
        elif behave == "chatty":
            for n in range(4000):
                print(f"line {n} " + "z" * 100)
            sys.stdout.flush()
        return False

    def train(self, request):
        self.stop = self.place = None
        behave = self.settings.get("behave")
        at = self.settings.get("at", 0)
        pause = self.settings.get("stepSeconds", 0)
        rates = expand(request.get("plan"), request["steps"])
        done = 0
        said = 0.0
        while done < request["steps"]:
            if done == at:
                self.wait_for_gate(request, done)
                if self.misbehave(request, done):
                    return
            if self.stop and behave != "deaf":
                break
            time.sleep(pause)
            done += 1
            if time.monotonic() - said > 0.05:
                said = time.monotonic()
                say(type="progress", re=request["id"], steps=done, columns=["step", "loss"],
                    points=[[request["start"] + done - 1, 1.0]])
        self.finish(request, done, rates)

    def wait_for_gate(self, request, done):
        gate = self.settings.get("gate")
        while gate and not os.path.exists(gate) and not self.stop:
            say(type="progress", re=request["id"], steps=done, columns=["step", "loss"], points=[])
            time.sleep(0.02)

    def finish(self, request, done, rates):
        behave = self.settings.get("behave")
        if behave == "wrong_rates" and done:
            rates[done - 1] *= 1 + 2 ** -52
        lines = ["step,rate,loss,gradient_l1,gradient_l2"]
        for i in range(done):
            rate = repr(rates[i]) if rates[i] != int(rates[i]) else str(int(rates[i]))
            lines.append(f"{request['start'] + i},{rate},{1 / (1 + request['start'] + i)!r},,")
        data = ("\n".join(lines) + "\n").encode()
        path = os.path.join(self.scratch, f"series-{request['id']}.csv")
        with open(path, "wb") as file:
            file.write(data)
        answer = {
            "steps": done, "metrics": {}, "validations": [],
            "seconds": {"training": 0.25, "evaluation": 0, "checkpoint": 0},
        }
        if done and behave != "no_series":
            answer["series"] = {"path": path, "sha256": hashlib.sha256(data).hexdigest()}
        if request.get("validate", {}).get("atEnd"):
            answer["metrics"] = {"validation_loss": 0.5}
            answer["validations"] = [{"step": request["start"] + done, "metrics": {"validation_loss": 0.5}}]
        output = request.get("output") or (self.place if done < request["steps"] else None)
        if output and self.stop not in ("cancelled", "superseded"):
            parent = request["parent"]["sha256"] if request.get("parent") else "init"
            state = f"seed {self.seed} parent {parent} start {request['start']} steps {done}\n".encode() * 64
            with open(output["path"], "wb") as file:
                file.write(state)
            digest = hashlib.sha256(b"another" if behave == "wrong_hash" else state).hexdigest()
            answer["checkpoint"] = {"sha256": digest, "bytes": len(state)}
        if behave == "too_few_steps":
            answer["steps"] = max(0, done - 1)
        say(type="done", re=request["id"], **answer)


def expand(plan, steps):
    """The rates of a segment: a + (b - a) * j / n, in this order of operations."""
    if not plan:
        return []
    rates = [a + (b - a) * j / n for n, a, b in plan["runs"] for j in range(n)]
    offset = plan.get("offset", 0)
    return rates[offset:offset + steps]


if __name__ == "__main__":
    if "--describe" in sys.argv:
        say(type="description", **describe())
    else:
        Fake().run()
