import { deadline } from "../../../core/async/clock.ts";
import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import type { LiveContainer } from "../../../core/doctor/live_containers.ts";
import { asOperationError, OperationError } from "../../../core/error.ts";
import { type Fault, fault } from "../../../core/faults/fault_table.ts";
import { validUntil } from "../../../core/https/certificate.ts";
import { certificatePem } from "../../../core/https/pem.ts";
import { formatAddress } from "../../../core/net/address.ts";
import { authorityPath, knownAuthority } from "../../../system/https/authority_file.ts";
import { SYSTEM_CLOCK } from "../../../system/process/system_clock.ts";
import { findStores } from "../../../system/trust/find_stores.ts";
import type { Examination } from "../examination.ts";
import type { Reach } from "../reach.ts";

/** The port of HTTPS. */
const PORT = 443;
/** Milliseconds that a container may take until TLS stands. */
const TIMEOUT = 1_500;
/** Containers that are asked: some may have no web server. */
const MAX_ASKED = 3;

/** HTTPS of containers: the authority, who trusts it, and whether a container answers with a certificate of it. */
export async function checkHttps(
  { status, isRoot }: Examination,
  reach: Promise<Reach>,
): Promise<CheckResult> {
  if (status.value === undefined) return skipped("https", "no server was asked");
  const { https } = status.value;
  if (https === null) return sound("https", "switched off (https off)");
  const { domain, certificate, containers, fault: why } = https;
  if (why !== undefined) return faulty("https", why, fault("https.not-served", { why }));
  if (!isRoot) return skipped("https", "only root can read the authority");
  let pem: string;
  try {
    pem = await readAuthority(domain);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    const unusable = fault("https.authority-unusable", { why: error.message }, error.remedy || undefined);
    return faulty("https", error.message, unusable);
  }
  const faults = await distrust(pem, domain);
  const seen = `the authority of ${domain} is ${faults.length === 0 ? "trusted" : "not trusted everywhere"}`;
  if (containers === 0) return faulty("https", `${seen}; no container has a web port`, ...faults);
  if (!certificate) {
    const pending = "the client has no certificate yet";
    return faulty("https", `${seen}; ${pending}`, ...faults, fault("https.not-served", { why: pending }));
  }
  const { answered, refused } = await askContainers(
    (await reach).networks.flatMap(({ asked }) => asked),
    domain,
    pem,
  );
  if (answered !== undefined) return faulty("https", `${seen}; ${answered} answers`, ...faults);
  if (refused === undefined) return faulty("https", `${seen}; no container was asked`, ...faults);
  return faulty(
    "https",
    `${seen}; ${refused.name} does not answer`,
    ...faults,
    fault("https.no-answer", refused),
  );
}

/** @throws {OperationError} where there is none that is good now */
async function readAuthority(domain: string): Promise<string> {
  const path = authorityPath(domain);
  const authority = await knownAuthority(domain);
  if (authority === undefined) {
    throw new OperationError("config", `Cannot find the local authority: there is no ${path}`);
  }
  const end = validUntil(authority.certificate);
  if (end !== undefined && end > SYSTEM_CLOCK.wallClock()) return certificatePem(authority.certificate);
  throw new OperationError("config", `Cannot use the local authority in ${path}: its time is over`);
}

/** A fault for each store that does not hold the authority; of one that cannot be asked nothing is said. */
async function distrust(pem: string, domain: string): Promise<Fault[]> {
  const stores = await findStores(() => {});
  const faults = await Promise.all(stores.map(async (store) => {
    const isHeld = await store.holds(pem).catch(() => true);
    return isHeld ? [] : [fault("https.not-trusted", { store: store.name, domain })];
  }));
  return faults.flat();
}

/** What became of asking containers: the first that answered, else the first that did not, and why. */
interface Answers {
  readonly answered?: string;
  readonly refused?: { readonly name: string; readonly why: string };
}

async function askContainers(live: readonly LiveContainer[], domain: string, pem: string): Promise<Answers> {
  // One that listens at that port itself is left alone by the client.
  const asked = live.filter(({ name, ports }) => /^[a-z0-9-]+$/i.test(name) && !ports.includes(PORT)).slice(
    0,
    MAX_ASKED,
  );
  const answers = await Promise.all(asked.map(async (container): Promise<Answers> => {
    const name = `${container.name.toLowerCase()}.${domain}`;
    const late = () => `no answer within ${TIMEOUT / 1000} s`;
    const why = await deadline(handshake(container, name, pem), TIMEOUT, late, SYSTEM_CLOCK);
    return why === undefined ? { answered: name } : { refused: { name, why } };
  }));
  return answers.find(({ answered }) => answered !== undefined) ?? answers[0] ?? {};
}

/** Why TLS does not stand with the container, by this authority and under this name; undefined when it does. */
async function handshake({ address }: LiveContainer, name: string, pem: string): Promise<string | undefined> {
  try {
    const connection = await Deno.connect({ hostname: formatAddress(address), port: PORT });
    const secured = await Deno.startTls(connection, { hostname: name, caCerts: [pem] });
    let isOpen = true;
    const close = () => {
      if (isOpen) secured.close();
      isOpen = false;
    };
    const timer = SYSTEM_CLOCK.after(TIMEOUT, close);
    try {
      await secured.handshake();
    } finally {
      timer[Symbol.dispose]();
      close();
    }
    return undefined;
  } catch (error) {
    return asOperationError(error, `Cannot connect to ${formatAddress(address)}`).message;
  }
}
