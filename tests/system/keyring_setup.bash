# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# The Secret Service as gnome-keyring gives it, with a keyring of the test's own in its $HOME, on
# the bus of start_bus, where nothing else starts by itself; and the dialog that unlocks it.

# start_screen, start_bus; spawn, end_all, wait_until
source "$BATS_TEST_DIRNAME/desktop_setup.bash"

KEYRING_PASSWORD='password of the keyring'
LOGIN_COLLECTION=/org/freedesktop/secrets/collection/login
SECRETS_NAME=org.freedesktop.secrets
PROMPTER_NAME=org.gnome.keyring.SystemPrompter
PROMPTER=/usr/libexec/gcr-prompter
# Of the dialog. In English, whatever the user of the tests has.
export LC_ALL=C.UTF-8
KEYRING_DIALOG='^Unlock (Login )?Keyring$'

# left_behind: processes of this test; its HOME is $D or $D/home.
left_behind() {
    HOME=/ grep -lszE "^HOME=$D(/home)?\$" /proc/[0-9]*/environ
}

### The bus

# on_bus NAME: somebody has it.
on_bus() {
    [ "$(timeout 30 gdbus call --session -d org.freedesktop.DBus -o /org/freedesktop/DBus \
        -m org.freedesktop.DBus.NameHasOwner "$1" 2>&1)" = '(true,)' ]
}

not_on_bus() {
    ! on_bus "$1"
}

# secret_service PATH METHOD ARGUMENT...: of org.freedesktop.Secret, or with its interface.
secret_service() {
    local path="$1" method="$2"

    shift 2
    timeout 30 gdbus call --session -d "$SECRETS_NAME" -o "$path" -m "$method" "$@"
}

# collection_locked [COLLECTION]
collection_locked() {
    [ "$(secret_service "${1-$LOGIN_COLLECTION}" org.freedesktop.DBus.Properties.Get \
        org.freedesktop.Secret.Collection Locked)" = '(<true>,)' ]
}

# lock_collection [COLLECTION]: secret-tool's own "lock" crashes on Debian 12.
lock_collection() {
    secret_service /org/freedesktop/secrets org.freedesktop.Secret.Service.Lock \
        "[objectpath '${1-$LOGIN_COLLECTION}']" >"$D/lock.out" || return 1
    collection_locked "$@"
}

### gnome-keyring

# start_keyring [PASSWORD]: with the login collection unlocked, which is made if it is not there;
# with another password than it has it stays locked. The daemon is in KEYRING_PID.
start_keyring() {
    printf '%s' "${1-$KEYRING_PASSWORD}" >"$D/keyring.password"
    start_keyring_with --unlock <"$D/keyring.password"
    secret_service /org/freedesktop/secrets org.freedesktop.Secret.Service.ReadAlias login |
        grep -q "$LOGIN_COLLECTION" || { cat "$D/keyring.log"; return 1; }
}

# start_locked_keyring: with a collection that an earlier one has made.
start_locked_keyring() {
    start_keyring_with </dev/null
    collection_locked
}

# start_keyring_with OPTION...: what it reads is its standard input. Its parent is the shell, since
# without --foreground it goes its own way, even a second one with --unlock.
start_keyring_with() {
    # Not with spawn: the shell gives a background command /dev/null unless it has a stdin itself.
    gnome-keyring-daemon "$@" --components=secrets --foreground \
        --control-directory="$D/keyring" <&0 >>"$D/keyring.log" 2>&1 3>&- &
    KEYRING_PID=$!
    remember "$KEYRING_PID"
    wait_until on_bus "$SECRETS_NAME" || { cat "$D/keyring.log"; return 1; }
}

# kill_keyring: as a crash does it.
kill_keyring() {
    kill -9 "$KEYRING_PID"
    wait_until gone "$KEYRING_PID"
    wait_until not_on_bus "$SECRETS_NAME"
}

# store_secret SECRET ATTRIBUTE VALUE...: in the default collection.
store_secret() {
    local secret="$1"

    shift
    printf '%s' "$secret" | timeout 30 secret-tool store --label="${2-secret}" "$@"
}

# look_up_secret ATTRIBUTE VALUE...: prints it without a newline; fails if there is none. In a
# locked collection it waits for a user, and gives up after 30 s.
look_up_secret() {
    timeout 30 secret-tool lookup "$@"
}

# secret_is SECRET ATTRIBUTE VALUE...
secret_is() {
    local expected="$1" found

    shift
    found=$(look_up_secret "$@"; echo .)
    [ "$found" = "$expected." ] || { echo "stored is: ${found%.}" >&2; return 1; }
}

### Its dialog

# start_prompter: the bus starts gcr's prompter when gnome-keyring wants a dialog; it ends after ten
# idle seconds, or with the bus. Needs start_screen and start_bus.
start_prompter() {
    [ -x "$PROMPTER" ] || { echo "$PROMPTER is not installed" >&2; return 1; }
    mkdir "$D/services"
    printf '[D-BUS Service]\nName=%s\nExec=%s\n' "$PROMPTER_NAME" "$PROMPTER" \
        >"$D/services/$PROMPTER_NAME.service"
    sed -i "s|</listen>|&<servicedir>$D/services</servicedir>|" "$D/bus.conf"
    timeout 30 dbus-update-activation-environment DISPLAY LC_ALL GSETTINGS_BACKEND=memory
    timeout 30 gdbus call --session -d org.freedesktop.DBus -o /org/freedesktop/DBus \
        -m org.freedesktop.DBus.ReloadConfig >"$D/reload.out"
}

# window_is_there NAME: a visible one whose name matches a regular expression, to WINDOW.
window_is_there() {
    WINDOW=$(xdotool search --onlyvisible --limit 1 --name "$1" 2>/dev/null) && [ -n "$WINDOW" ]
}

no_window_is_there() {
    ! window_is_there "$1"
}

# type_in_window NAME TEXT: waits for the window and types the text and Return until it is gone.
# Keys that come before the window has its focus are lost: it is tried again, over what has arrived.
type_in_window() {
    wait_until window_is_there "$1"
    wait_until typed_in_window "$@"
}

typed_in_window() {
    no_window_is_there "$1" && return 0
    xdotool windowfocus --sync "$WINDOW" key ctrl+a type "$2" 2>>"$D/xdotool.log" || return 1
    xdotool key Return 2>>"$D/xdotool.log" || return 1
    sleep 0.4
    no_window_is_there "$1"
}

# press_in_window NAME KEY: until it is gone.
press_in_window() {
    wait_until window_is_there "$1"
    wait_until pressed_in_window "$@"
}

pressed_in_window() {
    no_window_is_there "$1" && return 0
    xdotool windowfocus --sync "$WINDOW" key "$2" 2>>"$D/xdotool.log" || return 1
    sleep 0.4
    no_window_is_there "$1"
}

# unlock_in_dialog [PASSWORD]: what the user types.
unlock_in_dialog() {
    type_in_window "$KEYRING_DIALOG" "${1-$KEYRING_PASSWORD}"
}

cancel_dialog() {
    press_in_window "$KEYRING_DIALOG" Escape
}
