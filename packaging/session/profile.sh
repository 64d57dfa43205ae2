# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Removed but not purged, the package leaves this file behind.
if [ -r @CMAKE_INSTALL_FULL_DATADIR@/split-ssh/auth-sock.sh ]; then
    . @CMAKE_INSTALL_FULL_DATADIR@/split-ssh/auth-sock.sh
fi
