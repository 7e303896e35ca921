/* SPDX-License-Identifier: Apache-2.0 */
/* Lines about keys and certificates that act: some stand in configuration mode, as
 * IOS has them, and none is a part of a configuration. */
#include "commands/exec.h"

#include "commands/rows.h"

#define IN_EXEC	 CLI_IN(M_EXEC)
#define IN_CONF	 CLI_IN(M_CONFIG)
#define AT(f)	 struct exec_args, f
#define ROW(modes_, action_, ...)                                                               \
	{                                                                                       \
		.modes = (modes_), .action = (action_), .args_size = sizeof(struct exec_args), \
		.flags = (modes_) & IN_CONF ? ROW_NO_NO : 0, .toks = TOKS(__VA_ARGS__)          \
	}
#define CRYPTO	 KW("crypto", "Encryption module")
#define KEY	 CRYPTO, KW("key", "Long term key operations")
#define PKI                                                                             \
	CRYPTO, ALT, KW("pki", "Public Key components"), OR,                            \
		KWF("ca", "Certification authority", .flags = CLI_HIDDEN), CLOSE
#define SHOW	 KW("show", "Show running system information"), CRYPTO
#define SHOW_PKI SHOW, ALT, KW("pki", "Show PKI"), OR, KWF("ca", "Show CA", .flags = CLI_HIDDEN), CLOSE
#define TRUSTPOINT WORD("CA Server Name", AT(name))
#define PASS	 WORDF("Passphrase used to protect the private key", AT(text), .flags = CLI_SECRET)
#define OPT_PASSWORD OPT, KW("password", "Passphrase used to protect the private key"), CLOSE, PASS
#define RSA	 KW("rsa", "RSA keys")
#define CIPHER                                                                        \
	ALT, KWV("3des", "Encrypt with 3DES", AT(proto), EXEC_PEM_3DES), OR,          \
		KWV("aes", "Encrypt with AES", AT(proto), EXEC_PEM_AES), OR,          \
		KWV("des", "Encrypt with DES", AT(proto), EXEC_PEM_DES), CLOSE

const struct cli_row rows_exec_pki[] = {
	ROW(IN_CONF, EXEC_KEY_GENERATE, KEY, KW("generate", "Generate new keys"), RSA, ANY,
	    KW("general-keys", "Generate a general purpose RSA key pair for signing and encryption"),
	    OR,
	    KWV("usage-keys", "Generate separate RSA key pairs for signing and encryption",
		AT(proto), EXEC_KEYS_USAGE),
	    OR,
	    KWV("signature", "Generate a general purpose RSA key pair for signing", AT(proto),
		EXEC_KEYS_SIGNATURE),
	    OR,
	    KWV("encryption", "Generate a general purpose RSA key pair for encryption", AT(proto),
		EXEC_KEYS_ENCRYPTION),
	    OR, KW("label", "Provide a label"), WORD("RSA keypair label", AT(name)), OR,
	    KW("modulus", "Provide number of modulus bits on the command line"),
	    NUM(360, 4096, "size of the key modulus", AT(number)), OR,
	    KWV("exportable", "Allow the key to be exported", AT(flag), 1), CLOSE),
	ROW(IN_CONF, EXEC_KEY_ZEROIZE, KEY, KW("zeroize", "Remove keys"), RSA, OPT,
	    WORD("RSA keypair label", AT(name)), CLOSE),
	ROW(IN_CONF, EXEC_KEY_EXPORT, KEY, KW("export", "Export keys"), RSA,
	    WORD("RSA keypair label", AT(name)), KW("pem", "File type is PEM"),
	    KW("terminal", "Export via the terminal (PEM)"), CIPHER, PASS),
	ROW(IN_CONF, EXEC_KEY_IMPORT, KEY, KW("import", "Import keys"), RSA,
	    WORD("RSA keypair label", AT(name)), OPT,
	    KW("general-purpose", "Import one key pair"), OR,
	    KWV("signature", "Import the signature key", AT(proto), EXEC_KEYS_SIGNATURE), OR,
	    KWV("encryption", "Import the encryption key", AT(proto), EXEC_KEYS_ENCRYPTION), CLOSE,
	    KW("pem", "File type is PEM"), OPT,
	    KWV("exportable", "Allow the key to be exported", AT(flag), 1), CLOSE,
	    KW("terminal", "Import via the terminal (PEM)"), PASS),

	ROW(IN_CONF, EXEC_PKI_AUTHENTICATE, PKI, KW("authenticate", "Get the CA certificate"),
	    TRUSTPOINT),
	ROW(IN_CONF, EXEC_PKI_ENROLL, PKI, KW("enroll", "Request a certificate from a CA"), TRUSTPOINT),
	ROW(IN_CONF, EXEC_PKI_IMPORT_CERT, PKI, KW("import", "Import certificate or pkcs12"), TRUSTPOINT,
	    KW("certificate", "Import a certificate from the terminal")),
	ROW(IN_CONF, EXEC_PKI_IMPORT_PEM, PKI, KW("import", "Import certificate or pkcs12"), TRUSTPOINT,
	    KW("pem", "Import from PEM files"), OPT,
	    KWV("exportable", "Allow the key to be exported", AT(flag), 1), CLOSE,
	    KW("terminal", "Import via the terminal"), OPT_PASSWORD),
	ROW(IN_CONF, EXEC_PKI_IMPORT_PKCS12, PKI, KW("import", "Import certificate or pkcs12"),
	    TRUSTPOINT, KW("pkcs12", "Import from a pkcs12 file"), OPT,
	    KWV("exportable", "Allow the key to be exported", AT(flag), 1), CLOSE,
	    KW("terminal", "Import via the terminal"), OPT_PASSWORD),
	ROW(IN_CONF, EXEC_PKI_EXPORT_PEM, PKI, KW("export", "Export certificate or pkcs12"), TRUSTPOINT,
	    KW("pem", "Export to PEM"), KW("terminal", "Export via the terminal"), OPT, CIPHER,
	    OPT_PASSWORD, CLOSE),
	ROW(IN_CONF, EXEC_PKI_EXPORT_PKCS12, PKI, KW("export", "Export certificate or pkcs12"),
	    TRUSTPOINT, KW("pkcs12", "Export to pkcs12"), KW("terminal", "Export via the terminal"),
	    OPT_PASSWORD),

	ROW(IN_CONF, EXEC_PKI_CRL_REQUEST, PKI, KW("crl", "Configure certificate revocation list options"),
	    KW("request", "Request the latest CRL"), TRUSTPOINT),

	ROW(IN_EXEC, EXEC_SHOW_PKI_COUNTERS, SHOW_PKI, KW("counters", "Show PKI counters")),
	ROW(IN_EXEC, EXEC_SHOW_PKI_TIMERS, SHOW_PKI, KW("timers", "Show PKI timers"), OPT, KW("detail", "Show detailed PKI timers"), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_PKI_TOKEN, SHOW_PKI, KW("token", "Show token status")),
	ROW(IN_EXEC, EXEC_SHOW_PKI_CRLS, SHOW_PKI, KW("crls", "Show Certificate Revocation Lists")),
	ROW(IN_EXEC, EXEC_SHOW_PKI_CERTIFICATES, SHOW_PKI, KW("certificates", "Show certificates"), ANY,
	    KWV("verbose", "Show certificate details", AT(detail), 1), OR,
	    WORD("Trustpoint Name", AT(name)), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_PKI_TRUSTPOINTS, SHOW_PKI, KW("trustpoints", "Show trustpoints"), ANY,
	    KWV("status", "Show trustpoint status", AT(flag), 1), OR,
	    WORD("Trustpoint Name", AT(name)), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_KEY_RSA, SHOW, KW("key", "Show long term public keys"),
	    KW("mypubkey", "Show public keys associated with this router"),
	    KW("rsa", "Show RSA public keys"), OPT, WORD("RSA keypair label", AT(name)), CLOSE),
	ROW(IN_EXEC, EXEC_SHOW_PUBKEY_CHAIN, SHOW, KW("key", "Show long term public keys"),
	    KW("pubkey-chain", "Show peer public keys"), KW("rsa", "Show peer RSA public keys"), OPT,
	    KW("address", "Show key by address"), ADDR("Address of the peer", AT(addr)), OR,
	    KW("name", "Show key by name"), WORD("Name of the peer", AT(name)), CLOSE),
	{ .toks = NULL },
};
