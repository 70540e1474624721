/**
 * How far a pull has come, out of the Engine's lines about its layers.
 *
 * @module
 */
import * as v from "valibot";

const OPTIONAL_TEXT = v.fallback(v.optional(v.string()), undefined);

/** A line of the answer to `POST /images/create` or `/images/load`; unfit fields count as absent. */
export const PROGRESS = v.object({
  status: OPTIONAL_TEXT,
  id: OPTIONAL_TEXT,
  stream: OPTIONAL_TEXT,
  error: OPTIONAL_TEXT,
  progressDetail: v.fallback(v.optional(v.object({ current: v.number(), total: v.number() })), undefined),
});

/** One such line. */
export type ProgressLine = v.InferOutput<typeof PROGRESS>;

/** The Engine's words for what it does with a layer, and ours. */
const STEPS = { Downloading: "download", Extracting: "unpack" } as const;

/** Layers that are followed; an image has a few, at most 127. */
const MAX_LAYERS = 128;

/** How far one step has come, in bytes; the total is that of the layers seen so far. */
export interface PullStep {
  readonly step: "download" | "unpack";
  readonly done: number;
  readonly total: number;
}

/** Adds up the layers. */
export class PullSteps {
  readonly #layers = { download: new Map<string, PullStep>(), unpack: new Map<string, PullStep>() };

  /**
   * Takes one line of the answer to `POST /images/create`, such as
   * `{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"layer"}`.
   *
   * @returns how far that step has come; undefined when the line says nothing of it
   */
  add({ status, id, progressDetail }: ProgressLine): PullStep | undefined {
    if (status !== "Downloading" && status !== "Extracting") return undefined;
    if (id === undefined || progressDetail === undefined) return undefined;
    const { current: done, total } = progressDetail;
    const step = STEPS[status];
    const layers = this.#layers[step];
    if (layers.has(id) || layers.size < MAX_LAYERS) layers.set(id, { step, done, total });
    let sum: PullStep = { step, done: 0, total: 0 };
    for (const layer of layers.values()) {
      sum = { step, done: sum.done + layer.done, total: sum.total + layer.total };
    }
    return sum;
  }
}
