import type { Container } from "../../core/docker/container.ts";
import { webPort } from "../../core/https/web_target.ts";
import { namesOf } from "../../core/names/container_names.ts";
import { formatAddress } from "../../core/net/address.ts";
import type { ListedContainer } from "./containers_document.ts";

/** The path of the list of containers on the control socket. */
export const CONTAINERS_PATH = "/v1/containers";

/** Ports of web servers that need no number in the URL. */
const SCHEMES = new Map([[80, "http"], [443, "https"]]);

/** Ports that web servers of images usually have beside those. */
const WEB_PORTS = [3000, 4200, 5000, 5173, 8000, 8080, 8081, 8888, 9000];

/**
 * A container as `ls` shows it.
 *
 * @param domain undefined while `dns` is off
 * @param hasHttps whether names answer HTTPS
 */
export function listedContainer(
  container: Container,
  domain: string | undefined,
  hasHttps: boolean = false,
): ListedContainer {
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
    urls: host === undefined ? [] : [...secureUrls(container, names[0], hasHttps), ...urlsOf(host, ports)],
  };
}

/** The URL that the local authority's certificate is for, where the port behind it looks like a web server's. */
function secureUrls(container: Container, name: string | undefined, hasHttps: boolean): string[] {
  const port = webPort(container);
  if (!hasHttps || name === undefined || port === undefined) return [];
  const exposed = container.ports.filter(({ protocol }) => protocol === "tcp").map(({ port }) => port);
  const isWeb = exposed.includes(port) && (port === 80 || WEB_PORTS.includes(port));
  // A container that listens at 443 answers there itself, and its URL is listed anyway.
  return isWeb && !exposed.includes(443) ? [`https://${name}/`] : [];
}

function urlsOf(host: string, ports: Container["ports"]): string[] {
  return ports.filter(({ protocol }) => protocol === "tcp").flatMap(({ port }) => {
    const scheme = SCHEMES.get(port);
    if (scheme !== undefined) return [`${scheme}://${host}/`];
    return WEB_PORTS.includes(port) ? [`http://${host}:${port}/`] : [];
  });
}
