/**
 * The server's answer to `GET /v1/containers`, which `docker-connector ls` shows.
 *
 * @module
 */
import * as v from "valibot";
import type { Container } from "../../core/docker/container.ts";
import { formatAddress } from "../../core/net/address.ts";
import { namesOf } from "../../core/names/container_names.ts";
import * as f from "../../program/status_document.ts";

/** The document's path on the control socket. */
export const CONTAINERS_PATH = "/v1/containers";

const container = v.object({
  id: f.text("The Engine's id."),
  name: f.text("Its name."),
  image: f.text("The image's name."),
  state: f.text("running or paused."),
  names: f.list(v.string(), "Names of it that DNS answers; empty while dns is off."),
  networks: f.list(
    v.object({
      name: f.text("The network's name."),
      address: f.optional(f.text("Its IPv4 address there.")),
      address6: f.optional(f.text("Its IPv6 address there.")),
    }),
    "Its networks.",
  ),
  ports: f.list(
    v.object({
      port: f.number("The port in the container."),
      protocol: f.oneOf(["tcp", "udp"], "The protocol."),
      published: f.flag("Whether it is bound to a port of Docker's machine too."),
    }),
    "Ports that the image exposes or the user publishes.",
  ),
  urls: f.list(v.string(), "Where a browser probably finds a page."),
});

/** The form of the document. */
export const CONTAINERS_DOCUMENT = v.object({
  program: v.literal("docker-connector"),
  containers: f.list(container, "The running containers, by name."),
});

export type ContainersDocument = v.InferOutput<typeof CONTAINERS_DOCUMENT>;
export type ListedContainer = v.InferOutput<typeof container>;

/** Ports of web servers that need no number in the URL. */
const SCHEMES = new Map([[80, "http"], [443, "https"]]);

/** Ports that web servers of images usually have beside those. */
const WEB_PORTS = [3000, 4200, 5000, 5173, 8000, 8080, 8081, 8888, 9000];

/** A container as `ls` shows it; `domain` is undefined while `dns` is off. */
export function listedContainer(container: Container, domain: string | undefined): ListedContainer {
  const { id, name, image, state, networks, ports } = container;
  const names = domain === undefined ? [] : [...new Set(namesOf(container, domain).map(({ name }) => name))];
  const address = networks.find(({ address4 }) => address4 !== undefined)?.address4;
  const host = names[0] ?? (address && formatAddress(address));
  return {
    ...{ id, name, image, state, names },
    networks: networks.map(({ name, address4, address6 }) => ({
      name,
      ...address4 === undefined ? {} : { address: formatAddress(address4) },
      ...address6 === undefined ? {} : { address6: formatAddress(address6) },
    })),
    ports: ports.map(({ port, protocol, isPublished }) => ({ port, protocol, published: isPublished })),
    urls: host === undefined ? [] : urlsOf(host, ports),
  };
}

function urlsOf(host: string, ports: Container["ports"]): string[] {
  return ports.filter(({ protocol }) => protocol === "tcp").flatMap(({ port }) => {
    const scheme = SCHEMES.get(port);
    if (scheme !== undefined) return [`${scheme}://${host}/`];
    return WEB_PORTS.includes(port) ? [`http://${host}:${port}/`] : [];
  });
}
