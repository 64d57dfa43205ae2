#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A connection from a qube that does nothing for a minute is closed. Takes that minute; a file of
# its own, so that others can run meanwhile.

load agent_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
}

setup() {
    prepare
}

teardown() {
    clean_up
}

@test "idle connections of qubes are closed, those of the vault are not" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    # Each prints "open" every 20 s, as long as it is.
    watch=(closed closed closed closed)
    spawn "$RAW" "$AGENT_SOCKET" frame "$LIST" read pause 65000 frame "$LIST" read >"$D/local"
    in_vault=$SPAWNED
    spawn "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ one' "${watch[@]}" >"$D/silent"
    silent=$SPAWNED
    spawn "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ two' frame "$LIST" read \
        send 000000 "${watch[@]}" >"$D/half"
    half=$SPAWNED
    # One that sends something now and then stays; longer than the others, which end first.
    spawn "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ three' frame "$LIST" read pause 30000 \
        frame "$LIST" read pause 30000 frame "$LIST" read pause 5000 frame "$LIST" read >"$D/busy"
    busy=$SPAWNED
    wait_long "$silent" "$half" "$busy" "$in_vault"
    grep -q '^open$' "$D/silent"
    grep -q '^closed$' "$D/silent"
    grep -q '^closed$' "$D/half"
    [ "$(grep -c ^0c "$D/busy")" -eq 4 ]
    [ "$(grep -c ^0c "$D/local")" -eq 2 ]
    others_are_served
}

# wait_long PID...: programs that end by themselves.
wait_long() {
    local pid

    for pid in "$@"; do
        wait "$pid"
    done
}
