#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Questions against the will of somebody: an agent that was taken over, qubes that flood and lie,
# an askpass program and a prompt that break, a log that cannot be written.

load agent_setup

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"
ROGUE_AGENT="$SPLIT_SSH_BUILD/tests/proof/rogue-agent"
NOTIFICATION_SERVER="$SPLIT_SSH_BUILD/tests/standin/notification-server"
SESSION=5e551011
SESSION_2=5e551012

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key careful -t ed25519
    make_key careful2 -t ecdsa
    make_key third -t ed25519
    make_key host_a -t ed25519
    make_key host_b -t ed25519
}

setup() {
    prepare
    allow_asking
    # The user: the N-th question goes to asked.N; "answer N STATUS [TEXT]" ends it.
    user <<END
n=\$((\$(cat $D/count 2>/dev/null || echo 0) + 1))
echo \$\$ >>$D/askpass.pids
echo \$n >$D/count
printf '%s\n' "\$1" >$D/asked.new
mv $D/asked.new $D/asked.\$n
while [ ! -e $D/answer.\$n ]; do sleep 0.02; done
. $D/answer.\$n
