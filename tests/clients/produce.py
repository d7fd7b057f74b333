"""Writes records to topics as an emitter does: one JSON object a line on standard input.

    produce.py ADDRESS TOPIC:PARTITIONS…

ADDRESS is that of cluster.py. Topics are made first.
A line has `topic` and may have `key`, `value` (text; absent: null), `partition`, `headers`.
Prints how many records were acknowledged.
"""

import json
import sys

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from cluster import settings

BYTES_MAX = 4 << 20


def make_topics(address, words):
    admin = AdminClient(settings(address))
    topics = []
    for word in words:
        name, partitions = word.rsplit(":", 1)
        topics.append(NewTopic(name, int(partitions), -1, config={"max.message.bytes": str(BYTES_MAX)}))
    for made in admin.create_topics(topics).values() if topics else []:
        try:
            made.result(30)
        except Exception as error:
            if "TOPIC_ALREADY_EXISTS" not in str(error):
                raise


def main():
    address, topics = sys.argv[1], sys.argv[2:]
    make_topics(address, topics)
    acknowledged = 0

    def delivered(error, _message):
        nonlocal acknowledged
        if error is not None:
            raise RuntimeError(error.str())
        acknowledged += 1

    producer = Producer({
        **settings(address),
        "enable.idempotence": True,
        "message.max.bytes": BYTES_MAX,
        "queue.buffering.max.messages": 1000000,
    })
    for line in sys.stdin:
        record = json.loads(line)
        options = {"partition": record["partition"]} if "partition" in record else {}
        producer.produce(
            record["topic"],
            value=record.get("value"),
            key=record.get("key"),
            headers=record.get("headers"),
            on_delivery=delivered,
            **options,
        )
        producer.poll(0)
    producer.flush(120)
    print(acknowledged)


main()
