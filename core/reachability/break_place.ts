import { formatAddress, type IpAddress } from "../net/address.ts";
import type { PathKind } from "../path/path_kind.ts";

/** Where this machine's kernel sends packets to an address: by its source they are known to take the tunnel's route. */
export type KernelRoute =
  | { readonly kind: "tunnel" }
  /** Another route or rule has them. */
  | { readonly kind: "elsewhere"; readonly source: IpAddress }
  /** It sends nothing there; `state` in words, such as "host unreachable". */
  | { readonly kind: "refused"; readonly state: string };

/** What is known of a break. */
export interface BreakEvidence {
  /** Where the kernel sends packets for the network. */
  readonly route: KernelRoute;
  /** The client's virtual address. */
  readonly client: IpAddress;
  /** Whether that answers; undefined where it never has. */
  readonly clientAnswers: boolean | undefined;
  /** Whether containers of another network answer. */
  readonly othersAnswer: boolean;
  /** The path in use. */
  readonly path: PathKind | undefined;
  /** What the client says of the firewall of its machine. */
  readonly firewallFault: string | undefined;
}

/** Words where the way of a packet is broken: kernel route, path, client, firewall, network; without a full stop. */
export function breakPlace(evidence: BreakEvidence): string {
  const { route, client, clientAnswers, othersAnswer, path, firewallFault } = evidence;
  if (route.kind === "refused") return `this machine's kernel sends nothing there: ${route.state}`;
  if (route.kind === "elsewhere") {
    const source = formatAddress(route.source);
    return `this machine sends there from ${source}, so a route or rule of another program comes before the tunnel's`;
  }
  const way = path === undefined ? "no path is up" : `packets go by the ${path} path`;
  if (clientAnswers === false && !othersAnswer) {
    return `the client does not answer at ${formatAddress(client)} either, and ${way}`;
  }
  if (firewallFault !== undefined) {
    return `the client says of the firewall of Docker's machine: ${firewallFault}`;
  }
  if (othersAnswer) {
    return "other networks answer, so its bridge or a firewall rule for it in Docker's machine stops packets";
  }
  if (clientAnswers === true) {
    return "the client answers, so something in Docker's machine stops packets behind it";
  }
  return `no other network answers, and ${way}`;
}
