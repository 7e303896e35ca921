/* SPDX-License-Identifier: Apache-2.0 */
/* One SA of ipsec/ on a command line, to be compared with other implementations:
 *
 *   esp_tool encrypt|decrypt tunnel|tunnel6|transport raw|udp CIPHER BITS AUTH
 *            ENC-KEY AUTH-KEY SPI SRC DST [AH-AUTH AH-KEY AH-SPI] < packets > packets
 *
 * CIPHER 0 is AH alone; the last three words put AH around ESP. CIPHER and AUTH are the numbers of model/alg_id.h; keys and packets are hex, a
 * packet a line: whole IP packets on both sides (`udp` has UDP headers with the
 * ports 4500). SRC and DST are of either family; `tunnel` has IPv4 inside, `tunnel6` IPv6. A refused packet is printed as `refused REASON`. SPI/NUMBER: with extended
 * sequence numbers, of which NUMBER was the last. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/wr.h"
#include "ipsec/ah.h"

enum { NAT_T_PORT = 4500 };

static void random_bytes(void *ctx, void *p, size_t n)
{
	(void)ctx;
	for (size_t got = 0; got < n;) {
		ssize_t k = getrandom((uint8_t *)p + got, n - got, 0);

		if (k < 0 && errno != EINTR)
			abort();
		got += k > 0 ? (size_t)k : 0;
	}
}

/* Bytes of hex in s, at most cap; -1 if it is something else. */
static long unhex(const char *s, uint8_t *dst, size_t cap)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	if (n % 2 || n / 2 > cap || (s[n] && s[n] != '\n'))
		return -1;
	for (size_t i = 0; i < n / 2; i++) {
		char byte[3] = { s[2 * i], s[2 * i + 1], 0 };

		dst[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return (long)(n / 2);
}

static bool read_key(const char *hex, struct sa_key *k)
{
	long n = unhex(hex, k->b, sizeof(k->b));

	k->len = n < 0 ? 0 : (uint8_t)n;
	return n >= 0;
}

static bool read_addr(const char *w, struct ipaddr *a)
{
	*a = (struct ipaddr){ .family = strchr(w, ':') ? IP_V6 : IP_V4 };
	return inet_pton(a->family == IP_V6 ? AF_INET6 : AF_INET, w, a->b) == 1;
}

/* False if the words are not those of the usage above. */
static bool read_spec(char **w, bool bundle, struct sa_spec *s)
{
	*s = (struct sa_spec){ .id = 1, .proto = PROTO_ESP, .replay_window = 64 };
	s->dir = strcmp(w[0], "encrypt") ? SA_IN : SA_OUT;
	s->mode = strncmp(w[1], "tunnel", 6) ? MODE_TRANSPORT : MODE_TUNNEL;
	s->udp_encap = !strcmp(w[2], "udp");
	s->udp_sport = s->udp_dport = NAT_T_PORT;
	s->cipher = (uint8_t)strtoul(w[3], NULL, 10);
	if (!s->cipher)
		s->proto = PROTO_AH;
	if (bundle) {
		s->ah.auth = (uint8_t)strtoul(w[11], NULL, 10);
		s->ah.spi = (uint32_t)strtoul(w[13], NULL, 0);
		if (!read_key(w[12], &s->ah.key))
			return false;
	}
	s->cipher_bits = (uint16_t)strtoul(w[4], NULL, 10);
	s->auth = (uint8_t)strtoul(w[5], NULL, 10);
	s->spi = (uint32_t)strtoul(w[8], NULL, 0);
	s->esn = strchr(w[8], '/') != NULL;
	if (!read_key(w[6], &s->enc_key) || !read_key(w[7], &s->auth_key) ||
	    !read_addr(w[9], &s->src) || !read_addr(w[10], &s->dst))
		return false;
	s->sel.local.addr.family = !strcmp(w[1], "tunnel6") ? IP_V6 :
				   !strcmp(w[1], "tunnel")  ? IP_V4 :
							      s->src.family;
	memset(s->sel.local.wild, 0xff, sizeof(s->sel.local.wild));
	s->sel.remote = s->sel.local;
	return true;
}

/* The last number of `SPI/NUMBER`; 0 without. */
static uint64_t read_number(const char *w)
{
	const char *slash = strchr(w, '/');

	return slash ? strtoull(slash + 1, NULL, 0) : 0;
}

static void set_number(struct sa *sa, uint64_t n)
{
	sa->seq = sa->replay.top = (uint32_t)n;
	sa->seq_high = sa->replay.high = (uint32_t)(n >> 32);
}

static void push_udp(struct pkt *p)
{
	struct wr w = wr_of(pkt_push(p, ESP_UDP_HEADER), ESP_UDP_HEADER);

	wr_be16(&w, p->local_port);
	wr_be16(&w, p->remote_port);
	wr_be16(&w, (uint16_t)p->len);
	wr_be16(&w, 0); /* RFC 3948 section 2.1 */
	if (p->local.family == IP_V6) {
		struct ip_view six = { .tos = p->outer_tos, .ttl = 64, .proto = IPPROTO_UDP_ };
		uint8_t *front = pkt_push(p, IP6_HEADER);

		six.total_len = (uint16_t)p->len;
		ip6_write(front, &six, &p->local, &p->remote);
		return;
	}
	struct ip_view h = { .tos = p->outer_tos, .ttl = 64, .proto = IPPROTO_UDP_,
			 .src = ipaddr_to_v4(&p->local), .dst = ipaddr_to_v4(&p->remote) };
	uint8_t *at = pkt_push(p, IP4_HEADER);
	h.total_len = (uint16_t)p->len;
	ip4_write(at, &h);
}

static bool pull_outer(struct pkt *p, bool udp, bool ah)
{
	uint8_t proto = udp ? IPPROTO_UDP_ : ah ? PROTO_AH : IPPROTO_ESP_;
	struct ip_view h;

	if (!ip_parse(p, true, &h) || h.proto != proto)
		return false;
	p->outer_family = h.family;
	p->remote = ip_src(p->data, &h);
	p->local = ip_dst(p->data, &h);
	p->outer_len = h.family == IP_V6 && !udp ? h.header_len : 0;
	p->outer_next_at = h.next_at;
	p->outer_src = h.src;
	p->outer_dst = h.dst;
	p->outer_tos = h.tos;
	p->outer_ttl = h.ttl;
	p->outer_id = h.id;
	return ah || pkt_pull(p, h.header_len + (udp ? ESP_UDP_HEADER : 0u));
}

static void one_packet(struct esp_worker *w, struct sa *sa, struct pkt *p)
{
	struct batch b = { 1, { p } }, bad = { 0 };
	bool out = sa->spec.dir == SA_OUT, udp = sa->spec.udp_encap;

	p->sa = sa;
	if (!out && !pull_outer(p, udp, sa->has_ah)) {
		puts("refused outer");
		return;
	}
	if (out)
		ipsec_encap(w, &b, &bad, ESP_DF_COPY, 0);
	else if (sa->has_ah)
		ah_decap(w, &b, &bad, 0);
	else
		esp_decap(w, &b, &bad, 0);
	if (p->reason) {
		printf("refused %d\n", p->reason);
		return;
	}
	if (out && udp)
		push_udp(p);
	for (size_t i = 0; i < p->len; i++)
		printf("%02x", p->data[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct esp_worker w = { .random = random_bytes };
	struct pool pool = { 0 };
	struct sa_spec spec;
	struct sa *sa = NULL;
	char line[8192];
	int rc = 1;

	if ((argc != 12 && argc != 15) || !read_spec(argv + 1, argc == 15, &spec)) {
		fputs("esp_tool: bad arguments\n", stderr);
		return 2;
	}
	w.crypto = crypto_runner_new(CRYPTO_AUTO);
	if (!w.crypto || pool_init(&pool, 1) || sa_new(w.crypto, &spec, 0, &sa)) {
		fputs("esp_tool: no such SA\n", stderr);
		goto out;
	}
	set_number(sa, read_number(argv[9]));
	while (fgets(line, sizeof(line), stdin)) {
		struct pkt *p = pkt_get(&pool);
		long n = unhex(line, p->data, PKT_DATA_MAX);

		p->len = n < 0 ? 0 : (uint32_t)n;
		one_packet(&w, sa, p);
		pkt_put(&pool, p);
	}
	rc = 0;
out:
	sa_spec_wipe(&spec);
	sa_free(sa);
	pool_fini(&pool);
	crypto_runner_free(w.crypto);
	return rc;
}
