// A real OpenID provider (npm `oidc-provider`) on this machine, over TLS by an authority of its own.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:https";
import { Provider } from "oidc-provider";
import { papers } from "./papers.mjs";
import { freePorts } from "./ports.mjs";

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
