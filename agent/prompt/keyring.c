/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyring.h"

#include <libsecret/secret.h>

#include "clock.h"
#include "log.h"
#include "pending.h"
#include "session_bus.h"

#define CONNECT_MS 2000U /* to the bus */
#define OPEN_MS    5000U /* a session with the service, which the bus may have to start first */

struct keyring {
    SecretService *service;
    int withdrawn;
    guint watch;
    bool gone; /* the service, for which some versions of libsecret wait for ever then */
};

/* The flag is for searches; what is stored has the name nevertheless. */
static const SecretSchema schema = {
    .name = KEYRING_SCHEMA,
    .flags = SECRET_SCHEMA_DONT_MATCH_NAME,
    .attributes = {{KEYRING_ATTRIBUTE, SECRET_SCHEMA_ATTRIBUTE_STRING}},
};

/*
 * A service that keeps in mind that a dialog of its gave nothing, since the user closed it:
 * libsecret says even then that a secret was stored.
 */
struct minding_service {
    SecretService service;
    bool dismissed;
};

static GVariant *(*finish_prompt)(SecretService *service, GAsyncResult *result, GError **error);

static GVariant *mind_prompt(SecretService *service, GAsyncResult *result, GError **error)
{
    GVariant *answer = finish_prompt(service, result, error);

    /* "/" stands for no object (Secret Service API, CreateItem). */
    if (answer == NULL || (g_variant_is_of_type(answer, G_VARIANT_TYPE_OBJECT_PATH) &&
                           g_str_equal(g_variant_get_string(answer, NULL), "/"))) {
        ((struct minding_service *)service)->dismissed = true;
    }
    return answer;
}

static void minding_service_class(gpointer class, gpointer data)
{
    SecretServiceClass *service = class;

    (void)data;
    finish_prompt = service->prompt_finish;
    service->prompt_finish = mind_prompt;
}

static GType minding_service_type(void)
{
    static GType type;

    if (type == 0) {
        type = g_type_register_static_simple(SECRET_TYPE_SERVICE, "MindingService",
                                             sizeof(SecretServiceClass), minding_service_class,
                                             sizeof(struct minding_service), NULL, 0);
    }
    return type;
}

/* What a call failed for; takes error. */
static void say(const char *what, GError *error)
{
    if (error == NULL || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        log_line("the Secret Service: %s: no answer in time", what);
    } else {
        log_line("the Secret Service: %s: %.300s", what, error->message);
    }
    g_clear_error(&error);
}

static const bool still_there = false;

/* libsecret finds the same connection then. NULL with a log line. */
static GDBusConnection *connect_bus(int withdrawn)
{
    char *address = session_bus_address();
    struct pending *pending;
    GAsyncResult *result;
    GDBusConnection *bus = NULL;
    GError *error = NULL;

    if (address == NULL) {
        log_line("there is no session bus, so no Secret Service");
        return NULL;
    }
    g_setenv("DBUS_SESSION_BUS_ADDRESS", address, TRUE); /* or GLib might start one */
    g_free(address);
    pending = pending_new();
    g_bus_get(G_BUS_TYPE_SESSION, pending->cancellable, pending_done, pending);
    result = pending_wait(pending, boottime_ms() + CONNECT_MS, withdrawn, &still_there);
    if (result != NULL) {
        bus = g_bus_get_finish(result, &error);
        g_object_unref(result);
    }
    if (bus == NULL) {
        say("the session bus cannot be reached", error);
        return NULL;
    }
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    return bus;
}

static void on_gone(GDBusConnection *bus, const char *name, gpointer keyring)
{
    (void)bus;
    (void)name;
    ((struct keyring *)keyring)->gone = true;
}

static struct keyring *keyring_new(SecretService *service, int withdrawn)
{
    struct keyring *keyring = g_new0(struct keyring, 1);
    GDBusProxy *proxy = G_DBUS_PROXY(service);
    char *owner = g_dbus_proxy_get_name_owner(proxy);

    /* Some services answer a search after the user has unlocked them: our deadline counts alone. */
    g_dbus_proxy_set_default_timeout(proxy, INT_MAX);
    keyring->service = service;
    keyring->withdrawn = withdrawn;
    if (owner != NULL) {
        keyring->watch = g_bus_watch_name_on_connection(g_dbus_proxy_get_connection(proxy), owner,
                                                        G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                        on_gone, keyring, NULL);
    }
    g_free(owner);
    return keyring;
}

enum err keyring_open(int withdrawn, struct keyring **ret)
{
    GDBusConnection *bus = connect_bus(withdrawn);
    SecretService *service = NULL;
    struct pending *pending;
    GAsyncResult *result;
    GError *error = NULL;

    if (bus == NULL) {
        return ERR_NOT_FOUND;
    }
    pending = pending_new();
    secret_service_open(minding_service_type(), NULL, SECRET_SERVICE_OPEN_SESSION,
                        pending->cancellable, pending_done, pending);
    result = pending_wait(pending, boottime_ms() + OPEN_MS, withdrawn, &still_there);
    if (result != NULL) {
        service = secret_service_open_finish(result, &error);
        g_object_unref(result);
    }
    g_object_unref(bus); /* the service has it */
    if (service == NULL) {
        say("it is not there", error);
        return ERR_NOT_FOUND;
    }
    *ret = keyring_new(service, withdrawn);
    return OK;
}

void keyring_close(struct keyring *keyring)
{
    if (keyring != NULL) {
        if (keyring->watch != 0) {
            g_bus_unwatch_name(keyring->watch);
        }
        g_object_unref(keyring->service);
        g_free(keyring);
    }
}

static GHashTable *attributes_of(const char *fingerprint)
{
    return secret_attributes_build(&schema, KEYRING_ATTRIBUTE, fingerprint, NULL);
}

/* The newest of the unlocked ones, else of the others. */
static SecretItem *choose(GList *items)
{
    SecretItem *best = NULL;

    for (GList *at = items; at != NULL; at = at->next) {
        SecretItem *item = at->data;
        int gain = best == NULL ? 1 : secret_item_get_locked(best) - secret_item_get_locked(item);

        if (gain > 0 ||
            (gain == 0 && secret_item_get_modified(item) > secret_item_get_modified(best))) {
            best = item;
        }
    }
    return best != NULL ? g_object_ref(best) : NULL;
}

static enum err find(struct keyring *keyring, const char *fingerprint, uint64_t deadline,
                     SecretItem **ret)
{
    GHashTable *attributes = attributes_of(fingerprint);
    struct pending *pending = pending_new();
    GAsyncResult *result;
    GList *items = NULL;
    GError *error = NULL;
    SecretItem *item;

    secret_service_search(keyring->service, &schema, attributes, SECRET_SEARCH_ALL,
                          pending->cancellable, pending_done, pending);
    g_hash_table_unref(attributes);
    result = pending_wait(pending, deadline, keyring->withdrawn, &keyring->gone);
    if (result != NULL) {
        items = secret_service_search_finish(keyring->service, result, &error);
        g_object_unref(result);
    }
    if (result == NULL || error != NULL) {
        say("search", error);
        return ERR_SYSTEM;
    }
    item = choose(items);
    g_list_free_full(items, g_object_unref);
    if (item == NULL) {
        return ERR_NOT_FOUND;
    }
    *ret = item;
    return OK;
}

/* The service shows a dialog of its own. */
static enum err unlock(struct keyring *keyring, SecretItem *item, uint64_t deadline)
{
    GList objects = {.data = item};
    struct pending *pending = pending_new();
    GAsyncResult *result;
    GError *error = NULL;
    int count = -1;

    secret_service_unlock(keyring->service, &objects, pending->cancellable, pending_done, pending);
    result = pending_wait(pending, deadline, keyring->withdrawn, &keyring->gone);
    if (result != NULL) {
        count = secret_service_unlock_finish(keyring->service, result, NULL, &error);
        g_object_unref(result);
    }
    if (result == NULL || error != NULL) {
        say("unlock", error);
        return ERR_LOCKED;
    }
    if (count == 0) {
        log_line("the Secret Service stays locked");
        return ERR_LOCKED;
    }
    return OK;
}

static enum err take(SecretValue *value, struct secret_memory *ret)
{
    gsize len = 0;
    const char *bytes = secret_value_get(value, &len);
    enum err err;

    ret->len = len < PASSPHRASE_ROOM ? len : PASSPHRASE_ROOM;
    memcpy(ret->bytes, bytes, ret->len);
    err = secret_memory_cut_line(ret);
    if (err == OK && ret->len == 0) {
        err = ERR_MALFORMED;
    }
    if (err != OK) {
        log_line("the Secret Service: what is stored is %s",
                 err == ERR_TOO_BIG ? "too long for a passphrase" : "empty");
    }
    return err;
}

static enum err load(struct keyring *keyring, SecretItem *item, uint64_t deadline,
                     struct secret_memory *ret)
{
    struct pending *pending = pending_new();
    GAsyncResult *result;
    GError *error = NULL;
    SecretValue *value;
    enum err err;

    secret_item_load_secret(item, pending->cancellable, pending_done, pending);
    result = pending_wait(pending, deadline, keyring->withdrawn, &keyring->gone);
    if (result != NULL) {
        secret_item_load_secret_finish(item, result, &error);
        g_object_unref(result);
    }
    value = secret_item_get_secret(item);
    if (value == NULL) {
        say("read", error);
        return ERR_SYSTEM;
    }
    g_clear_error(&error);
    err = take(value, ret);
    secret_value_unref(value);
    return err;
}

enum err keyring_look_up(struct keyring *keyring, const char *fingerprint, uint64_t deadline,
                         struct secret_memory *ret)
{
    SecretItem *item;
    enum err err = find(keyring, fingerprint, deadline, &item);

    if (err != OK) {
        return err;
    }
    if (secret_item_get_locked(item)) {
        err = unlock(keyring, item, deadline);
    }
    if (err == OK) {
        err = load(keyring, item, deadline, ret);
    }
    g_object_unref(item);
    return err;
}

enum err keyring_store(struct keyring *keyring, const char *fingerprint, const char *label,
                       const struct secret_memory *passphrase, uint64_t deadline)
{
    GHashTable *attributes = attributes_of(fingerprint);
    SecretValue *value = secret_value_new_full((char *)passphrase->bytes, (gssize)passphrase->len,
                                               "text/plain", NULL); /* no copy */
    struct minding_service *service = (struct minding_service *)keyring->service;
    struct pending *pending = pending_new();
    GAsyncResult *result;
    GError *error = NULL;
    bool stored = false;

    service->dismissed = false;
    secret_service_store(keyring->service, &schema, attributes, SECRET_COLLECTION_DEFAULT, label,
                         value, pending->cancellable, pending_done, pending);
    g_hash_table_unref(attributes);
    result = pending_wait(pending, deadline, keyring->withdrawn, &keyring->gone);
    if (result != NULL) {
        stored = secret_service_store_finish(keyring->service, result, &error);
        g_object_unref(result);
    }
    secret_value_unref(value);
    if (!stored) {
        say("store", error);
        return ERR_SYSTEM;
    }
    if (service->dismissed) {
        log_line("the Secret Service: store: its dialog was closed");
        return ERR_LOCKED;
    }
    return OK;
}

enum err keyring_forget(struct keyring *keyring, const char *fingerprint, uint64_t deadline)
{
    GHashTable *attributes = attributes_of(fingerprint);
    struct pending *pending = pending_new();
    GAsyncResult *result;
    GError *error = NULL;
    bool removed = false;

    secret_service_clear(keyring->service, &schema, attributes, pending->cancellable, pending_done,
                         pending);
    g_hash_table_unref(attributes);
    result = pending_wait(pending, deadline, keyring->withdrawn, &keyring->gone);
    if (result != NULL) {
        removed = secret_service_clear_finish(keyring->service, result, &error);
        g_object_unref(result);
    }
    if (result == NULL || error != NULL) {
        say("remove", error);
        return ERR_SYSTEM;
    }
    return removed ? OK : ERR_NOT_FOUND;
}
