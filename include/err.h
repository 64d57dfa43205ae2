/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors: what a function could not do. The numbers go over the agent-keystore channel; 17, 24 and
 * 27 are free.
 */
#ifndef SPLIT_SSH_ERR_H
#define SPLIT_SSH_ERR_H

#define must_check __attribute__((warn_unused_result))

enum err {
    OK = 0,
    ERR_MALFORMED = 1,      /* bytes that are not the message they claim to be */
    ERR_TOO_BIG = 2,        /* past a cap of limits.h */
    ERR_NOT_FOUND = 3,      /* no such key */
    ERR_NO_MEMORY = 4,      /* the heap, or the arena for secrets, is full */
    ERR_SYSTEM = 5,         /* a system call failed; errno says why */
    ERR_CRYPTO = 6,         /* libsodium or libcrypto refused, for no reason we know */
    ERR_LOCKED = 7,         /* the agent is locked */
    ERR_NOT_LOCKED = 8,     /* unlock, but the agent is not locked */
    ERR_PASSPHRASE = 9,     /* wrong passphrase */
    ERR_KEY_TYPE = 10,      /* a key type that this program does not hold */
    ERR_KEY_DSA = 11,       /* ... DSA */
    ERR_KEY_SK = 12,        /* ... a FIDO security key */
    ERR_KEY_RSA_SIZE = 13,  /* RSA outside 2048..16384 bits */
    ERR_KEY_INVALID = 14,   /* a point off the curve, an even modulus, a bad exponent */
    ERR_KEY_MISMATCH = 15,  /* private and public half are not one key */
    ERR_CONSTRAINT = 16,    /* a constraint that is not supported */
    ERR_CONSTRAINT_SK = 18, /* ... sk-provider@openssh.com */
    ERR_SIGN_FLAGS = 19,    /* unknown flags in a sign request */
    ERR_CONFIRM = 20,       /* the key asks for confirmation and nobody confirmed */
    ERR_BAD_SIGNATURE = 21, /* a signature that does not verify */
    ERR_DENIED = 22,        /* this peer may not do that */
    ERR_TOO_MANY = 23,      /* keys, or their public halves do not fit into one answer */
    ERR_BOUND = 25,         /* the connection lost the right to sign by a refused session-bind */
    ERR_APPROVAL = 26,      /* an approval that is not for this, is over, or was used before */
    ERR_ANSWER = 28,        /* the user said no, or nothing */
    ERR_DESTINATION = 29,   /* a destination constraint of the key does not permit it */
    ERR_SESSION = 30,       /* a login to another session than the one that was bound last */
    ERR_AUDIT = 31,         /* the audit log cannot be written */
    ERR_SEALED = 32,        /* the key's file has a passphrase, which is not here yet */
    ERR_FILE_FORMAT = 33,   /* no private key file, or a damaged one */
    ERR_FILE_CIPHER = 34,   /* a cipher or key derivation that this program does not read */
    ERR_FILE_ROUNDS = 35,   /* more work than BCRYPT_ROUNDS_MAX */
    ERR_FILE_PUBLIC = 36,   /* an encrypted file that does not show its public half */
    ERR_FILE_CERT = 37,     /* NAME-cert.pub is not a certificate of this key */
    ERR_NO_PASSPHRASE = 38, /* a lock without a passphrase, which everybody could open */
    ERR_MAX = ERR_NO_PASSPHRASE
};

/* A phrase for a log line, without a full stop; says what to do where something can be done. */
static inline const char *err_text(enum err err)
{
    switch (err) {
    case OK:
        return "success";
    case ERR_MALFORMED:
        return "malformed message";
    case ERR_TOO_BIG:
        return "larger than allowed";
    case ERR_NOT_FOUND:
        return "no such key";
    case ERR_NO_MEMORY:
        return "out of memory for keys (remove a key, or raise the limit on locked memory)";
    case ERR_SYSTEM:
        return "a system call failed";
    case ERR_CRYPTO:
        return "the cryptographic library refused";
    case ERR_LOCKED:
        return "the agent is locked (ssh-add -X unlocks it)";
    case ERR_NOT_LOCKED:
        return "the agent is not locked";
    case ERR_PASSPHRASE:
        return "wrong passphrase";
    case ERR_KEY_TYPE:
        return "key type not supported (ed25519, RSA and ECDSA are)";
    case ERR_KEY_DSA:
        return "DSA keys are not supported (make an ed25519 key)";
    case ERR_KEY_SK:
        return "security keys (sk) are not supported: the token is not in the vault";
    case ERR_KEY_RSA_SIZE:
        return "RSA keys must have 2048 to 16384 bits";
    case ERR_KEY_INVALID:
        return "invalid key";
    case ERR_KEY_MISMATCH:
        return "the private and the public half do not belong together";
    case ERR_CONSTRAINT:
        return "a key constraint that is not supported";
    case ERR_CONSTRAINT_SK:
        return "a security key provider is not supported";
    case ERR_SIGN_FLAGS:
        return "unknown signature flags";
    case ERR_CONFIRM:
        return "the key was added with confirmation (ssh-add -c) and nobody confirmed";
    case ERR_BAD_SIGNATURE:
        return "the signature is wrong";
    case ERR_DENIED:
        return "not allowed from here";
    case ERR_TOO_MANY:
        return "there are too many keys (remove some)";
    case ERR_BOUND:
        return "a session-bind on this connection was refused";
    case ERR_APPROVAL:
        return "the approval is for something else, is over, or was used before";
    case ERR_ANSWER:
        return "it was not allowed";
    case ERR_DESTINATION:
        return "the key's destination constraints (ssh-add -h) do not permit it";
    case ERR_SESSION:
        return "a login to another session than the one that this connection was bound to";
    case ERR_AUDIT:
        return "the audit log cannot be written";
    case ERR_SEALED:
        return "the passphrase of its file is not here yet";
    case ERR_FILE_FORMAT:
        return "no private key file, or a damaged one (does ssh-keygen -y -f FILE read it?)";
    case ERR_FILE_CIPHER:
        return "the file is encrypted in a way that is not read here (ssh-keygen -p -f FILE "
               "writes it anew)";
    case ERR_FILE_ROUNDS:
        return "the file asks for too much work (ssh-keygen -p -a 100 -f FILE writes it anew)";
    case ERR_FILE_PUBLIC:
        return "the public half is not beside the encrypted file (ssh-keygen -y -f FILE > "
               "FILE.pub makes it)";
    case ERR_FILE_CERT:
        return "the certificate beside the file is not one of this key";
    case ERR_NO_PASSPHRASE:
        return "the passphrase is empty (ssh-add -x again, with one)";
    }
    return "unknown error";
}

#endif
