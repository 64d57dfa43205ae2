#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Key files and passphrases in the broker of split-ssh-prompt, as a process: prompt-raw is the agent
# and the keystore, ssh-keygen makes the keys.

load agent_setup

PROMPT="$SPLIT_SSH_BUILD/libexec/split-ssh/split-ssh-prompt"
PROMPT_RAW="$SPLIT_SSH_BUILD/tests/tools/prompt-raw"

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key one -t ed25519
    make_key two -t ed25519
    make_key rsa -t rsa -b 2048 -m PEM
    make_key ecdsa -t ecdsa -m PKCS8
    ssh-keygen -q -s "$KEYS/two" -I id -n x "$KEYS/one.pub"
}

setup() {
    prepare
    rm -r "$HOME"
    DIR="$HOME/.ssh/identities.d"
    RUN="$D/run"
    mkdir -p "$DIR/work" "$RUN"
    WITHOUT=()
    unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
}

teardown() {
    clean_up
}

# refute COMMAND...: fails if it succeeds, which "!" alone does not do in bats.
refute() {
    if "$@"; then
        echo "not refused: $*" >&2
        return 1
    fi
}

# prompt COMMAND...: of prompt-raw.
prompt() {
    "${WITHOUT[@]}" timeout 120 "$PROMPT_RAW" "$PROMPT" "$@" 2>>"$AGENT_LOG" 3>&-
}

# give NAME FILE [SUFFIX...]: the key NAME, and what stands beside it, as FILE below identities.d.
give() {
    local suffix

    cp "$KEYS/$1" "$DIR/$2"
    chmod 600 "$DIR/$2"
    for suffix in "${@:3}"; do
        cp "$KEYS/$1$suffix" "$DIR/$2$suffix"
    done
}

# all_keys COMMAND...: after the first round.
all_keys() {
    prompt keys 1 '' '' keys-end "$@"
}

# key AGENT FILE [CONFIRM LIFE PUBLIC CERTIFICATE COMMENT HOPS]: the line of a KEY.
key() {
    echo "key [$1] $DIR/$2 file ${3:--} ${4:--} public=${5-} certificate=${6-} comment=${7-$DIR/$2}${8-}"
}

# problem AGENT FILE WHY
problem() {
    echo "problem [$1] $DIR/$2: $3"
}

# is_all LINE...: all that there is.
is_all() {
    diff <(printf '%s\n' "$@") <(all_keys)
}

PRINT=SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP/UHvQMyqk

# user COMMANDS: the user is a script, which has the question in $1.
user() {
    printf '#!/bin/sh\n%s\n' "$1" >"$D/askpass"
    chmod 755 "$D/askpass"
    export SSH_ASKPASS="$D/askpass" SSH_ASKPASS_REQUIRE=force
}

# waits_for FILE: a command for prompt-raw.
waits_for() {
    printf "for i in \$(seq 1500); do [ -e '%s' ] && exit 0; sleep 0.02; done; exit 1" "$1"
}

@test "no directory, no home" {
    rm -r "$HOME"
    [ "$(prompt keys 1 '' '' keys-end close ended)" = $'end all []\nexit 0' ]
    [ "$(prompt keys 0 work '' keys-end reload work keys-end reload '' keys-end)" = \
        $'end [work]\nend [work]\nend []' ]
}

@test "keys, and what stands beside them" {
    give one a .pub -cert.pub
    give rsa b .pub
    give ecdsa work/c
    give two work/d .pub
    printf -- '-c -t 1h\n' >"$DIR/a.ssh-add-option"
    printf -- '-qh one\n-h two>git@three\n' >"$DIR/work/c.ssh-add-option"
    is_all 'agent work none' \
        "$(key '' a confirm 3600 "$(blob "$KEYS/one.pub")" "$(blob "$KEYS/one-cert.pub")" one)" \
        "$(key '' b - - "$(blob "$KEYS/rsa.pub")" '' rsa)" \
        "$(key work work/c - - '' '' "$DIR/work/c" ' hop=one hop=two>git@three')" \
        "$(key work work/d - - "$(blob "$KEYS/two.pub")" '' two)" \
        'end all []'
}

@test "one agent alone, and only the nameless one" {
    give one a
    give two work/b
    mkdir "$DIR/other"
    [ "$(prompt keys 0 work '' keys-end reload '' keys-end reload other keys-end)" = "agent work none
$(key work work/b)
end [work]
end []
end [other]" ]
    [ "$(prompt keys 0 '' '' keys-end reload work keys-end)" = "$(key '' a)
end []
end [work]" ]
}

@test "what is no private key is left alone" {
    give one work/a
    echo 'These keys are mine.' >"$DIR/README"
    : >"$DIR/work/empty"
    head -c 100000 /dev/urandom >"$DIR/work/random"
    cp "$KEYS/one.pub" "$DIR/work/public"
    cp "$KEYS/one" "$DIR/work/.hidden"
    mkdir -p "$DIR/work/directory" "$DIR/.git"
    mkfifo "$DIR/work/fifo"
    chmod 644 "$DIR/README" "$DIR/work/public"
    is_all 'agent work none' "$(key work work/a)" 'end all []'
}

@test "PEM with text in front; PuTTY" {
    { printf 'Bag Attributes\n    friendlyName: x\nKey Attributes: <No Attributes>\n'
        cat "$KEYS/rsa"; } >"$DIR/work/a"
    printf 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n' >"$DIR/work/b"
    chmod 600 "$DIR/work/a" "$DIR/work/b"
    is_all 'agent work none' "$(key work work/a)" \
        "$(problem work work/b 'is a key of PuTTY (puttygen FILE -O private-openssh -o NEW converts it)')" \
        'end all []'
}

@test "permissions as ssh-add demands them" {
    local mode

    give one work/a
    for mode in 0640 0604 0610 0777; do
        chmod "$mode" "$DIR/work/a"
        is_all 'agent work none' \
            "$(problem work work/a "permissions $mode are too open: others can read it (chmod 600 FILE)")" \
            'end all []'
    done
    chmod 0400 "$DIR/work/a"
    is_all 'agent work none' "$(key work work/a)" 'end all []'
}

@test "a file that may not be read, or is too large, or a link to nothing" {
    if [ "$(id -u)" -eq 0 ]; then # without what lets root read everything
        WITHOUT=(setpriv --bounding-set=-dac_override,-dac_read_search)
    fi
    give one work/a
    give one work/b
    chmod 0 "$DIR/work/a"
    head -c 65537 /dev/zero >>"$DIR/work/b"
    ln -s nothing "$DIR/work/c"
    ln -s d "$DIR/work/d"
    ln -s "$KEYS/two" "$DIR/work/e"
    is_all 'agent work none' "$(problem work work/a 'Permission denied')" \
        "$(problem work work/b 'is larger than 64 KiB')" \
        "$(problem work work/c 'is a link to nothing')" \
        "$(problem work work/d 'Too many levels of symbolic links')" \
        "$(key work work/e)" 'end all []'
}

@test "a directory that may not be read" {
    if [ "$(id -u)" -eq 0 ]; then
        WITHOUT=(setpriv --bounding-set=-dac_override,-dac_read_search)
    fi
    chmod 0 "$DIR/work"
    is_all 'agent work none' "$(problem work work 'Permission denied')" 'end all []'
    chmod 700 "$DIR/work"
    chmod 0 "$DIR"
    is_all "problem [] $DIR: Permission denied" 'end all []'
    chmod 700 "$DIR"
}

@test "names of agents" {
    mkdir "$DIR/agent" "$DIR/qrexec" "$DIR/a b" "$DIR/default" "$DIR/$(printf 'x%.0s' {1..64})"
    give one default/k
    all_keys >"$D/out"
    grep -qx 'agent default none' "$D/out"
    grep -qxF -e "$(key default default/k)" "$D/out"
    [ "$(grep -c "is no agent's: the name is that of a socket" "$D/out")" -eq 2 ]
    [ "$(grep -c "is no agent's: a name has letters" "$D/out")" -eq 2 ]
    [ "$(grep -c '^agent ' "$D/out")" -eq 2 ]
}

@test "64 agents and no more" {
    local i

    rmdir "$DIR/work"
    for i in {10..74}; do
        mkdir "$DIR/$i"
        give one "$i/k"
    done
    all_keys >"$D/out"
    [ "$(grep -c '^agent ' "$D/out")" -eq 64 ]
    [ "$(grep -c '^key ' "$D/out")" -eq 64 ]
    grep -qF -e "$(problem '' 74 'is not served: there are 64 other agents')" "$D/out"
}

### Options

@test "options that are not understood refuse the key, with file and line" {
    local option

    give one work/a
    for option in -D -d -k -x -X -l -L -s -e -T -v -z other_key '# -c' '-h "host"' '-t soon'; do
        printf -- '-c\n\n%s\n' "$option" >"$DIR/work/a.ssh-add-option"
        all_keys >"$D/out"
        refute grep -q ^key "$D/out"
        grep -q "^problem \[work\] $DIR/work/a.ssh-add-option: line 3: .*; the key is not loaded\$" \
            "$D/out" || { echo "$option"; cat "$D/out"; return 1; }
    done
}

@test "options that cannot be read refuse the key" {
    local options="$DIR/work/a.ssh-add-option" why

    if [ "$(id -u)" -eq 0 ]; then
        WITHOUT=(setpriv --bounding-set=-dac_override,-dac_read_search)
    fi
    give one work/a
    refused() {
        is_all 'agent work none' \
            "$(problem work work/a.ssh-add-option "$1; the key is not loaded")" 'end all []'
        rm -rf "$options"
    }
    echo -c >"$options"
    chmod 0 "$options"
    refused 'Permission denied'
    ln -s nothing "$options"
    refused 'is a link to nothing'
    mkdir "$options"
    refused 'is not a regular file'
    mkfifo "$options"
    refused 'is not a regular file'
    printf '%4097s' -c >"$options"
    refused 'is too large'
    printf '%4096s' -c >"$options"
    is_all 'agent work none' "$(key work work/a confirm)" 'end all []'
}

@test "a public half or a certificate that is damaged is said, and the key comes without" {
    give one work/a .pub
    echo 'no key' >"$DIR/work/a.pub"
    cp "$KEYS/one.pub" "$DIR/work/a-cert.pub"
    is_all 'agent work none' "$(key work work/a)" \
        "$(problem work work/a-cert.pub 'is no certificate')" \
        "$(problem work work/a.pub 'is no public key')" 'end all []' ||
        is_all 'agent work none' "$(problem work work/a-cert.pub 'is no certificate')" \
            "$(problem work work/a.pub 'is no public key')" "$(key work work/a)" 'end all []'
    : >"$DIR/work/a.pub" # ssh-keygen -y is at work
    rm "$DIR/work/a-cert.pub"
    is_all 'agent work none' "$(key work work/a)" 'end all []'
}

### Many, and an agent that takes its time

@test "300 files: all come, no more than 16 ahead, and the keystore drops each" {
    local i

    for i in {100..399}; do
        give one "work/$i"
    done
    all_keys drops 300 >"$D/out"
    [ "$(grep -c '^key ' "$D/out")" -eq 300 ]
    grep '^key' "$D/out" | sort -c
    # The 17th comes when one was taken. Tickets begin with 1.
    prompt keys 1 '' '' keys-next 17 leave passphrase 5 '' c "$DIR/x" "$PRINT" 0 0 secret \
        taken 1 keys-next 1 leave >"$D/out"
    [ "$(sed -n 18p "$D/out")" = '5 no-display -' ] || { cat "$D/out"; return 1; }
    [ "$(tail -1 "$D/out")" = "$(key work work/116)" ]
}

@test "5,000 files: 4,096, and that there are more is said" {
    local i

    for i in {1000..5999}; do
        : >"$DIR/work/$i"
    done
    all_keys >"$D/out"
    grep -qF "$(problem '' work 'there are more than 4096 files in all')" "$D/out"
}

# large_blob TYPE: a public key of 32 KiB, of which just the type is right.
large_blob() {
    printf '%s ' "$1"
    { unhex "$(wire_text "$1")"; head -c 32700 /dev/zero; } | base64 -w 0
}

@test "a keystore that reads nothing: the broker answers other things, and goes on later" {
    local i

    for i in {100..139}; do
        give one "work/$i"
        large_blob ssh-ed25519 >"$DIR/work/$i.pub"
        large_blob ssh-ed25519-cert-v01@openssh.com >"$DIR/work/$i-cert.pub"
    done
    # Well before 16 are sent, their packets fill the socket. "-" is no agent's name, so it is
    # answered at once.
    prompt keys 1 '' '' run 'sleep 1' reload - keys-blindly take-those keys-end drops 40 >"$D/out"
    [ "$(sed -n '/end \[-\]/q;p' "$D/out" | grep -c ^key)" -lt 16 ]
    [ "$(grep -c ^key "$D/out")" -eq 40 ]
    [ "$(tail -2 "$D/out")" = $'end all []\n40' ]
    # And when it dies with a full socket.
    [ "$(prompt keys 1 '' '' run 'sleep 1' reload - keys-blindly close-side taken 1 keys-end |
        tail -1)" = 'end all []' ]
}

@test "a keystore that is gone is said once, and the prompt goes on" {
    give one work/a
    give one work/b
    [ "$(prompt close-side keys 1 '' '' keys-end reload work keys-end)" = $'agent work none\nend all []\nend [work]' ]
    [ "$(grep -c 'the keystore is gone' "$AGENT_LOG")" -eq 1 ]
    : >"$AGENT_LOG"
    user 'echo secret'
    [ "$(prompt close-side passphrase 5 '' c /k "$PRINT" 0 0 secret passphrase 6 '' c /k "$PRINT" 0 0 \
        secret)" = $'5 failed -\n6 failed -' ]
    [ "$(grep -c 'the keystore is gone' "$AGENT_LOG")" -eq 1 ]
}

### Changes

# changes COMMAND LINE...: after the first round, COMMAND makes just these lines come.
changes() {
    local command="$1" count

    shift
    count=$(prompt keys 1 '' '' keys-end | wc -l)
    prompt keys 1 '' '' keys-end run "$command" keys-next $# take reload nobody keys-end >"$D/out"
    diff <(printf '%s\n' "$@" 'end [nobody]') <(tail -n +$((count + 1)) "$D/out")
}

@test "a new file, by cp, by mv, by ssh-keygen, by a link" {
    give one work/a
    changes "cp -p '$KEYS/two' '$DIR/work/b'" "$(key work work/b)"
    rm "$DIR/work/b"
    cp -p "$KEYS/two" "$D/two"
    changes "mv '$D/two' '$DIR/work/b'" "$(key work work/b)"
    rm "$DIR/work/b"
    changes "ln -s '$KEYS/two' '$DIR/work/b'" "$(key work work/b)"
    rm "$DIR/work/b"
    changes "ln '$DIR/work/a' '$DIR/work/b'" "$(key work work/a)" "$(key work work/b)"
    rm "$DIR/work/b"
    prompt keys 1 '' '' keys-end \
        run "ssh-keygen -q -N '' -C new -t ed25519 -f '$DIR/new'" keys-next 1 take >"$D/out"
    [ "$(tail -1 "$D/out")" = "$(key '' new - - "$(blob "$DIR/new.pub")" '' new)" ]
}

@test "a changed file: the key, its options, its certificate" {
    give one work/a .pub
    give two work/b
    changes "printf -- '-c' >'$DIR/work/a.ssh-add-option'" \
        "$(key work work/a confirm - "$(blob "$KEYS/one.pub")" '' one)"
    changes "rm '$DIR/work/a.ssh-add-option'" \
        "$(key work work/a - - "$(blob "$KEYS/one.pub")" '' one)"
    changes "cp '$KEYS/one-cert.pub' '$DIR/work/a-cert.pub'" \
        "$(key work work/a - - "$(blob "$KEYS/one.pub")" "$(blob "$KEYS/one-cert.pub")" one)"
    changes "cat '$KEYS/rsa' >'$DIR/work/b'" "$(key work work/b)"
    changes "chmod 644 '$DIR/work/b'" \
        "$(problem work work/b 'permissions 0644 are too open: others can read it (chmod 600 FILE)')"
    changes "chmod 600 '$DIR/work/b'" "$(key work work/b)"
    changes "ssh-keygen -q -p -P '' -N secret -f '$DIR/work/b' >/dev/null" "$(key work work/b)"
}

@test "what a link points to is changed, a key and its options" {
    mkdir "$D/elsewhere"
    cp -p "$KEYS/one" "$D/elsewhere/k"
    echo -c >"$D/elsewhere/o"
    ln -s "$D/elsewhere/k" "$DIR/work/a"
    ln -s "$D/elsewhere/o" "$DIR/work/a.ssh-add-option"
    changes "cat '$KEYS/two' >'$D/elsewhere/k'" "$(key work work/a confirm)"
    changes "echo -t5 >'$D/elsewhere/o'" "$(key work work/a - 5)"
}

@test "a file that is gone is said once; its key stays until reload" {
    give one work/a
    give one b
    changes "rm '$DIR/work/a'" \
        "$(problem work work/a 'the file is gone; its key stays until "split-ssh reload work"')"
    give one work/a
    changes "rm '$DIR/b'" \
        "$(problem '' b 'the file is gone; its key stays until "split-ssh reload default"')"
    give one b
    changes "rm -r '$DIR/work'" \
        "$(problem work work/a 'the file is gone; its key stays until "split-ssh reload work"')"
    mkdir "$DIR/work"
    # One that was never a key is not missed.
    echo x >"$DIR/work/README"
    changes "rm '$DIR/work/README'; cp -p '$KEYS/one' '$DIR/work/z'" "$(key work work/z)"
    # After a reload there is nothing to say.
    prompt keys 1 '' '' keys-end run "rm '$DIR/work/z'" reload work keys-end >"$D/out"
    [ "$(tail -1 "$D/out")" = 'end [work]' ]
    refute grep -q gone "$D/out"
}

@test "a problem is said once, not again with each change elsewhere" {
    give one work/a
    chmod 644 "$DIR/work/a"
    mkdir "$DIR/agent"
    changes "cp -p '$KEYS/one' '$DIR/work/b'" "$(key work work/b)"
}

@test "directories that come into being later" {
    rm -r "$HOME"
    mkdir "$HOME"
    prompt keys 1 '' "$RUN" keys-end run "mkdir -p '$DIR/later' && cp -p '$KEYS/one' '$DIR/later/k'" \
        keys-next 2 take run "mkdir '$DIR/more'" keys-next 1 take \
        run "cp -p '$KEYS/two' '$DIR/more/k'" keys-next 1 take >"$D/out"
    diff - "$D/out" <<END
end all []
agent later listening $RUN/later.sock
$(key later later/k)
agent more listening $RUN/more.sock
$(key more more/k)
END
}

@test "a key that is written slowly is sent when it is whole" {
    prompt keys 1 '' '' keys-end run "umask 077; { head -3 '$KEYS/rsa'; sleep 1; tail -n +4 '$KEYS/rsa'; } >'$DIR/work/a'" \
        keys-next 1 take run "cmp '$KEYS/rsa' '$DIR/work/a'" >"$D/out"
    [ "$(grep -c '^key' "$D/out")" -ge 1 ]
    # And once more after it was closed, if it was looked at before.
    prompt keys 1 '' '' keys-end run ": >'$DIR/work/b'; sleep 1; chmod 600 '$DIR/work/b'; cat '$KEYS/two' >>'$DIR/work/b'" \
        keys-next 1 take >"$D/out"
    [ "$(tail -1 "$D/out")" = "$(key work work/b)" ]
}

@test "reload: all of the agent comes again, each time it is asked, and nothing of others" {
    give one work/a
    give two b
    prompt keys 1 '' '' keys-end reload work reload work reload '' keys-end keys-end keys-end \
        >"$D/out"
    [ "$(grep -c '^end \[work\]$' "$D/out")" -eq 2 ]
    [ "$(grep -c '^end \[\]$' "$D/out")" -eq 1 ]
    [ "$(prompt keys 1 '' '' keys-end reload work keys-end | tail -2)" = "$(key work work/a)
end [work]" ]
}

### Sockets

@test "each agent has a socket, of the user alone" {
    mkdir "$DIR/other"
    prompt keys 1 '' "$RUN" keys-end run "[ \"\$(stat -c %a '$RUN/work.sock')\" = 600 ]" \
        run "ls -l /proc/\$BROKER/fd | grep -c socket: >'$D/sockets'" >"$D/out"
    diff - "$D/out" <<END
agent other listening $RUN/other.sock
agent work listening $RUN/work.sock
end all []
END
    # Two to the agent and the keystore, and none of those.
    [ "$(cat "$D/sockets")" -eq 2 ]
    # Those of a dead process are replaced.
    prompt keys 1 '' "$RUN" keys-end | grep -qx "agent work listening $RUN/work.sock"
}

@test "a socket that cannot be made, and directories that are not ours" {
    spawn ssh-agent -D -a "$RUN/work.sock" >/dev/null
    wait_until socket_listens "$RUN/work.sock"
    prompt keys 1 '' "$RUN" keys-end >"$D/out"
    grep -q "^problem \[work\] $RUN: address in use by a living process" "$D/out"
    grep -qx 'agent work none' "$D/out"
    for directory in run "$D/missing" "$AGENT_LOG"; do
        prompt keys 1 '' "$directory" keys-end >"$D/out"
        grep -q "^problem \[\] $directory: .*: no agent has a socket there" "$D/out"
        grep -qx 'agent work none' "$D/out"
    done
    chmod 777 "$RUN"
    prompt keys 1 '' "$RUN" keys-end | grep -q "$RUN: is a directory that others can write to"
    mkdir -p "$D/$(printf 'x%.0s' {1..120})"
    prompt keys 1 '' "$D/$(printf 'x%.0s' {1..120})" keys-end >"$D/out"
    grep -q 'problem \[work\] .*: the path of the socket is too long' "$D/out"
    grep -qx 'agent work none' "$D/out"
}

### Malformed messages

@test "malformed messages end the prompt" {
    local frame

    for frame in 08 0801 "0801$(wire_text work)$(wire_text '')" "0800$(wire_text '')" \
        "0800$(wire_text "$(printf '%064d' 0)")$(wire_text '')" \
        "0800$(wire_text '')$(wire_text "$(printf '%01025d' 0)")" \
        "0801$(wire_text '')$(wire_text '')00" 09 "09$(wire_text "$(printf '%064d' 0)")" \
        "09$(wire_text x)00" 0a 0a00000001 0a0000000000000000 0a0000000000000001 \
        0affffffffffffffff 0b "0b$(u32 1)$(wire_text '')$(wire_text '')$(wire_text x)$(wire_text x)0000" \
        0c 0c00000001 0c000000010100 0d 0e 0f 10 11 12; do
        [ "$(prompt frame "$frame" ended)" = 'exit 65' ] || { echo "frame $frame"; return 1; }
    done
    [ "$(prompt keys 1 '' '' keys-end keys 1 '' '' ended | tail -1)" = 'exit 65' ]
    # Names that lead elsewhere are none, and no file there is looked at.
    give one work/a
    mkdir "$D/outside"
    cp -p "$KEYS/one" "$D/outside/k"
    ln -s "$D/outside" "$HOME/.ssh/outside"
    [ "$(prompt keys 0 ../outside '' keys-end reload ../outside keys-end reload . keys-end \
        reload work/.. keys-end | grep -c ^key)" -eq 0 ]
}

### Passphrases

@test "a passphrase that is typed goes to the keystore, and stays nowhere" {
    user 'echo "the secret words"'
    # The prompt has no end of the pipe any more.
    [ "$(prompt passphrase 5 dev work "$DIR/work/a" "$PRINT" 0 0 secret \
        run 'ls -l /proc/$BROKER/fd | grep -v " [012] ->" | grep pipe: && exit 1; exit 0' \
        opened 5 0 drops 1)" = \
        $'5 allow-once - the secret words\n1' ]
    user 'exit 1'
    [ "$(prompt passphrase 5 dev work "$DIR/work/a" "$PRINT" 0 1 secret)" = '5 deny -' ]
}

@test "what the dialog says" {
    user 'printf "%s\n" "$1" >"$0.asked"; exit 1'
    prompt passphrase 5 dev work "$DIR/work/a" "$PRINT" 0 2 secret
    grep -q 'Passphrase for SSH key "work"' "$D/askpass.asked"
    grep -qx "File: $DIR/work/a" "$D/askpass.asked"
    grep -qx "Key: $PRINT" "$D/askpass.asked"
    grep -qx 'Needed for a use by qube dev' "$D/askpass.asked"
    grep -qx 'That passphrase was wrong (2 of 3).' "$D/askpass.asked"
}

@test "nothing to ask with; one at a time" {
    [ "$(prompt passphrase 5 '' c /k "$PRINT" 0 0 secret passphrase 6 '' c /k "$PRINT" 0 0 secret)" = \
        $'5 no-display -\n6 no-display -' ]
    user "$(waits_for "$D/go")"
    [ "$(prompt passphrase 5 '' c /k "$PRINT" 0 0 passphrase 6 '' c /k "$PRINT" 0 0 ended)" = 'exit 65' ]
    touch "$D/go"
}

@test "a passphrase that is withdrawn, and keys meanwhile" {
    give one work/a
    user 'echo $$ >"$0.new"; mv "$0.new" "$0.pid"; sleep 1000 & wait'
    prompt passphrase 5 '' c /k "$PRINT" 0 0 run "$(waits_for "$D/askpass.pid")" \
        keys 1 '' '' keys-end cancel 5 run "printf '#!/bin/sh\necho b\n' >'$D/askpass'" \
        passphrase 6 '' c /k "$PRINT" 0 0 secret opened 6 0 >"$D/out"
    diff - "$D/out" <<END
agent work none
$(key work work/a)
end all []
6 allow-once - b
END
    wait_until gone "$(cat "$D/askpass.pid")"
}
