# SPDX-License-Identifier: BSD-2-Clause
"""What limits.py checks: sentences of the pages with constants of the sources in them.

{FORMULA} is a number in digits, {FORMULA|,} one with commas, {FORMULA|w} a word, {FORMULA|W} a word
at the start of a sentence. FILE.NAME is the NAME that the source FILE defines.
"""

CLAIMS = {
    "qubes-split-ssh.conf.5": [
        "A line has at most {POLICY_LINE_MAX} bytes, a file {CONFIG_FILE_MAX/1024} KiB; "
        "there may be {CONFIG_FILES_MAX} files.",
    ],
    "split-ssh-agent.1": [
        "{AGENT_NAME_MAX} bytes at most, of which qrexec carries {CALL_AGENT_MAX}.",
        "A wrong one is asked for again, {PASSPHRASE_TRIES|w} times",
        "RSA of {RSA_MIN_BITS} to {RSA_MAX_BITS} bits",
        "RSA keys have {RSA_MIN_BITS} bits at least",
        "{QUESTIONS_PER_QUBE_MAX|W} more of a qube may wait, and the next is refused.",
        "After {UNANSWERED_MAX|w} of its questions in a row that nobody answered, "
        "or {FRUITLESS_MAX|w} that were withdrawn or could not be asked, "
        "a qube asks nothing for {COOL_DOWN_MS/60000|w} minutes.",
        "closed, left, or {PASSPHRASE_TRIES|w} wrong ones",
        "up to {DELAY_STEP_MS*DELAY_STEP_MAX/1000|w} seconds",
        "how many of them there may be ({QUBE_CLIENTS_MAX} at most)",
        "{QREXEC_CLIENTS_MAX} connections from all qubes, and {LOCAL_CLIENTS_MAX} in the vault",
        "A message may have {FRAME_MAX/1024} KiB.",
        "There may be {KEYS_MAX} keys, as far as they fit into locked memory, "
        "and their public halves into one message of {FRAME_MAX/1024} KiB",
        "{QUBE_BURST_FRAMES} requests at once and then {1000/QUBE_FRAME_FILL_MS} in a second",
        "For one qube there are {BUCKET_LINES} lines at once and then "
        "{1000/BUCKET_FILL_MS|w} each second",
        "no answer within {QUESTION_TIMEOUT_MS/1000} seconds is a no",
        "Its passphrase has {PASSPHRASE_MAX} bytes at most.",
        "a session id has 1 to {SESSION_ID_MAX} bytes",
    ],
    "split-ssh-keystore.8": [
        "one end of a socket as descriptor {IPC_FD}",
        "has as descriptor {IPC_SIDE_FD}",
        "The keystore takes {FIRST_REGION/1048576} MiB at its start",
        "up to {BCRYPT_ROUNDS_MAX} rounds",
        "at most {PBKDF2_ITERATIONS_MAX|,} iterations",
        "RSA of {RSA_MIN_BITS} to {RSA_MAX_BITS} bits",
        "A file may have {KEY_FILE_MAX/1024} KiB.",
        "sends it to split-ssh-prompt(8) over descriptor {IPC_SIDE_FD}.",
        "within {APPROVAL_ONCE_MS/1000} seconds",
        "At most {GRANTS_MAX} are remembered",
        "{APPROVALS_USED_MAX} that were used are remembered",
        "for {APPROVAL_HELD_MS/60000} minutes at most",
        "at most {APPROVALS_HELD_MAX} are held",
        "sends the open descriptor over descriptor {IPC_SIDE_FD};",
        "At most {TICKETS_MAX} wait to be used",
        "regular files of at most {KEY_FILE_MAX/1024} KiB",
        "no descriptor but 0 to {IPC_SIDE_FD} and those",
        "can be received over descriptor {IPC_SIDE_FD} alone",
        "Descriptor {IPC_FD} or {IPC_SIDE_FD} is not a socket",
    ],
    "split-ssh-prompt.8": [
        "a socket to the agent as descriptor {IPC_FD}",
        "a socket to the keystore as descriptor {IPC_SIDE_FD}",
        "No answer within {QUESTION_TIMEOUT_MS/1000} seconds is a no.",
        "At most {BUBBLES_MAX|w} bubbles are begun in {BUBBLES_MS/1000|w} seconds.",
        "at most {AGENT_NAME_MAX} bytes, the first a letter or digit",
        "There may be {AGENTS_MAX} agents, and {KEY_FILES_MAX} files in all.",
        "a line in its first {key_open.HEAD_MAX/1024} KiB ends in",
        "one of more than {KEY_FILE_MAX/1024} KiB",
        "at most {ADD_OPTION_MAX/1024} KiB:",
        "At most {PROMPT_KEYS_AHEAD} files are on their way at once.",
        "At most {CONFIG_FILES_MAX} files of {CONFIG_FILE_MAX/1024} KiB",
        "Names of hosts, at most {KNOWN_HOSTS_MAX/1048576} MiB each.",
    ],
    "split-ssh-relay.1": [
        "{CALL_AGENT_MAX} at most.",
        "calls at once, 1 to {CALLS_MAX}.",
        "The default is {CALLS_DEFAULT}.",
        "takes {QUBE_CLIENTS_MAX} connections from one qube",
        "repeat within {NOTICE_QUIET_MS/1000|w} seconds is counted",
    ],
    "split-ssh.1": [
        "A file that has reached {AUDIT_SIZE_MAX/1048576} MiB is renamed to",
        "a comment of at most {CONTROL_KEY_MAX} bytes",
        "has not answered for {CONTROL_TIMEOUT_MS/1000} seconds",
        "The qube cools down for {COOL_DOWN_MS/60000|w} minutes.",
        "The dialog was closed, or {PASSPHRASE_TRIES|w} were wrong.",
    ],
    "split-ssh.7": [
        "asks none for {COOL_DOWN_MS/60000|w} minutes",
    ],
}

# Other numbers: a pattern, the page ("" for all), and what they are.
ELSEWHERE = [
    (r"[\w.-]+\(\d\)", "", "a manual page"),
    (r"RFC \d+(, section [\d.]+)?", "", "a standard"),
    (r"mode 0[0-7]{3}", "", "a mode, which the system tests look at"),
    (r"(OpenSSH|Linux|Debian|Fedora|versions before|clients before) \d+(\.\d+)?", "",
     "a release of something else, or its year"),
    (r"exit(s|ed)? with [01][^.]*\.", "", "an exit status"),
    (r"PKCS#\d+|SEC 1|SHA-1|P-\d+|ed25519|PBKDF2|Proc-Type: 4", "", "a name"),
    (r"half second|two sockets|two variables|two of them|these two|[Tt]he two|three NIST curves",
     "", "words, not limits"),
    (r" \d+ (?=dom0 said|The vault|qrexec could|The agent has|Descriptor|The agent sent|"
     r"It was not|No memory|The process|A crypto|A socket|libsodium|A system)", "",
     "an item for an exit status, which messages.py looks at"),
    (r"30-user\.policy", "", "a name"),
    (r"git@\[host\]:2222", "qubes-split-ssh.conf.5", "an example"),
    (r"Allow for 5 minutes", "split-ssh-prompt.8", "an example"),
    (r"usually is 8 MiB|about 480 RSA keys of 4096 bits", "split-ssh-keystore.8",
     "the system's limit, and what was measured with it"),
    (r"no list of more than 2048", "split-ssh-agent.1", "OpenSSH's limit"),
    (r"at about 200 calls", "split-ssh-relay.1", "qrexec's limit"),
    (r"32 random bytes", "split-ssh-prompt.8", "libsodium's crypto_auth_KEYBYTES"),
]
