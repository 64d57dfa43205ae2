/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Destination constraints as OpenSSH 9.2's ssh-add sent them to a socket that answers SUCCESS:
 * what follows the constraint's name, in base64. Made with `ssh-add -H known_hosts -h ... KEY` and
 *
 *     host_a HOST_A
 *     host_b HOST_B
 *     host_b HOST_B_RSA
 *     host_c HOST_C
 *     @cert-authority host_d,*.example AUTHORITY
 *
 * Beside them a writer of such bytes.
 */
#ifndef SPLIT_SSH_TESTS_CONSTRAINT_BYTES_H
#define SPLIT_SSH_TESTS_CONSTRAINT_BYTES_H

#include "unit.h"

#include <sodium.h>

/* Public keys, as in a .pub file. */
#define HOST_A "AAAAC3NzaC1lZDI1NTE5AAAAIIJtbZ6UZycUNQRZ3U2cwkitDK7+rMN5yEra7gdU81lp"
#define HOST_B "AAAAC3NzaC1lZDI1NTE5AAAAINDKFVccMyR1aWyrfT29LTvL2Q/0vrhkzWVELvPU8L18"
#define HOST_B_RSA                                                                                 \
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQDbnXrUIUPRLREiOMESM2DoiaEZOOf2UpstU0B3FHkjz2cjsHOjcy9yBIB+4sW0" \
    "+283rm6YDdUvRP5abphDVUSgsMAGgEEyMUIacdqN7e8bmSnyzhsQCXR0e7lXe+i7VTmG/kkQNWpJo97d+mlSh8ev1lED" \
    "477gFJT8+Ev7Yz/UmMlMhkuUnjFy19Nv8jVBXkpeWTJFQe5Zh7roF0QdqleiZKBhtvAQ+ATgqB9PjfHPZZ8Wg3OnjEMC" \
    "lW2TV5Wu6fPfMFOIgbj4LoRqNF72eDEX1gcIlZd5enSIa6wLiihjT4x84dVjpbShGbpj3LO/iGMigsi+2rcvKRhFhPnO" \
    "5vgH"
#define HOST_C "AAAAC3NzaC1lZDI1NTE5AAAAIPwHjcRFbb/eMpeizQFiQDIgpLvrEXCd4XZuzh7cK/8K"
#define HOST_D                                                                                     \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKNeT4R7P/pRMH5NOn0npzEFMpKqzSGjasNasxVa" \
    "TSECQhxGoqNaGK7YXTqK0516JiTxR+LJ0SyO6ikWbj3Ag24="
#define AUTHORITY "AAAAC3NzaC1lZDI1NTE5AAAAIHy38kOamuQPf7ZcJPnmW9jxtrUANuvn/0an2rL1rKhB"

/* Certificates of HOST_D by AUTHORITY: ssh-keygen -s authority -I id ... host_d.pub */
/* -h -n host_d */
#define CERT_D                                                                                     \
    "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgeS4Eh4PVsnxUUqRPV7+yjAwIumrY" \
    "EXJMuobtNVjc8V8AAAAIbmlzdHAyNTYAAABBBKNeT4R7P/pRMH5NOn0npzEFMpKqzSGjasNasxVaTSECQhxGoqNaGK7Y" \
    "XTqK0516JiTxR+LJ0SyO6ikWbj3Ag24AAAAAAAAAAAAAAAIAAAACaWQAAAAKAAAABmhvc3RfZAAAAAAAAAAA////////" \
    "//8AAAAAAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIHy38kOamuQPf7ZcJPnmW9jxtrUANuvn/0an2rL1rKhB" \
    "AAAAUwAAAAtzc2gtZWQyNTUxOQAAAEC7KoFDBK3GInq10YOdLkaez8FlahlhCQ8Lcj3hdTgAo3dJwNOzl+abdc/7nhZ/" \
    "Q4TnJ74w3gCpj6TbxQdNw8AB"
/* -h -n other,*.example */
#define CERT_PATTERN                                                                               \
    "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgHaIMFcO9e6jC+0TVqLbKFiYhA7J9" \
    "GAgDprJNBeBnKhgAAAAIbmlzdHAyNTYAAABBBKNeT4R7P/pRMH5NOn0npzEFMpKqzSGjasNasxVaTSECQhxGoqNaGK7Y" \
    "XTqK0516JiTxR+LJ0SyO6ikWbj3Ag24AAAAAAAAAAAAAAAIAAAACaWQAAAAWAAAABW90aGVyAAAACSouZXhhbXBsZQAA" \
    "AAAAAAAA//////////8AAAAAAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIHy38kOamuQPf7ZcJPnmW9jxtrUA" \
    "Nuvn/0an2rL1rKhBAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBo/noSPZKik2iXJUwRkqEL+GkdsiLsy8HwA5SaU1yxw9sP" \
    "swGEsv2xZs/dvsSI1kmkQz0pMMY9HM0D8A7Kh8sK"
/* -h -n host_d,x.example -V 20200101000000Z:20200102000000Z */
#define CERT_2020                                                                                  \
    "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgUse7fjbpXNGwfiCP107L/bswHnjZ" \
    "GtEbB+x5iQ3lKusAAAAIbmlzdHAyNTYAAABBBKNeT4R7P/pRMH5NOn0npzEFMpKqzSGjasNasxVaTSECQhxGoqNaGK7Y" \
    "XTqK0516JiTxR+LJ0SyO6ikWbj3Ag24AAAAAAAAAAAAAAAIAAAACaWQAAAAXAAAABmhvc3RfZAAAAAl4LmV4YW1wbGUA" \
    "AAAAXgvhAAAAAABeDTKAAAAAAAAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACB8t/JDmprkD3+2XCT55lvY8ba1" \
    "ADbr5/9Gp9qy9ayoQQAAAFMAAAALc3NoLWVkMjU1MTkAAABApKjCzySTte42hSLMPIDq2mDP3O8l42vwF8vs835/v/oR" \
    "rqhXB4/zYfpoEq7BfVytfRzPKaQ6MThKx/VJbiHvDQ=="
/* -n host_d: for a user */
#define CERT_USER                                                                                  \
    "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgOHXt43IZQvlHuaYbOGAP+4xZ7DC/" \
    "NEAY2aSddwP3mwsAAAAIbmlzdHAyNTYAAABBBKNeT4R7P/pRMH5NOn0npzEFMpKqzSGjasNasxVaTSECQhxGoqNaGK7Y" \
    "XTqK0516JiTxR+LJ0SyO6ikWbj3Ag24AAAAAAAAAAAAAAAEAAAACaWQAAAAKAAAABmhvc3RfZAAAAAAAAAAA////////" \
    "//8AAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAA" \
    "AAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAA" \
    "AAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACB8t/JDmprkD3+2XCT55lvY8ba1ADbr5/9Gp9qy9ayoQQAAAFMAAAAL" \
    "c3NoLWVkMjU1MTkAAABA875JiMwXwptlr8b5wEFQ6lPmZi//L4/wBI1e87z38p8nKHkZIC1bjpVnlpkbcmqKxIWc0ies" \
    "lXkkX/Hq6QmVCg=="

/* What ssh-add was told, as constraints_describe() says it, and what it sent. */
static const struct {
    const char *text;
    const char *base64;
} captured[] = {
    {"host_a",
     "AAAAZgAAAGIAAAAMAAAAAAAAAAAAAAAAAAAASgAAAAAAAAAGaG9zdF9hAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg"
     "gm1tnpRnJxQ1BFndTZzCSK0Mrv6sw3nIStruB1TzWWkAAAAAAA=="},
    {"host_a, host_a>git@host_c",
     "AAABDQAAAGIAAAAMAAAAAAAAAAAAAAAAAAAASgAAAAAAAAAGaG9zdF9hAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg"
     "gm1tnpRnJxQ1BFndTZzCSK0Mrv6sw3nIStruB1TzWWkAAAAAAAAAAKMAAABKAAAAAAAAAAZob3N0X2EAAAAAAAAAMwAA"
     "AAtzc2gtZWQyNTUxOQAAACCCbW2elGcnFDUEWd1NnMJIrQyu/qzDechK2u4HVPNZaQAAAABNAAAAA2dpdAAAAAZob3N0"
     "X2MAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACD8B43ERW2/3jKXos0BYkAyIKS76xFwneF2bs4e3Cv/CgAAAAAA"},
    {"host_d",
     "AAAAZgAAAGIAAAAMAAAAAAAAAAAAAAAAAAAASgAAAAAAAAAGaG9zdF9kAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg"
     "fLfyQ5qa5A9/tlwk+eZb2PG2tQA26+f/RqfasvWsqEEBAAAAAA=="},
    {"*@*.example",
     "AAAAagAAAGYAAAAMAAAAAAAAAAAAAAAAAAAATgAAAAEqAAAACSouZXhhbXBsZQAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5"
     "AAAAIHy38kOamuQPf7ZcJPnmW9jxtrUANuvn/0an2rL1rKhBAQAAAAA="},
    {"host_a, host_a>host_b, host_b>root@host_c",
     "AAAD6gAAAGIAAAAMAAAAAAAAAAAAAAAAAAAASgAAAAAAAAAGaG9zdF9hAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg"
     "gm1tnpRnJxQ1BFndTZzCSK0Mrv6sw3nIStruB1TzWWkAAAAAAAAAAbwAAABKAAAAAAAAAAZob3N0X2EAAAAAAAAAMwAA"
     "AAtzc2gtZWQyNTUxOQAAACCCbW2elGcnFDUEWd1NnMJIrQyu/qzDechK2u4HVPNZaQAAAAFmAAAAAAAAAAZob3N0X2IA"
     "AAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACDQyhVXHDMkdWlsq309vS07y9kP9L64ZM1lRC7z1PC9fAAAAAEXAAAAB3Nz"
     "aC1yc2EAAAADAQABAAABAQDbnXrUIUPRLREiOMESM2DoiaEZOOf2UpstU0B3FHkjz2cjsHOjcy9yBIB+4sW0+283rm6Y"
     "DdUvRP5abphDVUSgsMAGgEEyMUIacdqN7e8bmSnyzhsQCXR0e7lXe+i7VTmG/kkQNWpJo97d+mlSh8ev1lED477gFJT8"
     "+Ev7Yz/UmMlMhkuUnjFy19Nv8jVBXkpeWTJFQe5Zh7roF0QdqleiZKBhtvAQ+ATgqB9PjfHPZZ8Wg3OnjEMClW2TV5Wu"
     "6fPfMFOIgbj4LoRqNF72eDEX1gcIlZd5enSIa6wLiihjT4x84dVjpbShGbpj3LO/iGMigsi+2rcvKRhFhPnO5vgHAAAA"
     "AAAAAAHAAAABZgAAAAAAAAAGaG9zdF9iAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg0MoVVxwzJHVpbKt9Pb0tO8vZ"
     "D/S+uGTNZUQu89TwvXwAAAABFwAAAAdzc2gtcnNhAAAAAwEAAQAAAQEA25161CFD0S0RIjjBEjNg6ImhGTjn9lKbLVNA"
     "dxR5I89nI7Bzo3MvcgSAfuLFtPtvN65umA3VL0T+Wm6YQ1VEoLDABoBBMjFCGnHaje3vG5kp8s4bEAl0dHu5V3vou1U5"
     "hv5JEDVqSaPe3fppUofHr9ZRA+O+4BSU/PhL+2M/1JjJTIZLlJ4xctfTb/I1QV5KXlkyRUHuWYe66BdEHapXomSgYbbw"
     "EPgE4KgfT43xz2WfFoNzp4xDApVtk1eVrunz3zBTiIG4+C6EajRe9ngxF9YHCJWXeXp0iGusC4ooY0+MfOHVY6W0oRm6"
     "Y9yzv4hjIoLIvtq3LykYRYT5zub4BwAAAABOAAAABHJvb3QAAAAGaG9zdF9jAAAAAAAAADMAAAALc3NoLWVkMjU1MTkA"
     "AAAg/AeNxEVtv94yl6LNAWJAMiCku+sRcJ3hdm7OHtwr/woAAAAAAA=="},
};

/* The caller frees the data. */
static inline struct view from_base64(const char *text)
{
    uint8_t bytes[2048];
    size_t len;

    assert_int_equal(sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &len, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    return exact_copy(bytes, len);
}

static inline void put_key(struct wire_writer *w, const char *base64, uint8_t authority)
{
    struct view blob = from_base64(base64);

    put_string(w, blob);
    put_u8(w, authority);
    view_free(&blob);
}

#endif
