import type { Container } from "../docker/container.ts";
import { isHostName } from "../net/host_name.ts";
import { equalAddress, formatAddress, type IpAddress, parseAddress } from "../net/address.ts";
import type { ControlCommand } from "../protocol/control.ts";

/** A web server of a container, to which HTTPS is passed on. */
export interface WebTarget {
  /** The container's address, to which the name leads. */
  readonly address: IpAddress;
  /** The port that takes plain HTTP. */
  readonly port: number;
}

/** Addresses that have HTTPS at a time: each is a listener and some rules of the firewall. */
export const MAX_TARGETS = 256;
/** Compose projects that a certificate names. */
const MAX_PROJECTS = 64;

const PORT_LABEL = "docker-connector.http-port";
const PROJECT_LABEL = "com.docker.compose.project";
const SERVICE_LABEL = "com.docker.compose.service";

/** The port of HTTP: that of the label, else the only exposed TCP port, else 80; undefined where the label says "off". */
export function webPort({ labels, ports }: Container): number | undefined {
  const label = labels[PORT_LABEL]?.trim();
  if (label === "off") return undefined;
  if (label !== undefined && isPort(label)) return Number(label);
  const [only, second] = ports.filter(({ protocol }) => protocol === "tcp");
  return only !== undefined && second === undefined ? only.port : 80;
}

/** Lists the targets of containers, in their order; at most {@linkcode MAX_TARGETS}. */
export function webTargets(containers: readonly Container[]): WebTarget[] {
  const targets = containers.flatMap((container) => {
    const port = webPort(container);
    if (port === undefined) return [];
    return container.networks.flatMap(({ address4, address6 }) =>
      [address4, address6].flatMap((address) => address === undefined ? [] : { address, port })
    );
  });
  return targets.slice(0, MAX_TARGETS);
}

/**
 * Lists the names of a certificate for all containers: the domain, what is right below it, and below each Compose project and
 * service. A wildcard stands for one label (RFC 6125 section 6.4.3).
 */
export function certificateNames(containers: readonly Container[], domain: string): string[] {
  const projects = new Set<string>();
  for (const { labels } of containers) {
    const project = labels[PROJECT_LABEL]?.toLowerCase();
    if (project === undefined || !isHostName(`${project}.${domain}`)) continue;
    projects.add(`*.${project}.${domain}`);
    const service = labels[SERVICE_LABEL]?.toLowerCase();
    if (service !== undefined && isHostName(`${service}.${project}.${domain}`)) {
      projects.add(`*.${service}.${project}.${domain}`);
    }
  }
  return [domain, `*.${domain}`, ...[...projects].sort().slice(0, MAX_PROJECTS)];
}

/** Writes the `web` command of a target. */
export function webCommand({ address, port }: WebTarget): string {
  return `web ${formatAddress(address)} ${port}`;
}

/** Reads the arguments of a `web` command; undefined where they are wrong. */
export function readWebCommand(
  { words: [host = "", port = "", ...more] }: ControlCommand,
): WebTarget | undefined {
  const address = parseAddress(host);
  if (address === undefined || !isPort(port) || more.length > 0) return undefined;
  return { address, port: Number(port) };
}

/** Whether two targets are the same. */
export function equalTarget(a: WebTarget, b: WebTarget): boolean {
  return a.port === b.port && equalAddress(a.address, b.address);
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
