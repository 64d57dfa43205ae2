# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2016
# A desktop without a screen: Xvfb, a session bus that starts nothing by itself, dunst; and the
# children of split-ssh-prompt, split-ssh-prompt-child, which show a question or a bubble there.

# spawn, end_all, wait_until, ends_with, wire_text, unhex, u32
source "$BATS_TEST_DIRNAME/agent_setup.bash"

CHILD="$SPLIT_SSH_BUILD/libexec/split-ssh/split-ssh-prompt-child"
NOTIFICATION_SERVER="$SPLIT_SSH_BUILD/tests/standin/notification-server"

# enum child_exit of agent/prompt/child.h
ONCE_NOTIFICATION=10
WHILE_NOTIFICATION=11
DENY_NOTIFICATION=12
TIMEOUT_NOTIFICATION=13
ONCE_ASKPASS=20
DENY_ASKPASS=22
TIMEOUT_ASKPASS=23
NO_DISPLAY=30

prepare_desktop() {
    prepare
    export HOME="$D"
    unset WAYLAND_DISPLAY XAUTHORITY DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR XDG_SESSION_TYPE
    unset XDG_CURRENT_DESKTOP
    ASKED=0
    # No test falls back to a dialog that it does not mean to have.
    export SSH_ASKPASS_REQUIRE=never
}

# left_behind: processes of this test, which all have its HOME.
left_behind() {
    HOME=/ grep -lsz "^HOME=$D\$" /proc/[0-9]*/environ
}

none_left_behind() {
    [ -z "$(left_behind)" ]
}

clean_up_desktop() {
    clean_up
    wait_until none_left_behind
}

# start_screen: its number goes to DISPLAY.
# Without -noreset the server starts anew whenever its last client goes, as xdotool does after each
# look, and a client that comes just then cannot open the display.
start_screen() {
    spawn Xvfb -displayfd 5 -noreset -screen 0 1024x768x24 -nolisten tcp 5>"$D/display" \
        2>"$D/xvfb.log"
    wait_until test -s "$D/display"
    DISPLAY=":$(cat "$D/display")"
    export DISPLAY
}

start_bus() {
    cat >"$D/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=$D/bus</listen>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
  </policy>
</busconfig>
END
    spawn dbus-daemon --config-file="$D/bus.conf" --nofork 2>"$D/bus.log"
    export DBUS_SESSION_BUS_ADDRESS="unix:path=$D/bus"
    wait_until bus_answers
}

bus_answers() {
    dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId \
        >"$D/bus.id" 2>&1
}

# start_dunst: what it shows goes to $D/shown; choose() says which button is pressed.
start_dunst() {
    cat >"$D/dunstrc" <<END
[global]
    dmenu = $D/dmenu
    markup = full
    width = 560
    height = 400
    font = DejaVu Sans 11
    mouse_left_click = close_current
    mouse_middle_click = do_action
END
    printf '#!/bin/sh\ntee -a "%s" | grep -m1 "^#$(cat "%s") ("\n' "$D/menu" "$D/choice" >"$D/dmenu"
    chmod 755 "$D/dmenu"
    spawn dunst -config "$D/dunstrc" -print >"$D/shown" 2>"$D/dunst.log"
    DUNST_PID=$SPAWNED
    wait_until displayed 0
}

# start_standin CAPABILITIES REACTION...: tests/standin/notification-server.c says which there are.
start_standin() {
    spawn "$NOTIFICATION_SERVER" "$@" >"$D/shown"
    wait_until grep -q '^ready$' "$D/shown"
}

start_desktop() {
    start_screen
    start_bus
    start_dunst
}

displayed() {
    [ "$(dunstctl count displayed 2>"$D/dunstctl.log")" = "$1" ]
}

# ask TITLE BODY [WHILE-LABEL [MILLISECONDS]]: the child is in ASK_PID, what it logs in AGENT_LOG.
ask() {
    local input="$D/input.$((ASKED++))"

    unhex "$(wire_text "$1")$(wire_text "$2")$(wire_text "${3-}")$(u32 "${4:-25000}")" >"$input"
    "$CHILD" ask <"$input" 2>>"$AGENT_LOG" 3>&- &
    ASK_PID=$!
    remember "$ASK_PID"
}

# asks_with_dunst ...: as ask(), until half a second after dunst has it.
ask_with_dunst() {
    ask "$@"
    wait_until displayed 1
    sleep 0.6
}

# press LABEL: of the one notification that is there.
press() {
    printf '%s' "$1" >"$D/choice"
    dunstctl context
}

# answers STATUS: of the last ask().
answers() {
    ends_with "$1" "$ASK_PID" || { cat "$AGENT_LOG"; return 1; }
}

# bubble TITLE BODY
bubble() {
    unhex "$(wire_text "$1")$(wire_text "$2")" | timeout 30 "$CHILD" tell 2>>"$AGENT_LOG"
}

# askpass_script: reads its body from stdin; it is SSH_ASKPASS from now on, display or not.
askpass_script() {
    { echo '#!/bin/bash'; cat; } >"$D/askpass"
    chmod 755 "$D/askpass"
    export SSH_ASKPASS="$D/askpass" SSH_ASKPASS_REQUIRE=force
}

# refute COMMAND...: fails if it succeeds, which "!" alone does not do in bats.
refute() {
    if "$@"; then
        echo "not refused: $*" >&2
        return 1
    fi
}
