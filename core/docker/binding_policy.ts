/**
 * Who may bind the tunnel: whose container is the client, and which key its heartbeats have to prove. Nothing else decides that.
 *
 * | | demanded |
 * |---|---|
 * | a `key` line | that key, of every client |
 * | the kept container is the client | the key that it was given |
 * | the user's own container is the client, or none can be kept | nothing |
 * | `docker off`, `--image off`, no Engine was found yet | nothing |
 *
 * Where nothing is demanded a heartbeat with a proof binds too, since a kept container of an earlier run has a key.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import { CLIENT_CONTAINER, CLIENT_REPOSITORY, isManaged } from "./client_container.ts";
import type { DockerContainer } from "./containers.ts";
import { repositoryOf } from "./image_name.ts";

/** Whose container the tunnel's client is in. */
export type ContainerFinding =
  /** A client that the user runs. It is used and left alone; `kept` are in its way. */
  | {
    readonly kind: "theirs";
    readonly container: DockerContainer;
    readonly kept: readonly DockerContainer[];
  }
  /** Somebody else's container has the name, so none can be kept. */
  | { readonly kind: "foreign"; readonly container: DockerContainer }
  /** The kept container, if it is there; `surplus` are kept ones that have other names. */
  | {
    readonly kind: "ours";
    readonly container: DockerContainer | undefined;
    readonly surplus: readonly DockerContainer[];
  };

/** What is known of the client: "none" where no Engine was found or none is needed. */
export type TunnelClient = ContainerFinding["kind"] | "none";

/** The policy of one run. */
export class BindingPolicy {
  /** The key of the configuration. */
  readonly key: string | undefined;
  /** Whether a client container is kept where an Engine is found. */
  readonly managesClient: boolean;

  /**
   * The policy of a configuration.
   *
   * @param image the value of `--image`
   */
  constructor({ docker, key }: Pick<Config, "docker" | "key">, image: string | undefined) {
    this.key = key;
    this.managesClient = docker.mode !== "off" && image !== "off";
  }

  /** Whether what clients have to prove depends on what an Engine has. */
  get isOpen(): boolean {
    return this.managesClient && this.key === undefined;
  }

  /**
   * The key that heartbeats have to prove; undefined: any heartbeat binds.
   *
   * @param keptKey the one that the kept container has or is given
   */
  requiredKey(client: TunnelClient, keptKey: string | undefined): string | undefined {
    return this.key ?? (this.managesClient && client === "ours" ? keptKey : undefined);
  }
}

/**
 * Looks through all containers for the client's. The kept one comes before the user's while it runs, since only one of them can
 * have the interface; a user's that cannot have it, because it is started again and again or has a network of its own, never counts.
 *
 * @param imageId id of the image that the client is made from, where it is known
 */
export function classifyContainers(
  containers: readonly DockerContainer[],
  imageId: string | undefined,
): ContainerFinding {
  const kept = containers.filter(isManaged);
  const others = containers.filter((container) => !isManaged(container));
  const container = kept.find(hasName);
  if (container === undefined || !holdsInterface(container)) {
    const theirs = others.find((other) => isClientImage(other, imageId) && holdsInterface(other));
    if (theirs !== undefined) return { kind: "theirs", container: theirs, kept };
  }
  const foreign = others.find(hasName);
  if (foreign !== undefined) return { kind: "foreign", container: foreign };
  return { kind: "ours", container, surplus: kept.filter((other) => other !== container) };
}

function hasName({ names }: DockerContainer): boolean {
  return names.includes(CLIENT_CONTAINER);
}

function isClientImage({ image, imageId: id }: DockerContainer, imageId: string | undefined): boolean {
  return repositoryOf(image) === CLIENT_REPOSITORY || id === imageId;
}

/** Whether a client in this container can have the machine's interface at this moment. */
function holdsInterface({ state, networkMode = "host" }: DockerContainer): boolean {
  return networkMode === "host" && (state === "running" || state === "paused");
}
