/**
 * What the image holds, and why.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { IPTABLES_PROGRAMS } from "../../system/firewall_iptables.ts";

/** The image's name. */
export const IMAGE = "mac-docker-connector";
/** Where it is saved, for `docker load`. */
export const IMAGE_TAR: string = fileURLToPath(new URL(`../../dist/${IMAGE}.tar`, import.meta.url));

/** The client's path in the image; the Dockerfile names it too. */
export const CLIENT_PATH = "/usr/bin/docker-connector-client";

/** The programs that the client runs: their paths here and in the image. */
export const RUN_PROGRAMS: readonly string[] = Object.values(IPTABLES_PROGRAMS);

/**
 * The extensions of iptables by their names in rules, and whose rules have them. Those of others' rules are only read, but
 * iptables prints no chain with a rule whose extension is missing.
 */
export const EXTENSIONS: Readonly<Record<string, string>> = {
  standard: "accepts, drops and jumps",
  comment: "the tag of the client's rules; Kubernetes",
  MASQUERADE: "the client's rule in nat; Docker",
  addrtype: "Docker: published ports",
  conntrack: "Docker: replies",
  DNAT: "Docker: published ports",
  SNAT: "Docker: networks with a host_ipv4 address",
  tcp: "Docker: published ports",
  udp: "Docker: published ports",
  sctp: "Docker: published ports",
  set: "Docker 28.0: sets of bridges",
  mark: "Docker: Swarm; Kubernetes",
  MARK: "Docker: Swarm; Kubernetes",
  policy: "Docker: encrypted overlay networks",
  u32: "Docker: encrypted overlay networks",
  bpf: "Docker: encrypted overlay networks",
  REJECT: "Kubernetes: services without endpoints",
  recent: "Kubernetes: services with session affinity",
  statistic: "Kubernetes: services with several endpoints",
  icmp: "what people write into DOCKER-USER",
  icmp6: "what people write into DOCKER-USER",
  iprange: "what people write into DOCKER-USER",
  limit: "what people write into DOCKER-USER",
  LOG: "what people write into DOCKER-USER",
  mac: "what people write into DOCKER-USER",
  multiport: "what people write into DOCKER-USER",
  state: "what people write into DOCKER-USER",
};

/** What the names of an extension's files begin with: for both families, for IPv4 and for IPv6. */
export const EXTENSION_PREFIXES = ["libxt_", "libipt_", "libip6t_"] as const;

/** Files that are written, by path. */
export const WRITTEN_FILES: Readonly<Record<string, string>> = {
  // Without it glibc asks the name server first, and what `docker run --add-host` says counts for nothing.
  "/etc/nsswitch.conf": "hosts: files dns\n",
};

/** Folders for what the programs write: the lock of iptables-legacy. */
export const EMPTY_FOLDERS: readonly string[] = ["/run"];
