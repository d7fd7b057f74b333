"""Measures how long an event takes from an emitter to the topic of live rows.

    latency.py BOOTSTRAP SOURCE_TOPIC STATES_TOPIC EVENTS_A_SECOND SECONDS REPS

Produces that many calls a second, each one dial of one of REPS reps that are new, and reads the states beside. The
n-th dial of a rep is visible once the row `today` of that rep shows n dials. Prints one JSON object: events, events a
second as they were produced, and p50, p90, p99, max in milliseconds, of an HDR histogram.
"""

import json
import sys
import threading
import time
from collections import defaultdict
from datetime import datetime, timezone

from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition
from hdrh.histogram import HdrHistogram

HOUR_MS = 3_600_000


class Watch:
    """The instants at which dials were handed to the producer, and how long each took to be visible."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = defaultdict(list)
        self.seen = defaultdict(int)
        self.histogram = HdrHistogram(1, HOUR_MS, 3)

    def send(self, rep):
        with self.lock:
            self.sent[rep].append(time.monotonic())

    def see(self, rep, dials):
        now = time.monotonic()
        with self.lock:
            for sent in self.sent[rep][self.seen[rep]:dials]:
                self.histogram.record_value(max(1, round((now - sent) * 1000)))
            self.seen[rep] = max(self.seen[rep], dials)

    def count(self):
        return self.histogram.get_total_count()


def read(bootstrap, topic, watch, ready, done):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "nobody", "fetch.wait.max.ms": 10})
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_END) for number in partitions])
    consumer.poll(1)
    ready.set()
    while not done.is_set():
        for message in consumer.consume(500, timeout=0.05):
            key = message.key().decode().split("|")
            if message.error() or message.value() is None or key[1] != "today" or not key[0].startswith("new-"):
                continue
            watch.see(key[0], json.loads(message.value())["dials"])
    consumer.close()


def call(number, rep):
    now = datetime.now(timezone.utc)
    text = now.strftime("%Y-%m-%d %H:%M:%S")
    cells = {
        "call": f"c{number}", "leg": "1", "rep": rep, "direction": "out", "start": text, "answered": "", "end": text,
        "ring": "0", "talk": "", "hold": "", "wrap": "", "result": "NA", "phone": "", "campaign": "", "lead_source": "",
        "callback_due": "", "callback_for": "",
    }
    return json.dumps(cells)


def main():
    bootstrap, source, states = sys.argv[1:4]
    rate, seconds, reps = map(int, sys.argv[4:])
    watch, ready, done = Watch(), threading.Event(), threading.Event()
    reader = threading.Thread(target=read, args=(bootstrap, states, watch, ready, done))
    reader.start()
    ready.wait()
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 1, "queue.buffering.max.messages": 1000000})
    begun, total = time.monotonic(), rate * seconds
    for number in range(total):
        ahead = number / rate - (time.monotonic() - begun)
        if ahead > 0.002:
            time.sleep(ahead)
        rep = f"new-{number % reps}"
        watch.send(rep)
        producer.produce(source, key=rep, value=call(number, rep))
        producer.poll(0)
    took = time.monotonic() - begun
    producer.flush(60)
    deadline = time.monotonic() + 120
    while watch.count() < total and time.monotonic() < deadline:
        time.sleep(0.1)
    done.set()
    reader.join()
    at = watch.histogram.get_value_at_percentile
    print(json.dumps({
        "events": watch.count(), "of": total, "events_per_s": round(total / took),
        "p50_ms": at(50), "p90_ms": at(90), "p99_ms": at(99), "max_ms": watch.histogram.get_max_value(),
    }))
    sys.exit(0 if watch.count() == total else 1)


main()
