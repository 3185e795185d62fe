/* app/sync/tls.h: one TLS session over buffers: ciphertext in, ciphertext out, plain text between.
 *
 * What is refused beyond mbedTLS's own checks (both sides require and verify the other's
 * certificate): a leaf that is not v3, is a CA, has any extended key usage but the one for its
 * side, any key usage but digitalSignature, or a serial longer than 20 bytes; a client's leaf
 * without exactly one SAN, a URI; a server's leaf without the expected name in its SAN; a path that
 * is not leaf -> root or leaf -> issuer -> root; keys other than P-256, hashes other than SHA-256;
 * a peer that does not speak ALPN "h2". No tickets, no resumption, no renegotiation, no early data.
 *
 * Units    lengths are bytes.
 * Memory   a session borrows its config, which must outlive it.
 * Errors   a session that answered an error once is dead: flush its output, then free it.
 * Blocking never.
 * Threads  one at a time for each config with its sessions. */
#ifndef TALLY_SYNC_TLS_H
#define TALLY_SYNC_TLS_H

#include "app/sync/grpc.h"

enum sync_tls_side { SYNC_TLS_SERVER, SYNC_TLS_CLIENT };

struct sync_tls_config;
struct sync_tls;

/* Parses keys and certificates once for many sessions. client_certificate: for a server, whether
 * peers must show one (the enrolment port takes peers without).
 *   TALLY_OK, TALLY_E_INVALID (key or certificate malformed, key and certificate don't belong
 *   together, nothing to trust), TALLY_E_NO_MEMORY, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status sync_tls_config_open(const struct sync_identity *identity,
                                                      enum sync_tls_side side,
                                                      bool client_certificate,
                                                      struct sync_tls_config **ret_config);
void sync_tls_config_close(struct sync_tls_config *config);

/* peer_name: for a client, the name that the server's certificate must carry; else NULL.
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status sync_tls_open(struct sync_tls_config *config,
                                               const char *peer_name, struct sync_tls **ret_tls);
void sync_tls_close(struct sync_tls *tls);

/* Takes bytes from the network (none: a client's first step), goes on with the handshake, and
 * appends decrypted bytes to ret_plain. TALLY_OK, TALLY_E_END (the peer closed in order),
 * TALLY_E_PEER_UNTRUSTED, TALLY_E_PEER_NAME, TALLY_E_PEER_EXPIRED, TALLY_E_REVOKED (client: the
 * server refused us after we had verified it), TALLY_E_PROTOCOL, TALLY_E_NO_MEMORY,
 * TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status sync_tls_feed(struct sync_tls *tls, struct tally_slice cipher,
                                               struct tally_buffer *ret_plain);

/* Whether the handshake is over and everything about the peer was checked. */
bool sync_tls_is_up(const struct sync_tls *tls);

/* Encrypts into the output. Only when up.  TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_PROTOCOL */
TALLY_MUST_USE enum tally_status sync_tls_write(struct sync_tls *tls, struct tally_slice plain);

/* Puts an orderly end, or an alert that refuses the peer, into the output. */
void sync_tls_end(struct sync_tls *tls, bool refuse);

/* Bytes for the network; the caller consumes them. */
struct tally_buffer *sync_tls_output(struct sync_tls *tls);

/* The verified peer, once up; address is empty. Lives as long as the session. */
struct sync_peer *sync_tls_peer(struct sync_tls *tls);

/* One sentence for the log about the error; "" if there was none. */
const char *sync_tls_detail(const struct sync_tls *tls);
/* "TLSv1.3" */
const char *sync_tls_version(const struct sync_tls *tls);

#endif
