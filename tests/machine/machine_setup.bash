# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# Qubes as booted machines, from the built packages. Only qrexec and dom0 are stand-ins
# (tests/standin/dom0.py). ctest runs these files by run.sh, which skips them with a reason where no
# machine can boot. A file boots its machines once:
#
#   source "$BATS_TEST_DIRNAME/machine_setup.bash"
#
#   setup_file() {
#       begin_machines
#       new_qube vault split-ssh-vault          # a qube and its services (qvm-service)
#       new_qube dev split-ssh-client
#       new_qube other                          # can call, and be denied, without being booted
#       boot vault dev                          # until the session of each is there
#       policy <<'END'                          # dom0: /etc/qubes/policy.d/30-user.policy
#   qubes.SshAgent  +  dev  @default  allow target=vault
#   END
#   }
#
#   teardown_file() {
#       end_machines
#   }
#
#   @test "..." {
#       run client ssh-add -l                   # in dev, as "user", in a login shell
#       vault systemctl --user restart split-ssh-agent.service
#       vault_root rm /usr/bin/split-ssh-askpass
#       reboot_qube vault                       # what was changed outside /home, /rw and /usr/local is lost
#       qvm_service vault split-ssh-vault off   # from the next boot on, as in Qubes OS
#   }
#
# A command gets its words as they are. `shell QUBE 'a | b'` runs a line of shell. Background
# processes: `vault systemd-run --user --unit=NAME ...`; they end with the machine.

MACHINES="$BATS_TEST_DIRNAME"
STANDIN="${SPLIT_SSH_BUILD:?is set by ctest: the build directory}/tests/standin"
TEMPLATE="$SPLIT_SSH_BUILD/machine/template"
DOM0="$BATS_FILE_TMPDIR/dom0"
AGENT_SOCK=/run/split-ssh/agent.sock

# wait_until COMMAND...: until it succeeds; 60 s is far more than anything here takes.
wait_until() {
    local i

    for ((i = 0; i < 1200; i++)); do
        if "$@"; then
            return 0
        fi
        sleep 0.05
    done
    echo "gave up waiting for: $*" >&2
    return 1
}

# refute COMMAND...: fails if it succeeds, which "!" alone does not do in bats.
refute() {
    if "$@"; then
        echo "not refused: $*" >&2
        return 1
    fi
}

begin_machines() {
    [ -d "$TEMPLATE" ] || {
        echo "no template in $SPLIT_SSH_BUILD; it is made by: ctest -R machine-template" >&2
        return 1
    }
    begin_dom0
    cp "$SPLIT_SSH_BUILD/machine/dom0/etc/qubes/policy.d"/*.policy "$DOM0/policy.d/"
}

# dom0 without a policy, and without qubes.
begin_dom0() {
    mkdir -p "$DOM0/policy.d" "$DOM0/qubes"
    : >"$DOM0/log"
    : >"$DOM0/daemon.log"
    : >"$DOM0/processes"
    # In setup_file the process of this file of tests; that of a test ends with the test.
    echo $$ >"$DOM0/owner"
}

# Ends all that was started here, also if a machine did not come up; fails if something is left.
end_machines() {
    local pid start

    [ -e "$DOM0/processes" ] || return 0
    while read -r pid start; do
        end_process "$pid" "$start"
    done <"$DOM0/processes"
    refute grep -F "$DOM0" /proc/mounts
    refute has_cgroups
}

has_cgroups() {
    local pid start

    while read -r pid start; do
        compgen -G "/sys/fs/cgroup/*/split-ssh-*-$pid" || compgen -G "/sys/fs/cgroup/split-ssh-*-$pid"
    done <"$DOM0/processes" | grep .
}

# start_of PID: when it was started (proc(5), stat, starttime), since its number may be another's.
start_of() {
    local stat fields

    read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    read -r -a fields <<<"${stat##*) }"
    [ "${fields[0]}" = Z ] || echo "${fields[19]}"
}

is_gone() {
    [ "$(start_of "$1")" != "$2" ]
}

# end_process PID START
end_process() {
    is_gone "$1" "$2" || kill "$1" 2>/dev/null || true
    wait_until is_gone "$1" "$2" || kill -9 "$1"
}

# begin_process LOG COMMAND...: in the background; end_machines ends it. In a session of its own: what
# kills a whole test must not keep it from cleaning up after its owner has gone.
begin_process() {
    local log="$1"

    shift
    setsid "$@" >>"$log" 2>&1 </dev/null 3>&- &
    STARTED=$!
    echo "$STARTED $(start_of "$STARTED")" >>"$DOM0/processes"
    disown "$STARTED"
}

# new_qube NAME [SERVICE...]
new_qube() {
    local name="$1" service

    shift
    mkdir -p "$DOM0/qubes/$name/standin"
    : >"$DOM0/qubes/$name/services"
    for service in "$@"; do
        qvm_service "$name" "$service" on
    done
    begin_process "$DOM0/daemon.log" "$MACHINES/../standin/dom0.py" "$DOM0" "$name" "$(cat "$DOM0/owner")"
    wait_until test -S "$DOM0/qubes/$name/standin/socket"
}

# qvm_service NAME SERVICE on|off: for the next boot.
qvm_service() {
    local list="$DOM0/qubes/$1/services"

    sed -i "/^$2\$/d" "$list"
    if [ "$3" = on ]; then
        echo "$2" >>"$list"
    fi
}

# boot NAME...: until the system is up and the user's session is there.
boot() {
    boot_without_session "$@"
    for name in "$@"; do
        root_in "$name" systemctl start qube-session.service
        wait_until root_in "$name" test -e /tmp/qubes-session-env
    done
}

# The same, but nobody is logged in. A command that is run as the user logs in for as long as it runs.
boot_without_session() {
    local name

    for name in "$@"; do
        begin_process "$DOM0/qubes/$name/console" \
            "$MACHINES/machine.sh" "$DOM0" "$name" "$TEMPLATE" "$(cat "$DOM0/owner")"
        echo "$STARTED $(start_of "$STARTED")" >"$DOM0/qubes/$name/process"
    done
    for name in "$@"; do
        wait_until is_up "$name" || { tail -n 30 "$DOM0/qubes/$name/console" >&2; return 1; }
    done
}

is_up() {
    [ -e "$DOM0/qubes/$1/pid" ] && root_in "$1" systemctl is-system-running --wait 2>/dev/null |
        grep -q -e running -e degraded
}

# shut_down NAME...: its session ends, its services are stopped, /home, /rw and /usr/local stay.
shut_down() {
    local name pid start

    for name in "$@"; do
        read -r pid start <"$DOM0/qubes/$name/process"
        end_process "$pid" "$start"
    done
}

reboot_qube() {
    shut_down "$1"
    boot "$1"
}

is_halted() {
    [ ! -e "$DOM0/qubes/$1/pid" ]
}

# in_qube NAME COMMAND...: as the qube's user, in a login shell.
in_qube() {
    shell "$1" "$(printf '%q ' "${@:2}")"
}

# shell NAME LINE
shell() {
    nsenter --target "$(cat "$DOM0/qubes/$1/pid")" --all runuser -l user -c "$2" 3>&-
}

root_in() {
    local name="$1"

    shift
    nsenter --target "$(cat "$DOM0/qubes/$name/pid")" --all \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@" 3>&-
}

vault() {
    in_qube vault "$@"
}

vault_root() {
    root_in vault "$@"
}

client() {
    in_qube dev "$@"
}

client_root() {
    root_in dev "$@"
}

# into NAME PATH MODE: a file, from standard input; in /home it is the user's.
into() {
    case $2 in
    /home/*) shell "$1" "mkdir -p $(dirname "$2") && cat >$2 && chmod $3 $2" ;;
    *) root_in "$1" install -D -m "$3" /dev/stdin "$2" ;;
    esac
}

# policy: the user's own lines, from standard input.
policy() {
    cat >"$DOM0/policy.d/30-user.policy"
}

# dom0_user ANSWER: what the person at dom0's dialog does: yes, no, or the name of a qube.
dom0_user() {
    echo "$1" >"$DOM0/answer"
}

# call NAME TARGET SERVICE[+ARG]: qrexec-client-vm in that qube, which need not be booted.
call() {
    QREXEC_STANDIN_SOCKET="$DOM0/qubes/$1/standin/socket" "$STANDIN/qrexec-call" -- "$2" "$3"
}

# journal NAME [OPTION...]: of journalctl(1).
journal() {
    root_in "$1" journalctl --no-pager -o cat "${@:2}"
}

# For a teardown: bats shows it if the test has failed.
show_logs() {
    local name

    echo "dom0:"
    tail -n 10 "$DOM0/log" "$DOM0/daemon.log"
    for name in vault dev; do
        is_halted "$name" || {
            echo "$name:"
            journal "$name" -n 40 | grep -v -e ' session-' -e '^pam_'
        }
    done
}

# enable_at_boot NAME UNIT: as if it were enabled in the template; for all boots from now on.
enable_at_boot() {
    echo "$2" >>"$DOM0/qubes/$1/units"
}
