/**
 * The local authority and the certificate that it signs (RFC 5280), both with keys of P-256.
 *
 * @module
 */
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** The algorithm ecdsa-with-SHA256 (RFC 5758 section 3.2), and the attribute commonName (X.520). */
const ECDSA_SHA_256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";

const DAY_MS = 86_400_000;
/** An authority is trusted by hand, so it lasts: ten years. */
const AUTHORITY_DAYS = 3650;
/** Days that a certificate lasts. Apple takes none of more than 825 days from an authority of the user. */
export const LEAF_DAYS = 30;
/** A machine's clock may be late by so much. */
const CLOCK_SKEW_MS = 3_600_000;
/** Bytes of the SubjectPublicKeyInfo of a key of P-256 (RFC 5480 section 2). */
export const PUBLIC_KEY_LENGTH = 91;

/** What comes before the 64 bytes of the point: id-ecPublicKey, secp256r1, and 04 for a point that is not compressed. */
const SPKI_HEAD = Uint8Array.from(
  "3059301306072a8648ce3d020106082a8648ce3d03010703420004".match(/../g) ?? [],
  (pair) => parseInt(pair, 16),
);

/** A certificate authority of one domain, with its private key. It must never be logged. */
export interface Authority {
  /** The private key as PEM of PKCS #8. */
  readonly privateKey: string;
  /** The certificate, DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
}

/**
 * Makes an authority whose certificate allows names of the domain alone: programs refuse what it signs for others.
 *
 * @param now milliseconds since 1970
 */
export function makeAuthority(domain: string, now: number): Authority {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const name = commonName(`docker-connector authority of ${domain} (${randomBytes(4).toString("hex")})`);
  const allowed = new GeneralSubtree({ base: new GeneralName({ dNSName: domain }) });
  // A constraint binds names of its kind only: without these it could sign for any address.
  const noAddresses = ["0.0.0.0/0.0.0.0", "::/::"].map((iPAddress) =>
    new GeneralSubtree({ base: new GeneralName({ iPAddress }) })
  );
  const certificate = certify(
    {
      issuer: name,
      subject: name,
      publicKey: bytesOf(publicKey.export({ type: "spki", format: "der" })),
      notBefore: now - CLOCK_SKEW_MS,
      notAfter: now + AUTHORITY_DAYS * DAY_MS,
      extensions: [
        extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
        extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign)),
        extension(
          id_ce_nameConstraints,
          true,
          new NameConstraints({
            permittedSubtrees: new GeneralSubtrees([allowed]),
            excludedSubtrees: new GeneralSubtrees(noAddresses),
          }),
        ),
        extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
      ],
    },
    pem,
  );
  return { privateKey: pem, certificate };
}

/**
 * Signs a certificate of a web server.
 *
 * @param names DNS names, of the authority's domain
 * @param publicKey its key as SubjectPublicKeyInfo, DER
 * @param now milliseconds since 1970
 * @returns the certificate, DER
 * @throws {Error} if the key is none of P-256
 */
export function signLeaf(
  authority: Authority,
  names: readonly string[],
  publicKey: Uint8Array<ArrayBuffer>,
  now: number,
): Uint8Array<ArrayBuffer> {
  if (!isPublicKey(publicKey)) throw new RangeError("Cannot sign a certificate: the key is none of P-256");
  const { tbsCertificate } = AsnConvert.parse(authority.certificate, Certificate);
  return certify(
    {
      issuer: tbsCertificate.subject,
      subject: commonName("docker-connector"),
      publicKey,
      notBefore: now - CLOCK_SKEW_MS,
      notAfter: now + LEAF_DAYS * DAY_MS,
      extensions: [
        extension(id_ce_basicConstraints, true, new BasicConstraints()),
        extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
        extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
        extension(
          id_ce_subjectAltName,
          false,
          new SubjectAlternativeName(names.map((dNSName) => new GeneralName({ dNSName }))),
        ),
      ],
    },
    authority.privateKey,
  );
}

/** Whether the bytes have the form of the SubjectPublicKeyInfo of a key of P-256. Whether it is a point is not looked at. */
export function isPublicKey(bytes: Uint8Array): boolean {
  return bytes.length === PUBLIC_KEY_LENGTH && SPKI_HEAD.every((byte, index) => bytes[index] === byte);
}

/** Until when a certificate holds, milliseconds since 1970; undefined for bytes that are no certificate. */
export function validUntil(certificate: Uint8Array<ArrayBuffer>): number | undefined {
  try {
    return AsnConvert.parse(certificate, Certificate).tbsCertificate.validity.notAfter.getTime().getTime();
  } catch {
    return undefined;
  }
}

interface CertificateFacts {
  readonly issuer: Name;
  readonly subject: Name;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: Extension[];
}

function certify(facts: CertificateFacts, signingKey: string): Uint8Array<ArrayBuffer> {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_SHA_256 });
  const serialNumber = bytesOf(randomBytes(16));
  // A positive number without a leading zero byte (RFC 5280 section 4.1.2.2).
  serialNumber[0] = 0x40 | (serialNumber[0] ?? 0) & 0x3f;
  const { issuer, subject, notBefore, notAfter } = facts;
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber.buffer,
    signature: algorithm,
    issuer,
    validity: new Validity({ notBefore: seconds(notBefore), notAfter: seconds(notAfter) }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(facts.publicKey, SubjectPublicKeyInfo),
    extensions: new Extensions(facts.extensions),
  });
  const signature = sign("sha256", new Uint8Array(AsnConvert.serialize(tbsCertificate)), signingKey);
  return new Uint8Array(AsnConvert.serialize(
    new Certificate({
      tbsCertificate,
      signatureAlgorithm: algorithm,
      signatureValue: bytesOf(signature).buffer,
    }),
  ));
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function commonName(text: string): Name {
  const value = new AttributeValue({ utf8String: text.slice(0, 64) });
  return new Name([
    new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })]),
  ]);
}

/** Certificates count in whole seconds. */
function seconds(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / 1000) * 1000);
}

function bytesOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
