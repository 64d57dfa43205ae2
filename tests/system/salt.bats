#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# packaging/salt without Salt, which Debian does not have: its states are rendered as Salt renders
# them, checked, and applied to directories; what comes out is shown to the programs that read it.

load agent_setup

PACKAGING="$BATS_TEST_DIRNAME/../../packaging"
FORMULA="$PACKAGING/salt"
TOOLS="$BATS_TEST_DIRNAME/../packages"

setup() {
    prepare
    export PYTHONDONTWRITEBYTECODE=1
    ROOT="$D/root"
    PILLAR="$D/pillar.yaml"
    echo '{}' >"$PILLAR"
    mkdir -p "$ROOT/etc/qubes/policy.d" "$ROOT/rw/config" "$ROOT/home/user"
    # debian-12-xfce is what config.yaml clones.
    echo '{"debian-12-xfce": {}, "debian-13": {}, "fedora-42": {}}' >"$ROOT/qubes.json"
}

teardown() {
    clean_up
}

# check FORMULA
check() {
    "$TOOLS/salt/check.py" "$1" "$PILLAR"
}

# apply MACHINE STATE[,STATE...]
apply() {
    "$TOOLS/salt/apply.py" "$FORMULA" "$1" "$ROOT" "$2" "$PILLAR"
}

# apply_twice MACHINE STATE...: the second time nothing is to be done.
apply_twice() {
    apply "$@"
    [ -z "$(apply "$@")" ]
}

# qube NAME KEY: of a qube in dom0.
qube() {
    /usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))[sys.argv[2]][sys.argv[3]])' "$ROOT/qubes.json" "$1" "$2"
}

owner() {
    /usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$ROOT/owners" "$1"
}

mode() {
    stat -c %a "$ROOT$1"
}

dom0_says() {
    "$TOOLS/qrexec_policy.py" "$ROOT/etc/qubes/policy.d" "$@"
}

# Several agents, clients of all kinds, names other than the default ones.
full_pillar() {
    cat >"$PILLAR" <<'END'
split_ssh_base: ''
split_ssh_template: fedora-42
split_ssh_client_template: debian-13
split_ssh_vault: keys
split_ssh_askpass: false
split_ssh_rules: {notify: refused, keys: no}
split_ssh_clients:
  - name: dev
    agents: [default, work]
    ask: true
    rules:
      destinations: [git@github.com, '*@*.example.org']
      keys: all
      confirm: 300
      opaque: no
      rsa-sha1: yes
      uses: no
  - {name: ops, agents: [work, root.2], default_agent: work, vault_by_name: true, label: red}
  - {name: bare}
END
}

@test "the states are sound as they are, and with another configuration" {
    check "$FORMULA"
    full_pillar
    check "$FORMULA"
}

@test "each of the mistakes that the check is for is found" {
    local count=0 file from to says

    full_pillar
    while IFS='|' read -r file from to says; do
        [ -n "$file" ] || continue
        rm -rf "$D/broken"
        cp -r "$FORMULA" "$D/broken"
        sed -i "s|$from|$to|" "$D/broken/$file"
        if cmp -s "$FORMULA/$file" "$D/broken/$file"; then
            echo "nothing changed: $file: $from" >&2
            return 1
        fi
        run check "$D/broken"
        [ "$status" -eq 1 ] || { echo "not found: $file: $from -> $to" >&2; return 1; }
        [[ $output == *"$says"* ]] || { echo "$file: $to: $output" >&2; return 1; }
        count=$((count + 1))
    done <<'END'
configure-vault.sls|mode: '0700'|mode: 0700|quote it
configure-vault.sls|mode: '0700'|mode: '700'|four octal digits
configure-vault.sls|mode: '0600'|modes: '0600'|has no argument modes
configure-vault.sls|file.directory|file.dir|no such function
configure-vault.sls|salt://split-ssh/files/vault|salt://split-ssh/files/server|there is no salt://
configure-vault.sls|file: "split-ssh-home-.config/qubes|file: "split-ssh-home-qubes|there is no state file:
configure-vault.sls|file: "split-ssh-home-.config/qubes|pkg: "split-ssh-home-.config/qubes|there is no state pkg:
configure-vault.sls|^"split-ssh-rules"|"split-ssh-home-.ssh"|stands twice
configure-vault.sls|split_ssh_rules: {{|rules: {{|'split_ssh_rules' is undefined
configure-vault.sls|- user: {{ user }}|- owner: {{ user }}|no user
configure-vault.sls|config.split_ssh_user|config.user|has no attribute 'user'
configure-vault.sls|grains\['id'\] ==|'keys' ==|file.directory in dom0
configure-vault.sls|- template: jinja|- template: jinja\n    - template: jinja|template stands twice
configure-client.sls|- contents:|- source: salt://split-ssh/map.jinja\n    - contents:|either source or contents
configure-client.sls|- target:|- to:|needs target
configure-dom0.sls|grains\['id'\] == 'dom0'|true|file.managed in keys
configure-dom0.sls|^"split-ssh-policy":|"split-ssh-vault":\n  qvm.vm: []\n"split-ssh-policy":|is in split-ssh.create, too
configure.sls|- .configure-client|- .client|there is no state split-ssh.client
create.sls|service.split|service|no unit looks at
create.sls|grains\['id'\] == 'dom0'|true|qvm.vm in dev
create.sls|- netvm: ''|- network: ''|qvm.prefs has no argument network
create.sls|- prefs:|- preferences:|has no argument preferences
create.sls|qvm.vm|qvm.present|qvm.present: has no argument present
install.sls|- pkgs:|pkgs:|are not a list
install.sls|grains\['id'\] != 'dom0'|true|pkg.installed in dom0
install-client.sls|grains\['id'\] != 'dom0'|grain.id != 'dom0'|'grain' is undefined
init.top|split-ssh.install-client|split-ssh.client|there is no state split-ssh.client
init.top|dom0:|'*':|matched as a nodegroup
init.top|- match: nodegroup|- match: list|match
init.top|{{ client.name }}:|{{ config.split_ssh_vault }}:|stands twice
init.top|{{ config.split_ssh_vault }}:|vault:|init.top has nothing for keys
map.jinja|split-ssh/config.yaml|split-ssh/names.yaml|names.yaml
files/vault/10-split-ssh.conf.j2|rules.items()|words.items()|'words' is undefined
END
    [ "$count" -eq 33 ]
}

@test "services and packages are the ones that the packages know" {
    local name

    for name in split-ssh-vault split-ssh-client; do
        grep -q "service.$name\$" "$FORMULA/create.sls"
        grep -rqx "ConditionPathExists=/run/qubes-service/$name" "$PACKAGING/systemd"
        grep -q -- "- $name\$" "$FORMULA"/install*.sls
        grep -qx "Package: $name" "$PACKAGING/debian/control"
    done
    # What is linked to, to have the socket of an agent.
    grep -q 'target: /usr/lib/systemd/user/split-ssh-relay@.socket' "$FORMULA/configure-client.sls"
    grep -qx 'WantedBy=sockets.target' "$PACKAGING/systemd/split-ssh-relay@.socket"
    grep -qx 'ListenStream=%h/.split-ssh/%i.sock' "$PACKAGING/systemd/split-ssh-relay@.socket"
}

@test "dom0 without any of the qubes: template, vault without a network, client" {
    apply_twice dom0 split-ssh.create
    [ "$(qube vault template)" = tpl-split-ssh ]
    [ "$(qube vault netvm)" = '' ]
    [ "$(qube vault label)" = black ]
    [ "$(qube vault features)" = "{'service.split-ssh-vault': '1'}" ]
    [ "$(qube dev template)" = tpl-split-ssh ]
    [ "$(qube dev netvm)" = sys-firewall ]
    [ "$(qube dev features)" = "{'service.split-ssh-client': '1'}" ]
}

@test "dom0 with the qubes: they keep what they have, but for the vault's network" {
    cat >"$ROOT/qubes.json" <<'END'
{"tpl-split-ssh": {}, "debian-12-xfce": {},
 "vault": {"template": "old", "label": "red", "netvm": "sys-firewall", "features": {"a": "b"}},
 "dev": {"template": "older", "label": "green", "netvm": "sys-vpn", "features": {}}}
END
    apply_twice dom0 split-ssh.create
    [ "$(qube vault template) $(qube vault label) $(qube vault netvm)" = 'old red ' ]
    [ "$(qube vault features)" = "{'a': 'b', 'service.split-ssh-vault': '1'}" ]
    [ "$(qube dev template) $(qube dev label) $(qube dev netvm)" = 'older green sys-vpn' ]
}

@test "a template that is given is not cloned" {
    full_pillar
    apply_twice dom0 split-ssh.create
    [ "$(qube keys template)" = fedora-42 ]
    [ "$(qube ops template) $(qube ops label)" = 'debian-13 red' ]
    run qube tpl-split-ssh label
    [ "$status" -ne 0 ]
    # ... and one that is missing is no success.
    echo 'split_ssh_base: no-such-template' >"$PILLAR"
    run apply dom0 split-ssh.create
    [ "$status" -eq 1 ]
    [ "$output" = 'there is no template no-such-template' ]
}

@test "dom0's policy, as it comes" {
    apply_twice dom0 split-ssh.configure
    [ "$(owner /etc/qubes/policy.d/31-split-ssh.policy)" = root:qubes ]
    [ "$(mode /etc/qubes/policy.d/31-split-ssh.policy)" = 664 ]
    [ "$(dom0_says qubes.SshAgent dev @default)" = 'allow vault' ]
    [[ "$(dom0_says qubes.SshAgent+work dev @default)" == 'deny 31-split-ssh.policy:'* ]]
    [[ "$(dom0_says qubes.SshAgent mail @default)" == 'deny 31-split-ssh.policy:'* ]]
    [[ "$(dom0_says qubes.SshAgent dev vault)" == 'deny 31-split-ssh.policy:'* ]]
    # The user's own lines come first, those of the guides' old file (35-compat) do not count.
    echo 'qubes.SshAgent * dev @anyvm deny' >"$ROOT/etc/qubes/policy.d/30-user.policy"
    echo 'qubes.SshAgent * @anyvm @anyvm allow' >"$ROOT/etc/qubes/policy.d/35-compat.policy"
    cp "$PACKAGING/qubes/90-split-ssh.policy" "$ROOT/etc/qubes/policy.d"
    [ "$(dom0_says qubes.SshAgent dev @default)" = 'deny 30-user.policy:1' ]
    [[ "$(dom0_says qubes.SshAgent mail vault)" == 'deny 31-split-ssh.policy:'* ]]
}

@test "dom0's policy: agents, questions, a vault that is called by its name" {
    full_pillar
    apply_twice dom0 split-ssh.configure
    [ "$(dom0_says qubes.SshAgent dev @default)" = 'ask [keys]' ]
    [ "$(dom0_says qubes.SshAgent+work dev @default)" = 'ask [keys]' ]
    [[ "$(dom0_says qubes.SshAgent+root.2 dev @default)" == deny* ]]
    [ "$(dom0_says qubes.SshAgent+work ops keys)" = 'allow keys' ]
    [ "$(dom0_says qubes.SshAgent+root.2 ops keys)" = 'allow keys' ]
    [[ "$(dom0_says qubes.SshAgent ops keys)" == deny* ]]
    [[ "$(dom0_says qubes.SshAgent+work ops @default)" == deny* ]]
    [[ "$(dom0_says qubes.SshAgent+work ops other)" == deny* ]]
    [ "$(dom0_says qubes.SshAgent bare @default)" = 'allow keys' ]
}

@test "the examples in the dom0 package say what they should, and a broken policy is noticed" {
    local policy="$ROOT/etc/qubes/policy.d/90-split-ssh.policy"

    cp "$PACKAGING/qubes/90-split-ssh.policy" "$policy"
    dom0_says
    [[ "$(dom0_says qubes.SshAgent dev @default)" == 'deny 90-split-ssh.policy:'* ]]
    # Each commented line alone, in the user's own file.
    grep -E '^# +qubes\.SshAgent' "$policy" | sed 's/^# *//' >"$D/examples"
    [ "$(wc -l <"$D/examples")" -ge 3 ]
    while read -r line; do
        echo "$line" >"$ROOT/etc/qubes/policy.d/30-user.policy"
        read -r service argument source target _ <<<"$line"
        run dom0_says "$service$argument" "$source" "$target"
        [[ $output == 'allow vault' || $output == 'ask [vault]' ]] ||
            { echo "$line: $output" >&2; return 1; }
    done <"$D/examples"
    for line in 'qubes.SshAgent + dev @default allow' 'qubes.SshAgent work dev vault allow' \
        'qubes.SshAgent + dev vault' 'qubes.SshAgent + dev vault permit' \
        'qubes.SshAgent + dev vault deny target=vault' 'qubes.SshAgent + dev vault allow vault' \
        'qubes.SshAgent + @default vault allow' 'qubes.SshAgent + dev @vault allow' \
        'qubes.SshAgent + dev vault ask target=a target=b'; do
        echo "$line" >"$ROOT/etc/qubes/policy.d/30-user.policy"
        run dom0_says qubes.SshAgent dev vault
        [ "$status" -eq 1 ] || { echo "taken: $line" >&2; return 1; }
    done
}

# The vault's home is the agent's.
vault_home() {
    export HOME="$ROOT/home/user"
}

@test "the vault: directories, and rules that split-ssh-agent takes" {
    full_pillar
    apply_twice keys split-ssh.configure
    for directory in .ssh .ssh/identities.d .ssh/identities.d/work .ssh/identities.d/root.2 \
        .config/qubes-split-ssh; do
        [ "$(mode "/home/user/$directory") $(owner "/home/user/$directory")" = '700 user:user' ]
    done
    [ "$(mode /home/user/.config)" = 755 ]
    [ "$(mode /home/user/.config/qubes-split-ssh/10-split-ssh.conf)" = 600 ]
    vault_home
    start_agent
    run "$SPLIT_SSH_BUILD/bin/split-ssh" policy test dev
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'git@github.com, *@*.example.org'* ]]
    [[ $output == *'10-split-ssh.conf'* ]]
    # One yes-or-no word each way, a number, and a word of [DEFAULT] that a client's own overrides.
    grep -Eq '^ *confirm +300 .*10-split-ssh.conf' <<<"$output"
    grep -Eq '^ *opaque +no .*10-split-ssh.conf' <<<"$output"
    grep -Eq '^ *rsa-sha1 +yes .*10-split-ssh.conf' <<<"$output"
    grep -Eq '^ *keys +all .*10-split-ssh.conf' <<<"$output"
    run "$SPLIT_SSH_BUILD/bin/split-ssh" policy test bare
    grep -Eq '^ *keys +no .*10-split-ssh.conf' <<<"$output"
    # The agents that have directories are there.
    wait_until "$SPLIT_SSH_BUILD/bin/split-ssh" list work
    wait_until "$SPLIT_SSH_BUILD/bin/split-ssh" list root.2
    stop_agent
}

@test "the vault without rules: the agent starts with the defaults, and a wrong word ends it" {
    apply_twice vault split-ssh.configure
    vault_home
    start_agent
    stop_agent
    echo 'split_ssh_rules: {confirm: perhaps}' >"$PILLAR"
    apply vault split-ssh.configure
    spawn "$AGENT" -D -a "$D/second.sock" 2>"$D/second.log"
    ends_with 1 "$SPAWNED"
    grep -q '10-split-ssh.conf:.*confirm' "$D/second.log"
}

# calls MACHINE: what its relay, with this /rw/config, asks qrexec for.
calls() {
    client_script <<END
echo "\$@" >"$D/called"
END
    spawn "$RELAY" -a "$SOCKET" --qrexec-client "$CLIENT" --config "$ROOT/rw/config" 2>"$LOG"
    wait_until logged 'listening on'
    SSH_AUTH_SOCK="$SOCKET" ssh-add -l >/dev/null 2>&1 || true
    wait_until test -s "$D/called"
    kill "$SPAWNED"
    wait "$SPAWNED" || true
    sed 's/^-- //' "$D/called"
}

@test "a client of the default agent: nothing but what the package brings" {
    echo stale >"$ROOT/rw/config/split-ssh-vault"
    apply_twice dev split-ssh.configure
    [ -z "$(ls "$ROOT/rw/config")" ]
    [ -z "$(ls -A "$ROOT/home/user")" ]
    [ "$(calls)" = '@default qubes.SshAgent' ]
}

@test "a client of other agents: the relay takes its files, and there is a socket for each" {
    local wants="$ROOT/home/user/.config/systemd/user/sockets.target.wants"

    full_pillar
    apply_twice ops split-ssh.configure
    [ "$(cat "$ROOT/rw/config/split-ssh-vault")" = keys ]
    [ "$(mode /rw/config/split-ssh-vault) $(owner /rw/config/split-ssh-vault)" = '644 root:root' ]
    [ "$(calls)" = 'keys qubes.SshAgent+work' ]
    [ "$(ls "$wants")" = $'split-ssh-relay@root.2.socket\nsplit-ssh-relay@work.socket' ]
    [ "$(readlink "$wants/split-ssh-relay@work.socket")" = \
        /usr/lib/systemd/user/split-ssh-relay@.socket ]
    [ "$(owner /home/user/.config/systemd)" = user:user ]
}

@test "templates get the packages, and an askpass program by its name there" {
    apply_twice tpl-split-ssh split-ssh.install,split-ssh.install-client
    grep -q '"split-ssh-client"' "$ROOT/packages"
    grep -q '"split-ssh-vault"' "$ROOT/packages"
    grep -q '"ssh-askpass-gnome"' "$ROOT/packages"
    [ -z "$(apply dom0 split-ssh.install,split-ssh.install-client)" ]
}

@test "README.md: the commands' states exist, and the example is taken" {
    local state

    grep -o 'state\.apply split-ssh\.[a-z-]*' "$FORMULA/README.md" >"$D/states"
    [ "$(sort -u "$D/states" | wc -l)" -eq 4 ]
    while read -r _ state; do
        [ -f "$FORMULA/${state#split-ssh.}.sls" ]
    done <"$D/states"
    sed -n '/^    split_ssh_clients:$/,/^$/s/^    //p' "$FORMULA/README.md" >"$PILLAR"
    check "$FORMULA"
    apply_twice dom0 split-ssh.configure
    [ "$(dom0_says qubes.SshAgent+work dev @default)" = 'ask [vault]' ]
    [ "$(dom0_says qubes.SshAgent+deploy ops @default)" = 'allow vault' ]
    [ "$(dom0_says qubes.SshAgent writing @default)" = 'allow vault' ]
    apply_twice vault split-ssh.configure
    vault_home
    start_agent
    run "$SPLIT_SSH_BUILD/bin/split-ssh" policy test writing
    [ "$status" -eq 0 ]
    grep -Eq '^ *destinations +no .*10-split-ssh.conf' <<<"$output"
    stop_agent
}
