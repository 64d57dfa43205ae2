#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A vault that has Qubes' own split-ssh package, whose key files and habits stay as they are.

load named_agents_setup
load official_layout_setup

setup() {
    prepare_ask
    allow_all
}

teardown() {
    clean_up_ask
}

@test "its key files are served as they lie there, and nothing else" {
    make_official_layout
    user_says yes
    start_loaded
    # What it never could load, since it has a passphrase, is there too.
    lists_keys work "${OFFICIAL_WORK[@]}" id_rsa
    lists_keys private "${OFFICIAL_PRIVATE[@]}"
    lists_keys empty
    lists_keys ''
    control list work >"$D/work"
    control list private | grep 'id_ed25519 (ED25519), asks each time'
    grep 'deploy.key (ECDSA), asks each time, .* left$' "$D/work"
    grep ' id_test (ED25519)$' "$D/work"
    grep ' id_rsa (RSA), passphrase not needed yet$' "$D/work"
    at private ssh-add -T "$(public_of private id_ed25519)"
    asked_times 1
    refute grep identities.d "$AGENT_LOG"
}

@test "the steps of its own tests: list, forward, verify, reload, add, a bad name" {
    make_official_layout
    rm "$(key_directory work)"/{id_rsa*,deploy.key*}
    start_loaded
    control list work | grep -F "$(ssh-keygen -l -f "$(key_file work id_test)" | cut -d' ' -f2) id_test"
    start_relay_for work
    [ "$(through work ssh-add -L)" = "$(cut -d' ' -f1-3 "$(key_file work id_test).pub")" ]
    [ "$(through work ssh-add -L)" = "$(at work ssh-add -L)" ]
    through work ssh-add -L >"$D/forwarded"
    through work ssh-add -T "$D/forwarded"

    ssh-keygen -q -t ed25519 -N '' -C second -f "$(key_directory work)/second"
    rm "$(key_file work id_test)"
    control reload work | grep -qx '1 key from files'
    [ "$(through work ssh-add -L)" = "$(cat "$(key_file work second).pub")" ]

    ssh-keygen -q -t ed25519 -N '' -C added -f "$D/key"
    control add work "$D/key"
    lists_keys work second added
    through work ssh-add -T "$D/key.pub"

    for name in ../work 'a b' '' nothere; do
        for command in list reload add; do
            run control "$command" "$name"
            [ "$status" -eq 1 ]
            [ -n "$output" ]
        done
    done
    three=$(control list private)
    [ -n "$three" ]
}

@test "split-ssh add: options of ssh-add, for each agent" {
    make_official_layout
    user_says yes
    start_loaded
    for name in one two three; do
        ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$D/$name"
        cp "$D/$name.pub" "$KEYS"
    done
    control add private "$D/one" -c -t 8h
    control list private | grep 'one (ED25519), asks each time, 8 h left$'
    at private ssh-add -d "$D/one.pub"
    control add private -ct 600 "$D/one" -q "$D/two"
    control list private | grep -c ', asks each time, 10 min left$' | grep -qx 2
    control add default "$D/two"
    lists_keys '' two
    # Where it may be used, as ssh-add asks known_hosts.
    vault_knows first three
    control add empty -h first -H "$HOME/.ssh/known_hosts" "$D/three"
    control list empty | grep 'three (ED25519), only first$'
    refute at empty ssh-add -T "$D/three.pub"
    control add private -d "$D/one.pub"
    control add private "$D/two.pub" -d
    lists_keys private id_ed25519
    run control add nothere "$D/one"
    [ "$status" -eq 1 ]
    [[ "$output" == *'there is no agent nothere'*'mkdir -p -m 700 ~/.ssh/identities.d/nothere'* ]]
}
