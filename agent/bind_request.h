/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_BIND_REQUEST_H
#define AGENT_BIND_REQUEST_H

#include "limits.h"
#include "wire.h"

/* The body of session-bind@openssh.com (OpenSSH's PROTOCOL.agent, section 1). */
struct bind_request {
    struct view host_key;   /* at most HOST_KEY_MAX bytes */
    struct view session_id; /* 1 to SESSION_ID_MAX bytes */
    struct view signature;
    bool forwarding;
};

/*@
  requires view_valid(body) && \valid(ret);
  requires \separated(ret, body.data + (0 .. body.len - 1));
  assigns *ret;
  ensures \result == OK ==> view_in(ret->host_key, body.data, body.len);
  ensures \result == OK ==> view_in(ret->session_id, body.data, body.len);
  ensures \result == OK ==> view_in(ret->signature, body.data, body.len);
  ensures \result == OK ==> ret->host_key.len <= HOST_KEY_MAX;
  ensures \result == OK ==> 0 < ret->session_id.len <= SESSION_ID_MAX;
  ensures \result != OK ==> *ret == \old(*ret);
*/
/* Views point into body. ERR_MALFORMED or ERR_TOO_BIG; *ret is then untouched. Pure. */
enum err must_check bind_request_parse(struct view body, struct bind_request *ret);

#endif
