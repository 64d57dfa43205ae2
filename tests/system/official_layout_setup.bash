# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# A vault as users of Qubes' own package (qubes-app-linux-split-ssh) have it: their key files, whose
# names, modes and neighbours are not ours to choose.

# make_key_file, key_options, wait_listed
source "$BATS_TEST_DIRNAME/key_files_setup.bash"

# Of the agents "work" and "private", and what their loader takes and leaves out.
OFFICIAL_WORK=(id_test deploy.key)
OFFICIAL_PRIVATE=(id_ed25519)
OFFICIAL_PASSPHRASE='passphrase of id_rsa'

# make_official_layout: their loader takes each regular file that is not called *.pub or
# *.ssh-add-option and has "PRIVATE KEY-----" in it, and gives ssh-add the words of
# KEY.ssh-add-option. Only what has a passphrase, work/id_rsa, it never could load.
make_official_layout() {
    local work private

    work=$(key_directory work)
    private=$(key_directory private)
    # As the package's own test makes it.
    ssh-keygen -q -t ed25519 -N '' -C id_test -f "$work/id_test"
    ssh-keygen -q -t ecdsa -N '' -C deploy.key -f "$work/deploy.key"
    # Copied from elsewhere, without its public half.
    rm "$work/deploy.key.pub"
    ssh-keygen -q -t rsa -b 2048 -N "$OFFICIAL_PASSPHRASE" -C id_rsa -f "$work/id_rsa"
    ssh-keygen -q -t ed25519 -N '' -C id_ed25519 -f "$private/id_ed25519"
    # No newline at the end, several words, several lines: the shell has split them.
    printf '%s' '-c' >"$private/id_ed25519.ssh-add-option"
    printf '%s\n' '-c' '  -t 8h' >"$work/deploy.key.ssh-add-option"
    # What lies around: nothing that is loaded, or a reason to fail.
    printf 'Host *\n' >"$work/config"
    printf 'keys of the office\n' >"$work/README"
    printf 'ssh-ed25519 %s somebody\n' "$(cut -d' ' -f2 "$private/id_ed25519.pub")" >"$work/old.pub"
    mkdir "$work/backup"
    cp "$private/id_ed25519" "$work/backup/old"
    : >"$work/known_hosts"
    chmod 644 "$work/README" "$work/config" "$work/known_hosts"
    # Of an agent that has no keys yet.
    key_directory empty >/dev/null
}
