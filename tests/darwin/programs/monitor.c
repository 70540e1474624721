/*
 * route -n monitor: a paragraph for each change of routes, addresses and interfaces. As in Apple's route.c (pmsg_addrs of
 * network_cmds-741.100.2), what goes to a pipe is flushed behind a message's addresses; RTM_IFINFO has none (rt_ifmsg in
 * bsd/net/rtsock.c of xnu), so it stays in the buffer until another message comes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "programs.h"

static void head(int size) {
  time_t now = time(NULL);
  printf("\ngot message of size %d on %s", size, ctime(&now));
}

static void tell_route(const struct nlmsghdr *message) {
  const struct rtmsg *body = NLMSG_DATA(message);
  if (body->rtm_table != RT_TABLE_MAIN) return;
  uint8_t destination[16] = {0};
  char interface[IF_NAMESIZE] = "";
  int left = RTM_PAYLOAD(message);
  for (struct rtattr *a = RTM_RTA(body); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == RTA_DST) memcpy(destination, RTA_DATA(a), RTA_PAYLOAD(a));
    if (a->rta_type == RTA_OIF) if_indextoname(*(int *)RTA_DATA(a), interface);
  }
  bool is_new = message->nlmsg_type == RTM_NEWROUTE;
  head(152);
  printf("%s: len 152, pid: %d, seq 1, errno 0, flags:<UP,DONE,STATIC>\n",
         is_new ? "RTM_ADD: Add Route" : "RTM_DELETE: Delete Route", (int)message->nlmsg_pid);
  printf("locks:  inits: \nsockaddrs: <DST,GATEWAY,NETMASK>\n %s %s (%d)\n",
         address_text(body->rtm_family, destination), interface, body->rtm_dst_len);
  fflush(stdout);
}

static void tell_address(const struct nlmsghdr *message) {
  const struct ifaddrmsg *body = NLMSG_DATA(message);
  char interface[IF_NAMESIZE] = "";
  if_indextoname(body->ifa_index, interface);
  bool is_new = message->nlmsg_type == RTM_NEWADDR;
  head(88);
  printf("%s: len 88, metric 0, flags:<UP>\nsockaddrs: <NETMASK,IFP,IFA,BRD>\n %s\n",
         is_new ? "RTM_NEWADDR: address being added to iface" : "RTM_DELADDR: address being removed from iface",
         interface);
  fflush(stdout);
}

static void tell_interface(const struct nlmsghdr *message) {
  const struct ifinfomsg *body = NLMSG_DATA(message);
  head(112);
  printf("RTM_IFINFO: iface status change: len 112, if# %d, flags:<%s>\n", body->ifi_index,
         body->ifi_flags & IFF_UP ? "UP,RUNNING" : "");
}

int monitor_main(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct sockaddr_nl own = {
    .nl_family = AF_NETLINK,
    .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE};
  if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) return 1;
  static uint8_t buffer[1 << 16];
  for (;;) {
    int length = recv(fd, buffer, sizeof buffer, 0);
    if (length <= 0) return 1;
    struct nlmsghdr *message = (struct nlmsghdr *)buffer;
    for (; NLMSG_OK(message, (unsigned)length); message = NLMSG_NEXT(message, length)) {
      switch (message->nlmsg_type) {
        case RTM_NEWROUTE: case RTM_DELROUTE: tell_route(message); break;
        case RTM_NEWADDR: case RTM_DELADDR: tell_address(message); break;
        case RTM_NEWLINK: case RTM_DELLINK: tell_interface(message); break;
      }
    }
    if (ferror(stdout)) return 1;
  }
}
