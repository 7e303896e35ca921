/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what needs privileges: control does it and hands the descriptors over.
 * Each returns a descriptor or a negative errno. */
#ifndef HOST_SOCKETS_H
#define HOST_SOCKETS_H

#include "base/ipaddr.h"

/* The mark of our own cipher sockets: steering and guard let them pass. */
#define MARK_BYPASS 0x43560001u

/* The mark of the ICMP errors that quote packets which are to be protected: the guard lets
 * none of them out in clear. */
#define MARK_QUOTES 0x43560002u

/* Raw socket with IP_HDRINCL and IP_PKTINFO, which follows no path MTU of the kernel's; bypass sets MARK_BYPASS (ESP: yes,
 * GRE: never). */
int raw_open(int protocol, bool bypass);
/* The same over IPv6, with IPV6_HDRINCL to send. What is received is what lies behind the last extension
 * header; the header and they come as control messages (ports6.c puts them together again). */
int raw6_open(int protocol, bool bypass);
/* Raw ICMP without IP_HDRINCL, MARK_QUOTES; of what arrives it takes "fragmentation needed" only. */
int icmp_open(void);
/* Raw ICMPv6, whose checksum is the kernel's affair, MARK_QUOTES; it takes "packet too big" only. */
int icmp6_open(void);
/* UDP on every IPv4 address of the host, IP_PKTINFO, IP_RECVTOS, MARK_BYPASS. */
int udp_open(uint16_t port);
/* UDP on every IPv6 address, and on no other: both may be open with the same port. */
int udp6_open(uint16_t port);
/* Sends n bytes from local (IP_NONE: as the kernel chooses) to remote, whose family is the socket's; 0 or
 * -errno. A link-local remote is not reached: nothing says by which interface. */
int udp_send(int fd, const struct ipaddr *local, const struct ipaddr *remote, uint16_t remote_port,
	     const void *p, size_t n);
/* Receives one datagram of either family; its length, or -errno (-EAGAIN: none). */
long udp_recv(int fd, void *p, size_t cap, struct ipaddr *ret_local, struct ipaddr *ret_remote,
	      uint16_t *ret_port);
/* A descriptor that only one process of this network namespace can have at a time (an
 * abstract socket of that name); -EADDRINUSE for the second. Goes with the process. */
int netns_claim(const char *name);
/* A listening stream socket at path, mode 0660; an old one is replaced if nobody
 * listens there (-EADDRINUSE otherwise). */
int unix_listen(const char *path);

#endif
