#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The broker of split-ssh-prompt as a process, without a desktop: prompt-raw is the agent and the
# keystore, and an askpass script the user.

load agent_setup

PROMPT="$SPLIT_SSH_BUILD/libexec/split-ssh/split-ssh-prompt"
PROMPT_RAW="$SPLIT_SSH_BUILD/tests/tools/prompt-raw"

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key work -t ed25519
    make_key host -t ed25519
    make_key other -t ed25519
    ssh-keygen -q -s "$KEYS/other" -I id -n x "$KEYS/work.pub"
}

setup() {
    prepare
    CONFIG="$HOME/.config/qubes-split-ssh"
    WITHOUT=()
    rm -r "$HOME" # what an agent would need is not wanted here
    mkdir "$HOME"
    WORK=$(blob "$KEYS/work.pub")
    HOST=$(blob "$KEYS/host.pub")
    OTHER=$(blob "$KEYS/other.pub")
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

# fingerprint FILE: as ssh-keygen has it.
fingerprint() {
    ssh-keygen -l -f "$1" | cut -d' ' -f2
}

# user COMMANDS: the user is a script, which has the question in $1. It is written to $D/asked.
user() {
    cat >"$D/askpass" <<END
#!/bin/sh
printf '%s\n' "\$1" >'$D/asked.new'
echo \$\$ >'$D/askpass.pid.new'
mv '$D/askpass.pid.new' '$D/askpass.pid'
mv '$D/asked.new' '$D/asked'
$1
END
    chmod 755 "$D/askpass"
    rm -f "$D/asked" "$D/askpass.pid"
    export SSH_ASKPASS="$D/askpass" SSH_ASKPASS_REQUIRE=force
}

HANG='sleep 1000 & echo $! >"$0.sleep.new"; mv "$0.sleep.new" "$0.sleep"; wait'

# goes FILE: the process whose pid is in it ends, long before its question is over by itself.
goes() {
    local i

    for ((i = 0; i < 750; i++)); do
        if gone "$(cat "$1")"; then
            return 0
        fi
        sleep 0.02
    done
    return 1
}

# login USER HOST-BLOB-OR-EMPTY: the data of a login with the key "work".
login() {
    wire_text 0123456789abcdef
    printf 32
    wire_text "$1"
    wire_text ssh-connection
    if [ -n "$2" ]; then
        wire_text publickey-hostbound-v00@openssh.com
    else
        wire_text publickey
    fi
    printf 01
    wire_text ssh-ed25519
    wire_string "$WORK"
    if [ -n "$2" ]; then
        wire_string "$2"
    fi
}

# sshsig NAMESPACE
sshsig() {
    printf SSHSIG | hex
    wire_text "$1"
    wire_text ''
    wire_text sha256
    wire_string "$(printf '%064d' 0)"
}

# prompt COMMAND...: of prompt-raw, with a question from dev that is ready to be asked.
prompt() {
    "${WITHOUT[@]}" timeout 120 "$PROMPT_RAW" "$PROMPT" qube dev comment work key "$WORK" \
        data "$(login git "$HOST")" proof 2 host "$HOST" names github.com "$@" 2>>"$AGENT_LOG" 3>&-
}

# asked LINE...: the whole text of the last question.
asked() {
    diff <(printf '%s\n' "$@") "$D/asked"
}

# asks LINE COMMAND...: a question whose last line is this.
asks() {
    local line="$1"

    shift
    prompt "$@" ask 1 answer
    grep -qxF -e "$line" "$D/asked" || { cat "$D/asked"; return 1; }
}

prompt_logged() {
    grep -q -e "$1" "$AGENT_LOG" || { cat "$AGENT_LOG"; return 1; }
}

@test "yes and no" {
    user 'exit 0'
    [ "$(prompt ask 7 answer)" = '7 allow-once once askpass' ]
    user 'exit 1'
    [ "$(prompt ask 8 answer)" = '8 deny none askpass' ]
}

@test "the whole text of a question" {
    user 'exit 0'
    prompt agent clients forwarded 1 ask 1 answer
    asked 'split-ssh asks:' '' 'SSH key "work": allow dev?' '' 'Qube: dev' 'Agent: clients' \
        "Key: \"work\" $(fingerprint "$KEYS/work.pub")" \
        'log in as git to github.com (host key verified), forwarded' '' 'Allow this once?'
    prompt qube '' ask 1 answer
    grep -qx 'From: a program in this vault' "$D/asked"
    refute grep -q dev "$D/asked"
}

@test "the fingerprints are those that ssh-keygen prints, of a certificate too" {
    user 'exit 0'
    asks "Key: \"work\" $(fingerprint "$KEYS/work-cert.pub")" key "$(blob "$KEYS/work-cert.pub")"
    asks "log in as git to an UNKNOWN host, key $(fingerprint "$KEYS/host.pub")" proof 1 names ''
}

@test "destinations, purposes" {
    user 'exit 0'
    asks 'log in as git to an UNVERIFIED destination (the client did not prove one)' \
        proof 0 host '' names ''
    asks 'log in as git to github.com (host key verified)' data "$(login git '')"
    asks 'log in as git to an UNVERIFIED destination (the login names another host key than the one that was verified)' \
        data "$(login git "$OTHER")"
    asks 'sign for "git"' data "$(sshsig git)"
    asks 'sign unidentified data (3 bytes)' data 010203
}

@test "what clients choose is quoted, plain and short" {
    user 'exit 0'
    asks 'log in as "git to github.com (host key verified)" to an UNVERIFIED destination (the client did not prove one)' \
        data "$(login 'git to github.com (host key verified)' '')" proof 0
    asks 'log in as "<b>a?b</b>" to github.com (host key verified)' \
        data "$(login $'<b>a\nb</b>' "$HOST")"
    asks "log in as \"$(printf '%064d' 0)...\" to github.com (host key verified)" \
        data "$(login "$(printf '%0256d' 0)" "$HOST")"
    asks 'sign for "??????"' data "$(sshsig $'\u202e\u2066')"
    LC_ALL=C refute grep -q '[^ -~]' "$D/asked"
}

@test "an approval is for this data, this key and, for a while, this qube" {
    user 'exit 0'
    [ "$(prompt ask 1 data 00 answer)" = '1 allow-once wrong askpass' ]
    [ "$(prompt ask 1 key "$OTHER" answer)" = '1 allow-once wrong askpass' ]
    # Askpass has no button for a while: what was offered does not matter.
    [ "$(prompt seconds 600 ask 1 answer)" = '1 allow-once once askpass' ]
}

@test "nothing to ask with" {
    unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
    [ "$(prompt ask 1 answer ask 2 answer)" = $'1 no-display none \n2 no-display none ' ]
}

@test "an askpass program that crashes is a failure, and the next question works" {
    user 'kill -SEGV $$'
    [ "$(prompt ask 1 answer run "cp '$D/askpass' '$D/copy'; printf '#!/bin/sh\n' >'$D/askpass'" \
        ask 2 answer)" = $'1 failed none \n2 allow-once once askpass' ]
}

@test "a child that is killed is a failure, and leaves no window" {
    user "$HANG"
    run prompt ask 1 run "$(waits_for "$D/askpass.sleep")" \
        run 'kill -9 $(cat /proc/$BROKER/task/$BROKER/children)' answer
    [ "$output" = '1 failed none ' ]
    goes "$D/askpass.sleep"
    prompt_logged 'ended by signal 9'
}

# waits_for FILE: a command for prompt-raw.
waits_for() {
    printf "for i in \$(seq 1500); do [ -e '%s' ] && exit 0; sleep 0.02; done; exit 1" "$1"
}

@test "a withdrawn question closes and has no answer" {
    user "$HANG"
    run prompt ask 1 run "$(waits_for "$D/askpass.sleep")" cancel 1 \
        run "printf '#!/bin/sh\n' >'$D/askpass'" ask 2 answer
    [ "$output" = '2 allow-once once askpass' ]
    goes "$D/askpass.sleep"
    goes "$D/askpass.pid"
}

@test "withdrawing what is not open does nothing; a serial can be used again" {
    user 'exit 0'
    [ "$(prompt cancel 5 cancel 0 ask 5 answer cancel 5 ask 5 answer)" = \
        $'5 allow-once once askpass\n5 allow-once once askpass' ]
}

@test "eight questions may be open; each has its answer" {
    user "$(waits_for "$D/go")"
    run prompt ask 1 ask 2 ask 3 ask 4 ask 5 ask 6 ask 7 ask 8 run "touch '$D/go'" \
        answer answer answer answer answer answer answer answer
    [ "$(sort <<<"$output")" = "$(for i in {1..8}; do echo "$i allow-once once askpass"; done)" ]
    rm "$D/go"
    [ "$(prompt ask 1 ask 2 ask 3 ask 4 ask 5 ask 6 ask 7 ask 8 ask 9 ended)" = 'exit 65' ]
    touch "$D/go"
}

# With serial 1, nothing in its strings, no proof.
EMPTY_ASK=01$(u32 1)$(u32 0)$(u32 0)$(u32 0)$(u32 0)0000$(u32 0)$(u32 0)$(u32 0)$(u32 0)

@test "2,000 questions that are asked at once end the prompt" {
    user "$(waits_for "$D/go")"
    [ "$(prompt many 2000 "$(wire_string "$EMPTY_ASK")" ended)" = 'exit 65' ]
    touch "$D/go"
}

@test "30 questions that are withdrawn at once: the next one is asked" {
    local frame

    user 'exit 0'
    frame=$(wire_string "$EMPTY_ASK")$(wire_string "02$(u32 1)")
    [ "$(prompt many 30 "$frame" ask 2 answer)" = '2 allow-once once askpass' ]
}

@test "malformed messages end the prompt" {
    local frame

    for frame in 00 01 0100000001 02 020000 020000000100 03 0300000005 030000000000 04 05 \
        0400000001 06 ff "04$(wire_string "$(printf '%08194d' 0)")" \
        "03$(wire_string "$(printf '%02050d' 0)")"; do
        [ "$(prompt frame "$frame" ended)" = 'exit 65' ] || { echo "frame $frame"; return 1; }
    done
    [ "$(prompt send 00000000 ended)" = 'exit 65' ]
    [ "$(prompt send ffffffff ended)" = 'exit 65' ]
    [ "$(prompt send 00043001 ended)" = 'exit 65' ]
    # Half a message says nothing yet.
    [ "$(prompt send 0000000502 close ended)" = 'exit 0' ]
    user "$(waits_for "$D/go")"
    [ "$(prompt ask 1 ask 1 ended)" = 'exit 65' ]
    touch "$D/go"
}

@test "when the agent goes, the prompt and its questions go" {
    user "$HANG"
    [ "$(prompt ask 1 run "$(waits_for "$D/askpass.sleep")" close ended)" = 'exit 0' ]
    goes "$D/askpass.sleep"
    goes "$D/askpass.pid"
}

@test "when the prompt is killed, its questions go" {
    user "$HANG"
    [ "$(prompt ask 1 run "$(waits_for "$D/askpass.sleep")" run 'kill -9 $BROKER' ended)" = \
        'signal 9' ]
    goes "$D/askpass.sleep"
    goes "$D/askpass.pid"
}

@test "when the agent is killed, the prompt and its questions go" {
    user "$HANG"
    spawn "$PROMPT_RAW" "$PROMPT" key "$WORK" data 00 ask 1 run 'echo $BROKER' ended \
        >"$D/broker" 2>>"$AGENT_LOG"
    wait_until test -s "$D/askpass.sleep"
    kill -STOP "$(cat "$D/broker")" # it cannot see for itself
    kill -9 "$SPAWNED"
    goes "$D/broker"
    goes "$D/askpass.sleep"
    goes "$D/askpass.pid"
}

@test "signals of a terminal or of systemd do not end the prompt, but the agent does" {
    user 'exit 0'
    # It has started when it answers.
    [ "$(prompt ask 1 answer run 'kill -INT $BROKER; kill -HUP $BROKER; kill -TERM $BROKER' \
        ask 2 answer)" = $'1 allow-once once askpass\n2 allow-once once askpass' ]
}

@test "without the key of approvals everything is a no, and files are read" {
    local bytes

    user 'exit 0'
    for bytes in 0 31; do
        run timeout 60 "$PROMPT_RAW" -k "$bytes" "$PROMPT" key "$WORK" data 00 ask 1 answer \
            read '' files
        [[ "$output" == *'1 failed none '* ]]
        [[ "$output" == *$'\nproblems |'* ]]
    done
    [ ! -e "$D/asked" ]
    [[ "$output" == *'no key of approvals came'* ]]
}

@test "not started by the agent" {
    run timeout 60 "$PROMPT" </dev/null 3>&-
    [ "$status" -eq 64 ]
    run timeout 60 "$PROMPT" what </dev/null 3>&-
    [ "$status" -eq 64 ]
}

@test "the process is closed off, and so are its children" {
    user 'ls /proc/self/fd >"$0.fds"; grep -e NoNewPrivs -e Sig /proc/self/status >"$0.status"'
    prompt ask 1 answer run "grep -x 'Max core file size *0 *0 *bytes *' /proc/\$BROKER/limits" \
        run 'grep -Px "NoNewPrivs:\t1" /proc/$BROKER/status' \
        run 'grep -P "VmLck:\s*4 kB" /proc/$BROKER/status' \
        run '[ "$(stat -c %u /proc/$BROKER/environ)" = 0 ]'
    if [ "$(id -u)" -eq 0 ]; then
        # The page of the key: locked, not copied, wiped, not dumped (proc(5)).
        prompt ask 1 answer run 'grep -q "^VmFlags: .*lo .*dc .*wf .*dd" /proc/$BROKER/smaps'
    fi
    # ls has one more, for the directory; a shell one for its script.
    [ "$(wc -l <"$D/askpass.fds")" -le 5 ]
    grep -Px 'NoNewPrivs:\t1' "$D/askpass.status"
    grep -Px 'SigBlk:\t0*' "$D/askpass.status"
    refute grep -P 'SigIgn:\t.*[13579bdf]$' "$D/askpass.status"
}

@test "2,000 bubbles with nothing to show them with" {
    local bubble

    user 'exit 0'
    bubble=$(wire_string "03$(wire_text 'used')")
    [ "$(prompt many 2000 "$bubble" tell last ask 1 answer)" = '1 allow-once once askpass' ]
}

### Files

# files_of NAME: what READ gives, without what is below /etc.
files_of() {
    prompt read "$1" files | grep -v ' /etc/'
}

@test "files: none, and no home that could have any" {
    [ "$(files_of '')" = 'problems |' ]
    [ "$(HOME= files_of '' | grep -c problems)" = 1 ]
}

@test "files: the user's, in the order of their bytes, and nothing else" {
    mkdir -p "$CONFIG" "$HOME/.ssh"
    printf 1 >"$CONFIG/b.conf"
    printf 12 >"$CONFIG/B.conf"
    printf 123 >"$CONFIG/10.conf"
    : >"$CONFIG/9.conf"
    printf x | tee "$CONFIG/.hidden.conf" "$CONFIG/b.conf~" "$CONFIG/conf" >"$CONFIG/.conf"
    printf 1234 >"$HOME/.ssh/known_hosts"
    printf 12345 >"$CONFIG/more hosts"
    [ "$(files_of 'more hosts')" = "policy $CONFIG/10.conf 3
policy $CONFIG/9.conf 0
policy $CONFIG/B.conf 2
policy $CONFIG/b.conf 1
known_hosts $HOME/.ssh/known_hosts 4
known_hosts $CONFIG/more hosts 5
problems |" ]
}

@test "files: XDG_CONFIG_HOME is used if it is absolute" {
    mkdir -p "$D/xdg/qubes-split-ssh" "$CONFIG"
    printf 1 >"$D/xdg/qubes-split-ssh/a.conf"
    printf 12 >"$CONFIG/a.conf"
    [ "$(XDG_CONFIG_HOME="$D/xdg" files_of '' | head -1)" = \
        "policy $D/xdg/qubes-split-ssh/a.conf 1" ]
    [ "$(XDG_CONFIG_HOME=xdg files_of '' | head -1)" = "policy $CONFIG/a.conf 2" ]
    [ "$(XDG_CONFIG_HOME='' files_of '' | head -1)" = "policy $CONFIG/a.conf 2" ]
}

@test "files: a known_hosts below /etc, and none from elsewhere" {
    local name

    prompt read /etc/passwd files | grep -qx "known_hosts /etc/passwd $(stat -c %s /etc/passwd)"
    mkdir -p "$CONFIG/sub" "$HOME/.ssh"
    echo secret | tee "$CONFIG/sub/x" "$HOME/.ssh/id_ed25519" >"$D/x"
    for name in "$D/x" ../x ../../.ssh/id_ed25519 sub/x /etc/../etc/passwd /etc/./passwd \
        "/etc/../$D/x" '~/x' .. /etc /etc/ /proc/self/environ; do
        [ "$(files_of "$name")" = "problems |$name: is neither the name of a file beside the policy files nor a path below /etc" ] ||
            { echo "read: $name"; return 1; }
    done
}

@test "files: what cannot be read is said" {
    mkdir -p "$CONFIG" "$HOME/.ssh"
    head -c 65536 /dev/zero >"$CONFIG/a.conf"
    [ "$(files_of '')" = "policy $CONFIG/a.conf 65536
problems |" ]
    printf x >>"$CONFIG/a.conf"
    truncate -s 4194305 "$HOME/.ssh/known_hosts"
    [ "$(files_of '')" = "problems $CONFIG/a.conf: is larger than 64 KiB|$HOME/.ssh/known_hosts: is larger than 4 MiB" ]
    rm "$CONFIG/a.conf" "$HOME/.ssh/known_hosts"
    mkfifo "$CONFIG/a.conf"
    mkdir "$HOME/.ssh/known_hosts"
    [ "$(files_of '')" = "problems $CONFIG/a.conf: is not a regular file|$HOME/.ssh/known_hosts: is not a regular file" ]
    rm "$CONFIG/a.conf"
    ln -s nowhere "$CONFIG/a.conf"
    ln -s a.conf "$CONFIG/b.conf"
    rmdir "$HOME/.ssh/known_hosts"
    truncate -s 4194304 "$HOME/.ssh/known_hosts"
    [ "$(files_of '')" = "known_hosts $HOME/.ssh/known_hosts 4194304
problems $CONFIG/a.conf: is a link to nothing|" ]
    rm -r "$CONFIG"
    printf x >"$CONFIG"
    [[ "$(files_of '')" == *"problems $CONFIG: Not a directory|" ]]
}

@test "files: one that may not be read is said" {
    if [ "$(id -u)" -eq 0 ]; then # without what lets root read everything
        WITHOUT=(setpriv --bounding-set=-dac_override,-dac_read_search)
    fi
    mkdir -p "$CONFIG"
    : >"$CONFIG/a.conf"
    chmod 0 "$CONFIG/a.conf"
    [ "$(files_of '')" = "problems $CONFIG/a.conf: Permission denied|" ]
}

@test "files: more than 64 policy files are said" {
    mkdir -p "$CONFIG"
    touch "$CONFIG"/{10..73}.conf
    [ "$(files_of '' | grep -c ^policy)" = 64 ]
    [ "$(files_of '' | tail -1)" = 'problems |' ]
    touch "$CONFIG/74.conf"
    [ "$(files_of '' | tail -1)" = "problems $CONFIG: has more than 64 .conf files|" ]
}

# changes COMMAND LINE: after a first READ, COMMAND makes the files come unasked, with LINE.
changes() {
    run prompt read hosts files run "$1" files-with "$2" close ended
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "files: they come again when one was changed" {
    mkdir -p "$CONFIG" "$HOME/.ssh"
    printf 1 | tee "$CONFIG/a.conf" "$CONFIG/hosts" >"$HOME/.ssh/known_hosts"
    changes "printf 2 >>'$HOME/.ssh/known_hosts'" "known_hosts $HOME/.ssh/known_hosts 2"
    changes "printf 22 >>'$CONFIG/hosts'" "known_hosts $CONFIG/hosts 3"
    changes "printf 12345 >'$CONFIG/x' && mv '$CONFIG/x' '$CONFIG/a.conf'" "policy $CONFIG/a.conf 5"
    changes "printf 12345 >'$CONFIG/b.conf'" "policy $CONFIG/b.conf 5"
}

@test "files: ssh-keygen -R, and an editor" {
    mkdir -p "$CONFIG" "$HOME/.ssh"
    echo "first $(cut -d' ' -f1-2 "$KEYS/host.pub")" >"$HOME/.ssh/known_hosts"
    echo "second $(cut -d' ' -f1-2 "$KEYS/host.pub")" >>"$HOME/.ssh/known_hosts"
    changes "ssh-keygen -q -f '$HOME/.ssh/known_hosts' -R first >/dev/null 2>&1" \
        "known_hosts $HOME/.ssh/known_hosts $(tail -1 "$HOME/.ssh/known_hosts" | wc -c)"
    printf 'x\n' >"$CONFIG/a.conf"
    changes "sed -i 's/x/long/' '$CONFIG/a.conf'" "policy $CONFIG/a.conf 5"
}

@test "files: one that is removed" {
    mkdir -p "$CONFIG"
    printf 1 | tee "$CONFIG/a.conf" >"$CONFIG/b.conf"
    run prompt read '' files run "rm '$CONFIG/a.conf'" files
    [ "$(grep -c "^policy $CONFIG/a.conf" <<<"$output")" = 1 ]
    [ "$(grep -c "^policy $CONFIG/b.conf" <<<"$output")" = 2 ]
}

@test "files: directories that are made later" {
    changes "mkdir -p '$CONFIG' && printf 1 >'$CONFIG/a.conf'" "policy $CONFIG/a.conf 1"
    changes "mkdir '$HOME/.ssh' && printf 123 >'$HOME/.ssh/known_hosts'" \
        "known_hosts $HOME/.ssh/known_hosts 3"
    rm -r "$HOME/.config"
    # Each in a step of its own, with a round in between that has nothing new to say.
    prompt read '' files run "mkdir '$HOME/.config'" files run "mkdir '$CONFIG'" files \
        run "printf 12 >'$CONFIG/a.conf'" files-with "policy $CONFIG/a.conf 2"
}

@test "files: a directory that is replaced" {
    mkdir -p "$CONFIG" "$D/other"
    printf 1 >"$CONFIG/a.conf"
    printf 12 >"$D/other/a.conf"
    changes "mv '$CONFIG' '$D/old' && mv '$D/other' '$CONFIG'" "policy $CONFIG/a.conf 2"
    prompt read '' files run "mv '$CONFIG' '$D/away' && mkdir '$CONFIG'" files \
        run "printf 123 >'$CONFIG/a.conf'" files-with "policy $CONFIG/a.conf 3"
}

@test "files: what a link points to" {
    mkdir -p "$CONFIG" "$HOME/dot"
    printf 1 >"$HOME/dot/policy"
    ln -s ../../dot/policy "$CONFIG/a.conf"
    changes "printf 2 >>'$HOME/dot/policy'" "policy $CONFIG/a.conf 2"
    changes "printf 12345 >'$HOME/dot/new' && mv '$HOME/dot/new' '$HOME/dot/policy'" \
        "policy $CONFIG/a.conf 5"
    rm -r "$CONFIG"
    mkdir "$HOME/dot/split"
    ln -s "$HOME/dot/split" "$CONFIG"
    changes "printf 1234567 >'$HOME/dot/split/a.conf'" "policy $CONFIG/a.conf 7"
}

@test "files: other files beside them are of no interest" {
    mkdir -p "$CONFIG" "$HOME/.ssh"
    # A second round would come before the answer of a question that takes longer than events wait.
    user 'sleep 3'
    [ "$(prompt read '' files run "printf x >'$HOME/.history'; printf x >'$HOME/.ssh/config'; \
        mkdir '$HOME/.cache'; printf x >'$CONFIG/a.conf~'; printf x >'$HOME/.config/other.conf'" \
        ask 1 answer | tail -1)" = '1 allow-once once askpass' ]
}

@test "files: an agent that asks for them and does not read" {
    local i words=()

    mkdir -p "$HOME/.ssh"
    truncate -s 4194304 "$HOME/.ssh/known_hosts"
    user 'exit 0'
    # 60 times 4 MiB would not fit; what is not taken is not read.
    for i in {1..60}; do
        words+=(read '' run 'sleep 0.02')
    done
    prompt "${words[@]}" \
        run '[ $(sed -n "s/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p" /proc/$BROKER/status) -lt 100000 ]' \
        files files | grep -c "known_hosts $HOME/.ssh/known_hosts 4194304"
}
