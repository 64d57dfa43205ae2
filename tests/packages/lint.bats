#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What the distributions' own checkers say of the packages, and of what is in them.

load packages_setup

# Everything that the packages install, as one system has it.
staged() {
    local part
    needs dpkg-deb "$DEBS"
    STAGE="$BATS_TEST_TMPDIR/stage"
    mkdir "$STAGE"
    for part in common vault client dom0; do
        dpkg-deb --extract "$(deb "$part")" "$STAGE"
    done
}

@test "lintian finds nothing" {
    needs lintian "$DEBS"
    # debian is a link. lintian knows the files behind it by their other name, so that it takes the
    # copyright of all packages for that of one, and does not find an override which says that.
    run lintian --allow-root --display-info --pedantic --fail-on error,warning,info,pedantic \
        --suppress-tags named-copyright-for-single-installable "$DEBS/split-ssh_${VERSION}_"*.changes
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "rpmlint finds nothing" {
    needs rpmlint "$RPMS"
    run rpmlint --config "$SOURCE/packaging/rpm/rpmlint.toml" "$RPMS"/split-ssh-*-"$VERSION"-*[!c].rpm \
        "$RPMS"/*.spec
    [ "$status" -eq 0 ]
    [[ "$output" == *" 4 packages and 2 specfiles checked; 0 errors, 0 warnings,"* ]]
}

@test "systemd takes every unit as it is" {
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
    staged
    # For units of users it cannot look into another root: so they start what lies there.
    mkdir "$BATS_TEST_TMPDIR"/{user,system,run}
    for unit in "$STAGE"/usr/lib/systemd/{user,system}/*.{service,socket}; do
        [ -e "$unit" ] || continue
        sed "s,^\(Exec[A-Z][a-z]*=\)/usr/,\1$STAGE/usr/," "$unit" \
            >"$BATS_TEST_TMPDIR/$(basename "$(dirname "$unit")")/$(basename "$unit")"
    done
    export XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/run"
    for kind in user system; do
        run systemd-analyze "--$kind" --man=no verify "$BATS_TEST_TMPDIR/$kind"/*
        echo "$output"
        [ "$status" -eq 0 ]
        [ -z "$output" ]
    done
}

@test "the autostart entry is a valid one" {
    command -v desktop-file-validate >/dev/null || skip "there is no desktop-file-validate"
    staged
    desktop-file-validate "$STAGE/etc/xdg/autostart/split-ssh.desktop"
    [ -x "$STAGE$(sed -n 's/^Exec=//p' "$STAGE/etc/xdg/autostart/split-ssh.desktop")" ]
}
