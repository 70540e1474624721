import assert from "node:assert/strict";
import type { Container } from "../docker/container.ts";
import { address } from "../../tests/literals.ts";
import {
  certificateNames,
  MAX_TARGETS,
  readWebCommand,
  webCommand,
  webPort,
  webTargets,
} from "./web_target.ts";

function container(labels: Record<string, string>, ports: number[] = []): Container {
  return {
    ...{ id: "1", name: "web", image: "nginx", labels, state: "running" },
    networks: [{
      id: "n",
      name: "web",
      aliases: [],
      address4: address("10.99.0.5"),
      address6: address("fd00::5"),
    }],
    ports: ports.map((port) => ({ port, protocol: "tcp", isPublished: false })),
  };
}

Deno.test("the web port is that of the label, else the only one, else 80", () => {
  assert.equal(webPort(container({ "docker-connector.http-port": "3000" }, [8080])), 3000);
  assert.equal(webPort(container({}, [8080])), 8080);
  assert.equal(webPort(container({}, [8080, 9090])), 80);
  assert.equal(webPort(container({})), 80);
  assert.equal(webPort(container({ "docker-connector.http-port": "70000" })), 80);
  assert.equal(webPort(container({ "docker-connector.http-port": "off" })), undefined);
});

Deno.test("each address of a container is a target, up to the limit, and survives its command", () => {
  const targets = webTargets([container({}, [8080])]);
  assert.deepEqual(targets.map(webCommand), ["web 10.99.0.5 8080", "web fd00::5 8080"]);
  assert.deepEqual(readWebCommand({ name: "web", words: ["fd00::5", "8080"] }), targets[1]);
  assert.equal(webTargets(Array.from({ length: 200 }, () => container({}))).length, MAX_TARGETS);
});

Deno.test("web commands that say something else are not read", () => {
  for (
    const words of [[], ["10.0.0.1"], ["10.0.0.1", "0"], ["10.0.0.1", "65536"], ["x", "80"], [
      "::1",
      "80",
      "80",
    ]]
  ) {
    assert.equal(readWebCommand({ name: "web", words }), undefined, words.join(" "));
  }
});

Deno.test("a certificate names the domain, and what is below it, a project and a service", () => {
  const compose = (project: string, service: string) =>
    container({ "com.docker.compose.project": project, "com.docker.compose.service": service });
  const names = certificateNames(
    [compose("Demo", "api"), compose("demo", "db"), compose("no good", "x")],
    "a.test",
  );
  assert.deepEqual(names, ["a.test", "*.a.test", "*.api.demo.a.test", "*.db.demo.a.test", "*.demo.a.test"]);
});
