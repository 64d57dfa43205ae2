#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# packaging/ansible with the real Ansible: its plays run on this machine, each qube a directory. What
# comes out must be what the Salt states make of the same configuration.

PACKAGING="$BATS_TEST_DIRNAME/../../packaging"
TOOLS="$BATS_TEST_DIRNAME/../packages"

setup() {
    D="$BATS_TEST_TMPDIR"
    PILLAR="$D/config.yaml"
    QUBES=(localhost tpl-split-ssh vault dev)
    export HOME="$D/home" PYTHONDONTWRITEBYTECODE=1 ANSIBLE_HOME="$D/ansible" ANSIBLE_NOCOLOR=1
    export ANSIBLE_LOCAL_TEMP="$D/ansible" ANSIBLE_ROLES_PATH="$PACKAGING/ansible/roles"
    export ANSIBLE_LIBRARY="$TOOLS/ansible" ANSIBLE_CONFIG="$D/ansible.cfg"
    export QUBES_JSON="$D/qubes.json" PACKAGES="$D/packages"
    mkdir "$HOME"
    : >"$ANSIBLE_CONFIG"
    : >"$PACKAGES"
    # Nobody else's can be given away without root.
    echo "split_ssh_user: $(id -un)" >"$PILLAR"
    echo '{"debian-12-xfce": {}}' >"$QUBES_JSON"
}

# Of all kinds, beside "dev", whose values are other ones.
full_config() {
    QUBES=(localhost fedora-42 debian-13 keys dev ops bare)
    cat >"$PILLAR" <<END
split_ssh_base: ''
split_ssh_template: fedora-42
split_ssh_client_template: debian-13
split_ssh_vault: keys
split_ssh_user: $(id -un)
split_ssh_rules: {notify: refused, keys: no}
split_ssh_clients:
  - name: dev
    agents: [default, work]
    ask: true
    rules: {destinations: [git@github.com, '*@*.example.org'], confirm: 300, rsa-sha1: yes}
  - {name: ops, agents: [work, root.2], default_agent: work, vault_by_name: true, label: red}
  - {name: bare}
END
}

# write_inventory VAULT TEMPLATE... -- CLIENT...: each a directory in $D/root.
write_inventory() {
    local vault="$1" name

    shift
    {
        printf '[local]\nlocalhost\n[split_ssh_vaults]\n%s\n[split_ssh_templates]\n' "$vault"
        for name; do
            if [ "$name" = -- ]; then
                echo '[split_ssh_clients]'
            else
                echo "$name"
            fi
        done
        printf '[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n'
    } >"$D/inventory"
    cat >"$D/places.yaml" <<END
ansible_become: false
split_ssh_home: "$D/root/{{ inventory_hostname }}/home/$(id -un)"
split_ssh_rw_config: "$D/root/{{ inventory_hostname }}/rw/config"
split_ssh_rw_config_owner: "$(id -un)"
split_ssh_policy_directory: "$D/root/{{ inventory_hostname }}/etc/qubes/policy.d"
split_ssh_policy_owner: "$(id -un)"
split_ssh_policy_group: "$(id -gn)"
END
    for name in "${QUBES[@]}"; do
        make_qube "$D/root/$name"
    done
}

make_qube() {
    mkdir -p "$1/etc/qubes/policy.d" "$1/rw/config" "$1/home/$(id -un)"
}

# play OPTION...: the project's playbook, all but the templates.
play() {
    ansible-playbook -i "$D/inventory" -e "@$D/places.yaml" -e "@$PILLAR" \
        --limit 'all:!split_ssh_templates' "$@" "$PACKAGING/ansible/playbook.yml"
}

# same_as_salt HOST [MACHINE]: the directory of HOST is what Salt makes of MACHINE.
same_as_salt() {
    local host="$D/root/$1" salt="$D/salt/$1"

    make_qube "$salt"
    "$TOOLS/salt/apply.py" "$PACKAGING/salt" "${2:-$1}" "$salt" split-ssh.configure "$PILLAR"
    rm "$salt/owners" "$salt/packages" "$salt/qubes.json"
    diff -r --no-dereference "$host" "$salt"
    diff <(cd "$host" && find . -printf '%p %m %l\n' | sort) \
        <(cd "$salt" && find . -printf '%p %m %l\n' | sort)
}

# qube NAME KEY
qube() {
    /usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))[sys.argv[2]].get(sys.argv[3]))' "$QUBES_JSON" "$1" "$2"
}

@test "the playbook and its inventory are sound" {
    ansible-playbook -i "$PACKAGING/ansible/inventory" --syntax-check \
        "$PACKAGING/ansible/playbook.yml"
    ansible-inventory -i "$PACKAGING/ansible/inventory" --list >"$D/list"
    for name in tpl-split-ssh vault dev; do
        grep -q "\"$name\"" "$D/list"
    done
}

@test "as it comes: qubes, policy, vault and client, and the second time nothing" {
    write_inventory vault tpl-split-ssh -- dev
    play
    [ "$(qube vault template) $(qube vault netvm)" = 'tpl-split-ssh ' ]
    [ "$(qube vault features)" = "{'service.split-ssh-vault': '1'}" ]
    [ "$(qube dev features)" = "{'service.split-ssh-client': '1'}" ]
    [ "$(qube dev netvm) $(qube dev label)" = 'sys-firewall blue' ]
    same_as_salt localhost dom0
    same_as_salt vault
    same_as_salt dev
    run play
    [ "$status" -eq 0 ]
    [ "$(grep -Ec "changed=0 .*failed=0" <<<"$output")" -eq 3 ]
}

@test "another configuration, and back to less of it" {
    full_config
    echo '{"fedora-42": {}, "debian-13": {}}' >"$QUBES_JSON"
    write_inventory keys fedora-42 debian-13 -- dev ops bare
    play
    same_as_salt localhost dom0
    for name in keys dev ops bare; do
        same_as_salt "$name"
    done
    [ "$(cat "$D/root/ops/rw/config/split-ssh-vault")" = keys ]
    [ -L "$D/root/ops/home/$(id -un)/.config/systemd/user/sockets.target.wants/split-ssh-relay@root.2.socket" ]
    sed -i 's/, vault_by_name: true//' "$PILLAR"
    play --limit ops
    [ ! -e "$D/root/ops/rw/config/split-ssh-vault" ]
    [ "$(cat "$D/root/ops/rw/config/split-ssh-default-agent")" = work ]
}

@test "a qube that is there keeps its devices, its template and its label" {
    cat >"$QUBES_JSON" <<'END'
{"debian-12-xfce": {}, "tpl-split-ssh": {"features": {}, "devices": []},
 "vault": {"template": "old", "label": "gray", "netvm": "sys-net", "features": {}, "devices": []},
 "dev": {"template": "old", "label": "red", "features": {"a": "b"}, "devices": ["pci:dom0:5"]}}
END
    write_inventory vault tpl-split-ssh -- dev
    play --limit localhost
    [ "$(qube dev devices) $(qube dev template) $(qube dev label)" = "['pci:dom0:5'] old red" ]
    [ "$(qube dev features)" = "{'a': 'b', 'service.split-ssh-client': '1'}" ]
    [ "$(qube vault template) $(qube vault label) $(qube vault netvm)" = 'old gray ' ]
}

@test "templates get their side, and one for both gets both" {
    write_inventory vault tpl-split-ssh -- dev
    templates() {
        : >"$PACKAGES"
        ansible-playbook -i "$D/inventory" -e "@$D/places.yaml" -e "@$PILLAR" \
            -e "{\"ansible_facts\": {\"pkg_mgr\": \"notedpkg\", \"os_family\": \"$1\"}}" \
            --limit split_ssh_templates "$PACKAGING/ansible/playbook.yml"
    }
    templates Debian
    [ "$(cat "$PACKAGES")" = $'split-ssh-vault\nssh-askpass-gnome\nsplit-ssh-client' ]
    templates RedHat
    [ "$(cat "$PACKAGES")" = $'split-ssh-vault\nopenssh-askpass\nsplit-ssh-client' ]
    full_config
    echo 'split_ssh_askpass: false' >>"$PILLAR"
    write_inventory keys fedora-42 -- dev
    templates RedHat
    [ "$(cat "$PACKAGES")" = split-ssh-vault ]
    write_inventory keys debian-13 -- dev
    templates Debian
    [ "$(cat "$PACKAGES")" = split-ssh-client ]
}

@test "a copy made as the README says works by itself; without qubes it writes the policy alone" {
    mkdir -p "$D/copy/ansible"
    tar -C "$PACKAGING/ansible" -ch . | tar -C "$D/copy/ansible" --no-same-owner -x
    [ -z "$(find "$D/copy" -type l)" ]
    PACKAGING="$D/copy"
    export ANSIBLE_ROLES_PATH="$D/copy/ansible/roles"
    write_inventory vault tpl-split-ssh -- dev
    play --limit localhost -e split_ssh_make_qubes=false
    [ "$(cat "$QUBES_JSON")" = '{"debian-12-xfce": {}}' ]
    grep -q '^qubes.SshAgent  +  dev ' "$D/root/localhost/etc/qubes/policy.d/31-split-ssh.policy"
}

@test "a part that there is not is refused" {
    write_inventory vault tpl-split-ssh -- dev
    printf -- '- hosts: dev\n  gather_facts: false\n  roles: [{role: split_ssh, split_ssh_part: %s}]\n' \
        client. >"$D/playbook.yml"
    run ansible-playbook -i "$D/inventory" "$D/playbook.yml"
    [ "$status" -ne 0 ]
    [[ $output == *'set split_ssh_part to dom0, template, vault or client'* ]]
}
