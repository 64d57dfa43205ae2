#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Questions and bubbles as a user gets them: dunst under Xvfb, ssh-askpass-gnome, other notification
# servers, and desktops that are not there or do not answer.

load desktop_setup

TITLE='SSH key "work": allow dev?'
BODY='Qube: dev
log in as git to github.com (host key verified)'
ALL=actions,body,body-markup

setup() {
    prepare_desktop
}

teardown() {
    clean_up_desktop
}

### Notifications, with dunst

@test "each button is its answer, and closes the notification" {
    start_desktop
    ask_with_dunst "$TITLE" "$BODY" 'Allow for 5 minutes'
    press 'Allow once'
    answers $ONCE_NOTIFICATION
    wait_until displayed 0
    ask_with_dunst "$TITLE" "$BODY" 'Allow for 5 minutes'
    press 'Allow for 5 minutes'
    answers $WHILE_NOTIFICATION
    wait_until displayed 0
    ask_with_dunst "$TITLE" "$BODY" 'Allow for 5 minutes'
    press 'Deny'
    answers $DENY_NOTIFICATION
    wait_until displayed 0
}

@test "what is not offered has no button" {
    start_desktop
    ask_with_dunst "$TITLE" "$BODY"
    press 'Deny'
    answers $DENY_NOTIFICATION
    run cat "$D/menu"
    [ "${#lines[@]}" -eq 2 ]
    grep -q '^#Allow once ' "$D/menu"
    grep -q '^#Deny ' "$D/menu"
}

@test "a click anywhere allows nothing" {
    start_desktop
    ask_with_dunst "$TITLE" "$BODY" 'Allow for 5 minutes'
    : >"$D/choice"
    xdotool mousemove 900 90 click 2 # opens the menu, where nothing is chosen
    wait_until test -s "$D/menu"
    kill -0 "$ASK_PID"
    xdotool mousemove 900 90 click 1 # closes it
    answers $DENY_NOTIFICATION
}

@test "the time is over: closed, and no" {
    start_desktop
    ask "$TITLE" "$BODY" '' 1500
    wait_until displayed 1
    answers $TIMEOUT_NOTIFICATION
    wait_until displayed 0
}

@test "a question that is withdrawn is closed" {
    start_desktop
    ask "$TITLE" "$BODY" "" 100000 # long after this test it would expire
    wait_until displayed 1
    kill "$ASK_PID"
    answers 75
    wait_until displayed 0
}

@test "the text is what was sent, and markup stays text" {
    start_desktop
    ask_with_dunst 'key "<b>%s</b>" &amp; \n' $'<b>bold</b> &amp; %s %n \\n\n<a href="x">y</a>'
    press 'Deny'
    answers $DENY_NOTIFICATION
    # As Pango markup, which dunst draws: all that could be some is escaped.
    grep -qxF "	formatted: '<b>key &quot;&lt;b&gt;%s&lt;/b&gt;&quot; &amp;amp; \\n</b>" "$D/shown"
    grep -qxF '&lt;b&gt;bold&lt;/b&gt; &amp;amp; %s %n \n' "$D/shown"
    grep -qxF "&lt;a href=&quot;x&quot;&gt;y&lt;/a&gt;'" "$D/shown"
    grep -q 'urgency: CRITICAL' "$D/shown"
    grep -q "appname: 'split-ssh'" "$D/shown"
}

@test "a long text is shown, and can be answered" {
    start_desktop
    ask_with_dunst "$TITLE" "$(printf 'x%.0s' {1..1000}) $(printf '<y>%.0s' {1..500})"
    press 'Allow once'
    answers $ONCE_NOTIFICATION
}

@test "a server that dies with the question: askpass goes on, or there is no display" {
    start_desktop
    ask "$TITLE" "$BODY"
    wait_until displayed 1
    kill -9 "$DUNST_PID"
    answers $NO_DISPLAY
    agent_logged 'went away with the question'

    start_dunst
    askpass_script <<<'exit 0'
    ask "$TITLE" "$BODY"
    wait_until displayed 1
    kill -9 "$DUNST_PID"
    answers $ONCE_ASKPASS
}

@test "a server that hangs cannot ask, and does not keep a question open" {
    start_desktop
    ask "$TITLE" "$BODY" '' 2000
    wait_until displayed 1
    kill -STOP "$DUNST_PID"
    answers $TIMEOUT_NOTIFICATION
    askpass_script <<<'exit 0'
    ask "$TITLE" "$BODY"
    answers $ONCE_ASKPASS
    kill -CONT "$DUNST_PID"
}

@test "a bubble is shown and asks nothing" {
    start_desktop
    bubble '[vault] SSH key "work"' 'used by <b>dev</b>: log in as git to github.com'
    wait_until displayed 1
    grep -q 'urgency: NORMAL' "$D/shown"
    grep -qF 'used by &lt;b&gt;dev&lt;/b&gt;: log in' "$D/shown"
    refute grep -q -e '"allow-once"' -e '"deny"' "$D/shown"
}

### Notifications, with other servers

@test "Qubes' proxy to dom0: plain text, no body capability, no way to close" {
    start_bus
    start_standin persistence,actions,no-close late:allow-while
    ask 'a <b>' $'c & d\n<e>' 'Allow for 1 hour'
    answers $WHILE_NOTIFICATION
    grep -qxF 'shown 1 [a <b>] [c & d\n<e>] [allow-once,Allow once,allow-while,Allow for 1 hour,deny,Deny] urgency 2' "$D/shown"
}

@test "what happens in the first half second is not an answer" {
    start_bus
    start_standin $ALL allow-once dismiss
    ask "$TITLE" "$BODY"
    answers $DENY_NOTIFICATION
    grep -q '^shown 2 ' "$D/shown"
}

@test "a question that is closed too early, or expires, is shown again" {
    start_bus
    start_standin $ALL deny expire late:allow-once
    ask "$TITLE" "$BODY"
    answers $ONCE_NOTIFICATION
    grep -q '^shown 3 ' "$D/shown"
    refute grep -q '^shown 4 ' "$D/shown"
}

@test "a server that closes everything cannot ask" {
    start_bus
    start_standin $ALL expire
    askpass_script <<<'exit 1'
    ask "$TITLE" "$BODY"
    answers $DENY_ASKPASS
}

@test "a button that was not offered is no answer" {
    start_bus
    start_standin $ALL late:allow-while
    ask "$TITLE" "$BODY"
    answers $DENY_NOTIFICATION # it was closed
}

@test "a server without buttons is not asked, but has bubbles" {
    start_bus
    start_standin body none
    askpass_script <<<'exit 0'
    ask "$TITLE" "$BODY" 'Allow for 5 minutes'
    answers $ONCE_ASKPASS
    refute grep -q shown "$D/shown"
    bubble a '<b>'
    grep -qxF 'shown 1 [a] [<b>] [] urgency 1' "$D/shown"
}

@test "another program's signals are not the server's" {
    start_bus
    start_standin $ALL none
    ask "$TITLE" "$BODY" '' 3000
    wait_until grep -q '^shown 1 ' "$D/shown"
    sleep 0.6
    dbus-send --session --type=signal /org/freedesktop/Notifications \
        org.freedesktop.Notifications.ActionInvoked uint32:1 string:allow-once
    answers $TIMEOUT_NOTIFICATION
    grep -qx 'closed 1' "$D/shown"
}

### Askpass

@test "ssh-askpass-gnome: Return is yes, Escape is no" {
    local key window

    start_screen
    unset SSH_ASKPASS_REQUIRE
    export SSH_ASKPASS=/usr/lib/openssh/gnome-ssh-askpass
    [ -x "$SSH_ASKPASS" ] || export SSH_ASKPASS=/usr/libexec/openssh/gnome-ssh-askpass
    for key in Return Escape; do
        ask "$TITLE" '<b>' 'Allow for 5 minutes'
        window=$(timeout 30 xdotool search --sync --onlyvisible --limit 1 --class askpass)
        [ "$(tr '\0' '\n' <"/proc/$(children "$ASK_PID")/cmdline" | tail -n +2)" = \
            "$(printf 'split-ssh asks:\n\n%s\n\n<b>\n\nAllow this once?' "$TITLE")" ]
        wait_until pressed "$key" "$window"
        case $key in
        Return) answers $ONCE_ASKPASS ;;
        Escape) answers $DENY_ASKPASS ;;
        esac
    done
}

# A key that comes before the dialog has its input focus is lost.
pressed() {
    gone "$ASK_PID" || { xdotool windowfocus "$2" key "$1" 2>"$D/xdotool.log"; sleep 0.2; gone "$ASK_PID"; }
}

@test "an askpass program gets the text as one argument that is no option, and a clean environment" {
    askpass_script <<'END'
printf '%s\n' "$#" "$1" >"$HOME/argument"
env | cut -d= -f1 | sort >"$HOME/variables"
env >"$HOME/environment"
ls -l /proc/self/fd >"$HOME/descriptors"
exit 0
END
    export XDG_SESSION_TYPE=x11 LC_ALL=C LD_PRELOAD_X=1 GTK_MODULES=x PATH="$PATH:/elsewhere"
    exec {fd}<"$D/askpass"
    ask '--title=x' '-b %s'
    exec {fd}<&-
    answers $ONCE_ASKPASS
    [ "$(cat "$D/argument")" = "$(printf '1\nsplit-ssh asks:\n\n--title=x\n\n-b %%s\n\nAllow this once?')" ]
    grep -qx 'SSH_ASKPASS_PROMPT=confirm' "$D/environment"
    grep -qx 'PATH=/usr/local/bin:/usr/bin:/bin' "$D/environment"
    grep -qx 'LC_ALL=C' "$D/environment"
    # Three are the shell's own; of the others some may be set where the tests run.
    [ "$(grep -vxE '_|PWD|SHLVL|LANG|LANGUAGE|LC_.*|USER|LOGNAME' "$D/variables")" = \
        "$(printf '%s\n' HOME PATH SSH_ASKPASS_PROMPT XDG_SESSION_TYPE)" ]
    refute grep -q "$D/askpass\$" "$D/descriptors"
    grep -q ' 0 -> /dev/null' "$D/descriptors"
}

@test "what is printed has to be nothing or yes, as OpenSSH's agent has it" {
    askpass_script <<<'echo no'
    ask "$TITLE" "$BODY"
    answers $DENY_ASKPASS
    askpass_script <<<'echo yes please'
    ask "$TITLE" "$BODY"
    answers $DENY_ASKPASS
    askpass_script <<<'echo Yes'
    ask "$TITLE" "$BODY"
    answers $ONCE_ASKPASS
    askpass_script <<<'echo'
    ask "$TITLE" "$BODY"
    answers $ONCE_ASKPASS
    askpass_script <<<'exit 3'
    ask "$TITLE" "$BODY"
    answers $DENY_ASKPASS
}

@test "an askpass program that crashes has not answered" {
    askpass_script <<<'kill -SEGV $$'
    ask "$TITLE" "$BODY"
    answers 70
    agent_logged 'crashed (signal 11)'
}

@test "the time is over: the askpass program ends, and all that it started" {
    askpass_script <<'END'
sleep 1000 &
trap '' TERM
touch "$HOME/started"
while true; do sleep 1; done
END
    ask "$TITLE" "$BODY" '' 1500
    wait_until test -e "$D/started"
    answers $TIMEOUT_ASKPASS
    wait_until none_left_behind
}

@test "a question that is withdrawn takes its askpass program along" {
    askpass_script <<<'touch "$HOME/started"; sleep 1000'
    ask "$TITLE" "$BODY"
    wait_until test -e "$D/started"
    kill "$ASK_PID"
    answers 75
    wait_until none_left_behind
}

@test "an askpass program does not outlive the child" {
    askpass_script <<<'touch "$HOME/started"; exec sleep 1000'
    ask "$TITLE" "$BODY"
    wait_until test -e "$D/started"
    kill -9 "$ASK_PID"
    wait_until none_left_behind
}

@test "SSH_ASKPASS that is no program: said, and the usual ones are asked" {
    start_screen
    unset SSH_ASKPASS_REQUIRE
    export SSH_ASKPASS=askpass
    ask "$TITLE" "$BODY" '' 1500
    answers $TIMEOUT_ASKPASS
    agent_logged 'SSH_ASKPASS is not the full path of a program: askpass'
}

### No desktop

@test "no display: said so at once" {
    unset SSH_ASKPASS_REQUIRE
    SSH_ASKPASS=/bin/true ask "$TITLE" "$BODY"
    answers $NO_DISPLAY
    run bubble a b
    [ "$status" -eq $NO_DISPLAY ]
}

@test "SSH_ASKPASS_REQUIRE=never: no askpass program, display or not" {
    DISPLAY=:1 SSH_ASKPASS=/bin/true ask "$TITLE" "$BODY"
    answers $NO_DISPLAY
}

@test "a bus without a notification server" {
    start_bus
    ask "$TITLE" "$BODY"
    answers $NO_DISPLAY
    run bubble a b
    [ "$status" -eq $NO_DISPLAY ]
}

@test "the bus of the runtime directory is found" {
    start_bus
    start_standin $ALL late:allow-once
    unset DBUS_SESSION_BUS_ADDRESS
    XDG_RUNTIME_DIR="$D" ask "$TITLE" "$BODY"
    answers $ONCE_NOTIFICATION
}

@test "a bus that never answers does not hold a question up" {
    spawn socat -u "UNIX-LISTEN:$D/silent,fork" OPEN:/dev/null
    wait_until test -S "$D/silent"
    export DBUS_SESSION_BUS_ADDRESS="unix:path=$D/silent"
    askpass_script <<<'exit 0'
    ask "$TITLE" "$BODY"
    answers $ONCE_ASKPASS
    run bubble a b
    [ "$status" -eq $NO_DISPLAY ]
}

@test "input that is no question asks nothing" {
    local input

    start_bus
    start_standin $ALL none
    for input in '' "$(wire_text a)" "$(wire_text a)$(wire_text b)$(wire_text c)$(u32 1)00" \
        "$(wire_text '')$(wire_text b)$(wire_text c)$(u32 1)" \
        "$(wire_text a)$(wire_text $'b\e')$(wire_text c)$(u32 1)" \
        "$(wire_text $'a\n')$(wire_text b)$(wire_text c)$(u32 1)" \
        "$(wire_text a)$(wire_text $'\xe2\x80\xae')$(wire_text c)$(u32 1)" \
        "$(wire_text a)$(wire_text "$(printf 'x%.0s' {1..5000})")$(wire_text c)$(u32 1)"; do
        unhex "$input" >"$D/input"
        run timeout 30 "$CHILD" ask <"$D/input"
        [ "$status" -eq 65 ] || { echo "$input: $output"; return 1; }
    done
    refute grep -q shown "$D/shown"
}
