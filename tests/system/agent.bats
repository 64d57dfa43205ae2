#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# split-ssh-agent with ssh-add: what a person in the vault does with it.

load agent_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key second -t ed25519
    make_key rsa -t rsa -b 2048
    make_key small -t rsa -b 1024
    make_key ecdsa -t ecdsa -b 256
    ssh-keygen -q -t ed25519 -N 'pass phrase' -C encrypted -f "$KEYS/encrypted"
}

setup() {
    prepare
}

teardown() {
    clean_up
}

# refused_add FILE PATTERN OPTION...: ssh-add says so, the log says why, no key is there.
refused_add() {
    local file="$1" pattern="$2"

    shift 2
    run ssh-add "$@" "$file"
    [ "$status" -eq 1 ]
    wait_logged "local: refused to add a key: $pattern"
    no_keys
}

### ssh-add

@test "add, -l, -L: in the order of adding" {
    start_agent
    run ssh-add -l
    [ "$status" -eq 1 ]
    [ "$output" = "The agent has no identities." ]
    ssh-add -q "$KEYS/rsa" "$KEYS/ed25519" "$KEYS/ecdsa" "$KEYS/second"
    [ "$(ssh-add -L)" = "$(cat "$KEYS"/{rsa,ed25519,ecdsa,second}.pub)" ]
    [ "$(ssh-add -l)" = "$(for k in rsa ed25519 ecdsa second; do ssh-keygen -l -f "$KEYS/$k"; done)" ]
    stop_agent
}

@test "-T: each type of key signs" {
    start_agent
    ssh-add -q "$KEYS/rsa" "$KEYS/ed25519" "$KEYS/ecdsa"
    ssh-add -T "$KEYS/rsa.pub" "$KEYS/ed25519.pub" "$KEYS/ecdsa.pub"
    run ssh-add -T "$KEYS/second.pub"
    [ "$status" -ne 0 ]
}

@test "-d removes one key, -D all" {
    start_agent
    ssh-add -q "$KEYS/rsa" "$KEYS/ed25519" "$KEYS/ecdsa" "$KEYS/second"
    ssh-add -q -d "$KEYS/ed25519"
    keys_are rsa ecdsa second
    run ssh-add -T "$KEYS/ed25519.pub"
    [ "$status" -ne 0 ]
    run ssh-add -d "$KEYS/ed25519"
    [ "$status" -eq 1 ]
    # A key that comes back is the last one.
    ssh-add -q "$KEYS/ed25519"
    keys_are rsa ecdsa second ed25519
    ssh-add -q -D
    no_keys
    run ssh-add -T "$KEYS/rsa.pub"
    [ "$status" -ne 0 ]
}

@test "a key from standard input, and encrypted ones" {
    start_agent
    ssh-add -q - <"$KEYS/ed25519"
    # It asks until it gets no answer.
    answer_askpass wrong
    echo 'rm "$0"' >>"$D/askpass"
    run ssh-add "$KEYS/encrypted"
    [ "$status" -ne 0 ]
    answer_askpass 'pass phrase'
    ssh-add -q "$KEYS/encrypted"
    keys_are ed25519 encrypted
    ssh-add -T "$KEYS/encrypted.pub"
}

@test "-k leaves the certificate out, without it both are there and both sign" {
    cp "$KEYS/ed25519" "$KEYS/ed25519.pub" "$D"
    ssh-keygen -q -s "$KEYS/second" -I id -n me "$D/ed25519.pub"
    start_agent
    ssh-add -q -k "$D/ed25519"
    keys_are ed25519
    ssh-add -q "$D/ed25519"
    [ "$(ssh-add -L)" = "$(cat "$D/ed25519.pub" "$D/ed25519-cert.pub")" ]
    ssh-add -T "$D/ed25519.pub" "$D/ed25519-cert.pub"
    ssh-add -q -k -d "$D/ed25519"
    [ "$(ssh-add -L)" = "$(cat "$D/ed25519-cert.pub")" ]
    ssh-add -T "$D/ed25519-cert.pub"
    run ssh-add -T "$D/ed25519.pub"
    [ "$status" -ne 0 ]
}

@test "a key that is added again has the new comment and constraints, and its old place" {
    start_agent
    ssh-add -q -c "$KEYS/ed25519"
    ssh-add -q "$KEYS/second"
    run ssh-add -T "$KEYS/ed25519.pub"
    [ "$status" -ne 0 ]
    ssh-add -q "$KEYS/ed25519"
    ssh-add -T "$KEYS/ed25519.pub"
    keys_are ed25519 second

    cp "$KEYS/ed25519" "$D/other"
    ssh-keygen -q -c -C 'a new comment' -f "$D/other" >/dev/null
    ssh-add -q "$D/other"
    keys_are 'a new comment' second

    # A lifetime goes with the next add, and comes with it.
    ssh-add -q -t 1 "$KEYS/ed25519"
    ssh-add -q "$KEYS/ed25519"
    ssh-add -q -t 1 "$KEYS/second"
    wait_until keys_are ed25519
    ssh-add -T "$KEYS/ed25519.pub"
}

@test "a comment is bytes: Latin-1 comes back as it was" {
    start_agent
    fields=$(private_fields "$KEYS/ed25519")
    fields=${fields%"$(wire_text ed25519)"}
    [ "$(local_raw frame "11$fields$(wire_string 4be47365)" read)" = "$SUCCESS" ]
    run local_raw frame "$LIST" read
    [ "$output" = "0c00000001$(wire_string "$(blob "$KEYS/ed25519.pub")")$(wire_string 4be47365)" ]
}

@test "-c: the key is listed, and with nobody to ask it never signs; the log says why" {
    start_agent
    ssh-add -q -c "$KEYS/ed25519" "$KEYS/rsa"
    keys_are ed25519 rsa
    for key in ed25519 rsa; do
        run ssh-add -T "$KEYS/$key.pub"
        [ "$status" -ne 0 ]
        fingerprint=$(ssh-keygen -l -f "$KEYS/$key" | cut -d' ' -f2)
        wait_logged "local: refused to sign with $fingerprint .*: there is no display to ask on"
    done
    # From a qube as well.
    run qube_raw dev frame "$(sign_request "$KEYS/ed25519.pub")" read
    [ "$output" = "$FAILURE" ]
    wait_logged "qube dev: refused to sign with .*: there is no display to ask on"
    ssh-add -q "$KEYS/second"
    ssh-add -T "$KEYS/second.pub"
}

@test "-x and -X: locked, with the wrong and the right passphrase" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    answer_askpass secret
    run ssh-add -X
    [ "$status" -eq 1 ]
    ssh-add -x
    no_keys
    run ssh-add -T "$KEYS/ed25519.pub"
    [ "$status" -ne 0 ]
    wait_logged 'local: refused to sign: the agent is locked'
    run ssh-add "$KEYS/second"
    [ "$status" -eq 1 ]
    wait_logged 'local: refused to add a key: the agent is locked'
    run ssh-add -d "$KEYS/ed25519"
    [ "$status" -eq 1 ]
    run ssh-add -D
    [ "$status" -ne 0 ]
    run ssh-add -x
    [ "$status" -eq 1 ]

    answer_askpass wrong
    run ssh-add -X
    [ "$status" -eq 1 ]
    wait_logged 'local: refused to unlock: wrong passphrase'
    no_keys
    answer_askpass secret
    ssh-add -X
    keys_are ed25519
    ssh-add -T "$KEYS/ed25519.pub"
}

@test "-x with an empty passphrase is refused, as by ssh-agent" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    answer_askpass ''
    run ssh-add -x
    [ "$status" -eq 1 ]
    wait_logged 'local: refused to lock: the passphrase is empty'
    ssh-add -T "$KEYS/ed25519.pub"
}

@test "wrong passphrases are slowed, and nobody else waits" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    local_raw frame "16$(wire_text secret)" read
    start=$(date +%s%N)
    # Of eight guesses, each waits for the one before, and 0.1 s more than that did.
    spawn "$RAW" -n 8 "$AGENT_SOCKET" frame "17$(wire_text wrong)" read >"$D/guesses"
    guesses=$SPAWNED
    others=()
    for i in $(seq 100); do
        others+=(frame "$LIST" read)
    done
    [ "$(local_raw "${others[@]}" | sort -u)" = "$NO_KEYS" ]
    [ "$(qube_raw dev "${others[@]}" | sort -u)" = "$NO_KEYS" ]
    [ "$(wc -l <"$D/guesses")" -lt 8 ]
    ends_with 0 "$guesses"
    [ "$(sort -u "$D/guesses")" = "$FAILURE" ]
    [ $((($(date +%s%N) - start) / 1000000)) -ge 2800 ]
    [ "$(local_raw frame "17$(wire_text secret)" read)" = "$SUCCESS" ]
    ssh-add -T "$KEYS/ed25519.pub"
}

@test "-t: the key is gone when its time is over, others stay" {
    start_agent
    ssh-add -q -t 2 "$KEYS/ed25519"
    ssh-add -q -t 3600 "$KEYS/second"
    ssh-add -q "$KEYS/ecdsa"
    keys_are ed25519 second ecdsa
    ssh-add -T "$KEYS/ed25519.pub"
    wait_until keys_are second ecdsa
    run ssh-add -T "$KEYS/ed25519.pub"
    [ "$status" -ne 0 ]
    ssh-add -T "$KEYS/second.pub" "$KEYS/ecdsa.pub"
}

@test "the agent's -t is for keys that have no lifetime of their own" {
    start_agent -t 1s
    ssh-add -q "$KEYS/ed25519"
    ssh-add -q -t 1h "$KEYS/second"
    wait_until keys_are second
    ssh-add -T "$KEYS/second.pub"
}

@test "RSA with 1024 bits is refused" {
    start_agent
    refused_add "$KEYS/small" 'RSA keys must have 2048'
}

@test "PKCS#11 is refused" {
    start_agent
    answer_askpass pin
    run ssh-add -s /usr/lib/libprovider.so
    [ "$status" -ne 0 ]
    wait_logged 'local: refused to load a PKCS#11 provider'
    run ssh-add -e /usr/lib/libprovider.so
    [ "$status" -ne 0 ]
    wait_logged 'local: refused to remove a PKCS#11 provider'
}

@test "DSA and security keys are refused" {
    start_agent
    # The program that made them may be gone: OpenSSH 10 has no DSA. Their numbers do not matter.
    number=$(wire_string 0011223344556677)
    dsa="$(wire_text ssh-dss)$number$number$number$number$number$(wire_text dsa)"
    [ "$(local_raw frame "11$dsa" read)" = "$FAILURE" ]
    wait_logged 'local: refused to add a key: DSA'
    public=$(wire_string "$(printf '%064d' 7)")
    sk="$(wire_text sk-ssh-ed25519@openssh.com)$public$(wire_text ssh:)01$(wire_text handle)"
    sk+="$(wire_text '')$(wire_text sk)"
    [ "$(local_raw frame "11$sk" read)" = "$FAILURE" ]
    wait_logged 'local: refused to add a key: security keys'
    no_keys
}

@test "every constraint that is not known fails the add" {
    start_agent
    fields=$(private_fields "$KEYS/ed25519")
    # The control: the same key with constraints that are known.
    [ "$(local_raw frame "19${fields}01$(u32 3600)02" read)" = "$SUCCESS" ]
    ssh-add -q -D
    refuses() {
        [ "$(local_raw frame "19$fields$1" read)" = "$FAILURE" ]
        wait_logged "local: refused to add a key: $2"
        no_keys
    }
    refuses 03 'a key constraint that is not supported'
    : >"$AGENT_LOG"
    refuses "ff$(wire_text unknown@example.org)" 'a key constraint that is not supported'
    refuses "ff$(wire_text sk-provider@openssh.com)$(wire_text internal)" 'a security key provider'
    # Destinations that say nothing, or are none.
    refuses "02ff$(wire_text restrict-destination-v00@openssh.com)00000000" 'malformed'
    refuses "02ff$(wire_text restrict-destination-v00@openssh.com)$(wire_string 00)" 'malformed'
    refuses "01$(u32 3600)01$(u32 3600)" 'malformed'
}

@test "a private half that is not the public one's is refused" {
    start_agent
    refuses() {
        [ "$(local_raw frame "11$1" read)" = "$FAILURE" ]
        wait_logged "local: refused to add a key: $2"
        : >"$AGENT_LOG"
        no_keys
    }
    # Of ed25519: another public key in front; another seed behind it.
    take_string "$(private_fields "$KEYS/ed25519")"
    type=$TAKEN
    take_string "$REST"
    public=$TAKEN
    take_string "$REST"
    private=$TAKEN
    comment=$REST
    take_string "$(private_fields "$KEYS/second")"
    take_string "$REST"
    other_public=$TAKEN
    take_string "$REST"
    other_private=$TAKEN
    refuses "$type$other_public$private$comment" 'the private and the public half'
    refuses "$type$public$other_private$comment" 'the private and the public half'
    mixed="${other_private:0:8+64}${private:8+64}"
    refuses "$type$public$mixed$comment" 'the private and the public half'
    [ "$(local_raw frame "11$type$public$private$comment" read)" = "$SUCCESS" ]
    ssh-add -q -D

    # Of a certificate: another key's.
    cp "$KEYS/ed25519.pub" "$D"
    ssh-keygen -q -s "$KEYS/second" -I id -n me "$D/ed25519.pub"
    certificate="$(wire_text ssh-ed25519-cert-v01@openssh.com)"
    certificate+="$(wire_string "$(blob "$D/ed25519-cert.pub")")"
    refuses "$certificate$other_public$other_private$comment" 'the private and the public half'
    refuses "$certificate$public$other_private$comment" 'the private and the public half'
    [ "$(local_raw frame "11$certificate$public$private$comment" read)" = "$SUCCESS" ]
    ssh-add -q -D

    # Of ECDSA: the last byte of d is another one.
    ecdsa=$(private_fields "$KEYS/ecdsa")
    end="$(wire_text ecdsa)"
    number=${ecdsa%"$end"}
    last=$((16#${number: -2} ^ 3))
    refuses "${number:0:-2}$(printf '%02x' "$last")$end" ''
    # Of RSA: one byte of the modulus is another one.
    rsa=$(private_fields "$KEYS/rsa")
    byte=$((16#${rsa:200:2} ^ 1))
    refuses "${rsa:0:200}$(printf '%02x' "$byte")${rsa:202}" ''
}

@test "query names the extensions; an unknown one fails" {
    start_agent
    run local_raw frame "1b$(wire_text query)" read frame "1b$(wire_text no@example.org)" read
    both="1d$(wire_text query)$(wire_text query)$(wire_text session-bind@openssh.com)"
    own=$(for name in status check grants revoke policy-test list reload; do wire_text "$name@split-ssh"; done)
    [ "${lines[0]}" = "$both${own//$'\n'/}" ]
    [ "${lines[1]}" = "$FAILURE" ]
    # A qube is not told of what it may not use.
    [ "$(qube_raw dev frame "1b$(wire_text query)" read)" = "$both" ]
    [ "$(qube_raw dev frame "1b$(wire_text status@split-ssh)" read)" = "$FAILURE" ]
}

@test "RSA with SHA-1, SHA-256 and SHA-512 for programs in the vault" {
    start_agent
    ssh-add -q "$KEYS/rsa"
    for flags in 0 2 4; do
        answer=$(local_raw frame "$(sign_request "$KEYS/rsa.pub" 00 "$flags")" read)
        is_signature "$answer"
        names=([0]=ssh-rsa [2]=rsa-sha2-256 [4]=rsa-sha2-512)
        take_string "${answer:2+8}"
        [ "$TAKEN" = "$(wire_text "${names[flags]}")" ]
    done
}
