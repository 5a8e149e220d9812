// An OpenID provider as other houses run one: the certified package `oidc-provider`, with its own pages
// for signing in and consenting. Anybody's word is taken, and `NAME` gets the address NAME@example.org,
// verified unless the name begins with "new".
import Provider from "oidc-provider";

/** Starts one at `issuer` for the product at `base`; answers how to stop it. */
export async function startProvider(issuer, base, slug, secret) {
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "indelible",
      client_secret: secret,
      redirect_uris: [`${base}/sign-in/${slug}/answer`],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
    }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["only for tests"] },
    // Short lives, said aloud: else it warns of each that is not.
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    async findAccount(_, id) {
      const claims = { sub: `subject-of-${id}`, email: `${id}@example.org`, email_verified: !id.startsWith("new"), name: `${id} of the house` };
      return { accountId: id, claims: () => claims };
    },
  });
  const { hostname, port } = new URL(issuer);
  const server = await new Promise((resolve) => {
    const listening = provider.listen(Number(port), hostname, () => resolve(listening));
  });
  return () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
}
