/*
 * starttls - the client's side of TLS on a connection of the event loop. The
 * one place that knows the TLS library.
 *
 * Whom a certificate is to be trusted by is the system's store of authorities
 * to say, as OpenSSL finds it (SSL_CERT_FILE and SSL_CERT_DIR are heeded). No
 * server name is sent, as smtp(8) sends none.
 */
#ifndef POLICY_STARTTLS_H
#define POLICY_STARTTLS_H

#include "core/probe.h"

#include <event2/bufferevent.h>

struct starttls;

struct starttls *starttls_new(void);
void starttls_free(struct starttls **tls);
/*
 * Begin the handshake over plain, which the result owns from then on. n: how
 * many names, of which the certificate has to bear one; 0: it is not looked at.
 * BEV_EVENT_CONNECTED says that all is well. NULL: the library has none, and
 * plain is still the caller's.
 */
struct bufferevent *starttls_begin(struct starttls *tls,
    struct bufferevent *plain, probe_name names[], int n);
/* Why a handshake failed, as Postfix has it; NULL: the connection was lost. */
const char *starttls_trouble(struct bufferevent *bev);

#endif
