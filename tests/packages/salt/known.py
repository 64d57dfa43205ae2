# SPDX-License-Identifier: BSD-2-Clause
"""What Salt's state functions accept, from the manual of Salt 3006 and the state module qvm of
Qubes OS 4.2 and 4.3; of the functions that split-ssh's states use, and a few beside them."""

# Every state takes these, besides the function's own.
COMMON = {"name", "names", "order", "check_cmd", "failhard", "fire_event", "onlyif", "parallel",
          "reload_grains", "reload_modules", "reload_pillar", "retry", "runas", "unless", "umask"}

# `require: [MODULE: ID]`; with _in, the other way round.
REQUISITES = {"require", "watch", "prereq", "use", "onchanges", "onfail", "listen",
              "require_any", "watch_any", "onchanges_any", "onfail_any"}
REQUISITES |= {requisite + "_in" for requisite in REQUISITES if not requisite.endswith("_any")}

OWNER = {"user", "group", "mode"}
PREFS = {"autostart", "audiovm", "debug", "default_dispvm", "default-dispvm", "default_user",
         "default-user", "guivm", "include_in_backups", "include-in-backups", "kernel", "kernelopts",
         "label", "mac", "management_dispvm", "maxmem", "memory", "netvm", "provides-network",
         "qrexec_timeout", "qrexec-timeout", "template", "template_for_dispvms",
         "template-for-dispvms", "vcpus", "virt_mode", "virt-mode", "flags"}
QVM = {
    "present": {"template", "label", "mem", "vcpus", "root-move-from", "root-copy-from", "flags"},
    "clone": {"source", "path", "flags"},
    "prefs": PREFS,
    "features": {"enable", "disable", "default", "set", "list"},
    "service": {"enable", "disable", "default", "list"},
    "tags": {"add", "present", "del", "absent", "list"},
    "start": {"flags"},
    "shutdown": {"flags"},
    "exists": {"flags"},
    "running": set(),
    "halted": set(),
}

FUNCTIONS = {
    "cmd.run": {"cwd", "env", "shell", "stateful", "creates", "hide_output", "timeout",
                "use_vt", "success_retcodes", "output_loglevel", "root", "bg"},
    "file.absent": set(),
    "file.directory": OWNER | {"allow_symlink", "backupname", "children_only", "clean", "dir_mode",
                               "exclude_pat", "file_mode", "follow_symlinks", "force", "makedirs",
                               "max_depth", "recurse"},
    "file.managed": OWNER | {"allow_empty", "attrs", "backup", "contents", "contents_delimiter",
                             "contents_grains", "contents_newline", "contents_pillar", "context",
                             "create", "defaults", "dir_mode", "encoding", "encoding_errors",
                             "follow_symlinks", "keep_source", "makedirs", "replace", "selinux",
                             "show_changes", "skip_verify", "source", "source_hash",
                             "source_hash_name", "template", "tmp_dir", "tmp_ext"},
    "file.symlink": OWNER | {"atomic", "backupname", "force", "inherit_user_and_group", "makedirs",
                             "target"},
    "pkg.installed": {"allow_updates", "cache_valid_time", "fromrepo", "hold", "ignore_epoch",
                      "install_recommends", "normalize", "pkg_verify", "pkgs", "refresh", "reinstall",
                      "resolve_capabilities", "setopt", "skip_suggestions", "skip_verify", "sources",
                      "update_holds", "version"},
    "qvm.vm": {"actions"} | set(QVM),
    **{f"qvm.{function}": arguments for function, arguments in QVM.items()},
}

# What the packages look at in a qube.
FEATURES = {"service.split-ssh-vault", "service.split-ssh-client"}

# What a state of this function is about must be said.
NEEDED = {
    "file.symlink": {"target"},
    "qvm.clone": {"source"},
    "qvm.vm": {"name"},
}
