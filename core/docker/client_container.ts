/**
 * The container that the client runs in: what it is made of, and what has to be done about those that are there.
 *
 * @module
 */
import type { DockerContainer } from "./containers.ts";
import { repositoryOf } from "./image_name.ts";

/** The name of the container, the one that the original's instructions give it. */
export const CLIENT_CONTAINER = "mac-connector";

/** The last part of the image's name, whoever's it is; the original's image has it too. */
export const CLIENT_REPOSITORY = "mac-docker-connector";

/** The labels of a container that is kept running. Only one with the first of them is ever changed or removed. */
export const CLIENT_LABELS = {
  /** "kept": a program made the container. An image must not carry it, since its containers inherit its labels. */
  owner: "docker-connector",
  /** The fingerprint of image and settings, to see whether they have changed since. */
  settings: "docker-connector.settings",
} as const;

/** The value of the owner's label. */
export const KEPT = "kept";

/** What the client is told. */
export interface ClientOptions {
  /** Where the server is; undefined leaves the search to the client. */
  readonly host: string | undefined;
  /** The server's UDP port. */
  readonly port: number;
  /** The client's address with the virtual network's length. */
  readonly addr: string;
  /** The largest packet in bytes. */
  readonly mtu: number;
  /** The secret to prove. It must never be logged. */
  readonly key: string;
}

/** The variable that carries the key. */
const KEY_VARIABLE = "DOCKER_CONNECTOR_KEY";

/** The settings as the client's environment; it holds the key. */
export function clientEnvironment({ host, port, addr, mtu, key }: ClientOptions): string[] {
  return [
    ...(host === undefined ? [] : [`DOCKER_CONNECTOR_HOST=${host}`]),
    `DOCKER_CONNECTOR_PORT=${port}`,
    `DOCKER_CONNECTOR_ADDR=${addr}`,
    `DOCKER_CONNECTOR_MTU=${mtu}`,
    `${KEY_VARIABLE}=${key}`,
  ];
}

/** The key in a container's environment; undefined if there is none. */
export function keyOfEnvironment(environment: readonly string[]): string | undefined {
  const start = `${KEY_VARIABLE}=`;
  return environment.find((line) => line.startsWith(start))?.slice(start.length);
}

/** What a client container is made of. */
export interface ClientPlan {
  /** The image's id or name. */
  readonly image: string;
  /** The client's environment. */
  readonly environment: readonly string[];
  /** Tells this image and these settings from all others. */
  readonly fingerprint: string;
}

/** The TUN device, on the machine and in the container. */
const TUN = "/dev/net/tun";

/**
 * The body of `POST /containers/create`: the least that the client needs (docs/image.md). It is what `docker run --net host
 * --cap-drop ALL --cap-add NET_ADMIN --cap-add NET_RAW --device /dev/net/tun --read-only --tmpfs /run
 * --security-opt no-new-privileges` asks for. The Engine does not start it again by itself: the server does, and where no server
 * runs, nothing with these rights is to.
 *
 * @param hasDevice whether the machine's /dev/net/tun is passed on; without it the client makes its own, by MKNOD
 */
export function createBody(
  { image, environment, fingerprint }: ClientPlan,
  hasDevice: boolean,
): Readonly<Record<string, unknown>> {
  return {
    Image: image,
    Env: environment,
    Labels: { [CLIENT_LABELS.owner]: KEPT, [CLIENT_LABELS.settings]: fingerprint },
    HostConfig: hostConfig(hasDevice),
  };
}

/** What the container may do, as the API has it (`HostConfig`). */
export function hostConfig(hasDevice: boolean): Readonly<Record<string, unknown>> {
  return {
    NetworkMode: "host",
    RestartPolicy: { Name: "no" },
    CapDrop: ["ALL"],
    // NET_RAW is for iptables-legacy, which asks the kernel through a raw socket.
    CapAdd: ["NET_ADMIN", "NET_RAW", ...hasDevice ? [] : ["MKNOD"]],
    SecurityOpt: ["no-new-privileges"],
    ReadonlyRootfs: true,
    // The client's control socket and the lock of iptables.
    Tmpfs: { "/run": "" },
    Devices: hasDevice ? [{ PathOnHost: TUN, PathInContainer: TUN, CgroupPermissions: "rwm" }] : [],
  };
}

/** Whether an Engine's refusal says that its machine has no /dev/net/tun to pass on. */
export function lacksDevice(message: string): boolean {
  return message.includes(TUN) && /no such (?:file|device)|not a device/i.test(message);
}

/** Whether a program made this container to keep it running. */
export function isManaged({ labels }: Pick<DockerContainer, "labels">): boolean {
  return labels[CLIENT_LABELS.owner] === KEPT;
}

/** Whether a container of this name, image and labels has to do with the client, whosever it is. */
export function isClientName(
  name: string,
  image: string,
  labels: Readonly<Record<string, unknown>>,
): boolean {
  return name === CLIENT_CONTAINER || repositoryOf(image) === CLIENT_REPOSITORY ||
    labels[CLIENT_LABELS.owner] === KEPT;
}

/** Whether a container has to do with the client, whosever it is. */
export function isOfClient(
  { names, image, imageId: id, labels }: DockerContainer,
  imageId: string | undefined,
): boolean {
  return id === imageId || [...names, ""].some((name) => isClientName(name, image, labels));
}

/** What brings the kept container to where it should be. */
export type ContainerAction = "create" | "replace" | "start" | "unpause" | "wait" | "keep";

/**
 * Decides what to do about the kept container.
 *
 * @param container the container, if it is there
 * @param fingerprint that of the wanted image and settings
 */
export function nextAction(container: DockerContainer | undefined, fingerprint: string): ContainerAction {
  if (container === undefined) return "create";
  // Its removal is under way, and an event tells when it is done.
  if (container.state === "removing") return "wait";
  if (container.labels[CLIENT_LABELS.settings] !== fingerprint || container.state === "dead") {
    return "replace";
  }
  if (container.state === "paused") return "unpause";
  if (container.state === "running") return "keep";
  // One of version 0.1.0, which the Engine starts again by itself.
  if (container.state === "restarting") return "wait";
  return "start";
}
