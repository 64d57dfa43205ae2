#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Key files at moments that are hard to hit: what crosses what.

load unseal_setup

setup() {
    declare -gA USES=()
    prepare_unseal
}

teardown() {
    clean_up_ask
}

@test "a question that is withdrawn takes no dialog for a passphrase with it" {
    policy 'confirm = no' 'opaque = yes'
    printf '%s\n' '[client:asked]' 'confirm = each' 'opaque = yes' >>"$POLICY"
    make_key_file '' plain
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    user_types later
    echo later >"$D/answer"
    start_loaded
    # The first of each kind.
    begin_use 1 dev '' sealed
    wait_dialog 1
    begin_use 2 asked '' plain
    wait_until test -s "$D/questions/1"
    leave 2
    begin_use 3 asked '' plain
    wait_until test -s "$D/questions/2"
    refute gone "$DIALOG_PID"
    user_types "$PASSPHRASE"
    use_gives 1 y
    dialogs 1
    is_waiting 3
    echo yes >"$D/answer"
    use_gives 3 y
}

@test "the policy that becomes stricter while the dialog is open holds for the use that waits" {
    make_key_file '' plain
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    policy 'keys = plain' 'confirm = no' 'opaque = yes'
    kill -HUP "$AGENT_PID"
    policy_becomes 'keys = plain' 'confirm = no' 'opaque = yes'
    user_types "$PASSPHRASE"
    use_gives 1 n
    wait_logged 'the qube may not use this key'
    gives_now y dev '' plain
}

@test "unlock = start: a use comes before keys that nobody waits for" {
    policy 'unlock = start' 'confirm = no' 'opaque = yes'
    make_sealed_key_file '' a "$PASSPHRASE" -a 1
    make_sealed_key_file '' b 'of b' -a 1
    make_sealed_key_file '' c 'of c' -a 1
    user_types later
    start_loaded
    wait_dialog 1
    begin_use 1 dev '' c
    control status >/dev/null
    user_types "$PASSPHRASE" later
    wait_dialog 2
    dialog_is 2 dev '' c
    user_types x 'of c' later
    use_gives 1 y
    wait_dialog 3
    grep -qF 'Passphrase for SSH key "b"' "$D/dialogs/3"
}

# make_many PREFIX COUNT: key files without a passphrase, faster than ssh-keygen makes them. Nobody
# looks at the private half of a key that is not used.
make_many() {
    python3 - "$(key_directory '')/$1" "$2" <<'END'
import base64, os, sys
def string(data):
    return len(data).to_bytes(4, "big") + data
for number in range(int(sys.argv[2])):
    public, check = os.urandom(32), os.urandom(4)
    blob = string(b"ssh-ed25519") + string(public)
    section = check * 2 + blob + string(os.urandom(32) + public) + string(b"many")
    section += bytes(range(1, 1 + -len(section) % 8))
    data = (b"openssh-key-v1\0" + string(b"none") + string(b"none") + string(b"")
            + b"\0\0\0\1" + string(blob) + string(section))
    path = f"{sys.argv[1]}{number}"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.encodebytes(data)
                   + b"-----END OPENSSH PRIVATE KEY-----\n")
END
}

@test "reload: keys of files that are gone go, also while others come" {
    make_many stays 800
    make_key_file '' last
    start_loaded
    for _ in 1 2 3; do
        make_many goes 2000
        control reload default >"$D/reload" || true
        wait_until lists_count '' 2801
        rm "$(key_directory '')"/goes*
        spawn control reload default >"$D/reload"
        reload=$SPAWNED
        # In the middle of it: the next round comes on its heels, when the keys that go are removed.
        sleep 0.1
        touch "$(key_directory '')"/stays*
        ends_with 0 "$reload"
        grep -qx '801 keys from files' "$D/reload"
        wait_until lists_count '' 801
    done
    signs '' last
}

@test "the prompt ends while files wait for the agent to be unlocked: they are loaded all the same" {
    make_key_file '' before
    start_loaded
    answer_askpass word
    at '' ssh-add -x
    make_key_file '' meanwhile
    # What is said of a file, is said after those before it were handed over.
    make_key_file '' zz
    chmod 644 "$(key_file '' zz)"
    wait_logged "$(key_file '' zz): permissions 0644 are too open"
    kill -9 "$PROMPT_PID"
    wait_until gone "$PROMPT_PID"
    at '' ssh-add -X
    wait_listed '' before meanwhile
    signs '' meanwhile
}
