#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes the packages of this tree for one distribution:
#   packaging/packages.sh deb|rpm|arch DIRECTORY
# A copy of the tree, in DIRECTORY/split-ssh-build, is what is built, so the tree itself stays as it
# is. The packages come to lie in DIRECTORY. If they are there and nothing has changed since, they
# stay. 77: this machine has not the tools.
set -euo pipefail
unset CDPATH DESTDIR # both would lead elsewhere

usage() {
    echo "usage: packaging/packages.sh deb|rpm|arch DIRECTORY" >&2
    exit 64
}

# What is in git, or will be; without git, all but the directory for builds.
list_sources() {
    local file
    if git ls-files >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard |
            while IFS= read -r -d '' file; do
                if [ -e "$file" ] || [ -L "$file" ]; then
                    printf '%s\0' "$file"
                fi
            done
    else
        find . \( -path ./build -o -path ./.git \) -prune -o \( -type f -o -type l \) -print0
    fi
}

# What Debian's changelog says last: the maintainer, and the date.
last_entry() {
    sed -n "s/^ -- \(.*>\)  \(.*\)$/\\$1/p" packaging/debian/changelog | head -n 1
}

# A tar of the files named on standard input, under the name that packages expect: the same bytes for
# the same files.
pack() {
    sort -z | tar --create --owner=0 --group=0 --numeric-owner --mtime="$(last_entry 2)" \
        --no-recursion --transform="flags=r;s,^\(\./\)\?,$1/," --null --files-from=-
}

pack_sources() {
    list_sources | pack "$1"
}

# @VERSION@ and what else Qubes' builder fills in.
fill_in() {
    local changes
    changes="* $(LC_ALL=C date -u -d "$(last_entry 2)" '+%a %b %d %Y') $(last_entry 1) - $version-1"
    sed -e "s/@VERSION@/$version/g" -e 's/@REL@/1/g' \
        -e "s/@CHANGELOG@/$changes\n- See CHANGELOG.md./" "$1"
}

make_debs() {
    pack_sources "split-ssh-$version" | tar -x -C "$build"
    cd "$build/split-ssh-$version"
    # The programs are tested by the project's own tests, and debugging symbols would double the time.
    DEB_BUILD_OPTIONS="noautodbgsym terse parallel=$(nproc)" dpkg-buildpackage -us -uc
    mv "$build"/*.{deb,dsc,tar.xz,changes,buildinfo} "$out"
}

make_rpms() {
    local spec load=()
    mkdir -p "$build/SOURCES" "$build/SPECS"
    pack_sources "split-ssh-$version" | gzip -n >"$build/SOURCES/split-ssh-$version.tar.gz"
    for spec in split-ssh split-ssh-dom0; do
        fill_in "packaging/rpm/$spec.spec.in" >"$build/SPECS/$spec.spec"
    done
    # Elsewhere than on Fedora its macros are missing, and rpm does not know what is installed.
    if [ "$(rpm --eval '%{?systemd_user_post:yes}')" != yes ]; then
        load=(--load "$PWD/packaging/rpm/macros.elsewhere" --nodeps)
    fi
    for spec in "$build"/SPECS/*.spec; do
        rpmbuild -ba "${load[@]}" --define "_topdir $build" "$spec"
    done
    mv "$build"/RPMS/*/*.rpm "$build"/SRPMS/*.rpm "$build"/SPECS/*.spec "$out"
}

make_arch_packages() {
    local pkgnvr="split-ssh-common-$version-1"
    fill_in packaging/archlinux/PKGBUILD.in >"$build/PKGBUILD"
    mkdir -p "$build/packaging/archlinux"
    cp packaging/archlinux/*.install "$build/packaging/archlinux"
    pack_sources "$pkgnvr" | gzip -n >"$build/$pkgnvr.tar.gz"
    cd "$build"
    makepkg_here
    mv "$build"/*.pkg.tar* "$out"
}

# Elsewhere than on Arch Linux no dependency can be looked up. makepkg refuses to run as root.
makepkg_here() {
    local command=(makepkg --nodeps --noconfirm)
    export BUILDDIR="$build" PKGDEST="$build" SRCDEST="$build" PKGEXT=.pkg.tar
    if [ "$(id -u)" -eq 0 ]; then
        chown -R nobody "$build"
        command=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "${command[@]}")
    fi
    HOME="$build" "${command[@]}"
}

[ $# -eq 2 ] || usage
case $1 in
deb) make=make_debs needed=dh ;;
rpm) make=make_rpms needed=rpmbuild ;;
arch) make=make_arch_packages needed=makepkg ;;
*) usage ;;
esac
command -v "$needed" >/dev/null || {
    echo "skipped: there is no $needed to make packages of this kind with"
    exit 77
}
mkdir -p "$2"
out=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
version=$(cat version)
build="$out/split-ssh-build"

# Tests are in no package.
sum=$(list_sources | grep -zvE '^(\./)?tests/' | pack "$1" | sha256sum)
if [ "$(cat "$out/made-from" 2>/dev/null)" = "$sum" ]; then
    echo "$out: made from these very sources"
    exit 0
fi
# DIRECTORY may be one that has other things in it.
rm -rf "$out/made-from" "$build" \
    "$out"/split-ssh[-_.]*.{deb,dsc,tar.xz,changes,buildinfo,rpm,spec,pkg.tar}
mkdir "$build"
# In the background, since "||" would turn off -e in the function.
$make >"$out/log" 2>&1 &
wait $! || {
    tail -n 50 "$out/log" >&2
    echo "packages.sh: failed, and the whole log is $out/log" >&2
    exit 1
}
rm -rf "$build"
echo "$sum" >"$out/made-from"
ls "$out"
