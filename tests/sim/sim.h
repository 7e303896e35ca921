/* SPDX-License-Identifier: Apache-2.0 */
/* Two IKE cores and a wire between them that may drop, repeat, reorder and
 * translate addresses. Time is a number; randomness is seeded: a run is the same
 * every time. */
#ifndef TEST_SIM_H
#define TEST_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike/ike.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define SIM_MAX_WIRE 512
#define SIM_MAX_SAS  512
#define SIM_POLICIES 200
#define SIM_MAX_WORK 512

struct datagram {
	int to;
	struct ike_path path; /* as the receiver sees it */
	size_t len;
	uint8_t b[4096];
};

/* One router: its core, its configuration, and what its core has asked for. */
struct side {
	struct ike *ike;
	struct ike_env env;
	struct p1_policy p1[4];
	struct psk_entry psk[2];
	struct p2_policy p2[SIM_POLICIES];
	struct ag_peer ag[1]; /* the other side; in force if cfg.n_ag is 1 */
	struct ike_config cfg;
	struct sa_spec sa[SIM_MAX_SAS]; /* as a forwarder would hold them */
	size_t n_sa;
	unsigned sent_main, sent_aggressive, sent_quick, sent_info, failed, logs, keepalives, debugs;
	unsigned long sent_bytes;
	char log[2048], reason[256]; /* the last ones */
	char debug[1 << 16];	     /* all, one a line, while it fits */
	uint8_t key[32], key_cookie[8];
	size_t key_len;
};

/* Public-key work that is under way. */
struct job {
	int side;
	uint64_t at_ms;
	bool known; /* for who has proved himself */
	struct ike_worked done;
};

struct sim {
	struct side side[2]; /* LANs 10.1.x.0/24 and 10.2.x.0/24 */
	struct ipaddr end[2]; /* 192.0.2.1 and 192.0.2.2 */
	struct ipaddr outside; /* of the NAT, if there is one: 198.51.100.1 */
	struct datagram *wire[SIM_MAX_WIRE];
	size_t n_wire;
	uint64_t now_ms;
	uint64_t rng;
	unsigned drop_percent, dup_percent;
	bool reorder;
	struct ike_crypto *crypto; /* public-key work is done by it, with sim_env.defer, */
	uint64_t work_ms;	   /* at once, or within so many milliseconds; */
	bool work_stands;	   /* or it is not done at all for a while */
	struct job *job[SIM_MAX_WORK];
	size_t n_jobs;
	unsigned works; /* that were asked for, both sides */
	struct {	/* of that side's next datagrams of one exchange, */
		uint8_t exchange;
		unsigned skip, count; /* so many arrive and then so many do not */
	} lose[2];
	bool cut[2];	/* side is unreachable: what goes to it is lost */
	struct ipaddr nat_at;	    /* the NAT has given side 0 this address since; family 0: not */
	uint16_t nat_500, nat_4500; /* side 0 is the outside for the other, ports mapped; 0: no NAT */
};
extern struct sim sim;
/* Of cores that are made from now on. sim_setup() sets its defer if the environment has
 * SIM_WORK: each of these programs then judges cores whose public-key work is done elsewhere. */
extern struct ike_env sim_env;

/* cmocka fixtures: a fresh pair that agrees on AES-256, SHA, group 2, 3des-sha. */
int sim_setup(void **state);
int sim_teardown(void **state);
void sim_again(void); /* teardown and setup */

uint32_t sim_rnd(void);
/* Takes what the core of a side has to say: datagrams go to the wire. */
void sim_drain(int s);
/* The oldest datagram is delivered; false if there is none. */
bool sim_deliver_one(void);
/* Hands bytes to a core from an exactly sized heap block. */
void sim_feed(int s, const struct ike_path *path, const void *p, size_t n);
/* The i-th of the work under way is done now. */
void sim_work(size_t i);
/* Delivers, and lets time pass, until `ms` from now. */
void sim_run(uint64_t ms);
void sim_configure(int s);
void sim_acquire(int s, uint32_t policy);
/* A new core, as after a crash of control; its SAs stay in n_sa, if keep. */
void sim_restart(int s, bool keep);
/* Puts side 0 behind a NAT and tells side 1's configuration. */
void sim_nat(uint16_t port_500, uint16_t port_4500);
/* The ends become 2001:db8::1 and ::2, the NAT 2001:db8:ffff::1; with proxies, too, the LANs
 * become 2001:db8:1:x::/64 and 2001:db8:2:x::/64. */
void sim_v6(bool proxies);
struct ipaddr sim_addr(const char *text);

enum ike_state sim_state(int s); /* of its first ISAKMP SA */
size_t sim_count_sas(int s, enum ike_state state);
size_t sim_pairs(int s);
/* All that an outsider can see of a core, except stories and counters. */
void sim_snapshot(int s, char *buf, size_t cap);
/* Every SA of one side has its twin at the other: same SPI, keys, life, mode. */
void sim_assert_twins(void);
struct sa_spec *sim_sa(int s, enum sa_dir dir); /* the first of that direction */

#define SIM_TEST(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

#endif
