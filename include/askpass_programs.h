/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SPLIT_SSH_ASKPASS_PROGRAMS_H
#define SPLIT_SSH_ASKPASS_PROGRAMS_H

/* Where askpass programs are: Debian, Fedora, Arch, SUSE; a distribution's own choice comes first.
 */
static const char *const askpass_programs[] = {
    "/usr/bin/ssh-askpass",
    "/usr/libexec/openssh/ssh-askpass",
    "/usr/lib/ssh/ssh-askpass",
    "/usr/lib/openssh/gnome-ssh-askpass",
    "/usr/libexec/openssh/gnome-ssh-askpass",
    "/usr/lib/ssh/gnome-ssh-askpass3",
    "/usr/libexec/ssh/gnome-ssh-askpass",
    "/usr/bin/ksshaskpass",
    "/usr/bin/lxqt-openssh-askpass",
    "/usr/lib/ssh/x11-ssh-askpass",
    "/usr/libexec/openssh/x11-ssh-askpass",
    "/usr/libexec/ssh/x11-ssh-askpass",
};

#define ASKPASS_PROGRAMS (sizeof askpass_programs / sizeof askpass_programs[0])

#endif
