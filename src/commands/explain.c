/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/explain.h"

#include <string.h>
#include <strings.h>

/* Words of a subject, the first its name, with blanks between them. Of a state the causes stand in the order of how often
 * they are it (docs/troubleshooting.md). */
static const struct subject {
	const char *words, *text;
} subjects[] = {
	/* ---- what a show command calls it ---- */
	{ "mm_no_state",
	  "MM_NO_STATE: the first message of main mode is out, or phase 1 has failed.\n"
	  "  1. Nobody answers: UDP 500 is filtered on the way, the peer is down or has another address.\n"
	  "  2. The peer has no key or policy for this address and keeps silent.\n"
	  "  3. No policy of ours is one of its: encryption, hash, group and authentication all have to be the same.\n"
	  "  Look at: the log; show crypto isakmp policy at both ends; culvert check OURS THEIRS.\n" },
	{ "mm_sa_setup",
	  "MM_SA_SETUP: a policy is agreed, and the Diffie-Hellman values are on their way.\n"
	  "  1. Packets pass in one direction only: a filter, or a route back that is missing.\n"
	  "  2. Long datagrams are lost: fragments of UDP 500 are filtered.\n" },
	{ "mm_key_exch",
	  "MM_KEY_EXCH: the keys are exchanged, and the peer has not proven who it is.\n"
	  "  1. The two pre-shared keys differ, or one end takes another key for this address (a wildcard, a keyring).\n"
	  "  2. UDP 4500 is filtered: behind a NAT the exchange goes on there.\n"
	  "  3. The identity is another one than expected: crypto isakmp identity, match identity, a certificate.\n"
	  "  4. UDP passes in one direction only: the last message is lost, and it is sent again and again.\n"
	  "  Look at: the log; show crypto isakmp key; culvert check OURS THEIRS compares keys and does not print them.\n" },
	{ "mm_key_auth", "MM_KEY_AUTH: main mode is done but for its last step. What holds for MM_KEY_EXCH holds here.\n" },
	{ "qm_idle",
	  "QM_IDLE: phase 1 is up, and nothing is being negotiated: this is how a tunnel that works looks.\n"
	  "  With no IPsec SA beside it phase 2 is refused:\n"
	  "  1. The crypto access lists are no mirrors of each other.\n"
	  "  2. The transform sets differ, or their mode.\n"
	  "  3. One end wants perfect forward secrecy and the other does not offer it.\n"
	  "  Look at: the log; show crypto session; culvert check OURS THEIRS.\n" },
	{ "ag_init_exch ag_no_state ag_auth",
	  "AG_...: as MM_..., of aggressive mode. Who waits in AG_INIT_EXCH gets no answer: the peer answers aggressive mode only\n"
	  "  where it is allowed, and to names that it has a key for.\n" },

	/* ---- ciphers ---- */
	{ "aes esp-aes aes-cbc",
	  "AES: a symmetric block cipher: both ends have the same key, which IKE makes anew for each SA. (It is sometimes called\n"
	  "  asymmetric; it is not. RSA is.) Keys of 128, 192 or 256 bits, blocks of 128. In CBC mode it needs an authenticator\n"
	  "  beside it (esp-sha256-hmac); esp-gcm has one of its own.\n"
	  "  Grade A. Type: encryption aes 256; crypto ipsec transform-set NAME esp-aes 256 esp-sha256-hmac\n" },
	{ "gcm esp-gcm",
	  "AES-GCM (RFC 4106): encrypts and authenticates in one go, and faster than a cipher with an HMAC. Grade A.\n"
	  "  Type: crypto ipsec transform-set NAME esp-gcm 256\n" },
	{ "des esp-des",
	  "DES: a block cipher with a key of 56 bits, which is searched in hours. RFC 8247 and RFC 8221: MUST NOT. Grade F.\n"
	  "  It works where it is configured, and is never offered otherwise. Type: encryption aes 256, or esp-aes 256\n" },
	{ "3des esp-3des",
	  "3DES: DES three times, 168 bits that are worth 112. Its blocks have 64 bits: after 2^32 of them (32 GiB) of one key they\n"
	  "  repeat, and tell of the text (Sweet32). IOS's 4608000 kilobytes a key are far below that. RFC 8221: SHOULD NOT.\n"
	  "  Grade D. IOS XE 17.11 and later refuse it by default. Type: encryption aes 256, or esp-aes 256\n" },
	{ "null esp-null",
	  "esp-null: ESP that authenticates and hides nothing. Unlike AH it passes a NAT. Grade C.\n" },
	{ "symmetric asymmetric",
	  "Symmetric: both ends have one key (DES, 3DES, AES, HMAC). Asymmetric: one key is private, the other is known to all (RSA\n"
	  "  signatures, Diffie-Hellman values). IKE uses the slow asymmetric kind to agree on keys of the fast symmetric one.\n" },
	{ "block stream",
	  "A block cipher encrypts 64 (DES, 3DES) or 128 bits (AES) at a time, a stream cipher as many as there are. GCM and CTR make\n"
	  "  a stream of AES; with them a counter that is used twice gives the text away, so typed keys refuse them.\n" },

	/* ---- authentication ---- */
	{ "md5 esp-md5-hmac ah-md5-hmac",
	  "MD5: 128 bits, broken as a hash. RFC 8247 and RFC 8221: MUST NOT. Grade F. Type: hash sha256, or esp-sha256-hmac\n" },
	{ "sha sha1 esp-sha-hmac ah-sha-hmac",
	  "SHA (SHA-1): 160 bits; collisions are known, an HMAC of it still holds. RFC 8221: MUST-, on its way out. Grade D.\n"
	  "  Type: hash sha256, or esp-sha256-hmac\n" },
	{ "sha256 sha384 sha512 esp-sha256-hmac esp-sha384-hmac esp-sha512-hmac", "SHA-2: grade A. esp-sha256-hmac sends 128 of its 256 bits.\n" },
	{ "psk pre-share pre-shared-key",
	  "Pre-shared key: proves who the peers are; it is never sent, not even encrypted. But who once stands between the two\n"
	  "  ends in main mode, or hears aggressive mode, can try keys offline at leisure. So it has to be long and random: 16 characters\n"
	  "  from a generator withstand it. A key for 0.0.0.0 is one that everybody shares.\n" },
	{ "rsa-sig certificate ca",
	  "rsa-sig: each end signs, and a certification authority (CA) has signed who it is. Type: crypto pki trustpoint NAME,\n"
	  "  crypto pki authenticate NAME, crypto pki enroll NAME (docs/pki.md). Give it a key of 2048 bits or more.\n" },
	{ "rsa-encr",
	  "rsa-encr: nonces encrypted by the peer's RSA key. Routers have leaked keys by how they answer (CVE-2018-0131). Use rsa-sig.\n" },

	/* ---- keys ---- */
	{ "dh diffie-hellman group",
	  "Diffie-Hellman: two ends agree on a secret over a line that others hear. By group:\n"
	  "  1 (768 bits)   F  broken\n"
	  "  2 (1024 bits)  F  within reach of a state (Logjam)\n"
	  "  5 (1536 bits)  F\n"
	  "  14 (2048 bits) B  and 15, 16: more, and slower\n"
	  "  19, 20, 21     A  elliptic curves of 256, 384 and 521 bits: stronger and faster than 14\n"
	  "  24             F  nobody says where its numbers are from\n"
	  "  The secret itself proves nobody's identity: that is what the key or the certificate is for.\n" },
	{ "pfs",
	  "Perfect forward secrecy: a Diffie-Hellman exchange of its own for each pair of IPsec SAs (set pfs group19). Who later learns\n"
	  "  the keys of phase 1 cannot read what was sent. The end that wants it refuses one that does not offer it.\n" },
	{ "lifetime",
	  "Lifetime: after so many seconds or kilobytes, whichever is first, an SA is replaced by another one with new keys, without a\n"
	  "  packet lost. The two ends need not have the same: the smaller value is used (crypto isakmp lifetime strict is ours).\n"
	  "  One that is over in less than a minute at the speed of the line is too short: 4608000 kilobytes last 6 minutes at 100 Mbit/s.\n" },

	/* ---- protocols ---- */
	{ "esp",
	  "ESP (IP protocol 50): encrypts and authenticates; behind a NAT in UDP 4500. With esp-sha256-hmac or esp-gcm it needs no AH.\n" },
	{ "ah",
	  "AH (IP protocol 51): authenticates the packet and its outer header, and hides nothing. As it covers the addresses, no NAT lets it\n"
	  "  pass. AH beside ESP costs 24 bytes a packet and gives nothing that ESP with an authenticator has not (RFC 8221 section 4).\n"
	  "  Where nothing is to be hidden, esp-null authenticates as well.\n" },
	{ "ike isakmp",
	  "IKE (UDP 500, and 4500 behind a NAT): phase 1 makes an ISAKMP SA between the two routers (main mode, six messages, or aggressive\n"
	  "  mode, three); phase 2 makes pairs of IPsec SAs under it (quick mode, three messages), one pair for each permit line.\n" },
	{ "aggressive aggressive-mode",
	  "Aggressive mode: phase 1 in three messages. With a pre-shared key it gives whoever asks a hash by which the key can be guessed\n"
	  "  offline. It is answered only after no crypto isakmp aggressive-mode disable.\n" },
	{ "nat-t nat",
	  "NAT traversal (RFC 3947, RFC 3948): where the peers find a NAT between them, IKE and ESP go through UDP 4500, which an access list\n"
	  "  has to let in beside UDP 500 and ESP. 8 bytes more a packet; AH does not pass.\n" },
	{ "transport tunnel-mode mode",
	  "Tunnel mode: the whole packet is inside ESP, behind a new IP header: for networks behind the routers.\n"
	  "Transport mode: what follows the IP header is inside: only for what the two routers send themselves. GRE is that: mode transport\n"
	  "  under its transform set saves 20 bytes a packet, and all from the inner IP header on is encrypted all the same.\n" },
	{ "gre",
	  "GRE (IP protocol 47): carries any packets, multicast too, as OSPF and EIGRP need it; it encrypts nothing. So the tunnel goes into\n"
	  "  IPsec: tunnel protection ipsec profile NAME, or permit gre host A host B in the list of a crypto map on the outer interface.\n" },
	{ "multicast",
	  "Multicast: IPsec has SAs between two ends, and IKEv1 none for groups. Carry it in GRE, and protect that.\n" },
	{ "anti-replay replay",
	  "Anti-replay: packets of an SA are numbered; one that was seen, or that is older than the window (64), is dropped and counted.\n" },
	{ "mtu mss adjust-mss",
	  "MTU: what IPsec and GRE add has to fit into the path beside the packet. culvert check and show crypto mtu have the sum for each tunnel;\n"
	  "  ip mtu keeps packets short enough, ip tcp adjust-mss has TCP send short ones by itself. docs/mtu.md\n" },
	{ "acl crypto-acl access-list",
	  "Crypto access list: permit is what is protected, seen from this side (source here, destination there); deny is left to the next entry of\n"
	  "  the map, or goes in clear. The peer's list has each line with source and destination exchanged. What comes in clear and should\n"
	  "  have been protected is dropped.\n" },
	{ "l2tp", "L2TP (RFC 2661): carries PPP over UDP 1701 and encrypts nothing. Protect a daemon's with permit udp host A eq 1701 host B in transport\n"
		  "  mode (RFC 3193).\n" },
	{ "pptp", "PPTP (RFC 2637): PPP in GRE. Its MS-CHAPv2 and RC4 are broken. It is not supported; use IPsec.\n" },
	{ "l2f", "L2F (RFC 2341): L2TP's ancestor; it encrypts nothing. It is not supported; use IPsec.\n" },
};

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = words; *s; s += strcspn(s, " "), s += *s == ' ')
		if (strcspn(s, " ") == n && !strncasecmp(s, word, n))
			return true;
	return false;
}

bool explain_word(const char *word, struct txt *out)
{
	for (size_t i = 0; *word && i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (!has_word(subjects[i].words, word))
			continue;
		txt_str(out, subjects[i].text);
		return true;
	}
	return false;
}

void explain_words(struct txt *out)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		txt_printf(out, "%.*s\n", (int)strcspn(subjects[i].words, " "), subjects[i].words);
}
