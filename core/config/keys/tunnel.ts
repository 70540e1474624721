import { formatAddress } from "../../net/address.ts";
import { formatPrefix } from "../../net/prefix.ts";
import { err, ok, quote, type Result } from "../../result.ts";
import { formatOr, orOff, singleKey } from "../key.ts";
import {
  readListenAddress,
  readMtu,
  readPathPreference,
  readPort,
  readVirtualNetwork,
  readVirtualNetwork6,
} from "../values.ts";

/** How the Docker Engine is found: searched for, left alone, or at a unix socket's path. */
export type DockerSetting =
  | { readonly mode: "auto" | "off" }
  | { readonly mode: "socket"; readonly path: string };

const UNIX_SCHEME = "unix://";

function readDocker(text: string): Result<DockerSetting> {
  if (text === "auto" || text === "off") return ok({ mode: text });
  if (/^unix:\/\/\/.*[^/]$/.test(text)) {
    return ok({ mode: "socket", path: text.slice(UNIX_SCHEME.length) });
  }
  if (/^\/.*[^/]$/.test(text)) return err(`${quote(text)} is a path: expected "${UNIX_SCHEME}${text}"`);
  const problem = /^(tcp|https?|ssh|npipe):/.test(text)
    ? `${quote(text)} is not a unix socket: expected one`
    : `unknown value ${quote(text)}: expected auto, off or a socket`;
  return err(`${problem} such as "unix:///var/run/docker.sock"`);
}

/** The records, by their fields of the configuration. */
export const tunnelKeys = {
  /** The Docker side's virtual IPv4 address, with the length of the virtual network. */
  addr: singleKey({
    name: "addr",
    syntax: "addr CIDR",
    default: "192.168.251.1/24",
    meaning:
      "the Docker side's virtual IPv4 address and the network it lies in; the server takes the next address",
    effect: "restart",
    read: (line) => line.only("CIDR", readVirtualNetwork),
    format: formatPrefix,
  }),
  /** The same for IPv6; undefined if IPv6 is off, which a small `mtu` brings about too. */
  addr6: singleKey({
    name: "addr6",
    syntax: "addr6 CIDR|off",
    default: "fdc0:c0de:251::1/64",
    meaning: "the same for IPv6, beside addr",
    effect: "restart",
    read: (line) => line.only("CIDR", orOff(readVirtualNetwork6)),
    format: formatOr("off", formatPrefix),
  }),
  /** The local address of the UDP socket. */
  host: singleKey({
    name: "host",
    syntax: "host ADDRESS",
    default: "127.0.0.1",
    meaning: "the local address on which the server waits for the client",
    effect: "restart",
    read: (line) => line.only("ADDRESS", readListenAddress),
    format: formatAddress,
  }),
  /** The UDP port, 1 to 65535. */
  port: singleKey({
    name: "port",
    syntax: "port PORT",
    default: "2511",
    meaning: "the UDP port on which the server waits for the client",
    effect: "restart",
    read: (line) => line.only("PORT", readPort),
    format: String,
  }),
  /** The largest packet in the tunnel, in bytes. */
  mtu: singleKey({
    name: "mtu",
    syntax: "mtu BYTES",
    default: "1400",
    meaning: "the largest packet that the tunnel carries",
    effect: "restart",
    read: (line) => line.only("BYTES", readMtu),
    format: String,
  }),
  /** The paths that packets may take between the server and Docker's machine. */
  path: singleKey({
    name: "path",
    syntax: "path auto|direct|engine|udp",
    default: "auto",
    example: "path engine",
    meaning: "the way of packets between the server and Docker's machine",
    effect: ["paths"],
    read: (line) => line.only("auto, direct, engine or udp", readPathPreference),
    format: String,
  }),
  /** How the Docker Engine is found. */
  docker: singleKey({
    name: "docker",
    syntax: "docker auto|off|unix:///PATH",
    default: "auto",
    example: "docker unix:///var/run/docker.sock",
    meaning: "where the Docker Engine is, whose networks are routed and in which the client container runs",
    effect: "restart",
    read: (line) => line.only("auto, off or a socket", readDocker),
    format: (docker) => docker.mode === "socket" ? `${UNIX_SCHEME}${docker.path}` : docker.mode,
  }),
  /** The secret that clients prove; undefined if none is set. It must never be logged. */
  key: singleKey({
    name: "key",
    syntax: "key SECRET",
    default: "none",
    example: "key kXo4vZb2TqhW7yNe",
    meaning: "a secret that the client must prove in its heartbeats",
    secret: true,
    effect: "restart",
    read: (line) => line.only<string | undefined>("SECRET", ok),
    format: (key) => key ?? "",
  }),
} as const;
