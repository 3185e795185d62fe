/* SPDX-License-Identifier: Apache-2.0 */
/* The one generator of random bytes: CTR_DRBG over the kernel's entropy, behind a lock. */
#include "app/crypto/internal.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/platform_util.h>

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool started;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context generator;

/* getrandom without flags waits until the kernel's generator is seeded: on a first boot
 * /dev/urandom would not. */
static bool kernel_random(uint8_t *bytes, size_t len)
{
    size_t have = 0;
    while (have < len) {
        ssize_t got = getrandom(bytes + have, len - have, 0);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        have += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static enum tally_status seed(void)
{
    uint8_t fresh[TALLY_HASH_LEN];
    if (!kernel_random(fresh, sizeof fresh)) {
        return TALLY_E_CRYPTO;
    }
    if (started) { /* again, after a fork: both copies hold the same state */
        mbedtls_ctr_drbg_free(&generator);
        mbedtls_entropy_free(&entropy);
        started = false;
    }
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&generator);
    int error =
        mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, fresh, sizeof fresh);
    bool good = error == 0 && compat_psa_start(fresh, sizeof fresh);
    mbedtls_platform_zeroize(fresh, sizeof fresh);
    if (!good) {
        mbedtls_ctr_drbg_free(&generator);
        mbedtls_entropy_free(&entropy);
        return TALLY_E_CRYPTO;
    }
    started = true;
    return TALLY_OK;
}

enum tally_status tally_crypto_start(void)
{
    pthread_mutex_lock(&lock);
    enum tally_status status = seed();
    pthread_mutex_unlock(&lock);
    return status;
}

int crypto_rng(void *context, unsigned char *bytes, size_t len)
{
    (void)context;
    pthread_mutex_lock(&lock);
    int error = started ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
    while (error == 0 && len > 0) {
        size_t part = len < MBEDTLS_CTR_DRBG_MAX_REQUEST ? len : MBEDTLS_CTR_DRBG_MAX_REQUEST;
        error = mbedtls_ctr_drbg_random(&generator, bytes, part);
        bytes += part;
        len -= part;
    }
    pthread_mutex_unlock(&lock);
    return error;
}

enum tally_status tally_random(void *bytes, size_t len)
{
    return crypto_rng(NULL, bytes, len) == 0 ? TALLY_OK : TALLY_E_CRYPTO;
}
