#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# wait-for-key: a request for a key that a program in the vault has taken away, as KeePassXC does,
# waits until it is there again.

load unseal_setup
load desktop_setup # start_bus, start_standin
load keepassxc_setup

setup_file() {
    make_ask_keys
}

setup() {
    prepare_unseal
    cat >>"$POLICY" <<'END'
[client:dev]
wait-for-key = 100
[client:brief]
wait-for-key = 1
[client:narrow]
wait-for-key = 100
keys = other
[client:off]
keys = w*
END
    mkdir -p "$(key_directory '')"
}

teardown() {
    clean_up_ask
    wait_until none_left_behind
}

# want N QUBE NAME [AGENT]: begins a use of a key of ssh-add.
want() {
    spawn "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+${4-} $2" \
        frame "$(sign_request "$KEYS/public/$3.pub")" read >"$D/use.$1"
    USES["$1"]=$SPAWNED
}

# listed QUBE: the comments.
listed_to() {
    local answer i

    answer=$(call_raw "$1" '' frame "$LIST" read)
    REST="${answer:10}"
    for ((i = 0; i < 16#${answer:2:8}; i++)); do
        take_string "$REST"
        take_string "$REST"
        unhex "${TAKEN:8}"
        echo
    done | sort | tr '\n' ' '
}

add_and_remove() {
    at '' ssh-add -q "$KEYS/$1"
    at '' ssh-add -qd "$KEYS/public/$1.pub"
}

@test "a key that was removed: the request waits, and is answered when it is there again" {
    start_loaded
    add_and_remove work
    want 1 dev work
    wait_logged 'qube dev: waits for a key that is not here, 100 s at most'
    want 2 dev work
    want other other work
    use_gives other n
    # Others are served meanwhile.
    at '' ssh-add -q "$KEYS/other"
    at '' ssh-add -T "$KEYS/public/other.pub"
    is_signature "$(qube_raw other frame "$(sign_request "$KEYS/public/other.pub")" read)"
    is_waiting 1
    is_waiting 2
    at '' ssh-add -q "$KEYS/work"
    use_gives 1 y
    use_gives 2 y
}

@test "all other rules hold when the key is there" {
    cat >"$POLICY" <<'END'
[DEFAULT]
wait-for-key = 100
opaque = yes
END
    user_says no
    start_loaded
    add_and_remove work
    want 1 dev work
    wait_logged 'dev: waits for a key'
    asked_times 0
    at '' ssh-add -qc "$KEYS/work"
    use_gives 1 n
    asked_times 1
    grep -q 'allow dev' "$D/questions/1"
}

@test "the time is over: refused; what comes later does not matter" {
    start_loaded
    add_and_remove work
    want 1 brief work
    wait_logged 'qube brief: waits for a key that is not here, 1 s at most'
    use_gives 1 n
    wait_logged 'qube brief: refused to sign .*no such key'
    [ "$(grep -c 'qube brief: waits' "$AGENT_LOG")" -eq 1 ]
    at '' ssh-add -q "$KEYS/work"
    want 2 brief work
    use_gives 2 y
}

@test "off by default: refused at once, not listed" {
    start_loaded
    add_and_remove work
    want 1 other work
    use_gives 1 n
    [ -z "$(listed_to other)" ]
    [ -z "$(listed_to off)" ]
    refute agent_logged 'waits for'
    refute at '' ssh-add -T "$KEYS/public/work.pub"
}

@test "it is listed to the qube that waits, and to nobody else" {
    start_loaded
    at '' ssh-add -q "$KEYS/other"
    add_and_remove work
    [ "$(listed_to dev)" = 'other work ' ]
    [ "$(listed_to other)" = 'other ' ]
    [ "$(listed_to narrow)" = 'other ' ]
    lists_keys '' other
    want 1 narrow work
    use_gives 1 n
    # Once it is there, it is so once.
    at '' ssh-add -q "$KEYS/work"
    [ "$(listed_to dev)" = 'other work ' ]
    at '' ssh-add -qd "$KEYS/public/other.pub"
    [ "$(listed_to narrow)" = 'other ' ]
    at '' ssh-add -D
    [ -z "$(listed_to dev)" ]
    [ -z "$(listed_to narrow)" ]
}

@test "keys from files, with destinations, or that have expired are not waited for" {
    make_key_file '' file
    vault_knows first other
    start_loaded
    at '' ssh-add -qd "$(public_of '' file)"
    at '' ssh-add -q -h first -H "$HOME/.ssh/known_hosts" "$KEYS/rsa"
    at '' ssh-add -qd "$KEYS/public/rsa.pub"
    at '' ssh-add -q -t 1 "$KEYS/work"
    wait_listed ''
    [ -z "$(listed_to dev)" ]
}

@test "each agent has its own" {
    key_directory work >/dev/null
    start_loaded
    at work ssh-add -q "$KEYS/work"
    at work ssh-add -qd "$KEYS/public/work.pub"
    [ -z "$(listed_to dev)" ]
    want 1 dev work work
    wait_logged 'dev: waits for a key'
    at '' ssh-add -q "$KEYS/work"
    is_signature "$(qube_raw dev frame "$(sign_request "$KEYS/public/work.pub")" read)"
    is_waiting 1
    at work ssh-add -q "$KEYS/work"
    use_gives 1 y
}

@test "a client that goes, a fourth one, and a locked agent" {
    start_loaded
    add_and_remove work
    for i in 1 2 3; do
        want "$i" dev work
    done
    waits_times() { [ "$(grep -c 'dev: waits for a key' "$AGENT_LOG")" -eq "$1" ]; }
    wait_until waits_times 3
    want 4 dev work
    use_gives 4 n
    leave 1
    want 5 dev work
    wait_until waits_times 4
    leave 5
    answer_askpass word
    at '' ssh-add -x
    want 6 dev work
    use_gives 6 n
    [ -z "$(listed_to dev)" ]
    at '' ssh-add -X
    at '' ssh-add -q "$KEYS/work"
    use_gives 2 y
    use_gives 3 y
}

@test "the bubble says who waits for what" {
    start_bus
    start_standin body,actions none
    start_loaded
    add_and_remove work
    want 1 dev work
    bubble_said() { grep -qF -e "$1" "$D/shown"; }
    wait_until bubble_said "dev waits for key work: unlock KeePassXC"
    # A key that nobody has seen here, as after a start.
    want 2 dev other
    wait_until bubble_said 'dev waits for a key: unlock KeePassXC'
    at '' ssh-add -q "$KEYS/work" "$KEYS/other"
    use_gives 1 y
    use_gives 2 y
    [ "$(grep -c 'waits for' "$D/shown")" -eq 2 ]
}

@test "KeePassXC locks, a login waits, KeePassXC is unlocked" {
    make_database "$D/one.kdbx"
    add_key_entry "$D/one.kdbx" work "$KEYS/work"
    start_screen
    start_bus
    start_loaded
    start_keepassxc "$D/one.kdbx"
    wait_listed '' work
    start_relay_for ''
    through '' ssh-add -T "$KEYS/public/work.pub"
    lock_keepassxc
    wait_listed ''
    spawn through '' ssh-add -T "$KEYS/public/work.pub"
    use=$SPAWNED
    wait_logged 'dev: waits for a key'
    unlock_keepassxc "$D/one.kdbx"
    ends_with 0 "$use"
    quit_keepassxc
}
