/* SPDX-License-Identifier: BSD-2-Clause */
#include "differences.h"

/*
 * The predicates are as narrow as they can be: each one names the request, both answers, and what
 * makes it differ. The first row that fits is taken.
 */
const struct difference differences[] = {
    {
        .id = "malformed-closed",
        .is_it = is_malformed_closed,
        .effect = EFFECT_REOPEN,
        .reason = "what cannot be read may be an attack on the parser: it has one try",
        .page = "split-ssh-agent.1",
        .line =
            "A message that cannot be read, or of which something is left over, is refused, and "
            "its connection is closed.",
    },
    {
        .id = "left-over",
        .is_it = is_left_over,
        .effect = EFFECT_NONE,
        .reason = "bytes without a meaning today have one tomorrow, which must not be dropped",
        .page = "split-ssh-agent.1",
        .line = "A message that cannot be read, or of which something is left over, is refused",
    },
    {
        .id = "left-over-key",
        .is_it = is_left_over_key,
        .effect = EFFECT_REMOVE,
        .reason = "as left-over; and constraints behind a message that has none are a mistake",
        .page = "split-ssh-agent.1",
        .line = "A message that cannot be read, or of which something is left over, is refused",
    },
    {
        .id = "left-over-all",
        .is_it = is_left_over_all,
        .effect = EFFECT_REMOVE_ALL,
        .reason = "as left-over",
        .page = "split-ssh-agent.1",
        .line = "A message that cannot be read, or of which something is left over, is refused",
    },
    {
        .id = "left-over-lock",
        .is_it = is_left_over_lock,
        .effect = EFFECT_END,
        .reason = "as left-over",
        .page = "split-ssh-agent.1",
        .line = "A message that cannot be read, or of which something is left over, is refused",
    },
    {
        .id = "lock-fatal",
        .is_it = is_lock_fatal,
        .effect = EFFECT_END,
        .reason =
            "a program in the vault that sends nonsense must not end the agent for all others",
        .page = "split-ssh-agent.1",
        .line = "A lock or unlock that cannot be read does not end the agent.",
    },
    {
        .id = "passphrase-long",
        .is_it = is_passphrase_long,
        .effect = EFFECT_END,
        .reason = "every length has a cap; ssh-add reads no longer one",
        .page = "split-ssh-agent.1",
        .line = "Its passphrase has 1024 bytes at most.",
    },
    {
        .id = "locked-extension",
        .is_it = is_locked_extension,
        .effect = EFFECT_REOPEN,
        .reason = "a session that is bound while the agent is locked would else count as unbound "
                  "after it is unlocked, and see keys that it may not use",
        .page = "split-ssh-agent.1",
        .line = "Extensions are answered also while the agent is locked.",
        .until = 1000,
    },
    {
        .id = "query",
        .is_it = is_query,
        .effect = EFFECT_NONE,
        .reason = "RFC 9987, section 3.8.1; older versions of OpenSSH do not have it, and none has "
                  "the extensions of split-ssh",
        .page = "split-ssh-agent.1",
        .line = "It has the extension query, and extensions of its own.",
    },
    {
        .id = "extension-failure",
        .is_it = is_extension_failure,
        .effect = EFFECT_NONE,
        .reason = "RFC 9987, section 3.8: the answer of an extension that is known and fails",
        .page = "split-ssh-agent.1",
        .line = "A session-bind that fails is answered as the protocol has it for extensions",
        .until = 902,
    },
    {
        .id = "bind-repeated",
        .is_it = is_bind_repeated,
        .effect = EFFECT_NONE,
        .reason = "it says nothing new, and a client that is in doubt may say it twice",
        .page = "split-ssh-agent.1",
        .line = "To bind the same session and host again is no failure for the same use",
    },
    {
        .id = "bind-other-use",
        .is_it = is_bind_other_use,
        .effect = EFFECT_NONE,
        .reason = "a session that forwards the agent is not the one that logs in",
        .page = "split-ssh-agent.1",
        .line = "again is no failure for the same use, and one for the other.",
    },
    {
        .id = "bind-left-over",
        .is_it = is_bind_left_over,
        .effect = EFFECT_NONE,
        .reason = "as left-over",
        .page = "split-ssh-agent.1",
        .line = "A message that cannot be read, or of which something is left over, is refused",
    },
    {
        .id = "bind-session-size",
        .is_it = is_bind_session_size,
        .effect = EFFECT_NONE,
        .reason =
            "no key exchange gives such a session id; OpenSSH has the cap, and checks it later",
        .page = "split-ssh-agent.1",
        .line = "a session id has 1 to 128 bytes",
    },
    {
        .id = "bind-certificate",
        .is_it = is_bind_certificate,
        .effect = EFFECT_REOPEN,
        .reason = "who made it is looked at where it counts: with a key for that host",
        .page = "split-ssh-agent.1",
        .line = "A certificate is taken without a look at its authority's signature",
    },
    {
        .id = "bind-unverified",
        .is_it = is_bind_unverified,
        .effect = EFFECT_NONE,
        .reason = "SHA-1 proves nothing any more",
        .page = "split-ssh-agent.1",
        .line = "A key with destination constraints is not used on a connection whose host key is "
                "of a type that the agent cannot verify",
    },
    {
        .id = "bind-failed",
        .is_it = is_bind_failed,
        .effect = EFFECT_NONE,
        .reason = "a client that has lied about its session gets nothing more",
        .page = "split-ssh-agent.1",
        .line =
            "A connection that has tried to bind a session with a false signature signs nothing "
            "any more, whatever key is asked for.",
    },
    {
        .id = "bind-failed-remove",
        .is_it = is_bind_failed_remove,
        .effect = EFFECT_REMOVE,
        .reason = "what it may not see it may not remove",
        .page = "split-ssh-agent.1",
        .line =
            "A connection that has tried to bind a session with a false signature signs nothing "
            "any more",
    },
    {
        .id = "unseen-added-again",
        .is_it = is_unseen_added_again,
        .effect = EFFECT_REMOVE,
        .reason = "who adds it has the private key, and is free to use it without the agent",
        .page = "split-ssh-agent.1",
        .line = "A key can be added again also on a connection that may not see it.",
    },
    {
        .id = "sign-flags",
        .is_it = is_sign_flags,
        .effect = EFFECT_NONE,
        .reason = "RFC 9987, section 3.6.1: a flag that is not known may ask for anything",
        .page = "split-ssh-agent.1",
        .line = "A signature with flags that are not known is refused.",
    },
    {
        .id = "key-dsa",
        .is_it = is_key_dsa,
        .effect = EFFECT_REMOVE,
        .reason = "1024 bits and SHA-1",
        .page = "split-ssh-agent.1",
        .line = "There are no PKCS#11 and FIDO keys and no DSA",
        .until = 909,
    },
    {
        .id = "key-sk",
        .is_it = is_key_sk,
        .effect = EFFECT_REMOVE,
        .reason = "the token is not in the vault",
        .page = "split-ssh-agent.1",
        .line = "There are no PKCS#11 and FIDO keys and no DSA",
    },
    {
        .id = "key-rsa-short",
        .is_it = is_key_rsa_short,
        .effect = EFFECT_REMOVE,
        .reason = "1024 bits can be factored by those who try hard",
        .page = "split-ssh-agent.1",
        .line = "RSA keys have 2048 bits at least.",
    },
    {
        .id = "key-halves",
        .is_it = is_key_halves,
        .effect = EFFECT_REMOVE,
        .reason = "a wrong private half gives signatures that nobody takes, or gives the key away",
        .page = "split-ssh-agent.1",
        .line = "Both halves of a key must belong together.",
    },
    {
        .id = "certificate-signature",
        .is_it = is_certificate_signature,
        .effect = EFFECT_REMOVE,
        .reason = "who accepts a certificate verifies it; the keystore need not parse so much more",
        .page = "split-ssh-agent.1",
        .line = "A certificate is taken without a look at its authority's signature",
    },
    {
        .id = "comment-nul",
        .is_it = is_comment_nul,
        .effect = EFFECT_REMOVE,
        .reason = "OpenSSH's clients read no list with a NUL inside of a comment in it",
        .page = "split-ssh-agent.1",
        .line = "A key whose comment has a NUL byte is refused.",
    },
    {
        .id = "destinations-none",
        .is_it = is_destinations_none,
        .effect = EFFECT_REMOVE,
        .reason = "held without a constraint, the key would be held with less than was asked for",
        .page = "split-ssh-agent.1",
        .line = "A constraint on destinations that names none is refused",
    },
    {
        .id = "destination-key",
        .is_it = is_destination_key,
        .effect = EFFECT_REMOVE,
        .reason =
            "known_hosts may have keys of a later time beside others; such a key never matches",
        .page = "split-ssh-agent.1",
        .line = "a host key there of a type that is not known never matches.",
    },
    {
        .id = "added-again-lost",
        .is_it = is_added_again_lost,
        .effect = EFFECT_REMOVE,
        .reason =
            "the agent does not read private keys: it learns what the constraints are when the "
            "keystore has the key, and a key is held with its constraints or not at all",
        .page = "split-ssh-agent.1",
        .line = "A key that is added again with such a constraint that cannot be read is removed.",
    },
    {
        .id = "ssh1-remove-all",
        .is_it = is_ssh1_remove_all,
        .effect = EFFECT_REMOVE_ALL,
        .reason = "there are no keys of SSH-1; who asks for these has not asked for the others",
        .page = "split-ssh-agent.1",
        .line = "The request of SSH-1 that removes all its keys removes none.",
    },
    {
        .id = "began-while-locked",
        .is_it = is_began_while_locked,
        .effect = EFFECT_END,
        .reason = "its bytes were thrown away as they came",
        .page = "split-ssh-agent.1",
        .line = "A request that began to come while the agent was locked is refused.",
    },
};
const size_t differences_count = sizeof differences / sizeof differences[0];
unsigned long differences_seen[sizeof differences / sizeof differences[0]];

const struct difference *difference_find(const struct exchange *exchange)
{
    for (size_t i = 0; i < differences_count; i++) {
        if (differences[i].is_it(exchange)) {
            differences_seen[i]++;
            return &differences[i];
        }
    }
    return NULL;
}
