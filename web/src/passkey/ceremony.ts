// One question to an authenticator and its answer, in the words of the service: JSON, bytes as base64url.
import { bytesOf, textOf } from "./base64url.ts";

/** What a new passkey is made from. */
export interface Creation {
  readonly challenge: string;
  readonly rp_id: string;
  readonly rp_name: string;
  readonly user: string;
  readonly email: string;
  readonly full_name: string;
  readonly algorithms: readonly number[];
  readonly exclude: readonly string[];
  readonly timeout_ms: number;
}

/** What a passkey is shown for; any will do when `allow` is empty. */
export interface Question {
  readonly challenge: string;
  readonly rp_id: string;
  readonly allow: readonly string[];
  readonly timeout_ms: number;
}

function described(ids: readonly string[]): PublicKeyCredentialDescriptor[] {
  return ids.map((id) => ({ type: "public-key", id: bytesOf(id) }));
}

/** Makes a passkey that its authenticator keeps by itself and guards by verifying its person. */
export async function create(creation: Creation): Promise<string> {
  const publicKey: PublicKeyCredentialCreationOptions = {
    challenge: bytesOf(creation.challenge),
    rp: { id: creation.rp_id, name: creation.rp_name },
    user: { id: bytesOf(creation.user), name: creation.email, displayName: creation.full_name },
    pubKeyCredParams: creation.algorithms.map((alg) => ({ type: "public-key", alg })),
    excludeCredentials: described(creation.exclude),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "none",
    timeout: creation.timeout_ms,
  };
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return JSON.stringify({
    id: textOf(made.rawId),
    client: textOf(response.clientDataJSON),
    attestation: textOf(response.attestationObject),
  });
}

/** Shows a passkey. */
export async function get(question: Question): Promise<string> {
  const publicKey: PublicKeyCredentialRequestOptions = {
    challenge: bytesOf(question.challenge),
    rpId: question.rp_id,
    allowCredentials: described(question.allow),
    userVerification: "required",
    timeout: question.timeout_ms,
  };
  const shown = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const response = shown.response as AuthenticatorAssertionResponse;
  return JSON.stringify({
    id: textOf(shown.rawId),
    client: textOf(response.clientDataJSON),
    authenticator: textOf(response.authenticatorData),
    signature: textOf(response.signature),
    user: response.userHandle ? textOf(response.userHandle) : "",
  });
}
