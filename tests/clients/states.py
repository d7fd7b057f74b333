"""Reads a topic of states as it is now: one JSON object a line, the newest record of each key.

    states.py BOOTSTRAP TOPIC

A line has `key`, `value` (the state; null: it was taken away), `headers`, `writes` (records of the key that are still
there) and `gap_ms_min` (shortest time between two of them, by the producer's clock; null for one).
"""

import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition


def partitions_of(consumer, topic):
    metadata = consumer.list_topics(topic, timeout=30)
    return [TopicPartition(topic, number, OFFSET_BEGINNING) for number in metadata.topics[topic].partitions]


def main():
    bootstrap, topic = sys.argv[1:]
    consumer = Consumer({
        "bootstrap.servers": bootstrap,
        "group.id": "nobody",
        "enable.auto.commit": False,
    })
    partitions = partitions_of(consumer, topic)
    ends = {at.partition: consumer.get_watermark_offsets(at, timeout=30)[1] for at in partitions}
    consumer.assign(partitions)
    left = {number for number, end in ends.items() if end > 0}
    newest = {}
    while left:
        message = consumer.poll(30)
        if message is None or message.error():
            sys.exit(f"the topic cannot be read: {message and message.error()}")
        key, (_, stamp) = message.key().decode(), message.timestamp()
        known = newest.get(key)
        gaps = [gap for gap in [known and known["gap_ms_min"], known and stamp - known["stamp"]] if gap is not None]
        value = message.value()
        newest[key] = {
            "key": key,
            "value": value and json.loads(value),
            "headers": {name: text.decode() for name, text in message.headers() or []},
            "writes": known["writes"] + 1 if known else 1,
            "gap_ms_min": min(gaps) if gaps else None,
            "stamp": stamp,
        }
        if message.offset() + 1 >= ends[message.partition()]:
            left.discard(message.partition())
    consumer.close()
    for state in newest.values():
        print(json.dumps(state))


main()
