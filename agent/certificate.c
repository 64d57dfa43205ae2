/* SPDX-License-Identifier: BSD-2-Clause */
#include "certificate.h"

#include "verify.h"

bool certificate_is_for_host(const struct certificate *certificate, uint64_t now)
{
    return certificate->type == CERTIFICATE_HOST && now >= certificate->valid_after &&
           now < certificate->valid_before && certificate->critical_options.len == 0 &&
           certificate->principals.len > 0;
}

enum err certificate_verify(const struct certificate *certificate)
{
    return verify_signature(certificate->signature_key, certificate->signature,
                            certificate->signed_bytes);
}
