import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress } from "../net/address.ts";
import { MAX_CONTAINERS, readContainer, readListedContainers } from "./container.ts";

const ID = "0123456789abcdef".repeat(4);

/** An answer of `GET /containers/ID/json` as Engine 28 gives it, with the fields that are read. */
const DETAILS = {
  Id: ID,
  Name: "/shop-web-1",
  State: { Status: "running", Running: true },
  Config: {
    Image: "nginx:1",
    Labels: { "com.docker.compose.service": "web", "com.docker.compose.project": "shop", odd: 7 },
    ExposedPorts: { "80/tcp": {}, "443/tcp": {}, "9/sctp": {} },
  },
  NetworkSettings: {
    Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }], "53/udp": null, "443/tcp": null },
    Networks: {
      shop_default: {
        NetworkID: "n1",
        IPAddress: "172.20.0.2",
        GlobalIPv6Address: "fd00::2",
        Aliases: ["shop-web-1", "web"],
        DNSNames: ["shop-web-1", "web", ID.slice(0, 12), "host-name"],
      },
      host: { NetworkID: "n0", IPAddress: "", GlobalIPv6Address: "", Aliases: null },
    },
  },
};

Deno.test("a running container is read with its networks, further names and ports", () => {
  const container = readContainer(DETAILS);
  assert.ok(container);
  assert.equal(container.name, "shop-web-1");
  assert.equal(container.image, "nginx:1");
  assert.deepEqual(Object.keys(container.labels).length, 2, "a label that is no text is left out");
  const [host, shop] = container.networks;
  assert.deepEqual(host, { id: "n0", name: "host", aliases: [] });
  assert.deepEqual(shop?.aliases, ["web", "host-name"]);
  assert.equal(shop?.address4 && formatAddress(shop.address4), "172.20.0.2");
  assert.equal(shop?.address6 && formatAddress(shop.address6), "fd00::2");
  assert.deepEqual(container.ports, [
    { port: 53, protocol: "udp", isPublished: false },
    { port: 80, protocol: "tcp", isPublished: true },
    { port: 443, protocol: "tcp", isPublished: false },
  ]);
});

Deno.test("Engine 20.10 and Podman, which know no DNSNames, give the names too", () => {
  const { Networks: { shop_default: { DNSNames: _, ...endpoint } } } = DETAILS.NetworkSettings;
  const networks = { shop_default: { ...endpoint, Aliases: [ID.slice(0, 12), "web", "web"] } };
  const container = readContainer({ ...DETAILS, NetworkSettings: { Networks: networks } });
  assert.deepEqual(container?.networks[0]?.aliases, ["web"]);
  assert.deepEqual(container?.ports.map(({ port }) => port), [80, 443], "Ports is absent");
});

Deno.test("a container that does not run is none, a paused one is", () => {
  for (const Status of ["created", "exited", "dead", "restarting", "removing", ""]) {
    assert.equal(readContainer({ ...DETAILS, State: { Status } }), undefined, Status);
  }
  assert.equal(readContainer({ ...DETAILS, State: { Status: "paused" } })?.state, "paused");
});

Deno.test("anything may come as a container, and is never more than is kept of one", () => {
  fc.assert(fc.property(
    fc.record({
      Id: fc.anything(),
      Name: fc.anything(),
      State: fc.constant({ Status: "running" }),
      Config: fc.anything(),
      NetworkSettings: fc.anything(),
    }),
    (value) => {
      const read = readContainer(value);
      assert.ok(read === undefined || typeof read.name === "string");
    },
  ));
  const many = (entry: (index: number) => [string, unknown]) =>
    Object.fromEntries(Array.from({ length: 5000 }, (_, index) => entry(index)));
  const endpoint = { Aliases: Array.from({ length: 5000 }, (_, index) => `a${index}`) };
  const container = readContainer({
    ...DETAILS,
    Config: { ExposedPorts: many((index) => [`${index + 1}/tcp`, {}]) },
    NetworkSettings: { Networks: many((index) => [`n${index}`, endpoint]), Ports: {} },
  });
  assert.equal(container?.ports.length, 1024);
  assert.equal(container?.networks.length, 64);
  assert.equal(container?.networks[0]?.aliases.length, 64);
});

Deno.test("an entry of the list has another mark when its name, state or address changes", () => {
  const entry = { Id: ID, Names: ["/web"], State: "running", NetworkSettings: DETAILS.NetworkSettings };
  const mark = (value: unknown) => readListedContainers([value])?.[0]?.mark;
  assert.equal(mark(entry), mark(structuredClone(entry)));
  const moved = structuredClone(entry);
  moved.NetworkSettings.Networks.shop_default.IPAddress = "172.20.0.3";
  for (const other of [{ ...entry, Names: ["/x"] }, { ...entry, State: "paused" }, moved]) {
    assert.notEqual(mark(entry), mark(other));
  }
});

Deno.test("a list that is none is refused, and a long one is cut", () => {
  for (const value of [null, {}, "x", 7]) assert.equal(readListedContainers(value), undefined);
  assert.deepEqual(readListedContainers([null, {}, { Id: "" }]), []);
  const entries = Array.from({ length: MAX_CONTAINERS + 5 }, (_, index) => ({ Id: String(index) }));
  assert.equal(readListedContainers(entries)?.length, MAX_CONTAINERS);
});
