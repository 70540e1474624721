import { BROWSER_NEEDS } from "../tests/topology/browser.ts";
import { DARWIN_NEEDS, ENGINE_NEEDS, TOPOLOGY_PACKAGES } from "../tests/topology/gate.ts";

/** Debian packages whose programs the tests run. */
export const TEST_PACKAGES: readonly string[] = [
  ...TOPOLOGY_PACKAGES,
  ...ENGINE_NEEDS.packages,
  ...DARWIN_NEEDS.packages,
  ...BROWSER_NEEDS.packages,
  "bsdutils",
  "ca-certificates",
  "curl",
  "dash",
  "dbus-daemon",
  "faketime",
  "libnss3-tools",
  "openssl",
  "procps",
  "ruby",
  "shellcheck",
  "systemd",
  "tcpdump",
  "wget",
  "wireguard-go",
  "wireguard-tools",
];
