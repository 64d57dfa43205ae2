# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A client qube for `split-ssh check`: the relay of this build, the stand-in for qrexec with a vault
# behind it, and a program in the place of systemctl that says what the test wants it to say.

# start_vault, start_relay_as, spawn, end_all, wait_until
source "$BATS_TEST_DIRNAME/relay_setup.bash"

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"

make_client_qube() {
    "$BATS_TEST_DIRNAME/in_qube.sh" "$(mktemp -d "$BATS_TEST_TMPDIR/probe.XXXX")" true ||
        skip "user and mount namespaces are not allowed here"
    start_vault
    export HOME="$D/home" SPLIT_SSH_BUILD XDG_RUNTIME_DIR="$D/runtime" LC_ALL=C
    unset SSH_CONNECTION XDG_STATE_HOME
    mkdir -p "$HOME" "$D/bin" "$D/unit" "$D/qube/run/qubes-service" "$D/qube/rw/config"
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    touch "$D/qube/run/qubes-service/split-ssh-client"
    SOCKET="$HOME/.split-ssh/default.sock"
    cp "$STANDIN" "$D/bin/qrexec-client-vm"
    make_systemctl
    export PATH="$D/bin:$PATH" SSH_AUTH_SOCK="$SOCKET"
}

# $D/units: list-units; $D/unit/UNIT: show; $D/session: show-environment; $D/no-manager.
make_systemctl() {
    cat >"$D/bin/systemctl" <<END
#!/bin/bash
[ "\$1" = --user ] && [ ! -e "$D/no-manager" ] || exit 1
case "\$2" in
list-units) cat "$D/units" ;;
show-environment) cat "$D/session" ;;
show)
    unit="\${!#}"
    if [ "\$3" = --property=Version ]; then
        echo Version=252
    elif [ -e "$D/unit/\$unit" ]; then
        echo "Id=\$unit"
        cat "$D/unit/\$unit"
    else
        echo "Id=\$unit"
        echo LoadState=loaded
        case \$unit in
        *.socket) printf '%s\n' ActiveState=active UnitFileState=enabled ;;
        *) printf '%s\n' ActiveState=inactive UnitFileState=static ;;
        esac
        echo Result=success
    fi
    ;;
*) exit 1 ;;
esac
END
    printf '#!/bin/sh\nexit 1\n' >"$D/bin/journalctl"
    chmod 755 "$D/bin/systemctl" "$D/bin/journalctl"
    echo 'split-ssh-relay@default.socket loaded active listening SSH agent' >"$D/units"
    echo "SSH_AUTH_SOCK=$SOCKET" >"$D/session"
}

# relay [AGENT [OPTION...]]: the relay of an agent, which makes calls as the test wants it.
relay() {
    local agent="${1:-default}"

    start_relay_as "$RELAY" -A "$agent" --config "$D/qube/rw/config" --qrexec-client "$STANDIN" \
        "${@:2}"
}

# check STATUS: `split-ssh check` for the client; its object is in $D/json, what it says besides in
# $D/stderr.
check() {
    local expected="$1"

    status=0
    "$BATS_TEST_DIRNAME/in_qube.sh" "$D/qube" "$CONTROL" check --json client >"$D/json" \
        2>"$D/stderr" || status=$?
    cat "$D/json" "$D/stderr"
    [ "$status" -eq "$expected" ]
    python3 -m json.tool "$D/json" >/dev/null
}

# finding STEP VERDICT PATTERN: the first one of the step and the verdict has this in its sentence;
# its command is then in $MEND, and where to type it in $WHERE.
finding() {
    local out

    out=$(python3 - "$D/json" "$@" <<'END'
import json, re, sys
path, step, verdict, pattern = sys.argv[1:]
for finding in json.load(open(path))["steps"]:
    if finding["step"] == step and finding["verdict"] == verdict:
        if not re.search(pattern, finding["what"]):
            sys.exit(f"{step}: {finding['what']}")
        print(finding["where"] or "")
        print(finding["mend"] or "")
        sys.exit(0)
sys.exit(f"no finding: {step} {verdict}")
END
    ) || return 1
    { read -r WHERE; IFS= read -r MEND || true; } <<<"$out"
}

# only STEP...: nothing but these steps is wrong.
only() {
    local wrong

    wrong=$(python3 -c '
import json, sys
steps = json.load(open(sys.argv[1]))["steps"]
print(" ".join(dict.fromkeys(s["step"] for s in steps if s["verdict"] == "wrong")))' "$D/json")
    [ "$wrong" = "$*" ] || { echo "wrong: $wrong" >&2; return 1; }
}

# mended: types what the last finding said, in this qube, and then all is well.
mended() {
    [ "$WHERE" = here ]
    eval "$MEND"
    check 0
}
