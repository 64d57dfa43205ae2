#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# No read of memory shows a part of a key that came from a file, of the file's text, or of its
# passphrase: not in the agent, the keystore or the prompt, before, while and after it is opened.

load memory_setup
load key_files_setup
load keyring_setup

# private_text KEY: letters of its file that hold private bytes alone. Behind the numbers there are
# 18 bytes at most, comment and padding; ed25519 has its public half there, too.
private_text() {
    local text

    text=$(grep -v '^-' "$KEYS/$1" | tr -d '\n')
    case $1 in
    ed25519) echo -n "${text: -104:34}" ;;
    *) echo -n "${text: -60:34}" ;;
    esac
}

# One passphrase for each key; 32 letters, so that parts of it are found too.
setup_file() {
    local key

    make_all_keys
    mkdir "$KEYS/sealed"
    for key in "${ALL[@]}"; do
        head -c 16 /dev/urandom | hex >"$KEYS/sealed/$key.passphrase"
        cp "$KEYS/$key" "$KEYS/$key.pub" "$KEYS/sealed"
        ssh-keygen -q -p -a 100 -f "$KEYS/sealed/$key" -N "$(cat "$KEYS/sealed/$key.passphrase")"
        printf '%s.passphrase %s\n' "$key" "$(hex <"$KEYS/sealed/$key.passphrase")" >>"$SECRETS"
        printf '%s.text %s\n' "$key" "$(private_text "$key" | hex)" >>"$SECRETS"
    done
    # PEM, too: RSA as PKCS#1, encrypted as OpenSSL has it.
    cp "$KEYS/sealed/rsa3072" "$KEYS/sealed/pem"
    ssh-keygen -q -p -m PEM -f "$KEYS/sealed/pem" -P "$(cat "$KEYS/sealed/rsa3072.passphrase")" \
        -N "$(cat "$KEYS/sealed/rsa3072.passphrase")"
}

setup() {
    need_root
    prepare
    LOAD=()
}

teardown() {
    if [ -n "${PIDS+set}" ]; then
        clean_up
    fi
}

# The askpass program that a test's user types into; what it holds is not ours.
answer_passphrases() {
    cat >"$D/askpass" <<END
#!/bin/bash
name=\$(grep -o 'identities.d/[a-z0-9]*' <<<"\$1")
[ -n "\$name" ] || exit 1
cat "$KEYS/sealed/\${name#*/}.passphrase"
END
    chmod 755 "$D/askpass"
    export SSH_ASKPASS="$D/askpass" SSH_ASKPASS_REQUIRE=force
}

place() {
    mkdir -p -m 700 "$HOME/.ssh/identities.d"
    install -m 600 "$1/$2" "$HOME/.ssh/identities.d/$2"
    install -m 644 "$1/${3:-$2}.pub" "$HOME/.ssh/identities.d/$2.pub"
}

# begin [COMMAND...]: the agent behind the command.
begin() {
    start_agent_as "$@" "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
}

untraced() {
    begin "$MEMORY/without" ptrace --
    wait_logged 'the agent cannot trace the keystore'
}

# nowhere: in no process of ours, nor in what a debugger can read, nor in the log.
nowhere() {
    local pid

    finds_nothing "$SCAN" -r "$SECRETS" "$AGENT_PID" "$KEYSTORE_PID" "$PROMPT_PID"
    for pid in "$AGENT_PID" "$KEYSTORE_PID" "$PROMPT_PID"; do
        dump "$pid"
        finds_nothing "$SCAN" "$SECRETS" --file "$DUMP"
        rm "$DUMP"
    done
    finds_nothing "$SCAN" "$SECRETS" --file "$AGENT_LOG"
}

# sign KEY [PUB]: once.
sign() {
    is_signature "$(local_raw frame "$(sign_request "$KEYS/$1.pub" 64617461 4)" read)"
}

only_its_own_children() {
    [ -z "$(children "$PROMPT_PID")" ]
}

@test "the scan finds a passphrase and the text of a file" {
    for what in ed25519.passphrase rsa3072.text; do
        spawn "$MEMORY/hold" "$(sed -n "s/^$what //p" "$SECRETS")" >"$D/held"
        wait_until test -s "$D/held"
        finds "${what#*.}" "$SCAN" -e -t 20 "$SECRETS" "$SPAWNED"
        rm "$D/held"
    done
}

@test "keys without a passphrase: nothing after they were read, and nothing while they sign" {
    needs_memfd_secret
    for key in "${ALL[@]}"; do
        place "$KEYS" "$key"
    done
    untraced
    [ "$(ssh-add -l | wc -l)" -eq 5 ]
    nowhere
    for key in "${ALL[@]}"; do
        sign "$key"
    done
    nowhere
    sign_forever "$AGENT_SOCKET"
    finds_nothing "$SCAN" -s -t 4 "$SECRETS" "$KEYSTORE_PID"
    finds_nothing "$SCAN" -t 2 "$SECRETS" "$AGENT_PID" "$PROMPT_PID"
    end_load
    nowhere
}

@test "keys with a passphrase: nothing before, while and after they are opened" {
    needs_memfd_secret
    answer_passphrases
    for key in "${ALL[@]}"; do
        place "$KEYS/sealed" "$key"
    done
    untraced
    nowhere
    for key in "${ALL[@]}"; do
        # bcrypt takes a while: these are looks in the middle of it.
        spawn sign "$key"
        finds_nothing "$SCAN" -s -t 2 "$SECRETS" "$KEYSTORE_PID"
        wait "$SPAWNED"
        wait_until only_its_own_children
        nowhere
    done
    ssh-add -q -D
    nowhere
}

@test "a PEM file with a passphrase: nothing before and after it is opened" {
    needs_memfd_secret
    answer_passphrases
    place "$KEYS/sealed" pem rsa3072
    cp "$KEYS/sealed/rsa3072.passphrase" "$KEYS/sealed/pem.passphrase"
    untraced
    nowhere
    sign rsa3072
    wait_until only_its_own_children
    nowhere
}

@test "wrong passphrases, and one for another key: nothing" {
    needs_memfd_secret
    answer_passphrases
    place "$KEYS/sealed" ed25519
    install -m 600 "$KEYS/sealed/p256" "$HOME/.ssh/identities.d/p256"
    install -m 644 "$KEYS/p256.pub" "$HOME/.ssh/identities.d/p256.pub"
    sed -i "s/p256/p256/; s|cat .*|cat '$KEYS/sealed/ed25519.passphrase'|" "$D/askpass"
    untraced
    [ "$(local_raw frame "$(sign_request "$KEYS/p256.pub")" read)" = "$FAILURE" ]
    wait_until only_its_own_children
    nowhere
    sign ed25519
    wait_until only_its_own_children
    nowhere
}

@test "a passphrase from the Secret Service: nothing a second after the use" {
    needs_memfd_secret
    place "$KEYS/sealed" ed25519
    start_bus
    start_keyring
    store_secret "$(cat "$KEYS/sealed/ed25519.passphrase")" fingerprint \
        "$(ssh-keygen -lf "$KEYS/ed25519.pub" | cut -d' ' -f2)"
    untraced
    sign ed25519
    sleep 1
    only_its_own_children
    nowhere
}
