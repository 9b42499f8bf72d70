// An OpenID provider of other people, by HTTPS: node provider.mjs <node_modules>, its settings on the standard input.
// It prints its port once it listens. Its clock is that of the tests.
import { createServer } from "node:https";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const ahead = Number(process.env.TESTS_CLOCK_BY || 0) * 1000;
const Machine = Date;
globalThis.Date = class extends Machine {
  constructor(...given) {
    if (given.length) super(...given);
    else super(Machine.now() + ahead);
  }
  static now() {
    return Machine.now() + ahead;
  }
};

const settings = JSON.parse(readFileSync(0, "utf-8"));
const { Provider } = await import(pathToFileURL(`${process.argv[2]}/oidc-provider/lib/index.js`));
const server = createServer({ cert: settings.cert, key: settings.key });
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();
const provider = new Provider(`https://${settings.host}:${port}`, {
  clients: [{ ...settings.client, response_types: ["code"], grant_types: ["authorization_code"] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  conformIdTokenClaims: settings.claims_in_userinfo,
  cookies: { keys: ["the tests' alone"] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...settings.people[id] }) }),
  jwks: settings.jwks,
  pkce: { required: () => true },
});
server.on("request", provider.callback());
console.log(port);
