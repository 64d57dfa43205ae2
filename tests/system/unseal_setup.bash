# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# Key files with a passphrase, and a user who types it.

# start_loaded, call_raw, public_of; prepare_ask, user_says, policy
source "$BATS_TEST_DIRNAME/named_agents_setup.bash"

PASSPHRASE='correct horse'

# prepare_unseal: the user says yes to questions, and types the right passphrase.
prepare_unseal() {
    prepare_ask
    allow_all
    mkdir "$D/dialogs"
    declare -gA USES=() # pids
    user_types "$PASSPHRASE"
    prepare_dialog
}

# prepare_dialog: after user_says, whose program is then for questions alone.
prepare_dialog() {
    mv "$D/askpass" "$D/askpass.question"
    cat >"$D/askpass" <<END
#!/bin/bash
[ "\$SSH_ASKPASS_PROMPT" != confirm ] || exec '$D/askpass.question' "\$@"
n=\$((\$(ls '$D/dialogs' | wc -l) + 1))
echo \$\$ >'$D/dialog.pid'
printf '%s\n' "\$1" >'$D/dialogs/'\$n
typed() { { sed -n "\${n}p;\${n}q" '$D/typed' | grep . || tail -n 1 '$D/typed'; } 2>/dev/null; }
while [ "\$(typed)" = later ]; do sleep 0.02; done
[ "\$(typed)" != cancel ] || exit 1
typed
END
    chmod 755 "$D/askpass"
}

# user_types TEXT...: into the first dialog, the second, ...; the last one into all others.
# "later" leaves a dialog open until there is something else, "cancel" closes it.
user_types() {
    printf '%s\n' "$@" >"$D/typed.new"
    mv "$D/typed.new" "$D/typed"
}

dialogs() {
    local n

    n=$(find "$D/dialogs" -type f | wc -l)
    [ "$n" -eq "$1" ] || { echo "$n dialogs" >&2; return 1; }
}

# dialog_is N QUBE AGENT NAME [LINE]: the whole text; '' for a program in the vault.
dialog_is() {
    diff - "$D/dialogs/$1" <<END
split-ssh asks:

Passphrase for SSH key "$4"

File: $(key_file "$3" "$4")
Key: $(fingerprint "$(public_of "$3" "$4")")
Needed $([ -z "$2" ] && echo 'in this vault' || echo "for a use by qube $2")${5:+
$5}
END
}

# wait_dialog N: until it is there, and open.
wait_dialog() {
    wait_until test -s "$D/dialogs/$1"
    DIALOG_PID=$(cat "$D/dialog.pid")
}

# begin_use N QUBE AGENT NAME [DATA-HEX]: a signature, which use_gives says the end of.
begin_use() {
    spawn "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+$3 $2" \
        frame "$(sign_request "$(public_of "$3" "$4")" "${5-64617461}")" read >"$D/use.$1"
    USES["$1"]=$SPAWNED
}

# use_gives N y|n
use_gives() {
    wait_until gone "${USES[$1]}"
    case "$(cat "$D/use.$1")" in
    0e*) [ "$2" = y ] ;;
    "$FAILURE") [ "$2" = n ] ;;
    *) false ;;
    esac || { echo "use $1: $(cut -c1-20 "$D/use.$1")" >&2; return 1; }
}

# is_waiting N: it has no answer yet.
is_waiting() {
    [ ! -s "$D/use.$1" ] && ! gone "${USES[$1]}"
}

# leave N: the client goes.
leave() {
    kill "${USES[$1]}"
    wait_until gone "${USES[$1]}"
}

# gives_now LETTER QUBE AGENT NAME
gives_now() {
    begin_use now "$2" "$3" "$4"
    use_gives now "$1"
}

# is_sealed AGENT NAME
is_sealed() {
    control list "${1:-default}" | grep -F " $2 (" | grep -qF 'passphrase not needed yet'
}

# signs AGENT NAME: in the vault, verified.
signs() {
    at "$1" ssh-add -T "$(public_of "$1" "$2")"
}
