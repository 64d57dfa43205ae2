# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# KeePassXC on a desktop without a screen: databases with SSH keys that it brings to the agent, and
# KeePassXC as the Secret Service. It is spoken to over D-Bus as its own menu would, or by keys.

# start_screen, start_bus, on_bus, window_is_there, type_in_window, store_secret, look_up_secret
source "$BATS_TEST_DIRNAME/keyring_setup.bash"

DATABASE_PASSWORD='password of the database'
KEEPASSXC_NAME=org.keepassxc.KeePassXC.MainWindow
KEEPASSXC_UNLOCK_DIALOG='^Unlock Database - KeePassXC$'
KEEPASSXC_ACCESS_DIALOG='^KeePassXC - +Access Request$'

### Databases

# make_database FILE: an empty one, cheap to open. Its root group is what a Secret Service exposes,
# which is said in the database itself; keepassxc-cli has no other way to say it.
make_database() {
    cat >"$1.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile>
  <Meta>
    <CustomData>
      <Item>
        <Key>FDO_SECRETS_EXPOSED_GROUP</Key>
        <Value>{00112233-4455-6677-8899-aabbccddeeff}</Value>
      </Item>
    </CustomData>
  </Meta>
  <Root>
    <Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>root</Name></Group>
  </Root>
</KeePassFile>
XML
    printf '%s\n' "$DATABASE_PASSWORD" "$DATABASE_PASSWORD" |
        timeout 60 keepassxc-cli import -q -p -t 100 "$1.xml" "$1" 2>"$1.log" ||
        { cat "$1.log" >&2; return 1; }
}

# database_cli COMMAND FILE ARGUMENT...
database_cli() {
    local command="$1" file="$2"

    shift 2
    printf '%s\n' "$DATABASE_PASSWORD" |
        timeout 60 keepassxc-cli "$command" -q "$file" "$@" 2>>"$file.log" ||
        { cat "$file.log" >&2; return 1; }
}

# add_key_entry FILE ENTRY KEYFILE [OPTION...]: an entry with a private key that is added when the
# database is unlocked and removed when it is locked. Options: confirm, lifetime=SECONDS,
# stays (it is not removed), user=NAME (the comment of a key that has none), passphrase=TEXT.
add_key_entry() {
    local file="$1" entry="$2" key="$3" confirm=false remove=true
    local lifetime='' user='' passphrase='' option

    shift 3
    for option in "$@"; do
        case "$option" in
        confirm) confirm=true ;;
        lifetime=*) lifetime="${option#*=}" ;;
        stays) remove=false ;;
        user=*) user="${option#*=}" ;;
        passphrase=*) passphrase="${option#*=}" ;;
        *) echo "no such option: $option" >&2; return 1 ;;
        esac
    done
    printf '%s\n' "$DATABASE_PASSWORD" "$passphrase" |
        timeout 60 keepassxc-cli add -q -p -u "$user" "$file" "$entry" >>"$file.log" 2>&1 ||
        { cat "$file.log" >&2; return 1; }
    agent_settings "$confirm" "$lifetime" "$remove" >"$file.settings"
    database_cli attachment-import "$file" "$entry" private-key "$key"
    database_cli attachment-import "$file" "$entry" KeeAgent.settings "$file.settings"
}

# agent_settings CONFIRM LIFETIME REMOVE: what KeePassXC writes (src/sshagent/KeeAgentSettings.cpp),
# where an empty element needs white space behind it, or the next one is lost.
agent_settings() {
    cat <<XML
<?xml version="1.0" encoding="UTF-8"?>
<EntrySettings>
  <AllowUseOfSshKey>true</AllowUseOfSshKey>
  <AddAtDatabaseOpen>true</AddAtDatabaseOpen>
  <RemoveAtDatabaseClose>$3</RemoveAtDatabaseClose>
  <UseConfirmConstraintWhenAdding>$1</UseConfirmConstraintWhenAdding>
  <UseLifetimeConstraintWhenAdding>${2:+true}</UseLifetimeConstraintWhenAdding>
  <LifetimeConstraintDuration>${2:-600}</LifetimeConstraintDuration>
  <Location>
    <SelectedType>attachment</SelectedType>
    <AttachmentName>private-key</AttachmentName>
    <SaveAttachmentToTempFile>false</SaveAttachmentToTempFile>
    <FileName></FileName>
  </Location>
</EntrySettings>
XML
}

### KeePassXC

# configure_keepassxc [LINE...]: its settings; lines are added at the end, with their section. What
# it reads of a user's machine (SSH_AUTH_SOCK override) is in the other file.
configure_keepassxc() {
    mkdir -p "$D/keepassxc"
    KEEPASSXC_INI="$D/keepassxc/keepassxc.ini"
    KEEPASSXC_LOCAL_INI="$D/keepassxc/local.ini"
    printf '%s\n' '[General]' ConfigVersion=2 SingleInstance=false UpdateCheckMessageShown=true \
        OpenPreviousDatabasesOnStartup=false \
        '[GUI]' CheckForUpdates=false ShowTrayIcon=false \
        '[Security]' LockDatabaseIdle=false LockDatabaseScreenLock=false \
        '[SSHAgent]' Enabled=true "$@" >"$KEEPASSXC_INI"
    : >"$KEEPASSXC_LOCAL_INI"
}

# start_keepassxc FILE [PASSWORD]: unlocks the database at once. Its pid is in KEEPASSXC_PID.
start_keepassxc() {
    printf '%s\n' "${2-$DATABASE_PASSWORD}" >"$D/keepassxc.password"
    start_keepassxc_with --pw-stdin "$1" <"$D/keepassxc.password"
}

# start_locked_keepassxc FILE: it asks in its window.
start_locked_keepassxc() {
    start_keepassxc_with "$1" </dev/null
}

# start_keepassxc_with ARGUMENT...: with the agent's own socket, not a relay's. Needs start_screen
# and start_bus; configure_keepassxc comes before it, if at all.
start_keepassxc_with() {
    [ -n "${KEEPASSXC_INI-}" ] || configure_keepassxc
    # Not with spawn: the shell gives a background command /dev/null unless it has a stdin itself.
    SSH_AUTH_SOCK="${KEEPASSXC_SOCKET-$AGENT_SOCKET}" QT_QPA_PLATFORM=xcb keepassxc \
        --config "$KEEPASSXC_INI" --localconfig "$KEEPASSXC_LOCAL_INI" "$@" \
        <&0 >>"$D/keepassxc.log" 2>&1 3>&- &
    KEEPASSXC_PID=$!
    remember "$KEEPASSXC_PID"
    wait_until on_bus "$KEEPASSXC_NAME" || { cat "$D/keepassxc.log"; return 1; }
}

# tell_keepassxc METHOD ARGUMENT...: returns when it has done it.
tell_keepassxc() {
    local method="$1"

    shift
    timeout 30 gdbus call --session -d "$KEEPASSXC_NAME" -o /keepassxc \
        -m "$KEEPASSXC_NAME.$method" "$@" >"$D/keepassxc.out"
}

lock_keepassxc() {
    tell_keepassxc lockAllDatabases
}

# unlock_keepassxc FILE [PASSWORD]
unlock_keepassxc() {
    tell_keepassxc openDatabase "$1" "${2-$DATABASE_PASSWORD}"
}

# quit_keepassxc: in good order, as its menu does it.
quit_keepassxc() {
    tell_keepassxc appExit
    ends_with 0 "$KEEPASSXC_PID"
}

# unlock_in_keepassxc [PASSWORD]: what the user types into the dialog that a look-up in a locked
# database opens.
unlock_in_keepassxc() {
    type_in_window "$KEEPASSXC_UNLOCK_DIALOG" "${1-$DATABASE_PASSWORD}"
}

### As the Secret Service

# keepassxc_as_secret_service FILE [confirm]: starts it so, with the database unlocked, which is
# made if it is not there. With "confirm" the user is asked when a program wants a secret, which is
# KeePassXC's own default: Return in KEEPASSXC_ACCESS_DIALOG is yes, Escape no. Without it that
# dialog comes only when a secret is replaced. What has the bus of start_bus finds it; its
# collection is in KEEPASSXC_COLLECTION.
keepassxc_as_secret_service() {
    local confirm=false

    [ "${2-}" != confirm ] || confirm=true
    [ -e "$1" ] || make_database "$1"
    configure_keepassxc '[FdoSecrets]' Enabled=true ShowNotification=false \
        "ConfirmAccessItem=$confirm" ConfirmDeleteItem=false UnlockBeforeSearch=true
    start_keepassxc "$1"
    wait_until on_bus "$SECRETS_NAME" || { cat "$D/keepassxc.log"; return 1; }
    KEEPASSXC_COLLECTION="/org/freedesktop/secrets/collection/$(basename "$1" .kdbx)"
    wait_until collection_unlocked "$KEEPASSXC_COLLECTION"
}

collection_unlocked() {
    ! collection_locked "$1" 2>"$D/collection.log" && [ ! -s "$D/collection.log" ]
}
