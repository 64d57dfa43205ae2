#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# openssh-tests.sh AGENT_BINARY [TEST...]: OpenSSH's own regression tests, run with another agent.
#
# The tests come from Debian's package openssh-tests. They refuse to run as root but want sudo: a
# root caller gets a throw-away user for them, a plain user needs sudo without a password. Prints
# "ok TEST" or "not ok TEST: why" and the end of the log; a test that OpenSSH's harness skips is
# not ok. Exit status: 0 all passed, 1 one did not, 77 something that the tests need is missing
# (1 where CI is set, because there nothing may be left out).
# shellcheck disable=SC2317 # shellcheck does not see what the trap calls
set -u

readonly regress=/usr/lib/openssh/regress
readonly default_tests="agent agent-getpeereid agent-timeout agent-subprocess agent-ptrace
agent-restrict sshsig cert-userkey"
readonly test_timeout=900 # seconds; the slowest needs about 30
readonly path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH=$path

run=          # everything is in here
user=         # who runs the tests
sudoers=      # our drop-in, when there is one
jobs=()       # process ids of the tests under way

usage()
{
    echo "usage: openssh-tests.sh AGENT_BINARY [TEST...]" >&2
    exit 64
}

fail()
{
    echo "openssh-tests: $1" >&2
    exit 1
}

# The run ends: something is not installed.
missing()
{
    echo "openssh-tests: missing: $*" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 77
}

check_tools()
{
    local tool absent=() tools=(sudo ssh ssh-add ssh-keygen sshd timeout)

    [ -f "$regress/test-exec.sh" ] || absent+=("$regress/test-exec.sh (package openssh-tests)")
    case " $* " in
    *" agent-ptrace "*) tools+=(gdb) ;;
    esac
    if [ "$(id -u)" -eq 0 ]; then
        tools+=(runuser useradd userdel visudo)
    fi
    for tool in "${tools[@]}"; do
        command -v "$tool" >/dev/null || absent+=("$tool")
    done
    [ ${#absent[@]} -eq 0 ] || missing "${absent[*]}"
    if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
        missing "sudo without a password for $(id -un) (or run this as root)"
    fi
}

# Some systems mount /tmp without set-id bits, which agent-ptrace needs, or without execution.
make_run_directory()
{
    local base dir

    for base in /tmp /var/tmp; do
        dir=$(mktemp -d "$base/openssh-tests.XXXXXX") || continue
        cp "$regress/setuid-allowed" "$dir/"
        if "$dir/setuid-allowed" "$dir/setuid-allowed"; then
            run=$dir
            chmod 755 "$run"
            touch "$run/started"
            return
        fi
        rm -rf "$dir"
    done
    fail "neither /tmp nor /var/tmp allows set-id programs"
}

# What the tests do through sudo. They start sshd as root with a configuration of their own, so
# this is as good as root: hence a user without password that lives as long as this script.
# SSH_AUTH_SOCK passes because without it agent-getpeereid would never reach the agent.
allow_sudo()
{
    sudoers=/etc/sudoers.d/openssh-tests-$$
    cat >"$run/sudoers" <<END
Defaults:$user env_keep += "SSH_AUTH_SOCK"
Defaults:$user !requiretty
$user ALL=(root) NOPASSWD: /usr/bin/env, /usr/bin/cp, /usr/bin/cat, /usr/bin/kill, \\
    /usr/bin/chown, /usr/bin/chgrp, /usr/bin/chmod, /usr/sbin/sshd
$user ALL=(nobody) NOPASSWD: $(command -v ssh-add)
END
    visudo -cqf "$run/sudoers" || fail "the sudoers drop-in is not valid here"
    install -m 0440 "$run/sudoers" "$sudoers" || fail "cannot write $sudoers"
    as_user sudo -n env true || fail "sudo does not read $sudoers"
}

make_user()
{
    if [ "$(id -u)" -ne 0 ]; then
        user=$(id -un)
        return
    fi
    user=ossh-tests-$$
    if ! useradd --system --no-create-home --home-dir "$run/home" --shell /bin/sh "$user"; then
        user=
        fail "cannot add a user for the tests"
    fi
    install -d -o "$user" "$run/home"
    allow_sudo
}

as_user()
{
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u "$user" -- "$@"
    else
        "$@"
    fi
}

as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# The tests run a copy of the agent, but the copy starts its helpers where they were installed.
check_reachable()
{
    local agent helper

    agent=$(readlink -f "$1")
    if [ ! -f "$agent" ] || [ ! -x "$agent" ]; then
        fail "$1 is not a program"
    fi
    for helper in "$(dirname "$(dirname "$agent")")"/libexec/split-ssh/*; do
        [ -f "$helper" ] || continue
        as_user test -x "$helper" && continue
        fail "user $user cannot run $helper: build or install where every user may look \
(not below a home directory such as /root)"
    done
}

# Root's build may be where no other user can go (below /root, or mktemp's directories). Then the
# whole run happens in a mount namespace of its own, where the way there is open.
make_reachable()
{
    local agent prefix dir closed='' kept

    agent=$(readlink -f "$1")
    prefix=$(dirname "$(dirname "$agent")")
    [ "$(id -u)" -eq 0 ] && [ -x "$agent" ] || return
    dir=$prefix
    while [ "$dir" != / ]; do
        setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$dir/." || closed=$dir
        dir=$(dirname "$dir")
    done
    [ -n "$closed" ] || return
    if [ -z "${OPENSSH_TESTS_NAMESPACE:-}" ]; then
        OPENSSH_TESTS_NAMESPACE=yes exec unshare --mount --propagation private -- "$0" "$@"
    fi
    kept=$(mktemp -d /run/openssh-tests.XXXXXX) || fail "cannot make a directory in /run"
    if ! mount --bind "$prefix" "$kept" || ! mount -t tmpfs -o mode=755 tmpfs "$closed" ||
        ! install -d -m 755 "$prefix" || ! mount --bind "$kept" "$prefix"; then
        fail "cannot open the way to $prefix"
    fi
    umount "$kept" && rmdir "$kept"
}

# OpenSSH asks "ssh -Q key-plain" which key types to test. Two are left out, as on an ssh that was
# built without them. DSA: 1024 bits and SHA-1; OpenSSH itself no longer builds it. sk: the private
# half is in a token, which is not in the vault; split-ssh refuses both on purpose. The harness
# still finds its fake token library and passes -P/* to the agent, which has to accept that.
write_ssh_wrapper()
{
    cat >"$run/ssh" <<END
#!/bin/sh
case " \$* " in
*" -Q key-plain "*) $(command -v ssh) "\$@" | grep -v -e '^ssh-dss\$' -e '^sk-' ;;
*) exec $(command -v ssh) "\$@" ;;
esac
END
    chmod 755 "$run/ssh"
    "$run/ssh" -Q key-plain | grep -q '^ssh-ed25519$' || fail "ssh -Q key-plain lists no ed25519"
}

# One directory for each test, which the harness calls OBJ, with an agent of its own: agent-ptrace
# changes owner and mode of the binary.
prepare()
{
    local dir=$run/$1 tool

    [ -f "$regress/$1.sh" ] || fail "OpenSSH has no test $1"
    install -d -m 755 "$dir" "$dir/tmp" "$dir/bin"
    install -m 755 "$2" "$dir/bin/ssh-agent"
    for tool in setuid-allowed mkdtemp netcat; do
        [ ! -e "$regress/$tool" ] || ln -s "$regress/$tool" "$dir/$tool"
    done
    [ "$(id -u)" -ne 0 ] || chown -R "$user" "$dir"
}

# OpenSSH's tests are run the way that Debian's run-tests does.
run_test()
{
    local dir=$run/$1 keep=() name

    for name in ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS; do
        [ -z "${!name:-}" ] || keep+=("$name=${!name}")
    done
    cd "$dir" || return 1
    as_user env -i PATH=$path LOGNAME="$user" HOME="$run/home" TMPDIR="$dir/tmp" LC_ALL=C \
        SUDO=sudo TEST_SHELL=sh BUILDDIR=$regress TEST_SSH_UNSAFE_PERMISSIONS=1 \
        TEST_SSH_SSH="$run/ssh" TEST_SSH_SSHAGENT="$dir/bin/ssh-agent" \
        TEST_SSH_SFTPSERVER=/usr/lib/openssh/sftp-server "${keep[@]}" \
        timeout --kill-after=10 $test_timeout \
        sh $regress/test-exec.sh "$dir" "$regress/$1.sh" </dev/null >"$dir/log" 2>&1
}

show_log()
{
    local log

    for log in "$run/$1"/{log,failed-regress.log,failed-ssh.log,failed-sshd.log}; do
        [ -s "$log" ] || continue
        echo "--- ${log##*/}"
        tail -n 40 "$log"
    done
    echo "---"
}

# Says how test $1 went, which ended with status $2.
judge()
{
    local skipped

    skipped=$(grep -i -m 1 '^skipped' "$run/$1/log")
    if [ "$2" -eq 0 ] && [ -z "$skipped" ]; then
        echo "ok $1"
        return 0
    fi
    if [ -n "$skipped" ]; then
        echo "not ok $1: $skipped"
    elif [ "$2" -eq 124 ] || [ "$2" -eq 137 ]; then
        echo "not ok $1: not finished after $test_timeout seconds"
    else
        echo "not ok $1: status $2"
    fi
    show_log "$1"
    return 1
}

# Process ids of what a failed test left behind: command lines that name the run's directory.
leftovers()
{
    local dir

    for dir in /proc/[0-9]*; do
        if { tr '\0' ' ' <"$dir/cmdline"; } 2>/dev/null | grep -qF "$run/"; then
            echo "${dir#/proc/}"
        fi
    done
}

# The tests end logins that forward an agent by killing them, and the sshd of such a login leaves
# its directory in /tmp. Its socket is named for a process that is gone.
remove_forwarding_directories()
{
    local dir socket

    find /tmp -maxdepth 1 -type d -name 'ssh-??????????' -user "$user" -newer "$run/started" \
        2>/dev/null |
        while read -r dir; do
            for socket in "$dir"/agent.*; do
                [ -e "$socket" ] && [ -d "/proc/${socket##*.}" ] && continue 2
            done
            rm -rf "$dir"
        done
}

clean_up()
{
    local pid

    trap - EXIT
    for pid in "${jobs[@]}"; do
        kill "$pid" 2>/dev/null
    done
    wait
    if [ -n "$run" ]; then
        for pid in $(leftovers); do
            as_user kill "$pid" 2>/dev/null
        done
    fi
    [ -z "$sudoers" ] || rm -f "$sudoers"
    if [ -n "$user" ]; then
        remove_forwarding_directories
    fi
    if [ -n "$user" ] && [ "$(id -u)" -eq 0 ]; then
        remove_user
    fi
    [ -z "$run" ] || rm -rf "$run"
}

# Where systemd runs, a login of the tests' user leaves its session manager behind for some
# seconds, and userdel refuses to remove a user with processes.
remove_user()
{
    local try

    if [ -d /run/systemd/system ]; then
        loginctl terminate-user "$user" 2>/dev/null
    fi
    for try in 1 2 3 4 5 6 7 8 9 10; do
        userdel "$user" 2>/dev/null && return
        sleep "0.$try"
    done
    echo "openssh-tests: user $user is still there: userdel $user" >&2
}

main()
{
    local agent=$1 name status=0 i

    make_reachable "$@"
    shift
    # shellcheck disable=SC2086 # a list of words
    [ $# -gt 0 ] || set -- $default_tests
    check_tools "$@"
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    make_run_directory
    make_user
    check_reachable "$agent"
    write_ssh_wrapper
    # sshd wants it, and stays away from systems where it never ran as a service.
    [ -d /run/sshd ] || as_root install -d -m 755 /run/sshd
    for name; do
        prepare "$name" "$agent"
    done
    for name; do
        run_test "$name" &
        jobs+=($!)
    done
    for name; do
        i=${jobs[0]}
        wait "$i"
        judge "$name" $? || status=1
        jobs=("${jobs[@]:1}")
    done
    exit "$status"
}

[ $# -ge 1 ] || usage
main "$@"
