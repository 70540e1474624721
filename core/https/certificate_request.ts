import { timingSafeEqual } from "node:crypto";
import { type HeartbeatMac, PROOF_LENGTH } from "../protocol/heartbeat.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** Writes a client's public key (SubjectPublicKeyInfo, DER) with the proof that the client has the heartbeats' key. */
export function writeCertificateKey(publicKey: Uint8Array<ArrayBuffer>, proof: HeartbeatMac): string {
  return `${encodeBase64(publicKey)} ${encodeBase64(proof.ofCertificate(publicKey))}`;
}

/** Reads such a text; undefined if its form is wrong or its proof does not hold. The key itself is not checked. */
export function readCertificateKey(text: string, proof: HeartbeatMac): Uint8Array<ArrayBuffer> | undefined {
  const [key, mac] = text.split(" ").map(decodeBase64);
  if (key === undefined || mac?.length !== PROOF_LENGTH) return undefined;
  return timingSafeEqual(mac, proof.ofCertificate(key)) ? key : undefined;
}
