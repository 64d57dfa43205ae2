# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# `split-ssh-prompt-child passphrase` with a broker that is a script, split-ssh-askpass, and the dialogs
# that they show.

source "$BATS_TEST_DIRNAME/keyring_setup.bash"

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"
ASKPASS="$SPLIT_SSH_BUILD/bin/split-ssh-askpass"
SCHEMA=org.qubes.SplitSsh
PASSPHRASE='correct horse'

# Once for a file of tests.
make_passphrase_keys() {
    KEYS="$BATS_FILE_TMPDIR"
    ssh-keygen -q -t ed25519 -a 1 -N "$PASSPHRASE" -C work -f "$KEYS/work"
    ssh-keygen -q -t ed25519 -N '' -C plain -f "$KEYS/plain"
}

prepare_passphrase() {
    prepare_desktop
    FINGERPRINT=$(ssh-keygen -l -f "$KEYS/work.pub" | cut -d' ' -f2)
    BROKER_OUT="$D/broker.out"
    ASKED_LOG="$D/asked"
    : >"$ASKED_LOG"
    cat >"$D/broker.py" <<'END'
import os, socket, struct, subprocess, sys
prompt, fingerprint, look_up, timeout_ms, verdict = sys.argv[1:]

def string(text):
    return struct.pack(">I", len(text)) + text.encode()

ours, theirs = socket.socketpair()
reader, writer = os.pipe()
child = subprocess.Popen([prompt, "passphrase"], stdin=theirs, stdout=writer, preexec_fn=os.setpgrp)
theirs.close()
os.close(writer)
print("child", child.pid, flush=True)
body = (string("Passphrase of SSH key work") + string("Qube: dev\nFile: /k/work") +
        string(fingerprint) + string("SSH key /k/work") + bytes([look_up == "yes"]) +
        struct.pack(">I", int(timeout_ms)))
ours.sendall(struct.pack(">I", len(body)) + body)
secret = b""
while part := os.read(reader, 4096):
    secret += part
print("secret", secret.decode(), flush=True)
print("byte", ours.recv(1).decode(), flush=True)
if verdict == "end":
    ours.close()
elif verdict != "wait":
    ours.sendall(verdict.encode())
print("exit", child.wait(), flush=True)
END
}

# broker [yes|no [MILLISECONDS [r|w|end|wait]]]: asks for the passphrase, with a look-up or not, and
# says what became of it. In the background; what it saw is in BROKER_OUT.
broker() {
    : >"$BROKER_OUT"
    spawn python3 "$D/broker.py" "$CHILD" "$FINGERPRINT" "${1-yes}" "${2-25000}" "${3-end}" \
        >"$BROKER_OUT" 2>>"$AGENT_LOG"
    BROKER_PID=$SPAWNED
    wait_until grep -q '^child' "$BROKER_OUT"
    CHILD_PID=$(sed -n 's/^child //p' "$BROKER_OUT")
    remember "$CHILD_PID"
}

# broker_saw SECRET BYTE STATUS: in the end.
broker_saw() {
    wait_until grep -q '^exit' "$BROKER_OUT" || { cat "$AGENT_LOG"; return 1; }
    diff <(printf 'secret %s\nbyte %s\nexit %s\n' "$@") <(tail -n +2 "$BROKER_OUT") ||
        { cat "$AGENT_LOG"; return 1; }
}

# user_types TEXT [REMEMBER-STATUS]: what the askpass program says, and, as an exit status, to
# "remember?". Each question is a line of ASKED_LOG, with its kind.
user_types() {
    printf '%s' "$1" >"$D/typed"
    askpass_script <<END
printf '%s|%s\n' "\$SSH_ASKPASS_PROMPT" "\${1//\$'\n'/ }" >>'$ASKED_LOG'
if [ "\$SSH_ASKPASS_PROMPT" = confirm ]; then exit ${2-1}; fi
cat '$D/typed'
echo
END
}

asked_lines() {
    [ "$(wc -l <"$ASKED_LOG")" -eq "$1" ] || { cat "$ASKED_LOG"; return 1; }
}

# by_hand SECRET: stored as somebody does it who knows the attribute alone.
by_hand() {
    store_secret "$1" fingerprint "$FINGERPRINT"
}

### ssh-askpass-gnome

# in_dialog TEXT: types it, and Return, into the dialog that is there, until its process is gone;
# another one may come at once, with a window of the same number.
in_dialog() {
    local pid

    wait_until window_is_there '^OpenSSH$'
    pid=$(xdotool getwindowpid "$WINDOW")
    wait_until typed_in_dialog "$pid" "$1"
}

typed_in_dialog() {
    gone "$1" && return 0
    xdotool windowfocus --sync "$WINDOW" key ctrl+a type "$2" 2>>"$D/xdotool.log" || return 1
    xdotool key Return 2>>"$D/xdotool.log" || return 1
    sleep 0.4
    gone "$1"
}
