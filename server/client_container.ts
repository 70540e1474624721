/**
 * Keeps the client container running: makes it, starts it again, and makes it anew when its image, its key or its
 * settings are others. A container that somebody else has made is never touched.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { version } from "../cli/build_info.ts";
import { getLogger } from "../cli/log.ts";
import { OnceEach } from "../cli/once_each.ts";
import {
  CLIENT_CONTAINER,
  CLIENT_LABELS,
  clientEnvironment,
  type ClientPlan,
  type ClientSettings,
  creationRequest,
  findClient,
  isKept,
  isOfClient,
  keyOfEnvironment,
  nextStep,
} from "../core/engine/client_container.ts";
import type { DockerContainer } from "../core/engine/containers.ts";
import { OperationError } from "../core/error.ts";
import type { EngineClient } from "../system/engine/engine_client.ts";
import {
  actOnContainer,
  createContainer,
  EngineRefusal,
  inspectContainer,
  listContainers,
  removeContainer,
} from "../system/engine/engine_containers.ts";
import { isStop } from "../system/engine/engine_fault.ts";
import type { ClientImage, FoundImage } from "./client_image.ts";
import type { ClientKeeper } from "./docker_discovery.ts";
import type { ContainerStatus } from "./status_document.ts";
import { PatientWork } from "./patient_work.ts";

const log = getLogger("docker");

/** A key as it is made here: 32 random octets in base64url. */
const GENERATED_KEY = /^[A-Za-z0-9_-]{43}$/;

/** A container is made anew so often in so many milliseconds; more often means that somebody else keeps it too. */
const REPLACEMENTS = { most: 3, within: 60_000 } as const;

/** What the container is kept with. */
export interface ClientNeeds {
  readonly image: ClientImage;
  /** What the client is told, but for the key. */
  readonly settings: Omit<ClientSettings, "key">;
  /** The key of the configuration; undefined: one is made, and demanded of clients once the container has it. */
  readonly key: string | undefined;
  /** Demands a key of clients from now on; undefined: none. Not called where the configuration has one. */
  readonly demandKey: (key: string | undefined) => Promise<void>;
  /** Whether the Engine's containers are on this machine, so that no tunnel is needed. */
  readonly isLocal: (engine: EngineClient) => Promise<boolean>;
}

/** The keeper. Disposal ends its work and leaves the container as it is. */
export class ClientContainer implements ClientKeeper {
  readonly #needs: ClientNeeds;
  readonly #work: PatientWork;
  readonly #said = new OnceEach();
  #engine: EngineClient | undefined;
  #generatedKey: string | undefined;
  /** Whether it was ever said what clients have to prove. */
  #isDecided = false;
  #replacements: number[] = [];
  #status: Omit<ContainerStatus, "name"> = { state: "waiting", image: null };

  constructor(needs: ClientNeeds) {
    this.#needs = needs;
    this.#work = new PatientWork(() => this.#reconcile(), (fault) => this.#tell(fault));
  }

  /** What `status` shows. */
  get status(): ContainerStatus {
    return { name: CLIENT_CONTAINER, ...this.#status };
  }

  /** An Engine answers, or something of it may have changed. */
  attend(engine: EngineClient): void {
    this.#engine = engine;
    this.#work.wake();
  }

  /** The client container or its image may have changed. */
  wake(): void {
    this.#work.wake();
  }

  /** The Engine has gone. What is demanded of clients stays as it is. */
  lost(): void {
    this.#engine = undefined;
    this.#status = { state: "waiting", image: this.#status.image };
    if (!this.#isDecided) this.#work.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#engine = undefined;
    await this.#work[Symbol.asyncDispose]();
  }

  /** Brings the container to where it should be. */
  async #reconcile(): Promise<void> {
    const engine = this.#engine;
    // As long as no Engine was found nobody has the key.
    if (engine === undefined) return this.#isDecided ? undefined : await this.#demand(undefined);
    if (await this.#needs.isLocal(engine)) {
      this.#settle({ state: "needless", image: null });
      await this.#demand(undefined);
      const words = "the Docker Engine is on this machine, so its containers need no tunnel and no client";
      if (this.#said.isNews("client", words)) log.info(words);
      return;
    }
    const image = await this.#image(engine);
    const imageId = image instanceof Error ? undefined : image.identity;
    const finding = findClient(await this.#candidates(engine, imageId), imageId);
    if (finding.kind === "theirs") return await this.#useTheirs(finding.container);
    if (finding.kind === "foreign") throw await this.#obstacle(finding.container);
    for (const surplus of finding.surplus) await this.#remove(engine, surplus);
    await this.#keep(engine, finding.container, image);
  }

  /** Containers that have to do with the client, as they are now. */
  async #candidates(engine: EngineClient, imageId: string | undefined): Promise<DockerContainer[]> {
    const candidates: DockerContainer[] = [];
    for (const container of await listContainers(engine)) {
      if (!isOfClient(container, imageId)) continue;
      // The list may still show the state before the event that made us look.
      const details = await inspectContainer(engine, container.id);
      if (details === undefined) continue;
      candidates.push({ ...container, state: details.state });
      if (isKept(container)) this.#adopt(details.environment);
    }
    return candidates;
  }

  async #useTheirs({ names: [name = ""], image, state }: DockerContainer): Promise<void> {
    await this.#demand(undefined);
    this.#settle({ state: "theirs", image });
    const words = `client container ${name} is not this program's, and is used as it is`;
    if (this.#said.isNews("client", words + state)) log.info(words, { container: name, image, state });
  }

  async #obstacle({ image, state }: DockerContainer): Promise<OperationError> {
    await this.#demand(undefined);
    this.#status = { state: "foreign", image };
    return new OperationError(
      "failure",
      `Cannot start the client container: a container ${CLIENT_CONTAINER} is there (${image}, ${state}) and is not ` +
        "this program's",
      `Remove or rename it; start it if it is your own client; or write "docker off" to keep this program out`,
    );
  }

  async #keep(
    engine: EngineClient,
    container: DockerContainer | undefined,
    image: FoundImage | OperationError,
  ): Promise<void> {
    const shown = image instanceof Error ? container?.image ?? null : image.shown;
    if (container === undefined && image instanceof Error) {
      this.#status = { state: "absent", image: null };
      throw image;
    }
    const key = this.#needs.key ?? (this.#generatedKey ??= randomBytes(32).toString("base64url"));
    const environment = clientEnvironment({ ...this.#needs.settings, key });
    // Without an image what there is is kept going.
    const fingerprint = image instanceof Error
      ? container?.labels[CLIENT_LABELS.settings] ?? ""
      : fingerprintOf([image.identity, version, ...environment]);
    const step = nextStep(container, fingerprint);
    if (container === undefined || step === "replace") {
      if (image instanceof Error) throw image;
      if (container === undefined) this.#status = { state: "absent", image: shown };
      else this.#countReplacement();
      const plan = { image: await this.#needs.image.provide(engine, image), environment, fingerprint };
      if (container !== undefined) await this.#remove(engine, container);
      await this.#create(engine, plan, key);
    } else {
      await this.#demand(key);
      if (step === "start" || step === "unpause") {
        await this.#act(engine, container.id, step);
        log.info(step === "start" ? "client container started" : "client container unpaused", {
          container: CLIENT_CONTAINER,
          before: container.state,
        });
      }
    }
    const state = step === "wait" ? "restarting" : "running";
    this.#settle({ state, image: shown });
    const words = `client container ends soon after each start; docker logs ${CLIENT_CONTAINER} says why`;
    if (container?.state === "restarting" && this.#said.isNews("client", words)) log.warn(words);
    if (image instanceof Error) throw image;
  }

  /** Makes the container and starts it; without the device where the Engine's machine has none to pass on. */
  async #create(engine: EngineClient, plan: ClientPlan, key: string): Promise<void> {
    for (const hasDevice of [true, false]) {
      let id: string | undefined;
      try {
        id = await createContainer(engine, CLIENT_CONTAINER, creationRequest(plan, hasDevice));
        log.info("client container created", { container: CLIENT_CONTAINER, image: plan.image });
        await this.#demand(key);
        await this.#act(engine, id, "start");
        log.info("client container started", { container: CLIENT_CONTAINER });
        return;
      } catch (error) {
        const isDevice = error instanceof EngineRefusal && /\/dev\/net\/tun|device/i.test(error.message);
        if (!hasDevice || !isDevice) throw error;
        log.info("the Docker Engine has no /dev/net/tun to pass on, so the client makes its own");
        if (id !== undefined) await removeContainer(engine, { id, state: "created" });
      }
    }
  }

  async #act(engine: EngineClient, id: string, action: "start" | "unpause"): Promise<void> {
    this.#status = { ...this.#status, state: "starting" };
    await actOnContainer(engine, id, action);
  }

  async #remove(engine: EngineClient, container: DockerContainer): Promise<void> {
    await removeContainer(engine, container);
    log.info("client container removed, since its image, key or settings are others now", {
      container: container.names[0],
    });
  }

  /** Two servers at one Engine would take turns without an end. */
  #countReplacement(): void {
    const now = performance.now();
    this.#replacements = this.#replacements.filter((time) => now - time < REPLACEMENTS.within);
    if (this.#replacements.length >= REPLACEMENTS.most) {
      throw new OperationError(
        "failure",
        `Cannot keep the client container: it was made anew ${REPLACEMENTS.most} times within a minute`,
        "See whether another docker-connector uses the same Docker Engine",
      );
    }
    this.#replacements.push(now);
  }

  /** The image; why there is none is told later, since a container may be there nevertheless. */
  async #image(engine: EngineClient): Promise<FoundImage | OperationError> {
    try {
      return await this.#needs.image.find(engine);
    } catch (error) {
      if (error instanceof OperationError) return error;
      throw error;
    }
  }

  /** Goes on with the key that an earlier run made, so that its container can stay. */
  #adopt(environment: readonly string[]): void {
    const key = keyOfEnvironment(environment);
    if (key !== undefined && GENERATED_KEY.test(key)) this.#generatedKey ??= key;
  }

  async #demand(key: string | undefined): Promise<void> {
    this.#isDecided = true;
    if (this.#needs.key === undefined) await this.#needs.demandKey(key);
  }

  #settle(status: Omit<ContainerStatus, "name">): void {
    this.#status = status;
    this.#said.settle("fault");
    if (status.state === "running") this.#said.settle("client");
  }

  /** An Engine may repeat what it was sent, the environment too. */
  #withoutKey(words: string): string {
    const key = this.#needs.key ?? this.#generatedKey;
    return key === undefined ? words : words.replaceAll(key, "***");
  }

  /** A fault is said once until it is another. */
  #tell(fault: OperationError): void {
    // That the Engine has gone is told by whoever looks for it.
    if (this.#engine === undefined || isStop(fault.cause)) return;
    const { state } = this.#status;
    const report = this.#withoutKey(fault.report);
    this.#status = { ...this.#status, state: state === "starting" ? "stopped" : state, fault: report };
    if (this.#said.isNews("fault", report)) log.warn(`${report}; it is tried again`);
  }
}

/** A digest of texts, one of them the key, which cannot be read out of it. */
function fingerprintOf(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
