import assert from "node:assert/strict";
import type { Container } from "../../core/docker/container.ts";
import { address, container, decode, endpoint, query } from "../../core/names/zone_fixture.ts";
import type { ResolverSpec, SystemResolver } from "../../system/names/resolver.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import type { RunningContainers } from "../docker/running_containers.ts";
import { Names } from "./names.ts";

/** Containers that a test changes. */
class Containers implements RunningContainers {
  containers: readonly Container[] = [];
  #listener = () => {};

  onChange(listener: () => void): Disposable {
    this.#listener = listener;
    return { [Symbol.dispose]: () => this.#listener = () => {} };
  }

  set(...containers: readonly Container[]): void {
    this.containers = containers;
    this.#listener();
  }
}

/** A resolver that keeps what it was led to. */
class Resolver implements SystemResolver {
  readonly specs: ResolverSpec[] = [];
  removed = 0;
  #news = Promise.withResolvers<void>();

  apply(spec: ResolverSpec) {
    this.specs.push(spec);
    this.#news.resolve();
    return Promise.resolve({ kind: "systemd-resolved" } as const);
  }

  /** Waits for the domains of the next call. */
  async next(): Promise<string> {
    await this.#news.promise;
    this.#news = Promise.withResolvers();
    return this.specs.at(-1)?.domains.join(" ") ?? "";
  }

  remove() {
    this.removed++;
    return Promise.resolve();
  }
}

/** A port of the loopback that is free for UDP and TCP, most likely. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function openNames(port: number) {
  const [containers, resolver, clock] = [new Containers(), new Resolver(), new FakeClock()];
  const names = new Names({
    ...{ containers, interfaceName: "connector0", hasIpv6: false, needsLoopback: false, port, clock },
    addresses: [address("127.0.0.1")],
    audienceOf: () => "all",
    isReached: () => true,
    resolver: () => Promise.resolve(resolver),
  });
  return { names, containers, resolver, clock };
}

/** Asks for a name by UDP; the code and the addresses. */
async function ask(port: number, name: string): Promise<string> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    await socket.send(query(name, "A"), { transport: "udp", hostname: "127.0.0.1", port });
    const { rcode, answers = [] } = decode((await socket.receive())[0]);
    return [rcode, ...answers.map(({ data }) => data)].join(" ");
  } finally {
    socket.close();
  }
}

Deno.test("names follow containers and the domain, and the resolver follows the domains", async () => {
  const port = freePort();
  const { names, containers, resolver } = openNames(port);
  assert.equal(names.status, null);
  await names.apply("container.internal");
  assert.equal(await resolver.next(), "container.internal");
  containers.set(container("web", [endpoint("172.17.0.2")]));
  assert.equal(await ask(port, "web.container.internal"), "NOERROR 172.17.0.2");
  containers.set(container("web", [endpoint("172.17.0.3")], { "dev.orbstack.domains": "a.test" }));
  assert.equal(await ask(port, "web.container.internal"), "NOERROR 172.17.0.3");
  assert.equal(await resolver.next(), "container.internal a.test");
  assert.equal(await ask(port, "a.test"), "NOERROR 172.17.0.3");
  containers.set();
  assert.equal(await ask(port, "web.container.internal"), "NXDOMAIN");
  assert.equal(await resolver.next(), "container.internal");
  await names.apply("box.test");
  assert.equal(await resolver.next(), "box.test");
  assert.equal(await ask(port, "web.container.internal"), "REFUSED");
  assert.deepEqual(names.status, {
    domain: "box.test",
    listen: [`127.0.0.1 port ${port}`],
    names: 1,
    queries: 5,
    refused: 0,
    resolver: { kind: "systemd-resolved" },
  });
  await names.apply(undefined);
  assert.deepEqual([names.status, resolver.removed], [null, 1]);
  await names[Symbol.asyncDispose]();
});

Deno.test("a port that is taken is a fault, the resolver is left alone, and it is tried again", async () => {
  const port = freePort();
  const other = Deno.listen({ hostname: "127.0.0.1", port });
  const { names, resolver, clock } = openNames(port);
  await names.apply("container.internal");
  assert.match(names.status?.fault ?? "", /another program listens there/);
  assert.deepEqual(resolver.specs, []);
  other.close();
  await clock.advance(2_000);
  assert.equal(await resolver.next(), "container.internal");
  assert.equal(names.status?.fault, undefined);
  assert.equal(await ask(port, "desktop.container.internal"), "NOERROR 127.0.0.1");
  await names[Symbol.asyncDispose]();
  assert.equal(resolver.removed, 1);
});
