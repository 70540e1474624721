import { SerialQueue } from "../../core/async/serial_queue.ts";
import { asOperationError } from "../../core/error.ts";
import type { PathKind } from "../../core/path/path_kind.ts";
import { getLogger } from "../../program/log.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";

const log = getLogger("path");

export interface InterfaceMtuDeps {
  readonly router: Pick<Router, "repairInterface">;
  /** The interface as it was configured, for paths that carry datagrams. */
  readonly settings: InterfaceSettings;
  /** The MTU while packets go by the engine path; undefined: the configured one. */
  readonly engineMtu: number | undefined;
}

/** The interface as it is to be: its MTU is that of the path in use. */
export class InterfaceMtu implements AsyncDisposable {
  #settings: InterfaceSettings;
  readonly #queue = new SerialQueue(() => {});

  constructor(readonly deps: InterfaceMtuDeps) {
    this.#settings = deps.settings;
  }

  /** The settings that are wanted now. */
  get settings(): InterfaceSettings {
    return this.#settings;
  }

  /** Another path is in use. Where the interface cannot be changed, its reconciler tries again. */
  async follow(path: PathKind): Promise<void> {
    if (this.#queue.isClosed) return;
    const { settings, engineMtu } = this.deps;
    const mtu = path === "engine" && engineMtu !== undefined ? engineMtu : settings.mtu;
    if (mtu !== this.#settings.mtu) {
      this.#settings = { ...settings, mtu };
      this.#queue.start(() => this.#apply());
    }
    await this.#queue.run(() => {});
  }

  /** Leaves the interface as it is from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.close();
  }

  async #apply(): Promise<void> {
    const { name, mtu } = this.#settings;
    try {
      await this.deps.router.repairInterface(this.#settings);
      log.info("the interface's MTU follows the path", { interface: name, mtu });
    } catch (error) {
      log.warn(asOperationError(error, `Cannot change the MTU of interface ${name}`).report);
    }
  }
}
