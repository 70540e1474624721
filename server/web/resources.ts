import type { Clock } from "../../core/async/clock.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { refusalOf } from "../../core/web/request_guard.ts";
import type { RequestHead } from "../../core/web/request_head.ts";
import { text, type WebAnswer, type WebEvents } from "../../system/web/web_listener.ts";
import type { EventFeed } from "./event_feed.ts";
import { pageFile } from "./page_files.ts";
import type { WebSources } from "./page_state.ts";

/** Milliseconds for which a look by the doctor holds: it sends probes, and any local program may ask for it. */
const DOCTOR_HOLDS = 5_000;

export interface ResourcesDeps extends WebSources {
  readonly feed: EventFeed;
  /** The address that is listened on. */
  readonly listen: IpAddress;
  readonly clock: Clock;
}

/** What can be read over HTTP. Nothing of it changes anything. */
export class Resources {
  #doctor: { readonly answer: Promise<WebAnswer>; readonly at: number } | undefined;

  constructor(readonly deps: ResourcesDeps) {}

  async answer(request: RequestHead): Promise<WebAnswer | WebEvents> {
    const refusal = refusalOf(request, this.deps.listen);
    if (refusal !== undefined) return text(403, `Refused: ${refusal}`);
    switch (request.path) {
      case "/v1/status":
        return json(this.deps.status());
      case "/v1/events":
        return this.deps.feed.events;
      case "/v1/doctor":
        return await this.#examine();
      case "/metrics":
        return await this.#metrics();
      default:
        return await pageFile(request.path) ??
          text(404, "Not found: the page is at /, the metrics are at /metrics");
    }
  }

  /** One look serves all who ask within five seconds of its start. */
  async #examine(): Promise<WebAnswer> {
    const { doctor, clock } = this.deps;
    if (doctor === undefined) return text(404, "This server has no doctor");
    const now = clock.now();
    if (this.#doctor === undefined || now - this.#doctor.at > DOCTOR_HOLDS) {
      this.#doctor = { answer: doctor().then(json), at: now };
    }
    return await this.#doctor.answer;
  }

  async #metrics(): Promise<WebAnswer> {
    const { metricsText, METRICS_TYPE } = await import("./metrics.ts");
    const { status, containers } = this.deps;
    return { status: 200, type: METRICS_TYPE, body: await metricsText(status(), containers()) };
  }
}

function json(document: unknown): WebAnswer {
  return { status: 200, type: "application/json", body: `${JSON.stringify(document)}\n` };
}
