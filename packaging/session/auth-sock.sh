# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Sets SSH_AUTH_SOCK as the services of this qube say (qvm-service); reads nothing else, since login
# shells of all kinds, X sessions and the user manager source it. A vault is never a client too: its
# own keys are what its programs want. An agent that an ssh login has brought along stays.
if [ -n "${SSH_CONNECTION:-}" ] && [ -n "${SSH_AUTH_SOCK:-}" ]; then
    :
elif [ -e /run/qubes-service/split-ssh-vault ]; then
    SSH_AUTH_SOCK=/run/split-ssh/agent.sock
    export SSH_AUTH_SOCK
elif [ -e /run/qubes-service/split-ssh-client ] && [ -n "${HOME:-}" ]; then
    SSH_AUTH_SOCK=$HOME/.split-ssh/default.sock
    export SSH_AUTH_SOCK
fi
