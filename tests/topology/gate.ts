/**
 * Tests that need root, Linux and a few programs: run where they can, skipped by name with the reason elsewhere,
 * and with CI=true a failure where they cannot, unless nothing on the machine could help it.
 *
 * @module
 */
import { COMPILER_PACKAGES } from "../../tools/darwin_double.ts";
import { adminPath } from "../../tools/packages.ts";

/** The Debian packages whose programs the topology and the end-to-end tests run. */
export const TOPOLOGY_PACKAGES = [
  "busybox-static",
  "iperf3",
  "iproute2",
  "iptables",
  "iputils-ping",
  "nftables",
  "util-linux",
] as const;

const PROGRAMS = [
  "busybox",
  "iperf3",
  "ip",
  "iptables-legacy",
  "iptables-nft",
  "nft",
  "nsenter",
  "ping",
  "setpriv",
  "setsid",
  "unshare",
];

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** What a test needs besides. */
export interface Needs {
  /** Programs. */
  readonly programs: readonly string[];
  /** The Debian packages that bring them. */
  readonly packages: readonly string[];
  /** Why something else is not there, which `deno task test` fetches. */
  readonly absence?: { readonly reason: string; readonly isAvoidable: boolean };
}

/** What tests with a Docker Engine of their own need besides. */
export const ENGINE_NEEDS: Needs = { programs: ["docker", "dockerd"], packages: ["docker.io"] };

/** What tests with programs in C need besides. */
export const COMPILER_NEEDS: Needs = { programs: ["gcc"], packages: COMPILER_PACKAGES };

/** What tests with the doubles of tests/darwin need besides. */
export const DARWIN_NEEDS: Needs = COMPILER_NEEDS;

/** Why network namespaces cannot be used here; undefined where they can. */
export function missing(needs: Needs = { programs: [], packages: [] }): string | undefined {
  if (Deno.build.os !== "linux") return "needs Linux";
  if (Deno.uid() !== 0) return "needs root";
  if (!exists("/dev/net/tun")) return "needs /dev/net/tun";
  const folders = adminPath().split(":");
  const absent = [...PROGRAMS, ...needs.programs].filter((name) =>
    !folders.some((folder) => exists(`${folder}/${name}`))
  );
  if (absent.length > 0) {
    return `needs ${absent.join(", ")}: apt-get install ${
      [...TOPOLOGY_PACKAGES, ...needs.packages].join(" ")
    }`;
  }
  return needs.absence?.reason;
}

/** Registers a test that runs in network namespaces. */
export function topologyTest(
  name: string,
  body: (t: Deno.TestContext) => Promise<void>,
  needs?: Needs,
): void {
  const reason = missing(needs);
  if (reason === undefined) {
    Deno.test(name, body);
  } else if (Deno.env.get("CI") === "true" && needs?.absence?.isAvoidable !== false) {
    Deno.test(name, () => {
      throw new Error(`Cannot run "${name}": it ${reason}`);
    });
  } else {
    Deno.test.ignore(`${name} (${reason})`, body);
  }
}
