/* SPDX-License-Identifier: BSD-2-Clause */
#include "remember.h"

#include "askpass.h"
#include "clock.h"
#include "keyring.h"
#include "log.h"
#include "notification.h"
#include "withdrawal.h"

static bool wants(const char *fingerprint, const char *label, uint64_t deadline, int withdrawn)
{
    struct dialog dialog = {.yes = "Remember", .no = "No", .asks = "Remember it?"};
    enum dialog_answer answer;

    snprintf(dialog.title, sizeof dialog.title, "Remember the passphrase of %.1024s?", label);
    snprintf(dialog.body, sizeof dialog.body,
             "%s\nIt will be kept in the keyring (the Secret Service), and not asked for again.",
             fingerprint);
    if (notification_ask(&dialog, deadline, withdrawn, &answer) == OK ||
        (!withdrawal_came(withdrawn) && askpass_ask(&dialog, deadline, withdrawn, &answer) == OK)) {
        return answer == DIALOG_ONCE;
    }
    return false;
}

static void tell_failure(const char *label)
{
    struct dialog dialog = {.title = "The passphrase was not stored"};

    snprintf(dialog.body, sizeof dialog.body,
             "The Secret Service did not take the passphrase of %.1024s.", label);
    if (notification_tell(&dialog) != OK) {
        log_line("nobody could be told that");
    }
}

void remember(const char *fingerprint, const char *label, const struct secret_memory *passphrase,
              uint32_t time_ms, int withdrawn)
{
    uint64_t deadline = boottime_ms() + time_ms;
    struct keyring *keyring;

    if (keyring_open(withdrawn, &keyring) != OK) {
        return;
    }
    if (wants(fingerprint, label, deadline, withdrawn) &&
        keyring_store(keyring, fingerprint, label, passphrase, deadline + STORE_MS) != OK &&
        !withdrawal_came(withdrawn)) {
        tell_failure(label);
    }
    keyring_close(keyring);
}
