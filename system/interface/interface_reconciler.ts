import { OperationError, type Problem } from "../../core/error.ts";
import { FlapDamper } from "../../core/routing/flap_damper.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import type { InterfaceSettings, Router } from "../routing/router.ts";

/** The one thing that the damper knows. */
const KEY = "interface";

/** What the reconciler works with. */
export interface InterfaceReconcilerOptions {
  readonly router: Pick<Router, "hasDrifted" | "repairInterface">;
  /** The settings that are to be active now. */
  readonly wanted: () => InterfaceSettings;
  /** Told of each repair; must not throw. */
  readonly onRepaired: () => void;
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
}

/** Keeps a tunnel's interface up and with its addresses, when others take them away. */
export class InterfaceReconciler {
  /** Why the interface is not as it should be; undefined when it is. */
  fault: Problem | undefined;
  readonly #damper = new FlapDamper();
  #lookedAt = 0;

  constructor(private readonly settings: InterfaceReconcilerOptions) {}

  /** Milliseconds until the interface is to be repaired; undefined when that does not wait. */
  get nextRepair(): number | undefined {
    return this.#damper.nextDeadline(this.#lookedAt);
  }

  /**
   * Repairs the interface if something is missing, sooner or later depending on how often that was so.
   *
   * @throws {OperationError} when it cannot be repaired
   */
  async repair(): Promise<void> {
    const { router, wanted, onRepaired, now: clock = SYSTEM_CLOCK.now } = this.settings;
    const now = this.#lookedAt = clock();
    const settings = wanted();
    try {
      if (await router.hasDrifted(settings)) {
        this.#damper.down(KEY, now);
        if (this.#damper.mayRestore(KEY, now)) {
          await router.repairInterface(settings);
          onRepaired();
          this.#damper.up(KEY, now);
        }
      } else this.#damper.up(KEY, now);
    } catch (error) {
      if (error instanceof OperationError) this.fault = error;
      throw error;
    }
    this.fault = this.#damper.isFlapping(KEY, now)
      ? {
        message:
          `Cannot keep interface ${settings.name} up with its addresses: another program changes it again and again`,
        remedy: "Find that program; the interface is put right with pauses of up to 30 s",
      }
      : undefined;
  }
}
