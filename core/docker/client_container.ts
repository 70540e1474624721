import type { DockerContainer } from "./engine_json.ts";
import { repositoryOf } from "./image_name.ts";

/** The name of the client's container, as in the instructions of mac-docker-connector v1. */
export const CLIENT_CONTAINER = "mac-connector";

/** The image's repository without registry and namespace, the same as that of mac-docker-connector v1. */
export const CLIENT_REPOSITORY = "mac-docker-connector";

/**
 * Labels of a managed container. Only a container with the first one is ever changed or removed. An image must not
 * carry it, since containers inherit the labels of their image.
 */
export const CLIENT_LABELS = {
  /** "true" on each container that a server has made. */
  managed: "io.github.docker-connector.managed",
  /** Fingerprint of image and settings, which shows whether they have changed. */
  fingerprint: "io.github.docker-connector.fingerprint",
} as const;

/** The labels that every managed container has. */
export const MANAGED = { [CLIENT_LABELS.managed]: "true" } as const;

/** Settings of the client. */
export interface ClientOptions {
  /** The server's address; undefined lets the client search. */
  readonly host: string | undefined;
  /** The server's UDP port. */
  readonly port: number;
  /** The client's address with the virtual network's prefix length. */
  readonly addr: string;
  /** The largest packet in bytes. */
  readonly mtu: number;
  /** The shared secret. It must never be logged. */
  readonly key: string;
}

/** The settings as the client's environment; it holds the key. */
export function clientEnvironment({ host, port, addr, mtu, key }: ClientOptions): string[] {
  return Object.entries({ HOST: host, PORT: port, ADDR: addr, MTU: mtu, KEY: key })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `DOCKER_CONNECTOR_${name}=${value}`);
}

/** The key in a container's environment; undefined if there is none. */
export function keyOfEnvironment(environment: readonly string[]): string | undefined {
  const start = "DOCKER_CONNECTOR_KEY=";
  return environment.find((line) => line.startsWith(start))?.slice(start.length);
}

/** Everything that a client container is made of. */
export interface ClientPlan {
  /** The image's id or name. */
  readonly image: string;
  /** The client's environment. */
  readonly environment: readonly string[];
  /** A digest of image and settings. */
  readonly fingerprint: string;
}

/** The TUN device, on the machine and in the container. */
const TUN = "/dev/net/tun";

/**
 * Makes the body of `POST /containers/create` with the fewest rights that the client needs (docs/guide/image.md). It asks for
 * the same as `docker run --net host --cap-drop ALL --cap-add NET_ADMIN --cap-add NET_RAW --cap-add NET_BIND_SERVICE
 * --device /dev/net/tun --read-only --tmpfs /run --security-opt no-new-privileges --memory 512m --pids-limit 256 --ulimit core=0`.
 * The restart policy is "no": the server starts the
 * container, so nothing with these rights runs where no server does.
 *
 * @param hasDevice whether the machine's /dev/net/tun is passed on; without it the client makes its own, by MKNOD
 */
export function createBody(
  { image, environment, fingerprint }: ClientPlan,
  hasDevice: boolean,
): Readonly<Record<string, unknown>> {
  const labels = { ...MANAGED, [CLIENT_LABELS.fingerprint]: fingerprint };
  return { Image: image, Env: environment, Labels: labels, HostConfig: hostConfig(hasDevice) };
}

/** Bytes of memory that the container may have: several times the client's 90 MB, so that only a fault meets it. */
const MEMORY_LIMIT = 512 * 1024 * 1024;

/** Threads of all processes together. The client has 8 on two cores and some more with more of them, `health` and `attach` fewer. */
const THREAD_LIMIT = 256;

/** The container's rights, as the API's `HostConfig`. */
export function hostConfig(hasDevice: boolean): Readonly<Record<string, unknown>> {
  return {
    NetworkMode: "host",
    RestartPolicy: { Name: "no" },
    CapDrop: ["ALL"],
    // NET_RAW is for iptables-legacy, which asks the kernel through a raw socket; NET_BIND_SERVICE for the port of DNS.
    CapAdd: ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", ...hasDevice ? [] : ["MKNOD"]],
    SecurityOpt: ["no-new-privileges"],
    ReadonlyRootfs: true,
    // The client's control sockets and the lock of iptables: files of no bytes.
    Tmpfs: { "/run": "rw,noexec,nosuid,nodev,size=1m,mode=0755" },
    Memory: MEMORY_LIMIT,
    PidsLimit: THREAD_LIMIT,
    // A core dump would hold the key, and the machine may keep it where others read it.
    Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
    Devices: hasDevice ? [{ PathOnHost: TUN, PathInContainer: TUN, CgroupPermissions: "rwm" }] : [],
  };
}

/** Tells whether an error of the Engine means that its machine has no /dev/net/tun to pass on. */
export function lacksDevice(message: string): boolean {
  return message.includes(TUN) && /no such (?:file|device)|not a device/i.test(message);
}

/** Tells whether a server has made this container. */
export function isManaged({ labels }: { readonly labels: Readonly<Record<string, unknown>> }): boolean {
  // A container of version 0.1.0 lacks the fingerprint and is therefore replaced.
  return labels[CLIENT_LABELS.managed] === "true" || labels["docker-connector"] === "kept";
}

/** Tells whether a container of this name, image and labels concerns the client, managed or not. */
export function isClientName(
  name: string,
  image: string,
  labels: Readonly<Record<string, unknown>>,
): boolean {
  return name === CLIENT_CONTAINER || repositoryOf(image) === CLIENT_REPOSITORY || isManaged({ labels });
}

/** Tells whether a container concerns the client, managed or not. */
export function isClientCandidate(
  { names, image, imageId: id, labels }: DockerContainer,
  imageId: string | undefined,
): boolean {
  return id === imageId || [...names, ""].some((name) => isClientName(name, image, labels));
}
