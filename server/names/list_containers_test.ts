import assert from "node:assert/strict";
import { container, endpoint } from "../../core/names/zone_fixture.ts";
import { listedContainer } from "./listed_container.ts";
import { containersText } from "./list_containers.ts";

const WEB = {
  ...container("web", [endpoint("172.17.0.2", "fd00::2", ["store"])]),
  ports: [
    { port: 53, protocol: "udp", isPublished: false },
    { port: 80, protocol: "tcp", isPublished: true },
    { port: 3000, protocol: "tcp", isPublished: false },
    { port: 5432, protocol: "tcp", isPublished: false },
  ],
} as const;

const text = (...containers: Parameters<typeof listedContainer>[0][]) =>
  containersText({
    program: "docker-connector",
    containers: containers.map((one) => listedContainer(one, "container.internal")),
  });

Deno.test("a container has a line for each name, address and URL", () => {
  assert.equal(
    text(WEB, container("bare", [])),
    `NAME                      ADDRESS     NETWORK  PORTS                URL
web.container.internal    172.17.0.2  net      53/udp,80*,3000,5432  http://web.container.internal/
store.container.internal  fd00::2     net                            http://web.container.internal:3000/
bare.container.internal   -           -
`.replace("PORTS                URL", "PORTS                 URL"),
  );
  assert.equal(text(), "no container runs\n");
});

Deno.test("while dns is off there are no names, and URLs have addresses", () => {
  const { names, urls } = listedContainer(WEB, undefined);
  assert.deepEqual([names, urls], [[], ["http://172.17.0.2/", "http://172.17.0.2:3000/"]]);
});

Deno.test("with https on, a web server has that URL too, and nothing else", () => {
  const urls = (port: number) => {
    const ports = [{ port, protocol: "tcp", isPublished: false }] as const;
    return listedContainer({ ...WEB, ports }, "container.internal", true).urls;
  };
  assert.deepEqual(urls(80), ["https://web.container.internal/", "http://web.container.internal/"]);
  assert.deepEqual(urls(8080), ["https://web.container.internal/", "http://web.container.internal:8080/"]);
  assert.deepEqual(urls(443), ["https://web.container.internal/"]);
  assert.deepEqual(urls(5432), []);
});

Deno.test("control characters of a name do not reach the terminal", () => {
  const listed = listedContainer({ ...WEB, name: "a\x1b[2J" }, undefined);
  const shown = containersText({ program: "docker-connector", containers: [listed] });
  assert.ok(!shown.includes("\x1b"), JSON.stringify(shown));
});
