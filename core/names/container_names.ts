import type { Container } from "../docker/container.ts";
import { isHostName } from "../net/host_name.ts";

/** A name of a container and how it came to it; of two kinds that claim one name the one with the lower rank has it. */
export interface ContainerName {
  /** The full name in lower case. */
  readonly name: string;
  /** One of {@linkcode Rank}. */
  readonly rank: number;
}

/** The order in which names count; those of the same rank share a name and its addresses. */
export const Rank = { desktop: 0, container: 1, replica: 2, service: 3, alias: 4, label: 5 } as const;

/** Labels of Docker Compose and of Podman's compose on its containers. */
const COMPOSE = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  number: "com.docker.compose.container-number",
} as const;

/** Labels with further names, separated by commas; the second is OrbStack's. */
const DOMAIN_LABELS = ["docker-connector.domains", "dev.orbstack.domains"];

/** Names of one container that come from labels. */
const MAX_LABEL_NAMES = 16;

/**
 * Endings of which no name is on the Internet: RFC 6761 (test, example), RFC 6762 (local), RFC 8375 (home.arpa), and ICANN's
 * internal. A label may take a name below these alone, so that no image takes that of a bank.
 */
const PRIVATE_ENDINGS = ["test", "example", "local", "internal", "home.arpa"];

/** Lists the names of a container below a domain, and those of its labels; such that are no host names are left out. */
export function namesOf(container: Container, domain: string): ContainerName[] {
  const { name, labels, networks } = container;
  const found: ContainerName[] = [];
  const add = (rank: number, ...parts: readonly string[]) => {
    const full = [...parts, domain].join(".").toLowerCase();
    if (isHostName(full)) found.push({ name: full, rank });
  };
  add(Rank.container, name);
  const { [COMPOSE.service]: service, [COMPOSE.project]: project, [COMPOSE.number]: number } = labels;
  if (service !== undefined && project !== undefined) {
    if (number !== undefined && /^\d{1,9}$/.test(number)) add(Rank.replica, number, service, project);
    add(Rank.service, service, project);
  }
  for (const alias of networks.flatMap(({ aliases }) => aliases)) add(Rank.alias, alias);
  const texts = DOMAIN_LABELS.flatMap((label) => labels[label]?.split(",") ?? []);
  for (const text of texts.slice(0, MAX_LABEL_NAMES)) {
    const full = readLabelName(text, domain);
    if (full !== undefined) found.push({ name: full, rank: Rank.label });
  }
  return found;
}

/** Whether a name ends so that the Internet has no such name: nobody else's is taken by it. */
export function isPrivateName(name: string): boolean {
  return PRIVATE_ENDINGS.some((ending) => name.endsWith(`.${ending}`));
}

/** Reads a name of a label; undefined if no container may have it. A leading "*." is dropped: names below are always answered. */
function readLabelName(text: string, domain: string): string | undefined {
  const name = text.trim().toLowerCase().replace(/^\*\./, "").replace(/\.$/, "");
  const isAllowed = isPrivateName(name) || name.endsWith(`.${domain}`);
  return isAllowed && name !== domain && isHostName(name) ? name : undefined;
}
