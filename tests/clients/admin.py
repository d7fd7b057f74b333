"""Does to a cluster what its operators do to it.

    admin.py ADDRESS ends TOPIC                  prints first and next offset of each partition
    admin.py ADDRESS delete-topic TOPIC          returns once no broker names it any more
    admin.py ADDRESS add-partitions TOPIC COUNT  to that count in all; returns once all leaders are there
    admin.py ADDRESS delete-records TOPIC PARTITION OFFSET
    admin.py ADDRESS move-group GROUP TOPIC PARTITION OFFSET
    admin.py ADDRESS wait-for-copies COUNT       until every partition has so many that are in step
    admin.py ADDRESS allow USER KIND NAME OPERATION…   KIND: topic, group, cluster; NAME: a prefix
    admin.py ADDRESS withdraw USER KIND NAME OPERATION…

ADDRESS is that of cluster.py.
"""

import sys
import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewPartitions,
    ResourcePatternType,
    ResourceType,
)

from cluster import settings

DEADLINE = 60
LOOK_EVERY = 0.1


def results(futures):
    return [future.result(DEADLINE) for future in futures.values()]


def wait_until(what, holds):
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"waited {DEADLINE} s for {what}")
        time.sleep(LOOK_EVERY)


def leaders(admin, topic):
    found = admin.list_topics(timeout=DEADLINE).topics.get(topic)
    partitions = found.partitions.values() if found else []
    return sum(1 for partition in partitions if partition.leader >= 0)


def least_copies(admin):
    topics = admin.list_topics(timeout=DEADLINE).topics.values()
    return min(len(partition.isrs) for topic in topics for partition in topic.partitions.values())


def ends(address, topic):
    consumer = Consumer({**settings(address), "group.id": "paceline-tests-ends"})
    partitions = consumer.list_topics(topic, timeout=DEADLINE).topics[topic].partitions
    for partition in sorted(partitions):
        low, following = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=DEADLINE)
        print(low, following)
    consumer.close()


def acls(user, kind, name, operations):
    pattern = ResourcePatternType.LITERAL if kind == "cluster" else ResourcePatternType.PREFIXED
    resource = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "cluster": ResourceType.BROKER}[kind]
    for operation in operations:
        words = (resource, name, pattern, f"User:{user}", "*", AclOperation[operation], AclPermissionType.ALLOW)
        yield AclBinding(*words), AclBindingFilter(*words)


def main():
    address, command, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    admin = AdminClient(settings(address))
    if command == "ends":
        ends(address, words[0])
    elif command == "delete-topic":
        results(admin.delete_topics(words))
        wait_until("the topic to go", lambda: leaders(admin, words[0]) == 0)
    elif command == "add-partitions":
        count = int(words[1])
        results(admin.create_partitions([NewPartitions(words[0], count)]))
        wait_until("leaders", lambda: leaders(admin, words[0]) == count)
    elif command == "delete-records":
        results(admin.delete_records([TopicPartition(words[0], int(words[1]), int(words[2]))]))
    elif command == "move-group":
        place = TopicPartition(words[1], int(words[2]), int(words[3]))
        results(admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(words[0], [place])]))
    elif command == "wait-for-copies":
        wait_until("copies", lambda: least_copies(admin) >= int(words[0]))
    elif command == "allow":
        results(admin.create_acls([binding for binding, _ in acls(words[0], words[1], words[2], words[3:])]))
    elif command == "withdraw":
        results(admin.delete_acls([which for _, which in acls(words[0], words[1], words[2], words[3:])]))
    else:
        sys.exit(__doc__)


main()
