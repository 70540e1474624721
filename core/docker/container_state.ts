import { CLIENT_CONTAINER, CLIENT_LABELS, CLIENT_REPOSITORY, isManaged } from "./client_container.ts";
import type { DockerContainer } from "./engine_json.ts";
import { repositoryOf } from "./image_name.ts";

/** The client among the containers of an Engine. To decide is all that this module does; server/docker/ acts. */
export type ContainerFinding =
  /** A client that the user runs. It is used and left alone; the `managed` ones have to go. */
  | {
    readonly kind: "external";
    readonly container: DockerContainer;
    readonly managed: readonly DockerContainer[];
  }
  /** A container that is not managed has the name, so none can be made. */
  | { readonly kind: "conflict"; readonly container: DockerContainer }
  /** The managed container, if it exists; `extras` are managed ones of other names. */
  | {
    readonly kind: "managed";
    readonly container: DockerContainer | undefined;
    readonly extras: readonly DockerContainer[];
  };

/** Kind of the tunnel's client: "none" where no Engine was found or no client is required. */
export type TunnelClient = ContainerFinding["kind"] | "none";

/**
 * Finds the client among all containers. The managed one comes before the user's while it runs, since only one of them
 * can have the interface. A user's container that cannot have it, because it restarts all the time or has a network of
 * its own, never counts.
 *
 * @param imageId id of the image that the client is made from, if known
 */
export function classifyContainers(
  containers: readonly DockerContainer[],
  imageId: string | undefined,
): ContainerFinding {
  const managed = containers.filter(isManaged);
  const others = containers.filter((other) => !isManaged(other));
  const container = managed.find(hasName);
  if (container === undefined || !mayHaveInterface(container)) {
    const external = others.find((other) => isClientImage(other, imageId) && mayHaveInterface(other));
    if (external !== undefined) return { kind: "external", container: external, managed };
  }
  const conflict = others.find(hasName);
  if (conflict !== undefined) return { kind: "conflict", container: conflict };
  return { kind: "managed", container, extras: managed.filter((other) => other !== container) };
}

function hasName({ names }: DockerContainer): boolean {
  return names.includes(CLIENT_CONTAINER);
}

function isClientImage({ image, imageId: id }: DockerContainer, imageId: string | undefined): boolean {
  return repositoryOf(image) === CLIENT_REPOSITORY || id === imageId;
}

/** Tells whether a client in this container can have the machine's interface now. */
function mayHaveInterface({ state, networkMode = "host" }: DockerContainer): boolean {
  return networkMode === "host" && (state === "running" || state === "paused");
}

/** An action on the managed container. */
export type ContainerAction =
  /** It does not exist and there is no image to make it from. */
  | { readonly kind: "report-no-image" }
  /** It has ended too often; its next start is not due yet. */
  | { readonly kind: "delay-start" }
  | { readonly kind: "create" }
  /** "wait" leaves it to the Engine, which is at work on it; an event tells when that is done. */
  | { readonly kind: "replace" | "start" | "unpause" | "wait" | "none"; readonly container: DockerContainer };

/** The state that the decision depends on. */
export interface ManagedState {
  /** The container, if it exists. */
  readonly container: DockerContainer | undefined;
  /** Fingerprint of the desired image and settings; undefined where no image is found: the container stays as it is. */
  readonly fingerprint: string | undefined;
  /** Milliseconds until a start is allowed. */
  readonly startDelayMs: number;
}

/** Decides the next action on the managed container. */
export function nextAction({ container, fingerprint, startDelayMs }: ManagedState): ContainerAction {
  if (container === undefined) {
    if (fingerprint === undefined) return { kind: "report-no-image" };
    return { kind: startDelayMs > 0 ? "delay-start" : "create" };
  }
  const { state, labels } = container;
  if (state === "removing") return { kind: "wait", container };
  const isCurrent = fingerprint === undefined || labels[CLIENT_LABELS.fingerprint] === fingerprint;
  if (!isCurrent || state === "dead") return { kind: "replace", container };
  if (state === "paused") return { kind: "unpause", container };
  if (state === "running") return { kind: "none", container };
  // Only a container of version 0.1.0 has this state: the Engine itself starts it again.
  if (state === "restarting") return { kind: "wait", container };
  return startDelayMs > 0 ? { kind: "delay-start" } : { kind: "start", container };
}
