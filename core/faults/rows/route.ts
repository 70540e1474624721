import { row, type Why } from "../row.ts";

/** Faults of routes and of the networks behind them. */
export const ROUTE_FAULTS = {
  "route.failed": row<Why & { readonly prefix: string }>({
    severity: "error",
    title: "A route cannot be added",
    after: 2,
    subject: ({ prefix }) => prefix,
    text: ({ prefix, why }) => `${prefix}: ${why}`,
    remedy: () => 'See "docker-connector doctor"; it is tried again by itself',
  }),
  "route.taken": row<{ readonly prefix: string; readonly interfaceName: string }>({
    severity: "error",
    title: "Another interface has the route",
    after: 3,
    subject: ({ prefix }) => prefix,
    text: ({ prefix, interfaceName }) => `Packets for ${prefix} leave by ${interfaceName}, not by the tunnel`,
    remedy: ({ prefix }) =>
      `Let that VPN or program leave out ${prefix} (split tunnel), remove its route, or give the network another subnet`,
  }),
  // Known after five losses in a row, so it needs no further wait.
  "route.removed": row<Why & { readonly prefix: string }>({
    severity: "error",
    title: "A program removes a route again and again",
    after: 0,
    subject: ({ prefix }) => prefix,
    text: ({ why }) => why,
    remedy: () =>
      "Let the VPN or firewall program that does leave other routes alone; the route is put back with pauses of up to 30 s",
  }),
  "route.diverted": row<Why & { readonly prefix: string }>({
    severity: "error",
    title: "A routing rule sends packets elsewhere",
    after: 3,
    subject: ({ prefix }) => prefix,
    text: ({ why }) => why,
    remedy: ({ prefix }) => `Let the VPN whose rule it is leave out ${prefix}`,
  }),
  "route.hides": row<{ readonly prefix: string; readonly other: string; readonly owner: string }>({
    severity: "warning",
    title: "A container network hides other addresses",
    after: 3,
    subject: ({ prefix }) => prefix,
    text: ({ prefix, other, owner }) =>
      `${prefix} of the containers is ${
        prefix === other ? "the very network that" : `a part of ${other}, which`
      } this machine reaches by ${owner}`,
    remedy: () =>
      "If you need those addresses there, give the container network another subnet, or switch it off with a network line",
  }),
  "route.partial": row<{ readonly prefix: string; readonly other: string; readonly owner: string }>({
    severity: "warning",
    title: "A VPN has a part of a container network",
    after: 3,
    subject: ({ prefix }) => prefix,
    text: ({ prefix, other, owner }) =>
      `Packets for ${other}, a part of ${prefix} of the containers, leave by ${owner}, not by the tunnel`,
    remedy: () => "If containers have addresses there, give the container network another subnet",
  }),
  "route.overlap": row<{ readonly prefix: string; readonly other: string; readonly owner: string }>({
    severity: "error",
    title: "Two networks have the same addresses",
    after: 3,
    subject: ({ prefix }) => prefix,
    text: ({ prefix, other, owner }) => `The container network ${prefix} overlaps with ${other} of ${owner}`,
    remedy: () =>
      'Give the container network another subnet ("docker network create --subnet"), or switch it off with a network line',
  }),
  "network.silent": row<{ readonly network: string; readonly address: string; readonly place: string }>({
    severity: "error",
    title: "A network does not answer",
    after: 0,
    subject: ({ network }) => network,
    text: ({ network, address, place }) => `No container of ${network} answers (asked ${address}); ${place}`,
    remedy: () => 'See "docker-connector doctor"; the tunnel repairs what it can by itself',
  }),
} as const;
