import { generateKeyPairSync } from "node:crypto";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { asOperationError } from "../../core/error.ts";
import { HTTPS_PORT, type HttpsRedirect } from "../../core/firewall/https_redirect.ts";
import { certificatePem } from "../../core/https/pem.ts";
import { writeCertificateKey } from "../../core/https/certificate_request.ts";
import { equalTarget, type WebTarget } from "../../core/https/web_target.ts";
import { formatAddress } from "../../core/net/address.ts";
import type { Prefix } from "../../core/net/prefix.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { accepts } from "../../system/https/port_probe.ts";
import { WebListener } from "./web_listener.ts";

const log = getLogger("https");

/** Milliseconds until a container is asked again whether it listens at 443 itself; it doubles up to the second number. */
const FIRST_PROBE_MS = 1_000;
const LAST_PROBE_MS = 30_000;
/** Milliseconds until the firewall's rules have surely followed. */
const RETIREMENT_MS = 5_000;
/** Containers that are asked at a time. */
const PARALLEL_PROBES = 16;

/** What the service needs of the client. */
export interface HttpsServiceDeps {
  readonly proof: HeartbeatMac;
  /** The virtual networks, each with the address on this side; nobody else's requests are passed on. */
  readonly networks: () => readonly Prefix[];
  /** What the firewall has to redirect has changed. */
  readonly onRedirects: () => void;
}

/** One container. */
interface Site {
  readonly target: WebTarget;
  listener: WebListener | undefined;
  /** Whether it speaks TLS at 443 itself and is left alone; undefined: not known yet. */
  isOwn: boolean | undefined;
  probeAt: number;
  pauseMs: number;
}

/** Answers the HTTPS of containers that do not do so themselves, by the certificate of the server. */
export class HttpsService implements AsyncDisposable {
  readonly #privateKey: string;
  /** The public key with its proof, as the server is told. */
  readonly certificateKey: string;
  #certificate: string | undefined;
  #sites: Site[] = [];
  readonly #queue = new SerialQueue((error) => {
    const { report } = asOperationError(error, "Cannot answer HTTPS");
    if (this.#said.changed("fault", report)) log.error(report);
  });
  readonly #said = new LogOnChange();
  readonly #retired = new Map<WebListener, ReturnType<typeof setTimeout>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly deps: HttpsServiceDeps) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    // It never leaves this process.
    this.#privateKey = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
    this.certificateKey = writeCertificateKey(spki, deps.proof);
  }

  /** The connections that the firewall has to lead here. */
  get redirects(): HttpsRedirect[] {
    return this.#sites.flatMap(({ target: { address }, listener }) =>
      listener === undefined ? [] : { address, listener: listener.endpoint }
    );
  }

  /** Takes the certificate and the containers of the newest text over. */
  follow(certificate: Uint8Array | undefined, targets: readonly WebTarget[]): void {
    this.#queue.start(async () => {
      const pem = certificate === undefined ? undefined : certificatePem(certificate);
      const isRenewed = pem !== this.#certificate;
      this.#certificate = pem;
      const gone: (WebListener | undefined)[] = [];
      const kept = this.#sites.filter((site) => {
        const stays = targets.some((target) => equalTarget(target, site.target));
        if (!stays || isRenewed) gone.push(site.listener);
        if (isRenewed) site.listener = undefined;
        return stays;
      });
      const added = targets.filter((target) => !kept.some((site) => equalTarget(site.target, target)));
      this.#sites = [...kept, ...added.map(newSite)];
      await this.#work();
      for (const listener of gone) this.#retire(listener);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#queue.close();
    clearTimeout(this.#timer);
    for (const timer of this.#retired.values()) clearTimeout(timer);
    const listeners = [...this.#retired.keys(), ...this.#sites.map(({ listener }) => listener)];
    for (const listener of listeners) listener?.[Symbol.dispose]();
  }

  /** Closes a listener once the firewall leads nobody there any more. */
  #retire(listener: WebListener | undefined): void {
    if (listener === undefined) return;
    const close = () => {
      this.#retired.delete(listener);
      listener.close();
    };
    this.#retired.set(listener, setTimeout(close, RETIREMENT_MS));
  }

  /** Asks the containers that are due, opens and closes listeners, and goes on by itself. */
  async #work(): Promise<void> {
    clearTimeout(this.#timer);
    const now = performance.now();
    const due = this.#sites.filter(({ probeAt, isOwn }) => isOwn !== true && probeAt <= now);
    const probe = async () => {
      for (let site = due.pop(); site !== undefined; site = due.pop()) {
        site.isOwn = await accepts(site.target.address, HTTPS_PORT);
        site.probeAt = performance.now() + site.pauseMs;
        site.pauseMs = Math.min(2 * site.pauseMs, LAST_PROBE_MS);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_PROBES }, probe));
    let isChanged = false;
    for (const site of this.#sites) {
      const isWanted = this.#certificate !== undefined && site.isOwn === false;
      if (isWanted === (site.listener !== undefined)) continue;
      isChanged = true;
      if (isWanted) this.#listen(site);
      else {
        this.#retire(site.listener);
        site.listener = undefined;
      }
    }
    if (isChanged && this.#said.changed("sites", String(this.redirects.length))) {
      log.info("HTTPS of containers is answered", { containers: this.redirects.length });
    }
    this.deps.onRedirects();
    const next = Math.min(...this.#sites.flatMap(({ isOwn, probeAt }) => isOwn === true ? [] : probeAt));
    if (next === Infinity || this.#queue.isClosed) return;
    this.#timer = setTimeout(
      () => this.#queue.start(() => this.#work()),
      Math.max(0, next - performance.now()),
    );
  }

  #listen(site: Site): void {
    const { target } = site;
    const network = this.deps.networks().find(({ address }) => address.family === target.address.family);
    if (network === undefined || this.#certificate === undefined) return;
    try {
      site.listener = new WebListener({
        ...{ target, network, certificate: this.#certificate, privateKey: this.#privateKey },
        onUnreached: () => site.probeAt = 0,
      });
    } catch (error) {
      const { report } = asOperationError(error, `Cannot answer HTTPS for ${formatAddress(target.address)}`);
      if (this.#said.changed(formatAddress(target.address), report)) log.warn(`${report}; it is tried again`);
    }
  }
}

function newSite(target: WebTarget): Site {
  return { target, listener: undefined, isOwn: undefined, probeAt: 0, pauseMs: FIRST_PROBE_MS };
}
