// A real OpenID provider (npm `oidc-provider`) on this machine, over TLS by an authority of its own.
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Provider } from "oidc-provider";
import { freePorts } from "./ports.mjs";

/** An authority and a certificate of `localhost`, as PEM. */
function papers() {
  const folder = mkdtempSync(join(tmpdir(), "nagaya-provider-"));
  const at = (name) => join(folder, name);
  const openssl = (...words) => execFileSync("openssl", words, { stdio: ["ignore", "ignore", "pipe"] });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  writeFileSync(at("leaf.ext"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n");
  openssl("req", "-x509", ...curve, "-days", "2", "-subj", "/CN=Journey authority", "-keyout", at("ca.key"), "-out", at("ca.pem"));
  openssl("req", "-new", ...curve, "-subj", "/CN=localhost", "-keyout", at("leaf.key"), "-out", at("leaf.csr"));
  openssl("x509", "-req", "-in", at("leaf.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at("leaf.ext"), "-out", at("leaf.pem"));
  const [authority, cert, key] = ["ca.pem", "leaf.pem", "leaf.key"].map((name) => readFileSync(at(name), "utf8"));
  rmSync(folder, { recursive: true });
  return { authority, cert, key };
}

/** A provider whose people sign in with their address and any password. `people` gives the claims of an address. */
export async function startProvider(redirectUri, people) {
  const [port] = await freePorts(1);
  const issuer = `https://localhost:${port}`;
  const client = { client_id: "nagaya", client_secret: randomBytes(24).toString("base64url") };
  const { authority, cert, key } = papers();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const provider = new Provider(issuer, {
    clients: [{ ...client, redirect_uris: [redirectUri], id_token_signed_response_alg: "ES256" }],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig" }] },
    cookies: { keys: [randomBytes(24).toString("hex")] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    // Strict OpenID Connect: the claims of scopes are told at the userinfo endpoint alone.
    conformIdTokenClaims: true,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people(id) }) }),
  });
  const server = createServer({ cert, key }, provider.callback());
  await new Promise((listening) => server.listen(port, "127.0.0.1", listening));
  return {
    issuer,
    authority,
    client,
    stop: () => new Promise((closed) => (server.closeAllConnections(), server.close(closed))),
  };
}

/** Signs in at the provider's own pages, and agrees. */
export async function signInThere(page, address) {
  await page.getByPlaceholder("Enter any login").fill(address);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}
