/**
 * The keys of the config file: one table for the parser, its messages and the documentation.
 *
 * @module
 */

/** Whether a change of the key is taken over by the running server, or whether this version does nothing with it. */
export type Reload = "reloads live" | "needs a restart" | "not in this version";

/** What is known of one key. */
export interface KeySpec {
  /** The first word of the line. */
  readonly name: string;
  /** The line's form: capitals stand for values, brackets for what may be left out. */
  readonly syntax: string;
  /** The value in force without such a line. */
  readonly default: string;
  /** Whether a running server takes a change over; the only record of the keys that have no effect. */
  readonly reload: Reload;
  /** Whether the file may have more than one such line. */
  readonly repeats: boolean;
  /** Whether the line holds a secret, which no message may repeat. */
  readonly secret: boolean;
  /** A line as people write it. */
  readonly example: string;
  /** What the key is for. */
  readonly meaning: string;
}

const once = { repeats: false, secret: false } as const;
const many = { repeats: true, secret: false } as const;
const live = { reload: "reloads live" } as const;
const restart = { reload: "needs a restart" } as const;
const later = { reload: "not in this version" } as const;

/** Every key, in the order of the documentation. */
export const KEYS = [
  {
    name: "addr",
    syntax: "addr CIDR",
    default: "192.168.251.1/24",
    ...restart,
    ...once,
    example: "addr 192.168.251.1/24",
    meaning:
      "the Docker side's virtual IPv4 address and the network it lies in; the server takes the next address",
  },
  {
    name: "addr6",
    syntax: "addr6 CIDR|off",
    default: "fdc0:c0de:251::1/64",
    ...restart,
    ...once,
    example: "addr6 fdc0:c0de:251::1/64",
    meaning: "the same for IPv6, beside addr",
  },
  {
    name: "host",
    syntax: "host ADDRESS",
    default: "127.0.0.1",
    ...restart,
    ...once,
    example: "host 127.0.0.1",
    meaning: "the local address on which the server waits for the client",
  },
  {
    name: "port",
    syntax: "port PORT",
    default: "2511",
    ...restart,
    ...once,
    example: "port 2511",
    meaning: "the UDP port on which the server waits for the client",
  },
  {
    name: "mtu",
    syntax: "mtu BYTES",
    default: "1400",
    ...restart,
    ...once,
    example: "mtu 1400",
    meaning: "the largest packet that the tunnel carries",
  },
  {
    name: "docker",
    syntax: "docker auto|off|unix:///PATH",
    default: "auto",
    ...restart,
    ...once,
    example: "docker unix:///var/run/docker.sock",
    meaning:
      "where the Docker Engine is, whose networks are followed and in which the client container is kept running",
  },
  {
    name: "key",
    syntax: "key SECRET",
    default: "none",
    ...restart,
    repeats: false,
    secret: true,
    example: "key kXo4vZb2TqhW7yNe",
    meaning: "a secret that the client must prove in its heartbeats",
  },
  {
    name: "route",
    syntax: "route CIDR [expose]",
    default: "none",
    ...live,
    ...many,
    example: "route 172.18.0.0/16",
    meaning: "a container network to reach through the tunnel; with expose, accessors reach it too",
  },
  {
    name: "network",
    syntax: "network NAME off",
    default: "every discovered network is routed",
    ...live,
    ...many,
    example: "network build_default off",
    meaning: "a Docker network that is not to be routed although it was discovered",
  },
  {
    name: "iptables",
    syntax: "iptables A+B or iptables A-B",
    default: "none",
    ...live,
    ...many,
    example: "iptables 172.18.0.0+172.19.0.0",
    meaning: "whether two container networks, named by their network addresses, reach each other",
  },
  {
    name: "expose",
    syntax: "expose ADDRESS:PORT [legacy] or expose off",
    default: "off",
    ...live,
    ...once,
    example: "expose 0.0.0.0:2512",
    meaning: "where accessors log in; with legacy, also those that send their token in clear",
  },
  {
    name: "token",
    syntax: "token NAME ADDRESS",
    default: "none",
    ...live,
    repeats: true,
    secret: true,
    example: "token 3yGqv8mZrPw1 192.168.251.3",
    meaning: "the secret of one accessor and the virtual address it is given",
  },
  {
    name: "loglevel",
    syntax: "loglevel error|warn|info|debug",
    default: "info",
    ...live,
    ...once,
    example: "loglevel debug",
    meaning: "how much is logged",
  },
  {
    name: "pong",
    syntax: "pong on|off",
    default: "off",
    ...live,
    ...once,
    example: "pong on",
    meaning: "whether the server itself answers the pings of accessors",
  },
  {
    name: "hosts",
    syntax: "hosts FILE DOMAIN...",
    default: "none",
    ...later,
    ...many,
    example: "hosts /etc/hosts .test shop.local",
    meaning: "a file in the hosts format whose names of these domains the containers can resolve",
  },
  {
    name: "proxy",
    syntax: "proxy [HOST:]PORT[:LISTENPORT]",
    default: "none",
    ...later,
    ...many,
    example: "proxy 127.0.0.1:3306:13306",
    meaning: "a TCP service of the desktop that containers reach at the server's virtual address",
  },
  {
    name: "dns",
    syntax: "dns DOMAIN|off",
    default: "container.internal",
    ...later,
    ...once,
    example: "dns container.internal",
    meaning: "the domain under which containers are found by name",
  },
  {
    name: "web",
    syntax: "web ADDRESS:PORT or web off",
    default: "off",
    ...later,
    ...once,
    example: "web 127.0.0.1:2580",
    meaning: "where the status page and /metrics are served over HTTP",
  },
] as const satisfies readonly KeySpec[];

/** The name of a key. */
export type KeyName = typeof KEYS[number]["name"];

/** The key of this name, or undefined if there is none. */
export function findKey(name: string): (KeySpec & { readonly name: KeyName }) | undefined {
  return KEYS.find((key) => key.name === name);
}
