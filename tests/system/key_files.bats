#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Key files below ~/.ssh/identities.d: their options, what is wrong with them, and what becomes of
# them while the agent runs.

load named_agents_setup

setup_file() {
    make_ask_keys
    make_key second -t ed25519
    make_key authority -t ed25519
}

setup() {
    prepare_ask
    allow_all
}

teardown() {
    clean_up_ask
}

signs() {
    at "$1" ssh-add -T "$(public_of "$1" "$2")"
}

### KEY.ssh-add-option

@test "option -c: asks, also in the vault, and no is no" {
    copy_key_file '' work
    copy_key_file '' other
    key_options '' work '-c'
    user_says yes
    start_loaded
    signs '' other
    asked_times 0
    signs '' work
    asked_times 1
    user_says no
    refute signs '' work
    [ "$(qube_raw dev frame "$(sign_request "$KEYS/work.pub")" read)" = "$FAILURE" ]
    asked_times 3
}

@test "option -t: the key goes when its time is over; -q says nothing" {
    copy_key_file '' work
    copy_key_file '' other
    key_options '' work '-q -t 3'
    key_options '' other '-t1h30m'
    start_loaded -t 7200
    lists_keys '' work other
    control list default | grep 'other (ED25519), 90 min left$'
    wait_listed '' other
    [ "$(qube_raw dev frame "$(sign_request "$KEYS/work.pub")" read)" = "$FAILURE" ]
    refute grep -e 'work' "$AGENT_LOG"
    # The file is still there, so the next reload has it again.
    key_options '' work ''
    wait_listed '' work other
    control list default | grep 'work (ED25519), 2 h left$'
}

@test "option -h: only there, only seen there" {
    vault_knows first other
    vault_knows second second
    copy_key_file '' work
    copy_key_file '' other
    key_options '' work '-h me@first'
    start_hosts other second
    start_loaded
    lists_keys '' work other
    control list default | grep 'work (ED25519), only me@first$'
    refute at '' ssh-add -T "$KEYS/public/work.pub"
    gives by dev "$(bind other 11)" "$(login work me 11 other)"
    gives bn dev "$(bind other 11)" "$(login work you 11 other)"
    gives bn dev "$(bind second 11)" "$(login work me 11 second)"
    gives n dev "$(login work me 11)"
    run qube_raw dev frame "$(bind other 11)" read frame "$LIST" read
    [[ "${lines[1]}" == 0c00000002* ]]
    run qube_raw dev frame "$(bind second 11)" read frame "$LIST" read
    [[ "${lines[1]}" == "0c00000001$(wire_string "$(blob "$KEYS/other.pub")")"* ]]
}

@test "option -h: the certificate beside the key goes nowhere else either" {
    vault_knows first other
    copy_key_file '' work
    ssh-keygen -q -s "$KEYS/authority" -I id -n me "$(key_file '' work).pub"
    key_options '' work '-h first'
    start_loaded
    lists_keys '' work work
    control list default | grep -c 'work (ED25519), only first$' | grep -qx 2
    refute at '' ssh-add -T "$(key_file '' work)-cert.pub"
    refute at '' ssh-add -T "$KEYS/public/work.pub"
}

@test "option -h: a host whose key the vault does not know" {
    copy_key_file '' work
    copy_key_file '' other
    key_options '' work '-h first'
    start_loaded
    lists_keys '' other
    agent_logged "$(key_file '' work): -h \"first\": no host keys found for first in known_hosts"
    # It helps to do what the line says.
    vault_knows first other
    control reload default
    wait_until known_now
    control list default | grep 'work (ED25519), only first$'
    refute at '' ssh-add -T "$KEYS/public/work.pub"
}

# known_hosts is read again by itself, in a while.
known_now() {
    control reload default >/dev/null
    lists_keys '' work other
}

@test "an option that is not understood: that key is refused, with file, line and reason" {
    make_key_file '' good
    for name in one two three four; do
        make_key_file '' "$name"
    done
    key_options '' one '-Z'
    printf '%s\n' -c '' '  -t soon' >"$(key_file '' two).ssh-add-option"
    key_options '' three '-D'
    key_options '' four 'words'
    start_loaded
    lists_keys '' good
    agent_logged "$(key_file '' one).ssh-add-option: line 1: -Z is not understood here; -c, -t TIME, -h DESTINATION and -q are; the key is not loaded"
    agent_logged "$(key_file '' two).ssh-add-option: line 3: soon is not a time"
    agent_logged "$(key_file '' three).ssh-add-option: line 1: -D is not understood"
    agent_logged "$(key_file '' four).ssh-add-option: line 1: words is not an option"
    # It is mended.
    key_options '' one '-c'
    wait_listed '' good one
    control list default | grep 'one (ED25519), asks each time'
}

@test "options that cannot be read refuse the key" {
    for name in good directory link long; do
        make_key_file '' "$name"
    done
    mkdir "$(key_file '' directory).ssh-add-option"
    ln -s nothing "$(key_file '' link).ssh-add-option"
    yes ' ' | head -c 5000 >"$(key_file '' long).ssh-add-option"
    start_loaded
    lists_keys '' good
    for name in directory link long; do
        agent_logged "$(key_file '' $name).ssh-add-option: .*; the key is not loaded"
    done
}

@test "an option file that comes later, changes or goes has its effect" {
    make_key_file '' key
    user_says no
    start_loaded
    signs '' key
    key_options '' key -c
    asks_each_time() { control list default | grep -q 'asks each time'; }
    wait_until asks_each_time
    refute signs '' key
    asked_times 1
    key_options '' key '-t 1h'
    has_hour() { control list default | grep -q 'key (ED25519), 60 min left$'; }
    wait_until has_hour
    rm "$(key_file '' key).ssh-add-option"
    plain() { control list default | grep -q 'key (ED25519)$'; }
    wait_until plain
    signs '' key
    asked_times 1
    # What cannot be understood refuses the key, also one that is loaded.
    key_options '' key -c
    wait_until asks_each_time
    key_options '' key '-c -Z'
    wait_logged 'line 1: -Z is not understood'
    wait_listed ''
    refute signs '' key
    asked_times 1
    key_options '' key -c
    wait_until asks_each_time
    # So does a destination that is not known.
    key_options '' key '-h nowhere.example'
    wait_logged 'nowhere.example'
    wait_listed ''
}

### What is wrong with files

@test "what cannot be loaded is said, once each; the others load" {
    local work

    make_key_file work good
    work=$(key_directory work)
    make_key_file work open
    chmod 644 "$work/open"
    ssh-keygen -q -t dsa -N '' -f "$work/dsa"
    ssh-keygen -q -t rsa -b 1024 -N '' -f "$work/small"
    head -c 200 "$work/good" >"$work/half"
    printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\ngarbage\n' >"$work/garbage"
    { cat "$work/good"; head -c 1000000 /dev/zero; } >"$work/large"
    chmod 600 "$work"/*
    chmod 644 "$work/open"
    ln -s nothing "$work/dangling"
    ln -s loop "$work/loop"
    start_loaded
    lists_keys work good
    agent_logged "$work/open: permissions 0644 are too open: others can read it (chmod 600 FILE)"
    agent_logged "$work/half: no private key file, or a damaged one"
    agent_logged "$work/garbage: no private key file, or a damaged one"
    agent_logged "$work/large: is larger than 64 KiB"
    agent_logged "$work/dangling: is a link to nothing"
    agent_logged "$work/loop: Too many levels of symbolic links"
    agent_logged "$work/dsa: "
    agent_logged "$work/small: "
    [ "$(grep -c "$work/" "$AGENT_LOG")" -eq 8 ]
    signs work good
}

@test "what is no key at all is left alone, without a word" {
    local work

    make_key_file work good
    work=$(key_directory work)
    echo 'keys of the office' >"$work/README"
    : >"$work/empty"
    head -c 1000000 /dev/urandom >"$work/random"
    mkdir "$work/directory" "$work/.hidden"
    cp "$work/good" "$work/directory/inner"
    cp "$work/good" "$work/.key"
    mkfifo "$work/fifo" "$work/fifo-cert.pub"
    ln -s directory "$work/way"
    ln -s /dev/null "$work/null"
    spawn socat "UNIX-LISTEN:$work/socket" -
    wait_until test -S "$work/socket"
    chmod 644 "$work/README"
    start_loaded
    lists_keys work good
    refute grep "$work" "$AGENT_LOG"
}

@test "a link to a key elsewhere is that key" {
    make_key elsewhere -t ed25519
    ln -s "$KEYS/elsewhere" "$(key_directory work)/link"
    ln -s "$KEYS/elsewhere.pub" "$(key_directory work)/link.pub"
    start_loaded
    lists_keys work elsewhere
    at work ssh-add -T "$KEYS/elsewhere.pub"
}

@test "identities.d that is no directory, or cannot be entered" {
    mkdir -p "$HOME/.ssh"
    echo text >"$HOME/.ssh/identities.d"
    start_loaded
    lists_keys ''
    wait_logged 'identities.d: Not a directory'
    rm "$HOME/.ssh/identities.d"
    make_key_file '' key
    wait_listed '' key
}

### While the agent runs

@test "new files, of each way to make one, and removed ones" {
    make_key_file work first
    start_loaded
    lists_keys work first
    make_key_file work second
    wait_listed work first second
    cp "$KEYS/work" "$KEYS/work.pub" "$(key_directory work)"
    wait_listed work first second work
    cp "$KEYS/other" "$D/other"
    mv "$D/other" "$(key_directory work)"
    # The name in the file itself.
    wait_listed work first second work other
    signs work second
    remove_key_file work second
    wait_logged "$(key_file work second): the file is gone; its key stays until \"split-ssh reload work\""
    lists_keys work first second work other
    at work ssh-add -T "$KEYS/public/work.pub"
    control reload work | grep -qx '3 keys from files'
    lists_keys work first work other
}

@test "a file that holds another key now" {
    make_key_file work file
    old=$(public_of work file)
    cp "$old" "$D/old.pub"
    start_loaded
    lists_keys work file
    rm "$(key_file work file)" "$(key_file work file).pub"
    make_key_file work file -C new
    wait_until at work ssh-add -T "$(public_of work file)"
    control reload work | grep -qx '1 key from files'
    lists_keys work new
    refute at work ssh-add -T "$D/old.pub"
}

@test "a file that becomes bad: its key stays until reload" {
    make_key_file work good
    make_key_file work bad
    start_loaded
    lists_keys work good bad
    chmod 644 "$(key_file work bad)"
    wait_logged "$(key_file work bad): permissions 0644 are too open"
    lists_keys work good bad
    control reload work | grep -qx '1 key from files'
    lists_keys work good
    chmod 600 "$(key_file work bad)"
    wait_listed work good bad
}

@test "a certificate that comes later, and one of another key" {
    copy_key_file work work
    start_loaded
    lists_keys work work
    ssh-keygen -q -s "$KEYS/authority" -I id -n me "$(key_file work work).pub"
    wait_listed work work work
    [ "$(at work ssh-add -L | grep -c cert-v01)" -eq 1 ]
    at work ssh-add -T "$(key_file work work)-cert.pub"
    rm "$(key_file work work)-cert.pub"
    control reload work
    lists_keys work work
    # Of another key: said, and the key is there without.
    cp "$KEYS/other.pub" "$D/other.pub"
    ssh-keygen -q -s "$KEYS/authority" -I id -n me "$D/other.pub"
    cp "$D/other-cert.pub" "$(key_file work work)-cert.pub"
    wait_logged "$(key_file work work)"
    control reload work
    lists_keys work work
    signs work work
}

@test "a file that is written slowly is loaded when it is whole" {
    local whole

    whole=$(cat "$KEYS/work")
    start_loaded
    key_directory work >/dev/null
    wait_listed work
    (umask 077 && printf '%s' "${whole:0:150}" >"$(key_file work slow)")
    wait_logged "$(key_file work slow): no private key file, or a damaged one"
    lists_keys work
    printf '%s\n' "${whole:150}" >>"$(key_file work slow)"
    wait_listed work work
}

### reload and add

@test "reload: what ssh-add added stays, what it removed comes again" {
    make_key_file work file
    make_key_file home other
    key_options work file '-t 1h'
    start_loaded
    at work ssh-add -q "$KEYS/work"
    at work ssh-add -D
    at home ssh-add -D
    at work ssh-add -q "$KEYS/work"
    lists_keys work work
    control reload work | grep -qx '1 key from files'
    lists_keys work file work
    control list work | grep 'file (ED25519), 60 min left$'
    # Of that agent alone.
    lists_keys home
    control reload home
    lists_keys home other
    control reload default | grep -qx '0 keys from files'
}

@test "reload: the default agent has two directories" {
    make_key_file '' one
    make_key_file default two
    start_loaded
    lists_keys '' one two
    remove_key_file '' one
    remove_key_file default two
    make_key_file default three
    wait_listed '' one two three
    control reload default | grep -qx '1 key from files'
    lists_keys '' three
}

@test "reload: many at once, each has an answer; while locked it says so" {
    local i

    make_key_files work 30
    start_loaded
    lists_count work 30
    for ((i = 0; i < 10; i++)); do
        spawn control reload work >"$D/reload.$i" 2>&1
        RELOADS[i]=$SPAWNED
    done
    for ((i = 0; i < 10; i++)); do
        wait_until gone "${RELOADS[i]}"
        grep -qx -e '30 keys from files' -e '.*another reload is under way.*' "$D/reload.$i"
    done
    grep -qx '30 keys from files' "$D"/reload.*
    lists_count work 30
    answer_askpass word
    at '' ssh-add -x
    run control reload work
    [ "$status" -eq 1 ]
    [[ "$output" == *locked* ]]
}

@test "files that come while the agent is locked are there when it is unlocked" {
    make_key_file work before
    start_loaded
    answer_askpass word
    at work ssh-add -x
    make_key_file work meanwhile
    make_key_file late late
    wait_until test -S "$D/late.sock"
    lists_keys late
    at work ssh-add -X
    wait_listed work before meanwhile
    wait_listed late late
    signs late late
}

@test "the prompt is killed: the keys stay and sign, reload says what is the matter" {
    make_key_file work file
    start_loaded
    kill -9 "$PROMPT_PID"
    wait_until gone "$PROMPT_PID"
    wait_logged 'prompt'
    signs work file
    make_key_file work later
    run control reload work
    [ "$status" -eq 1 ]
    lists_keys work file
}
