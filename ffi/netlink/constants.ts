/**
 * Numbers of the netlink and rtnetlink protocols, by the prefixes of their names: `NLM_F.ACK` is NLM_F_ACK.
 * Sources: include/uapi/linux/netlink.h, rtnetlink.h, if_link.h, if_addr.h, if.h and socket.h of the kernel.
 *
 * @module
 */

/** Socket protocols and socket options, with their level. */
export const NETLINK = { ROUTE: 0, NETFILTER: 12, CAP_ACK: 10, SOL: 270 } as const;
/** A protocol of netlink sockets. */
export type NetlinkProtocol = typeof NETLINK.ROUTE | typeof NETLINK.NETFILTER;

export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  DUMP_INTR: 0x10,
  EXCL: 0x200,
  DUMP: 0x300,
  CREATE: 0x400,
  APPEND: 0x800,
} as const;
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  GETNEIGH: 30,
  NEWRULE: 32,
  GETRULE: 34,
} as const;
/** `INFO_KIND` is inside `LINKINFO`. */
export const IFLA = {
  IFNAME: 3,
  MTU: 4,
  TXQLEN: 13,
  LINKINFO: 18,
  STATS64: 23,
  INFO_KIND: 1,
  CARRIER: 33,
} as const;
export const IFF = { UP: 0x1, BROADCAST: 0x2, LOOPBACK: 0x8 } as const;
export const IFA = { ADDRESS: 1, LOCAL: 2 } as const;
/** Usable at once, without duplicate address detection. */
export const IFA_F_NODAD = 0x02;
export const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, METRICS: 8, TABLE: 15 } as const;
/** A metric of a route: the largest TCP segment that is asked for by its connections. */
export const RTAX_ADVMSS = 8;
/** A neighbour's address and its hardware address (include/uapi/linux/neighbour.h). */
export const NDA = { DST: 1, LLADDR: 2 } as const;
export const RT_TABLE_MAIN = 254;
/** Who made a route. */
export const RTPROT = { KERNEL: 2, STATIC: 4 } as const;
/** How far away a destination is; in a deletion NOWHERE stands for any. */
export const RT_SCOPE = { UNIVERSE: 0, LINK: 253, NOWHERE: 255 } as const;
/** An ordinary route. */
export const RTN_UNICAST = 1;
/** An entry of the route cache. */
export const RTM_F_CLONED = 0x200;
/** In a look-up: the table that the route is of is told, not always the main one. */
export const RTM_F_LOOKUP_TABLE = 0x1000;
/** Attributes of a rule (include/uapi/linux/fib_rules.h). */
export const FRA = { PRIORITY: 6, TABLE: 15 } as const;
