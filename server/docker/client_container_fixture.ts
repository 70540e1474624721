import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../core/config/config.ts";
import { BindingPolicy } from "../../core/docker/binding_policy.ts";
import { configureLog } from "../../program/log.ts";
import { EngineClient } from "../../system/docker/engine_client.ts";
import { answer, FakeEngine, VERSION } from "../../tests/fakes/engine.ts";
import { ClientContainer, type ClientContainerDeps } from "./client_container.ts";
import { ClientImage } from "./client_image.ts";
import type { RunningClient } from "./container_controller.ts";

/** A container of the fake Engine, in the API's words. */
export interface FakeContainer {
  readonly name: string;
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Env: readonly string[];
  readonly HostConfig?: { readonly Devices?: readonly unknown[]; readonly NetworkMode?: string };
  state: string;
}

/** The Engine's store, and what becomes of requests. */
export class Store {
  readonly containers = new Map<string, FakeContainer>();
  readonly images = new Set(["client:1", "sha256:1"]);
  /** Requests that change something, and keys that are demanded, in their order. */
  readonly steps: string[] = [];
  /** The answer to a start; undefined: it starts. */
  refusal: ((container: FakeContainer) => string | undefined) | undefined;
  /** Answers instead of everything. */
  nonsense: string | undefined;
  /** How often that was. */
  nonsensical = 0;
  #ids = 0;

  async respond(target: string, body: () => Promise<string>): Promise<string> {
    if (this.nonsense !== undefined) {
      this.nonsensical++;
      return this.nonsense;
    }
    const [method = "", path = ""] = target.includes(" ") ? target.split(" ") : ["GET", target];
    const place = path.replace("/v1.41", "");
    const [, kind = "", name = "", action = ""] = place.split("?")[0]?.split("/") ?? [];
    if (method !== "GET") this.steps.push(`${method} ${place.replace(/\?.*/, "")}`);
    if (kind === "images") {
      const known = this.images.has(decodeURIComponent(name));
      return known ? answer('{"Id":"sha256:1"}') : answer('{"message":"no such image"}', "404 Not Found");
    }
    if (place.startsWith("/containers/json")) return answer(JSON.stringify(this.#list()));
    if (name === "create") return this.#create(new URL(`http://x${place}`), await body());
    const container = this.containers.get(name);
    if (container === undefined) return answer("{}", "404 Not Found");
    if (action === "json") {
      return answer(JSON.stringify({ State: { Status: container.state }, Config: { Env: container.Env } }));
    }
    if (action === "start") {
      const refusal = this.refusal?.(container);
      if (refusal !== undefined) return answer(JSON.stringify({ message: refusal }), "500 No");
      container.state = "running";
    }
    if (method === "DELETE") this.containers.delete(name);
    return "HTTP/1.1 204 No Content\r\n\r\n";
  }

  #list(): unknown {
    return [...this.containers].map(([Id, { name, Image, Labels, HostConfig, state }]) => ({
      Id,
      Names: [`/${name}`],
      Image,
      ImageID: "sha256:1",
      State: state,
      Labels,
      HostConfig,
    }));
  }

  #create(url: URL, body: string): string {
    const id = String(++this.#ids);
    const name = url.searchParams.get("name") ?? "";
    this.containers.set(id, { ...JSON.parse(body), name, state: "created" });
    return answer(JSON.stringify({ Id: id }), "201 Created");
  }
}

/** What a test works with. */
export interface Fixture {
  readonly store: Store;
  readonly controller: ClientContainer;
  readonly lines: readonly string[];
  /** Has the controller look, and waits until the condition holds. */
  readonly look: (isDone: () => boolean) => Promise<void>;
}

export async function withController(
  needs: Partial<ClientContainerDeps>,
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = new Store();
  const lines: string[] = [];
  configureLog({ level: "info", format: "text", color: false, write: (line) => void lines.push(line) });
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      const text = target === "/version"
        ? answer(VERSION)
        : await store.respond(target, () => connection.body());
      await connection.write(text);
    });
    const engine = await EngineClient.connect(fake.path);
    await using controller = new ClientContainer({
      image: new ClientImage("client:1"),
      settings: { host: undefined, port: 2511, addr: "192.168.251.1/24", mtu: 1400 },
      policy: new BindingPolicy(DEFAULT_CONFIG, undefined),
      requireKey: (key) => Promise.resolve(void store.steps.push(key === undefined ? "no key" : "key")),
      isLocal: () => Promise.resolve(false),
      ...needs,
    });
    const look = async (isDone: () => boolean) => {
      controller.setEngine(engine);
      const end = performance.now() + 5_000;
      while (!isDone()) {
        if (performance.now() > end) assert.fail(`${JSON.stringify(controller.status)}\n${lines.join("")}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    await body({ store, controller, lines, look });
  } finally {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs with a record of the ids of running clients; "none" where none runs. */
export async function withTold(
  body: (fixture: Fixture & { readonly told: readonly string[] }) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  const onRunning = (client: RunningClient | undefined) => void told.push(client?.id ?? "none");
  await withController({ onRunning }, (fixture) => body({ ...fixture, told }));
}
