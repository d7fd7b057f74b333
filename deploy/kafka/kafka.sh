#!/usr/bin/env bash
# One or three Kafka brokers on the loopback interface, for tests and for trying Paceline; needs Java 17 and Maven.
#
#   kafka.sh start DIR [BROKERS] [KEY=VALUE…]   makes a cluster in DIR, or starts it again, and prints its address
#   kafka.sh stop DIR                           stops all brokers
#   kafka.sh kill DIR N                         ends broker N as a crash does
#   kafka.sh restart DIR N                      starts broker N again
#   kafka.sh address DIR                        prints the address
#
# KEY=VALUE are settings of the brokers; the last one wins. ACL=1 asks for passwords: the user `admin` may do
# everything, `alice` what she is granted; the password of both is the name and `-secret`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
jars=${PACELINE_KAFKA_JARS:-$HOME/.cache/paceline/kafka-4.4.0}
ready_within=120
attempts=3

fail() {
    echo "kafka.sh: $*" >&2
    exit 1
}

usage() {
    sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

fetch_jars() {
    [[ -e $jars/complete ]] && return
    mkdir -p "$jars"
    mvn --batch-mode --quiet -Dstyle.color=never --file "$here/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$jars" >&2 || fail "the broker cannot be fetched from Maven Central"
    touch "$jars/complete"
}

java_tool() {
    java -cp "$jars/*" -Dlog4j2.configurationFile="$here/log4j2.properties" -Xmx256m -XX:+UseSerialGC "$@"
}

# Below the ephemeral range: a port of a stopped broker is not handed to anybody's connection.
free_port() {
    local port offset
    while :; do
        port=$((20000 + RANDOM % 10000))
        for offset in 0 1 2 100 101 102; do
            (exec 3<>"/dev/tcp/127.0.0.1/$((port + offset))") 2>/dev/null && continue 2
        done
        echo "$port"
        return
    done
}

write_settings() { # N
    local node=$1 voters='' address='' protocol=PLAINTEXT copies=1 voter
    [[ $brokers == 3 ]] && copies=3
    [[ -n $acl ]] && protocol=SASL_PLAINTEXT
    for ((voter = 1; voter <= brokers; voter++)); do
        voters+=${voters:+,}$voter@127.0.0.1:$((port + 99 + voter))
    done
    address=CLIENT://127.0.0.1:$((port + node - 1))
    mkdir -p "$dir/$node"
    {
        cat <<SETTINGS
node.id=$node
process.roles=broker,controller
log.dirs=$dir/$node/data
listeners=$address,CONTROLLER://127.0.0.1:$((port + 99 + node))
advertised.listeners=$address
listener.security.protocol.map=CLIENT:$protocol,CONTROLLER:$protocol
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
controller.quorum.voters=$voters
auto.create.topics.enable=false
default.replication.factor=$copies
min.insync.replicas=$(((copies + 1) / 2))
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$(((copies + 1) / 2))
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
unclean.leader.election.enable=false
num.io.threads=2
num.network.threads=2
log.retention.hours=-1
log.cleaner.dedupe.buffer.size=16777216
SETTINGS
        if [[ -n $acl ]]; then
            local users='username="admin" password="admin-secret" user_admin="admin-secret" user_alice="alice-secret"'
            cat <<SETTINGS
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required $users;
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required $users;
SETTINGS
        fi
        printf '%s\n' "${settings[@]}"
    } >"$dir/$node/server.properties"
}

make_cluster() {
    local id node bootstrap=''
    port=$(free_port)
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '=')
    for ((node = 1; node <= brokers; node++)); do
        bootstrap+=${bootstrap:+,}127.0.0.1:$((port + node - 1))
        write_settings "$node"
        java_tool kafka.tools.StorageTool format --cluster-id "$id" --config "$dir/$node/server.properties" \
            >"$dir/$node/format.log" 2>&1 || fail "formatting failed: $dir/$node/format.log"
    done
    {
        echo "security.protocol=$([[ -n $acl ]] && echo SASL_PLAINTEXT || echo PLAINTEXT)"
        echo "sasl.mechanism=PLAIN"
        echo 'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="admin-secret";'
    } >"$dir/admin.properties"
    echo "$brokers" >"$dir/brokers"
    echo "$bootstrap" >"$dir/address"
}

# The process of broker N, if it lives and is this cluster's.
process_of() {
    local pid
    pid=$(cat "$dir/$1/pid" 2>/dev/null) || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$dir/$1/server.properties" || return 1
    echo "$pid"
}

launch() { # N
    process_of "$1" >/dev/null && return
    setsid nohup java -cp "$jars/*" -Xms128m -Xmx"${PACELINE_KAFKA_HEAP:-768m}" -XX:+UseG1GC \
        -XX:+ExitOnOutOfMemoryError -Dlog4j2.configurationFile="$here/log4j2.properties" \
        kafka.Kafka "$dir/$1/server.properties" >>"$dir/$1/log" 2>&1 </dev/null &
    echo $! >"$dir/$1/pid"
}

wait_until_ready() {
    local end=$((SECONDS + ready_within)) node answers
    while ((SECONDS < end)); do
        for ((node = 1; node <= brokers; node++)); do
            process_of "$node" >/dev/null && continue
            echo "kafka.sh: broker $node has ended; the end of $dir/$node/log:" >&2
            tail -n 20 "$dir/$node/log" >&2
            return 1
        done
        answers=$(timeout 20 java -cp "$jars/*" -Xmx128m -XX:+UseSerialGC org.apache.kafka.tools.BrokerApiVersionsCommand \
            --bootstrap-server "$(cat "$dir/address")" --command-config "$dir/admin.properties" 2>/dev/null |
            grep -c '(id: ') || true
        ((answers >= brokers)) && return
    done
    fail "the brokers are not ready after $ready_within s: $dir/1/log"
}

launch_all() {
    local node
    for ((node = 1; node <= brokers; node++)); do launch "$node"; done
    wait_until_ready
}

stop_all() {
    local node pid
    for ((node = 1; node <= brokers; node++)); do
        ! pid=$(process_of "$node") || kill "$pid"
    done
    for ((node = 1; node <= brokers; node++)); do wait_until_gone "$node"; done
}

# Somebody else may take a port between the look and the broker's own bind, so a new cluster tries others.
start_new() {
    local attempt node
    for ((attempt = 1; attempt <= attempts; attempt++)); do
        make_cluster
        launch_all && return
        stop_all
        rm -f "$dir/address"
        for ((node = 1; node <= brokers; node++)); do rm -rf "${dir:?}/$node"; done
    done
    fail "no broker stayed alive in $attempts attempts"
}

wait_until_gone() { # N
    local pid
    pid=$(cat "$dir/$1/pid" 2>/dev/null) || return 0
    timeout 60 tail --pid="$pid" -f /dev/null || fail "broker $1 does not end"
    rm -f "$dir/$1/pid"
}

(($# >= 2)) || usage
command=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2
acl=${ACL:-}
settings=()
brokers=$(cat "$dir/brokers" 2>/dev/null || echo 1)

case $command in
    start)
        for word in "$@"; do
            case $word in
                1 | 3) [[ -e $dir/address ]] || brokers=$word ;;
                *=*) settings+=("$word") ;;
                *) usage ;;
            esac
        done
        fetch_jars
        if [[ -e $dir/address ]]; then
            launch_all || exit 1
        else
            start_new
        fi
        cat "$dir/address"
        ;;
    stop)
        stop_all
        ;;
    kill)
        pid=$(process_of "${1:?which broker}") || fail "broker $1 does not run"
        kill -9 "$pid"
        wait_until_gone "$1"
        ;;
    restart)
        launch "${1:?which broker}"
        ;;
    address) cat "$dir/address" ;;
    *) usage ;;
esac
