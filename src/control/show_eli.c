/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto engine brief and configuration, show crypto eli, show crypto entropy status: what encrypts here. There is
 * one engine, software; IOS's names for its parts. */
#include "control/show_json_parts.h"

#include <inttypes.h>

#define ENGINE	"Culvert VPN Software Implementation"
#define ELI_NAME "Software Crypto Engine"

/* What there are suites of (docs/esp-suites.md); FAILCLOSE: what should be encrypted never leaves in clear. */
static const char *const able[] = { "DES",   "3DES",  "AES",   "GCM",  "GMAC",	    "Manual IPsec key",
				    "RSA",   "P-256", "P-384", "P-521", "IPv6", "FAILCLOSE", "ESN" };
#define N_ABLE (sizeof(able) / sizeof(able[0]))

void show_engine_brief(const struct show_in *in, bool all, struct txt *out)
{
	txt_printf(out,
		   "        crypto engine name:  %s\n"
		   "        crypto engine type:  software\n"
		   "             serial number:  %s\n"
		   "       crypto engine state:  installed\n"
		   "     crypto engine in slot:  N/A\n",
		   ENGINE, in->board_id);
	if (!all)
		return;
	txt_printf(out,
		   "                  platform:  Culvert %s\n"
		   "        crypto lib version:  %s (packets), %s (IKE)\n",
		   ELI_NAME, in->packets_by, in->keys_by);
}

int json_engine_brief(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_str(j, "name", ENGINE);
	json_str(j, "type", "software");
	json_str(j, "serial_number", in->board_id);
	json_str(j, "state", "installed");
	json_str_or_null(j, "packets_by", in->packets_by);
	json_str_or_null(j, "ike_by", in->keys_by);
	return 0;
}

static unsigned ipsec_sessions(const struct show_in *in)
{
	return show_call_pairs(in).active;
}

void show_eli(const struct show_in *in, struct txt *out)
{
	const struct ike_admission *a = &in->admission;

	txt_printf(out,
		   "Hardware Encryption : INACTIVE\n"
		   " Number of crypto engines = 1\n\n"
		   " CryptoEngine %s details: state = Active\n"
		   " Capability    : ",
		   ELI_NAME);
	for (size_t i = 0; i < N_ABLE; i++)
		txt_printf(out, "%s%s", i ? ", " : "", able[i]);
	txt_printf(out,
		   "\n\n"
		   " IKE-Session   : %5u active, %5u max, %" PRIu64 " failed, %" PRIu64 " created\n"
		   " IPSec-Session : %5u active\n\n",
		   (unsigned)(a->active + a->negotiating), (unsigned)(a->max_sas ? a->max_sas : IKE_MAX_SAS),
		   a->in_rejected + a->out_rejected, a->in_accepted + a->out_accepted, ipsec_sessions(in));
}

int json_eli(const struct show_in *in, const struct exec_args *args, struct json *j)
{
	const struct ike_admission *a = &in->admission;

	(void)args;
	json_bool(j, "hardware_encryption", false);
	json_array(j, "engines");
	json_object(j, NULL);
	json_str(j, "name", ELI_NAME);
	json_str(j, "state", "Active");
	json_array(j, "capabilities");
	for (size_t i = 0; i < N_ABLE; i++)
		json_str(j, NULL, able[i]);
	json_array_end(j);
	json_num(j, "ike_active", a->active + a->negotiating);
	json_num(j, "ike_max", a->max_sas ? a->max_sas : IKE_MAX_SAS);
	json_num(j, "ike_failed", a->in_rejected + a->out_rejected);
	json_num(j, "ike_created", a->in_accepted + a->out_accepted);
	json_num(j, "ipsec_active", ipsec_sessions(in));
	json_object_end(j);
	json_array_end(j);
	return 0;
}

/* All that is random here comes from the kernel (getrandom(2)), which says how many bits its generator has. */
static bool random_works(const struct show_in *in)
{
	return in->entropy_bits && in->entropy_bits >= in->entropy_pool_bits;
}

void show_entropy(const struct show_in *in, struct txt *out)
{
	txt_printf(out,
		   "# Entropy source       Type Status  Entropy Bits\n"
		   "%u %-22sSW  %-8s %u\n\n"
		   "Entropy target = %u bits; entropy actually collected = %u bits\n",
		   1u, "getrandom", random_works(in) ? "Working" : "Waiting", in->entropy_bits, in->entropy_pool_bits,
		   in->entropy_bits);
}

int json_entropy(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "sources");
	json_object(j, NULL);
	json_num(j, "number", 1);
	json_str(j, "name", "getrandom");
	json_str(j, "status", random_works(in) ? "Working" : "Waiting");
	json_num(j, "bits", in->entropy_bits);
	json_object_end(j);
	json_array_end(j);
	json_num(j, "target_bits", in->entropy_pool_bits);
	json_num(j, "collected_bits", in->entropy_bits);
	return 0;
}
