import { row, type Why } from "../row.ts";

/** Faults of what the server offers beside packets: sharing, names, proxies, the page. */
export const SERVICE_FAULTS = {
  "sharing.closed": row<Why>({
    severity: "error",
    title: "The sharing socket is not open",
    after: 3,
    text: ({ why }) => why,
    remedy: () => "Free the port, or write another expose line; it is tried again by itself",
  }),
  "sharing.blocked": row<Why & { readonly listen: string }>({
    severity: "error",
    title: "Teammates cannot reach the sharing port",
    after: 0,
    text: ({ listen, why }) => `Datagrams to ${listen} do not arrive: ${why}`,
    remedy: ({ listen }) => `Allow UDP to ${listen} in this machine's firewall`,
  }),
  "sharing.weak-token": row<{ readonly count: number }>({
    severity: "warning",
    title: "A token can be guessed",
    after: 0,
    text: ({ count }) => count === 1 ? "One token can be guessed" : `${count} tokens can be guessed`,
    remedy: () => 'Replace it: "docker-connector token generate"',
  }),
  "names.resolver-missing": row<Why & { readonly domain: string }>({
    severity: "warning",
    title: "Names of containers are not resolved",
    after: 3,
    text: ({ domain, why }) => `This machine does not ask docker-connector for names of ${domain}: ${why}`,
    remedy: ({ domain }) => `Let the resolver of this machine ask docker-connector for ${domain}`,
  }),
  "names.port-taken": row<Why>({
    severity: "error",
    title: "The name server is not open",
    after: 3,
    text: ({ why }) => why,
    remedy: () => "Stop the program that has port 53 of every address, or let it listen on its own address",
  }),
  "hosts.unreadable": row<Why>({
    severity: "warning",
    title: "A hosts file cannot be read",
    after: 3,
    subject: ({ why }) => why,
    text: ({ why }) => why,
    remedy: () => "Put the file back, or remove its hosts line; the last good names stay",
  }),
  "proxy.closed": row<Why>({
    severity: "error",
    title: "A proxy port is not open",
    after: 3,
    subject: ({ why }) => why,
    text: ({ why }) => why,
    remedy: () => "Free the port, or give the proxy line another one",
  }),
  "proxy.target-down": row<{ readonly target: string }>({
    severity: "warning",
    title: "The service behind a proxy line does not answer",
    after: 0,
    subject: ({ target }) => target,
    text: ({ target }) => `Nothing listens at ${target} of this machine`,
    remedy: () => "Start that service, or remove its proxy line",
  }),
  "https.not-served": row<Why>({
    severity: "warning",
    title: "Containers do not answer HTTPS",
    after: 3,
    text: ({ why }) => why,
    remedy: () => "It is tried again by itself; write https off to do without",
  }),
  "https.authority-unusable": row<Why>({
    severity: "error",
    title: "The local authority cannot be used",
    after: 0,
    text: ({ why }) => why,
    remedy: () =>
      'Run "sudo docker-connector untrust", remove the file, then run "sudo docker-connector trust"',
  }),
  "https.not-trusted": row<{ readonly store: string; readonly domain: string }>({
    severity: "warning",
    title: "Programs do not trust HTTPS of containers",
    after: 0,
    subject: ({ store }) => store,
    text: ({ store, domain }) =>
      `${
        capitalized(store)
      } does not trust the authority of ${domain}: programs that read it warn of each name`,
    remedy: () => 'Run "sudo docker-connector trust", or write https off to do without',
  }),
  "https.no-answer": row<{ readonly name: string; readonly why: string }>({
    severity: "warning",
    title: "A container does not answer HTTPS under its name",
    after: 0,
    text: ({ name, why }) => `${name} has not answered HTTPS with a certificate of the authority: ${why}`,
    remedy: () =>
      'See what the client says: "docker-connector logs --client"; a container that listens at 443 is left alone',
  }),
  "web.closed": row<Why>({
    severity: "warning",
    title: "The page is not served",
    after: 3,
    text: ({ why }) => why,
    remedy: () => "Free the port, or write another web line",
  }),
} as const;

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
