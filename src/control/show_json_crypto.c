/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of show crypto: which command is told by what. */
#include "control/show_json_parts.h"

const struct json_row json_rows_crypto[] = {
	{ EXEC_SHOW_ISAKMP_SA, json_isakmp_sa },
	{ EXEC_SHOW_ISAKMP_POLICY, json_isakmp_policy },
	{ EXEC_SHOW_ISAKMP_DEFAULT_POLICY, json_isakmp_default_policy },
	{ EXEC_SHOW_ISAKMP_KEY, json_isakmp_key },
	{ EXEC_SHOW_ISAKMP_PEERS, json_isakmp_peers },
	{ EXEC_SHOW_IPSEC_SA, json_ipsec_sa },
	{ EXEC_SHOW_IPSEC_TRANSFORM, json_transform_sets },
	{ EXEC_SHOW_IPSEC_PROFILE, json_ipsec_profile },
	{ EXEC_SHOW_IPSEC_LIFETIME, json_ipsec_lifetime },
	{ EXEC_SHOW_CRYPTO_MAP, json_crypto_map },
	{ EXEC_SHOW_DYNAMIC_MAP, json_dynamic_map },
	{ EXEC_SHOW_CALL_ADMISSION, json_call_admission },
	{ EXEC_SHOW_CRYPTO_SESSION, json_crypto_session },
	{ EXEC_SHOW_CRYPTO_ENGINE, json_crypto_engine },
	{ EXEC_SHOW_CRYPTO_SOCKETS, json_crypto_sockets },
	{ EXEC_SHOW_CRYPTO_MTU, json_crypto_mtu },
	{ EXEC_SHOW_CRYPTO_DROPS, json_crypto_drops },
	{ EXEC_SHOW_CRYPTO_CHECK, json_crypto_check },
	{ EXEC_SHOW_EXPLAIN, NULL },
	{ EXEC_SHOW_PKI_CERTIFICATES, json_pki_certificates },
	{ EXEC_SHOW_PKI_TRUSTPOINTS, json_pki_trustpoints },
	{ EXEC_SHOW_PKI_CRLS, NULL },
	{ EXEC_SHOW_KEY_RSA, json_key_rsa },
	{ EXEC_SHOW_PUBKEY_CHAIN, json_pubkey_chain },
	{ EXEC_NONE, NULL },
};
