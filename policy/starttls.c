#include "policy/starttls.h"

#include "base/mem.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct starttls {
	SSL_CTX *context;	/* NULL: the library would not */
};

/* True when the certificate will be held to one of the names. */
static bool
hold_to(SSL *ssl, probe_name names[], int n)
{
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	for (int i = 0; i < n; i++)
		if (SSL_add1_host(ssl, names[i]) != 1)
			return false;
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	return true;
}

struct starttls *
starttls_new(void)
{
	struct starttls *tls = mem_new(1, sizeof(*tls));

	tls->context = SSL_CTX_new(TLS_client_method());
	if (tls->context != NULL)
		(void)SSL_CTX_set_default_verify_paths(tls->context);
	return tls;
}

void
starttls_free(struct starttls **tls)
{
	if (*tls == NULL)
		return;
	SSL_CTX_free((*tls)->context);
	mem_free(*tls);
	*tls = NULL;
}

struct bufferevent *
starttls_begin(struct starttls *tls, struct bufferevent *plain,
    probe_name names[], int n)
{
	SSL *ssl = tls->context == NULL ? NULL : SSL_new(tls->context);

	if (ssl == NULL)
		return NULL;
	if (n > 0 && !hold_to(ssl, names, n)) {
		SSL_free(ssl);
		return NULL;
	}
	return bufferevent_openssl_filter_new(bufferevent_get_base(plain),
	    plain, ssl, BUFFEREVENT_SSL_CONNECTING,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
}

const char *
starttls_trouble(struct bufferevent *bev)
{
	const SSL *ssl = bufferevent_openssl_get_ssl(bev);
	const long verdict = SSL_get_verify_result(ssl);

	if (SSL_get_verify_mode(ssl) == SSL_VERIFY_PEER &&
	    verdict == X509_V_ERR_HOSTNAME_MISMATCH)
		return "Server certificate not verified";
	if (SSL_get_verify_mode(ssl) == SSL_VERIFY_PEER &&
	    verdict != X509_V_OK)
		return "Server certificate not trusted";
	if (bufferevent_get_openssl_error(bev) != 0)
		return "Cannot start TLS: handshake failure";
	return NULL;
}
