# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# For tests of `split-ssh check` in machines. $output is what --json printed last.

BEFORE= # what was typed into the shell before

# dom0's command; it holds from the next start.
qvm-service() {
    qvm_service "$@"
}

# prepare_qube NAME: what is in each qube of Qubes OS, and is lost here when one is started anew.
prepare_qube() {
    into "$1" /etc/sudoers.d/qubes 440 <<<'user ALL=(ALL) NOPASSWD: ALL'
    echo "127.0.0.1 $1" | into "$1" /etc/hosts 644
    notifications "$1"
}

# notifications NAME: there is a notification server with buttons, which the session bus starts.
notifications() {
    into "$1" /usr/share/dbus-1/services/standin.service 644 <<'END'
[D-BUS Service]
Name=org.freedesktop.Notifications
Exec=/usr/lib/standin/notification-server actions,body none
END
    reload_bus "$1"
}

silence_notifications() {
    root_in "$1" rm /usr/share/dbus-1/services/standin.service
    reload_bus "$1"
    root_in "$1" pkill -x notification-se || true
    wait_until has_no_server "$1"
}

has_no_server() {
    refute in_qube "$1" busctl --user --timeout=5 call org.freedesktop.Notifications \
        /org/freedesktop/Notifications org.freedesktop.Notifications GetCapabilities
}

reload_bus() {
    in_qube "$1" busctl --user call org.freedesktop.DBus /org/freedesktop/DBus \
        org.freedesktop.DBus ReloadConfig
}

# The user's systemd with the limits that a start of the qube would give it.
restart_manager() {
    vault_root systemctl daemon-reload
    vault_root systemctl restart user@1000.service
}

restart_sockets() {
    local sockets="split-ssh-agent.socket split-ssh-qrexec.socket"

    shell vault "systemctl --user stop split-ssh-agent.service $sockets"
    shell vault "systemctl --user reset-failed split-ssh-agent.service $sockets || true" # started often
    shell vault "systemctl --user start $sockets"
}

# check_side SIDE [COMMAND]: in one login shell, after $BEFORE and the command.
check_side() {
    status=0
    output=$(shell "$1" "$BEFORE
${2:-}
split-ssh check --json $1 >&9" 9>&1 >"$BATS_TEST_TMPDIR/said" 2>&1) || status=$?
    cat "$BATS_TEST_TMPDIR/said"
    printf 'status %s\n%s\n' "$status" "$output"
}

# is_green SIDE [COMMAND]
is_green() {
    check_side "$@"
    [ "$status" -eq 0 ]
}

# steps PYTHON: an expression for each finding f that is printed, unless it is None.
steps() {
    python3 -c 'import json, sys
for f in json.loads(sys.argv[1])["steps"]:
    value = eval(sys.argv[2])
    if value is not None:
        print(value)' "$output" "$1"
}

# verdicts STEP: those of its findings; "wrong": the names of what is.
verdicts() {
    if [ "$1" = wrong ]; then
        steps 'f["step"] if f["verdict"] == "wrong" else None' | grep .
    else
        steps "f['verdict'] if f['step'] == '$1' else None"
    fi
}

# finding SIDE STEP FIELD [VERDICT]: of the first one.
finding() {
    steps "f['$3'] if (f['side'], f['step'], f['verdict']) == ('$1', '$2', '${4:-wrong}') else None" |
        head -n 1
}

first_wrong() {
    verdicts wrong | head -n 1
}

fails_at() {
    check_side "$1"
    [ "$(first_wrong)" = "$2" ]
}

# What the last step that was mended had said.
wrong_said() {
    cat "$BATS_TEST_TMPDIR/wrong"
}

# mends SIDE STEP: the first thing that is wrong is this step; its command mends it, and all.
mends() {
    local command

    fails_at "$1" "$2"
    [ "$status" -eq 1 ]
    finding "$1" "$2" what >"$BATS_TEST_TMPDIR/wrong"
    command=$(finding "$1" "$2" mend)
    [ -n "$command" ]
    [ "$(finding "$1" "$2" where)" != dom0 ]
    is_green "$1" "$command"
}

# The same where a second thing shows when the first one is mended.
mends_at_last() {
    fails_at "$1" "$2"
    check_side "$1" "$(finding "$1" "$2" mend)"
    if [ "$status" -ne 0 ]; then
        is_green "$1" "$(finding "$1" "$(first_wrong)" mend)"
    fi
}
