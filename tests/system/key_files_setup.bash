# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# Key files below ~/.ssh/identities.d, and agents that list them.

# agent_setup; prepare has set HOME
source "$BATS_TEST_DIRNAME/agent_setup.bash"

# key_directory AGENT: where its key files are; '' for the default agent. It is made as the official
# package makes it.
key_directory() {
    local root="$HOME/.ssh/identities.d"

    (umask 077 && mkdir -p "$root/$1")
    (cd "$root/$1" && pwd)
}

# key_file AGENT NAME: its path.
key_file() {
    echo "$HOME/.ssh/identities.d/${1:+$1/}$2"
}

# make_key_file AGENT NAME [OPTION...]: ssh-keygen's options; without any it is an ed25519 key
# without a passphrase. NAME is its comment.
make_key_file() {
    local agent="$1" name="$2"

    shift 2
    # Of an option that is given twice ssh-keygen takes the last one.
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$(key_directory "$agent")/$name" "$@"
}

# make_sealed_key_file AGENT NAME PASSPHRASE [OPTION...]
make_sealed_key_file() {
    local agent="$1" name="$2" passphrase="$3"

    shift 3
    make_key_file "$agent" "$name" -N "$passphrase" "$@"
}

# make_key_files AGENT COUNT [PASSPHRASE]: key1, key2 ..., which are their comments too.
make_key_files() {
    local directory

    directory=$(key_directory "$1")
    # One round of bcrypt, or many of them take long.
    seq -f 'key%.0f' "$2" | xargs -P "$(nproc)" -I '{}' \
        ssh-keygen -q -t ed25519 -a 1 -N "${3-}" -C '{}' -f "$directory/{}"
}

# copy_key_file AGENT NAME: one of make_key, with its public half.
copy_key_file() {
    local directory

    directory=$(key_directory "$1")
    cp "$KEYS/$2" "$KEYS/$2.pub" "$directory"
}

# key_options AGENT NAME TEXT: what ssh-add is told for the key, as the official package has it.
key_options() {
    printf '%s\n' "$3" >"$(key_file "$1" "$2").ssh-add-option"
}

remove_key_file() {
    local file

    file=$(key_file "$1" "$2")
    rm -f "$file" "$file.pub" "$file-cert.pub" "$file.ssh-add-option"
}

### What an agent lists

# agent_socket AGENT: '' for the default agent. The others' are beside it.
agent_socket() {
    if [ -n "$1" ]; then
        echo "$(dirname "$AGENT_SOCKET")/$1.sock"
    else
        echo "$AGENT_SOCKET"
    fi
}

# lists_keys AGENT NAME...: exactly these, by their comments, in any order.
lists_keys() {
    local socket listed

    socket=$(agent_socket "$1")
    shift
    lists_count_at "$socket" $# || return 1
    listed=$(SSH_AUTH_SOCK="$socket" timeout 30 ssh-add -L | cut -d' ' -f3- | sort)
    [ $# -eq 0 ] || [ "$listed" = "$(printf '%s\n' "$@" | sort)" ]
}

# wait_listed AGENT NAME...: until it is so; without a name until it is there and has no key.
wait_listed() {
    if ! wait_until lists_keys "$@"; then
        SSH_AUTH_SOCK="$(agent_socket "$1")" timeout 30 ssh-add -L >&2
        cat "$AGENT_LOG" >&2
        return 1
    fi
}

# lists_count AGENT COUNT: so many keys.
lists_count() {
    lists_count_at "$(agent_socket "$1")" "$2"
}

lists_count_at() {
    [ -S "$1" ] && [ "$("$RAW" "$1" frame "$LIST" read | cut -c3-10)" = "$(u32 "$2")" ]
}
