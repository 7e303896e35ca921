/* SPDX-License-Identifier: Apache-2.0 */
/* What the router runs on: show hosts, inventory, processes, memory, file systems, terminal, line. A column of IOS's
 * that has no meaning here holds a dash. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void show_hosts(const struct show_in *in, bool summary, struct txt *out)
{
	if (in->config->domain[0])
		txt_printf(out, "Default domain is %s\n", in->config->domain);
	else
		txt_str(out, "Default domain is not set\n");
	if (!summary)
		txt_str(out, "Name/address lookup uses static mappings\n\n");
	/* IOS's broadcast address: there is none. The router asks nobody for names. */
	else
		txt_str(out, "Name servers are 255.255.255.255\nLocal cache entries: 0\nDynamic cache entries: 0\n");
	if (!summary)
		txt_str(out, "Codes: UN - unknown, EX - expired, OK - OK, ?? - revalidate\n"
			     "       temp - temporary, perm - permanent\n"
			     "       NA - Not Applicable None - Not defined\n\n"
			     "Host                      Port  Flags      Age Type   Address(es)\n");
}

void show_inventory(const struct show_in *in, struct txt *out)
{
	txt_printf(out, "NAME: \"Chassis\", DESCR: \"Culvert on Linux, %s\"\nPID: %-18s, VID: %-4s, SN: %s\n\n", in->machine,
		   "CULVERT", in->version, in->board_id);
}

/* ---- processes ---- */

/* As they are, or by what they used last. NULL without memory; the caller's. */
static const struct show_proc **ordered(const struct show_in *in, bool sorted,
					int (*order)(const void *, const void *))
{
	size_t n = in->load ? in->load->n : 0;
	const struct show_proc **v = calloc(n + 1, sizeof(*v));

	for (size_t i = 0; v && i < n; i++)
		v[i] = &in->load->v[i];
	if (v && sorted && n)
		qsort(v, n, sizeof(*v), order);
	return v;
}

static int by_use(const void *a, const void *b)
{
	const struct show_proc *x = *(const struct show_proc *const *)a, *y = *(const struct show_proc *const *)b;

	if (x->five_sec != y->five_sec)
		return x->five_sec > y->five_sec ? -1 : 1;
	return x->runtime_ms != y->runtime_ms ? x->runtime_ms > y->runtime_ms ? -1 : 1 : x->pid - y->pid;
}

static int by_memory(const void *a, const void *b)
{
	const struct show_proc *x = *(const struct show_proc *const *)a, *y = *(const struct show_proc *const *)b;

	return x->resident_bytes != y->resident_bytes ? x->resident_bytes > y->resident_bytes ? -1 : 1 : x->pid - y->pid;
}

static void part(struct txt *out, unsigned hundredths)
{
	txt_printf(out, " %2u.%02u%%", hundredths / 100, hundredths % 100);
}

void show_processes(const struct show_in *in, bool sorted, struct txt *out)
{
	static const struct show_load none;
	const struct show_load *l = in->load ? in->load : &none;
	const struct show_proc **v = ordered(in, sorted, by_use);

	txt_printf(out,
		   "CPU utilization for five seconds: %u%%/%u%%; one minute: %u%%; five minutes: %u%%\n"
		   " PID Runtime(ms)     Invoked      uSecs   5Sec   1Min   5Min TTY Process \n",
		   l->five_sec, l->interrupts, l->one_min, l->five_min);
	for (size_t i = 0; v && i < l->n; i++) {
		txt_printf(out, "%4d %11" PRIu64 " %11" PRIu64 " %10" PRIu64, v[i]->pid, v[i]->runtime_ms, v[i]->invoked,
			   v[i]->usec_each);
		part(out, v[i]->five_sec);
		part(out, v[i]->one_min);
		part(out, v[i]->five_min);
		txt_printf(out, "   0 %s%s\n", v[i]->name, v[i]->thread ? " thread" : "");
	}
	out->bad |= !v;
	free(v);
}

void show_processes_memory(const struct show_in *in, bool sorted, struct txt *out)
{
	const struct show_proc **v = ordered(in, sorted, by_memory);

	txt_printf(out,
		   "Processor Pool Total: %10" PRIu64 " Used: %10" PRIu64 " Free: %10" PRIu64 "\n\n"
		   " PID TTY  Allocated      Freed    Holding    Getbufs    Retbufs Process\n",
		   in->memory_kb * 1024, in->memory_used_kb * 1024, (in->memory_kb - in->memory_used_kb) * 1024);
	for (size_t i = 0; v && in->load && i < in->load->n; i++)
		if (!v[i]->thread) /* threads share what their process holds */
			txt_printf(out, "%4d   0 %10s %10s %10" PRIu64 " %10s %10s %s\n", v[i]->pid, "-", "-",
				   v[i]->resident_bytes, "-", "-", v[i]->name);
	out->bad |= !v;
	free(v);
}

/* Clients look for numbers with blanks on both sides (Ansible: \s(\d+)\s), so two numbers never share one. */
void show_memory(const struct show_in *in, struct txt *out)
{
	int width = in->memory_kb * 1024 > 9999999999u ? 12 : 11;

	txt_printf(out,
		   "                Head    Total(b)     Used(b)     Free(b)   Lowest(b)  Largest(b)\n"
		   "Processor  %9s %11" PRIu64 " %*" PRIu64 " %*" PRIu64 " %11s %11s\n",
		   "-", in->memory_kb * 1024, width, in->memory_used_kb * 1024, width,
		   (in->memory_kb - in->memory_used_kb) * 1024, "-", "-");
}

void show_file_systems(const struct show_in *in, struct txt *out)
{
	txt_str(out, "File Systems:\n\n       Size(b)       Free(b)      Type  Flags  Prefixes\n");
	if (in->has_disk)
		/* one folder by two names */
		txt_printf(out, "*%13" PRIu64 " %13" PRIu64 " %9s %6s   %s\n %13" PRIu64 " %13" PRIu64 " %9s %6s   %s\n",
			   in->disk_bytes, in->disk_free_bytes, "disk", "rw", "flash:", in->disk_bytes, in->disk_free_bytes,
			   "nvram", "rw", "nvram:");
	txt_char(out, '\n');
}

/* ---- lines ---- */

void show_terminal(const struct show_in *in, struct txt *out)
{
	const struct show_terminal *t = &in->terminal;
	const struct show_user *self = NULL;

	for (size_t i = 0; i < in->n_users; i++)
		if (in->users[i].self)
			self = &in->users[i];
	txt_printf(out,
		   "Line %u, Location: \"%s\", Type: \"\"\n"
		   "Length: %u lines, Width: %u columns\n"
		   "Status: PSI Enabled, Ready, Active, Automore %s\n"
		   "Capabilities: %s\n"
		   "Editing is enabled.\n",
		   self && !self->console ? self->line + 2 : 0, self ? self->location : "", t->length, t->width, t->length ? "On" : "Off",
		   t->monitor ? "Receives Logging Output" : "none");
	if (t->history)
		txt_printf(out, "History is enabled, history size is %u.\n", t->history);
	else
		txt_str(out, "History is disabled.\n");
}

const struct show_user *show_on_line(const struct show_in *in, unsigned vty)
{
	for (size_t i = 0; i < in->n_users; i++)
		if (!in->users[i].console && in->users[i].line == vty)
			return &in->users[i];
	return NULL;
}

bool show_on_console(const struct show_in *in)
{
	for (size_t i = 0; i < in->n_users; i++)
		if (in->users[i].console)
			return true;
	return false;
}

unsigned show_vtys(const struct show_in *in)
{
	unsigned n = 5; /* IOS's `line vty 0 4` */

	for (size_t i = 0; i < in->n_users; i++)
		if (!in->users[i].console && in->users[i].line >= n)
			n = in->users[i].line + 1;
	return n;
}

static void line(bool active, unsigned number, const char *type, struct txt *out)
{
	txt_printf(out, "%c%5u %4u %s              -    -      -    -    -     -      -      -      -\n", active ? '*' : ' ',
		   number, number, type);
}

void show_line(const struct show_in *in, struct txt *out)
{
	txt_str(out, "   Tty Line Typ     Tx/Rx    A Modem  Roty AccO AccI  Uses  Noise Overruns  Int\n");
	line(show_on_console(in), 0, "CTY", out);
	for (unsigned vty = 0; vty < show_vtys(in); vty++)
		line(show_on_line(in, vty) != NULL, vty + 2, "VTY", out);
	txt_str(out, "\n");
}
