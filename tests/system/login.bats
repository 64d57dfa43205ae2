#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What people use an agent for: logins to a real sshd, signatures of files and commits. Two servers
# on loopback: "first" knows the keys, "second" only those with a certificate.

load agent_setup
load sshd_setup

TYPES=(ed25519 rsa ecdsa256 ecdsa384 ecdsa521)

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key rsa -t rsa -b 3072
    make_key ecdsa256 -t ecdsa -b 256
    make_key ecdsa384 -t ecdsa -b 384
    make_key ecdsa521 -t ecdsa -b 521
    make_key other -t ed25519
    make_key authority -t ed25519
    for key in "${TYPES[@]}"; do
        ssh-keygen -q -s "$KEYS/authority" -I "$key" -n "$(id -un)" "$KEYS/$key.pub"
        cat "$KEYS/$key.pub" >>"$KEYS/authorized_keys"
    done
    # Alone, or ssh-keygen takes a private key that it finds beside its public one.
    mkdir "$KEYS/public"
    cp "$KEYS"/*.pub "$KEYS/public"
    start_servers
}

teardown_file() {
    end_servers
}

setup() {
    prepare
}

teardown() {
    clean_up
}

# The agent has the keys and their certificates.
start_with_keys() {
    start_agent
    ssh-add -q "${TYPES[@]/#/$KEYS/}"
}

# log_in SERVER SSH-OPTION...: with no key but what the agent has.
log_in() {
    local server="$1"

    shift
    ssh -F "$KEYS/ssh_config" "$@" "$server" 'echo logged in' </dev/null
}

# log_in_with_each: with each key at the first server, with each certificate at the second; at once.
log_in_with_each() {
    local key pids=() pid

    for key in "${TYPES[@]}"; do
        log_in first -o IdentitiesOnly=yes -i "$KEYS/public/$key.pub" >"$D/$key" &
        pids+=($!)
        log_in second -o IdentitiesOnly=yes -i "$KEYS/public/$key.pub" \
            -o CertificateFile="$KEYS/public/$key-cert.pub" >"$D/$key-cert" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    for key in "${TYPES[@]}"; do
        [ "$(cat "$D/$key" "$D/$key-cert")" = "$(printf 'logged in\nlogged in')" ]
    done
}

@test "in the vault: each type of key and of certificate logs in" {
    start_with_keys
    log_in_with_each
}

@test "from a qube: each type of key and of certificate logs in" {
    start_with_keys
    start_client_qube
    log_in_with_each
    for key in "${TYPES[@]}"; do
        wait_logged "qube dev: signed with $(ssh-keygen -l -f "$KEYS/$key" | cut -d' ' -f2)"
    done
}

@test "without the key there is no login; nor while the agent is locked" {
    start_agent
    ssh-add -q "$KEYS/other"
    start_client_qube
    run log_in first
    [ "$status" -ne 0 ]
    SSH_AUTH_SOCK="$AGENT_SOCKET" ssh-add -q "$KEYS/ed25519"
    [ "$(log_in first)" = 'logged in' ]
    local_raw frame "16$(wire_text secret)" read
    run log_in first
    [ "$status" -ne 0 ]
    local_raw frame "17$(wire_text secret)" read
    [ "$(log_in first)" = 'logged in' ]
}

@test "a -c key does not log in" {
    start_agent
    ssh-add -q -c "$KEYS/ed25519"
    start_client_qube
    run log_in first
    [ "$status" -ne 0 ]
    wait_logged 'qube dev: refused to sign with .*: there is no display to ask on'
}

@test "ssh binds the session to the server's key" {
    start_with_keys
    run log_in first -vv
    [[ "$output" == *"bound agent to hostkey"* ]]
    start_client_qube
    run log_in first -vv
    [[ "$output" == *"bound agent to hostkey"* ]]
    run grep -c 'bind' "$AGENT_LOG"
    [ "$output" = 0 ]
}

@test "ssh -J: through one server to another" {
    start_with_keys
    [ "$(log_in second -J first)" = 'logged in' ]
    start_client_qube
    [ "$(log_in second -J first)" = 'logged in' ]
}

@test "ssh -A: the agent is there on the server, and logs in from there" {
    start_with_keys
    listed=$(ssh-add -l)
    forwarded() {
        ssh -A -F "$KEYS/ssh_config" "$@" first \
            "ssh-add -l && ssh -F '$KEYS/ssh_config' second 'echo second'" </dev/null
    }
    run forwarded
    [ "$output" = "$listed"$'\nsecond' ]
    start_client_qube
    run forwarded
    [ "$output" = "$listed"$'\nsecond' ]
    # And once more from there.
    run ssh -A -F "$KEYS/ssh_config" first \
        "ssh -A -F '$KEYS/ssh_config' second 'ssh -F $KEYS/ssh_config first echo third'"
    [ "$output" = third ]
    # Each hop bound its own session on the same connection.
    run grep -c 'bind' "$AGENT_LOG"
    [ "$output" = 0 ]
    # From the server it is a client like others: it may not change the keys.
    run ssh -A -F "$KEYS/ssh_config" first 'ssh-add -D'
    [ "$status" -ne 0 ]
    SSH_AUTH_SOCK="$AGENT_SOCKET" ssh-add -T "$KEYS/ed25519.pub"
}

@test "twenty logins at once from one qube" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    start_client_qube
    pids=()
    for i in $(seq 20); do
        log_in first >"$D/login.$i" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    [ "$(cat "$D"/login.* | grep -c 'logged in')" -eq 20 ]
}

@test "ssh-keygen -Y sign and verify with each key and certificate" {
    start_with_keys
    start_client_qube
    echo data >"$D/data"
    # A certificate names who may use it.
    me=$(id -un)
    echo "$me cert-authority $(cat "$KEYS/authority.pub")" >"$D/certificate.signers"
    for key in "${TYPES[@]}"; do
        echo "$me $(cat "$KEYS/$key.pub")" >"$D/signers"
        ssh-keygen -q -Y sign -n file -f "$KEYS/public/$key.pub" <"$D/data" >"$D/data.sig"
        ssh-keygen -Y verify -f "$D/signers" -I "$me" -n file -s "$D/data.sig" <"$D/data"
        ssh-keygen -q -Y sign -n file -f "$KEYS/public/$key-cert.pub" <"$D/data" >"$D/data.sig"
        ssh-keygen -Y verify -f "$D/certificate.signers" -I "$me" -n file -s "$D/data.sig" <"$D/data"
    done
    # Both can fail.
    run ssh-keygen -Y sign -n file -f "$KEYS/public/other.pub" <"$D/data"
    [ "$status" -ne 0 ]
    run ssh-keygen -Y verify -f "$D/certificate.signers" -I "$me" -n file -s "$D/data.sig" \
        <"$D/signers"
    [ "$status" -ne 0 ]
}

@test "git signs commits and tags" {
    command -v git >/dev/null || skip "git is not installed"
    start_with_keys
    start_client_qube
    export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=me@example.org
    export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=me@example.org
    git init -q "$D/repository"
    cd "$D/repository"
    git config gpg.format ssh
    git config gpg.minTrustLevel fully
    git config gpg.ssh.allowedSignersFile "$D/signers"
    for key in ed25519 rsa ecdsa256; do
        git config user.signingkey "$KEYS/public/$key.pub"
        echo "me@example.org $(cat "$KEYS/$key.pub")" >"$D/signers"
        git commit -q -S --allow-empty -m "signed with $key"
        git verify-commit HEAD
        git tag -s -m "signed with $key" "$key"
        git verify-tag "$key"
    done
    # A verification that can fail.
    echo "me@example.org $(cat "$KEYS/other.pub")" >"$D/signers"
    run git verify-commit HEAD
    [ "$status" -ne 0 ]
    # Without the vault there is no commit.
    SSH_AUTH_SOCK="$AGENT_SOCKET" ssh-add -q -D
    run git commit -S --allow-empty -m 'not signed'
    [ "$status" -ne 0 ]
}
