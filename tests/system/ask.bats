#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# One informed approval is one use: what the user is asked for logins with a real ssh and sshd, for
# git and ssh-keygen, and what is written down. The rules of a policy are in rules.bats.

load ask_setup
load sshd_setup

setup_file() {
    make_ask_keys
    make_key authority -t ed25519
    make_key certified -t ecdsa
    ssh-keygen -q -s "$KEYS/authority" -h -I host -n cert.example.org "$KEYS/certified.pub"
    cat "$KEYS/work.pub" >"$KEYS/authorized_keys"
    start_servers
    # A third one, which also has another host key, with a certificate.
    start_server third "AuthorizedKeysFile $KEYS/authorized_keys" \
        "HostKey $KEYS/certified" "HostCertificate $KEYS/certified-cert.pub"
    printf '%s\n' "${SERVERS[@]}" >"$KEYS/servers"
    echo "@cert-authority cert.example.org $(cat "$KEYS/authority.pub")" >>"$KEYS/known_hosts"
    cat - "$KEYS/ssh_config" >"$KEYS/config" <<END
Host third
    HostKeyAlias third
    Port $(cat "$KEYS/third.port")
    HostKeyAlgorithms ssh-ed25519
END
    mv "$KEYS/config" "$KEYS/ssh_config"
}

teardown_file() {
    end_servers
}

setup() {
    prepare_ask
}

teardown() {
    clean_up_ask
}

# The vault has the key "work" and knows two of the servers, by other names than the client.
start_vault_and_qube() {
    vault_knows git.example.org host_first
    vault_knows build.example.org host_third
    start_agent
    ssh-add -q "$@" "$KEYS/work"
    start_client_qube
}

# log_in SERVER SSH-OPTION...
log_in() {
    local server="$1"

    shift
    timeout 120 ssh -F "$KEYS/ssh_config" "$@" "$server" 'echo logged in' </dev/null
}

logs_in() {
    [ "$(log_in "$@")" = 'logged in' ]
}

# no_login SERVER SSH-OPTION...: the server has asked for a key, and the agent did not sign.
no_login() {
    run log_in "$@"
    echo "$output"
    [ "$status" -eq 255 ]
    [[ "$output" == *'agent refused operation'*'Permission denied'* ]]
}

# asks_to WHAT: a login that asks for just this.
asks_to() {
    rm -f "$D"/questions/*
    logs_in first && asked_for 1 "$1"
}

# signs_file [NAMESPACE]
signs_file() {
    echo data >"$D/data"
    timeout 120 ssh-keygen -q -Y sign -n "${1:-file}" -f "$KEYS/public/work.pub" <"$D/data" \
        >"$D/data.sig"
}

VERIFIED="log in as $ME to git.example.org (host key verified)"
UNVERIFIED="log in as $ME to an UNVERIFIED destination (the client did not prove one)"

### Done when

@test "a login asks once, says what it is for, and is written down; the next one asks again" {
    start_vault_and_qube
    logs_in first
    asked_times 1
    asked_for 1 "$VERIFIED"
    audit_lines 1
    audit_has 1 qube=dev key="$(fingerprint "$KEYS/work.pub")" comment=work purpose=login \
        user="$ME" host=git.example.org host_key="$(fingerprint "$KEYS/host_first.pub")" \
        proof=name forwarded=false decision=allowed by=askpass agent=null
    logs_in first
    asked_times 2
    asked_for 2 "$VERIFIED"
    audit_lines 2
}

@test "no is no, and is written down" {
    user_says no
    start_vault_and_qube
    no_login first
    asked_times 1
    audit_lines 1
    audit_has 1 qube=dev purpose=login user="$ME" host=git.example.org proof=name \
        decision=refused by=askpass 'reason=the user said no'
}

@test "a held connection: another client cannot bind it to its session, so it cannot sign" {
    start_vault_and_qube
    hold_connection
    logs_in first
    no_login first
    no_login third
    asked_times 1
    audit_has 2 decision=refused by=agent \
        'reason=a session-bind on this connection was refused'
}

@test "a held connection without binds: a second login is refused without a question" {
    start_vault_and_qube
    hold_connection no-bind
    logs_in first
    asked_for 1 "$UNVERIFIED"
    no_login first
    no_login third
    refute signs_file
    asked_times 1
    audit_lines 4
    for line in 2 3 4; do
        audit_has $line qube=dev decision=refused by=policy 'reason=the connection has had its uses'
    done
    # A connection of its own asks.
    SSH_AUTH_SOCK="$SOCKET" logs_in first
    asked_times 2
    asked_for 2 "$VERIFIED"
}

@test "held by one client: other sessions, hosts and users than what was allowed" {
    start_vault_and_qube
    start_hosts host_first host_third
    gives byyn dev "$(bind host_first 0a)" "$(login work git 0a host_first)" \
        "$(login work git 0a host_first)" "$(sshsig work git 1)"
    asked_times 1
    asked_for 1 'log in as git to git.example.org (host key verified)'
    # What was bound to one server is not another one's login.
    gives bnn dev "$(bind host_first 0a)" "$(login work git 0a host_third)" \
        "$(login work git 0b host_first)"
    asked_times 1
    # Through a hop there are several sessions: the last one is known, and only one is allowed.
    gives bbyn dev "$(bind host_first 0a 01)" "$(bind host_third 0b)" \
        "$(login work git 0b host_third)" "$(login work git 0c)"
    asked_times 2
    asked_for 2 'log in as git to build.example.org (host key verified), forwarded'
    # Another user of the same session is another question, though no use more.
    gives byy dev "$(bind host_first 0a)" "$(login work git 0a host_first)" \
        "$(login work root 0a host_first)"
    asked_times 4
    asked_for 4 'log in as root to git.example.org (host key verified)'
}

### Destinations

@test "a host whose name is hashed" {
    vault_knows git.example.org host_first
    ssh-keygen -q -H -f "$HOME/.ssh/known_hosts" 2>/dev/null
    refute grep -q git.example.org "$HOME/.ssh/known_hosts"
    start_agent
    ssh-add -q "$KEYS/work"
    start_client_qube
    logs_in first
    asked_for 1 "log in as $ME to a known host whose name is hashed, key $(
        fingerprint "$KEYS/host_first.pub") (host key verified)"
    audit_has 1 proof=name host=null host_key="$(fingerprint "$KEYS/host_first.pub")"
    # A name that is said is compared with it.
    policy_becomes "destinations = $ME@git.example.org"
    logs_in first
    policy_becomes "destinations = $ME@build.example.org"
    no_login first
    asked_times 2
}

@test "a host with a certificate" {
    vault_knows '*.example.org' authority @cert-authority
    start_agent
    ssh-add -q "$KEYS/work"
    start_client_qube
    logs_in third -o HostKeyAlias=cert.example.org \
        -o HostKeyAlgorithms=ecdsa-sha2-nistp256-cert-v01@openssh.com
    asked_for 1 "log in as $ME to cert.example.org (host key verified)"
    audit_has 1 host=cert.example.org proof=name
    # With its plain key it has no name.
    logs_in third -o HostKeyAlgorithms=ssh-ed25519
    asked_for 2 "log in as $ME to an UNKNOWN host, key $(fingerprint "$KEYS/host_third.pub")"
}

@test "an unknown host; its name counts as soon as the vault knows it" {
    start_agent
    ssh-add -q "$KEYS/work"
    start_client_qube
    logs_in first
    asked_for 1 "log in as $ME to an UNKNOWN host, key $(fingerprint "$KEYS/host_first.pub")"
    audit_has 1 proof=key host=null host_key="$(fingerprint "$KEYS/host_first.pub")" decision=allowed
    vault_knows git.example.org host_first # the file is new, and its directory too
    wait_until asks_to "$VERIFIED"
    vault_knows git2.example.org host_first
    wait_until asks_to "log in as $ME to git.example.org, git2.example.org (host key verified)"
}

@test "an unverified destination: a client that does not bind" {
    start_vault_and_qube
    hold_connection no-bind
    logs_in first
    asked_times 1
    asked_for 1 "$UNVERIFIED"
    audit_has 1 proof=none host=null host_key=null
}

@test "a host that is revoked is not asked about" {
    vault_knows git.example.org host_first
    vault_knows '*' host_first @revoked
    start_agent
    ssh-add -q "$KEYS/work"
    start_client_qube
    no_login first
    asked_times 0
    audit_has 1 decision=refused by=policy "reason=the host's key is revoked in known_hosts"
}

@test "ssh -J: each server is asked for, and nothing is forwarded" {
    start_vault_and_qube
    logs_in third -J first
    asked_times 2
    asked_for 1 "$VERIFIED"
    asked_for 2 "log in as $ME to build.example.org (host key verified)"
    audit_has 2 forwarded=false
}

@test "ssh -A: two hops" {
    start_vault_and_qube
    run timeout 120 ssh -A -F "$KEYS/ssh_config" first "ssh -A -F '$KEYS/ssh_config' third \
        \"ssh -F '$KEYS/ssh_config' first 'echo there'\"" </dev/null
    [ "$output" = there ]
    asked_times 3
    asked_for 1 "$VERIFIED"
    asked_for 2 "log in as $ME to build.example.org (host key verified), forwarded"
    asked_for 3 "$VERIFIED, forwarded"
    audit_has 1 forwarded=false
    audit_has 2 forwarded=true host=build.example.org
    audit_has 3 forwarded=true host=git.example.org proof=name
}

@test "ssh -A: a signature from there" {
    start_vault_and_qube
    echo data >"$D/data"
    timeout 120 ssh -A -F "$KEYS/ssh_config" first \
        "ssh-keygen -q -Y sign -n file -f '$KEYS/public/work.pub'" <"$D/data" >"$D/data.sig"
    echo "me $(cat "$KEYS/work.pub")" >"$D/signers"
    ssh-keygen -Y verify -f "$D/signers" -I me -n file -s "$D/data.sig" <"$D/data"
    asked_times 2
    asked_for 2 'sign for "file", forwarded'
}

### Signatures

@test "git commit -S" {
    command -v git >/dev/null || skip "git is not installed"
    start_vault_and_qube
    export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=me@example.org
    export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=me@example.org
    echo "me@example.org $(cat "$KEYS/work.pub")" >"$D/signers"
    git init -q "$D/repository"
    cd "$D/repository"
    git config gpg.format ssh
    git config user.signingkey "$KEYS/public/work.pub"
    git config gpg.ssh.allowedSignersFile "$D/signers"
    git commit -q -S --allow-empty -m signed
    git verify-commit HEAD
    asked_times 1
    asked_for 1 'sign for "git"'
    audit_has 1 qube=dev purpose=sshsig namespace=git decision=allowed by=askpass user=null
    user_says no
    refute git commit -q -S --allow-empty -m 'not signed'
    asked_times 2
    audit_has 2 purpose=sshsig namespace=git decision=refused 'reason=the user said no'
}

@test "ssh-keygen -Y sign: file is asked, another namespace refused" {
    start_vault_and_qube
    signs_file
    asked_times 1
    asked_for 1 'sign for "file"'
    refute signs_file mail@example.org
    asked_times 1
    audit_has 2 purpose=sshsig namespace=mail@example.org decision=refused by=policy \
        'reason=the namespace is not allowed'
}

@test "data that is neither: refused, and with opaque = yes asked" {
    start_vault_and_qube
    refute ssh-add -T "$KEYS/public/work.pub"
    asked_times 0
    audit_has 1 purpose=opaque decision=refused by=policy \
        'reason=the data is neither a login nor a signature for a namespace'
    policy_becomes 'opaque = yes'
    gives y dev "$(sign_request "$KEYS/work.pub" 64617461)"
    asked_for 1 'sign unidentified data (4 bytes)'
    ssh-add -T "$KEYS/public/work.pub"
    asked_times 2
    audit_has 3 purpose=opaque decision=allowed by=askpass
}

### Keys that were added with confirmation

@test "ssh-add -c: asks whatever the policy says, and once for both" {
    policy 'confirm = no'
    start_vault_and_qube -c
    logs_in first
    asked_times 1
    asked_for 1 "$VERIFIED"
    user_says no
    no_login first
    asked_times 2
    user_says yes
    policy_becomes 'confirm = each'
    logs_in first
    asked_times 3
    # Without -c it is as the policy says.
    policy_becomes 'confirm = no'
    SSH_AUTH_SOCK="$AGENT_SOCKET" ssh-add -q "$KEYS/work"
    logs_in first
    asked_times 3
}

@test "ssh-add -c in the vault: asks, and says that it is a program there" {
    start_vault_and_qube -c
    export SSH_AUTH_SOCK="$AGENT_SOCKET"
    logs_in first
    diff - "$D/questions/1" <<END
split-ssh asks:

SSH key "work": allow a program in this vault?

From: a program in this vault
Key: "work" $(fingerprint "$KEYS/work.pub")
$VERIFIED

Allow this once?
END
    audit_has 1 qube=null user="$ME" host=git.example.org decision=allowed by=askpass
    ssh-add -T "$KEYS/work.pub"
    asked_times 2
    grep -qx 'From: a program in this vault' "$D/questions/2"
    grep -qx 'sign unidentified data ([0-9]* bytes)' "$D/questions/2"
    user_says no
    refute ssh-add -T "$KEYS/work.pub"
    no_login first
    asked_times 4
    # Without -c nobody is asked there.
    ssh-add -q "$KEYS/work"
    logs_in first
    asked_times 4
}

### split-ssh

@test "split-ssh after a login and a refusal" {
    start_vault_and_qube
    logs_in first
    refute signs_file other
    run control log
    [[ "${lines[0]}" == *"  dev           allowed  key \"work\" $(fingerprint "$KEYS/work.pub")  $VERIFIED  [askpass, "* ]]
    [[ "${lines[1]}" == *"  dev           refused  key \"work\" "*"  sign for \"other\"  [policy: the namespace is not allowed, "* ]]
    [ "${#lines[@]}" -eq 2 ]
    run control log other
    [ -z "$output" ]
    run control status
    grep -q "^  $(fingerprint "$KEYS/work.pub") work (ED25519)\$" <<<"$output"
    grep -q '^  dev: [0-9]* connections*, 1 use in the last minute$' <<<"$output"
    grep -q '^questions: the prompt runs, 0 open$' <<<"$output"
    # An askpass program allows once, so nothing stays.
    [ "$(control grants)" = 'nothing is allowed without a question' ]
    [ "$(control revoke dev)" = '0 revoked' ]
}

@test "split-ssh status: a question that is open" {
    user_says later
    start_vault_and_qube
    log_in first >"$D/login" &
    remember $!
    wait_until test -s "$D/questions/1"
    control status | grep -q '^questions: the prompt runs, 1 open$'
    user_says yes
    wait_until grep -q 'logged in' "$D/login"
}

@test "split-ssh policy test: every word of the table and its default" {
    start_agent
    control policy test dev >"$D/words"
    while read -r word value; do
        grep -q -e "^  $word  *$value  .*  default\$" "$D/words" || { cat "$D/words"; return 1; }
    done <<'END'
agents all
keys all
confirm each
uses 1
destinations all
namespaces git, file
opaque no
rsa-sha1 no
idle 60
rate 30
connections 16
notify use
wait-for-key no
unlock use
known_hosts no
END
    [ "$(grep -c 'default$' "$D/words")" -eq 15 ]
}
