// Let the TypeScript client sign in to one MCP server with DPoP, call a tool, and print what was sent.
//
//     node dpop.mjs RESOURCE TOOL
//
// The client gets a key, and knows no URL but that of the resource. Each line of output is an event:
// `open` a URL in the user's browser, and at last `end`.

import { once } from "node:events";
import { createServer } from "node:http";

import {
  Client,
  DpopSession,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";

const [resource, tool] = process.argv.slice(2);

function tell(event, members) {
  console.log(JSON.stringify({ event, ...members }));
}

// What has gone over the wire to the token endpoint and to the MCP server.
const sent = [];

async function noting(url, init) {
  const response = await fetch(url, init);
  const headers = new Headers(init?.headers);
  const [scheme, token] = headers.get("authorization")?.split(" ") ?? [];
  const error = /error="?(\w+)/.exec(response.headers.get("www-authenticate") ?? "")?.[1];
  const body = response.status === 400 ? await response.clone().json() : {};
  sent.push({
    path: new URL(url).pathname,
    status: response.status,
    scheme,
    token,
    proof: headers.get("dpop"),
    error: error ?? body.error,
  });
  return response;
}

// The listener on this machine at which the browser arrives with the answer of the user.
let arrived;
const answered = new Promise((resolve) => (arrived = resolve));
const listener = createServer((request, response) => {
  response.end("Back at the client.");
  const url = new URL(request.url, "http://127.0.0.1");
  if (url.pathname === "/callback") arrived(url.searchParams);
});
listener.listen(0, "127.0.0.1");
await once(listener, "listening");
const redirectUrl = `http://127.0.0.1:${listener.address().port}/callback`;

const session = await DpopSession.create();
const memory = {};
const provider = {
  redirectUrl,
  clientMetadata: {
    redirect_uris: [redirectUrl],
    client_name: "TypeScript with DPoP",
    // Without a secret, so that its refresh token is bound to the key too.
    token_endpoint_auth_method: "none",
  },
  dpop: () => session,
  clientInformation: () => memory.client,
  saveClientInformation: (client) => void (memory.client = client),
  tokens: () => memory.tokens,
  saveTokens: (tokens) => void (memory.tokens = tokens),
  codeVerifier: () => memory.verifier,
  saveCodeVerifier: (verifier) => void (memory.verifier = verifier),
  discoveryState: () => memory.discovery,
  saveDiscoveryState: (discovery) => void (memory.discovery = discovery),
  state: () => crypto.randomUUID(),
  redirectToAuthorization: (url) => tell("open", { url: url.href }),
};

let transport;

async function connect() {
  const client = new Client({ name: "dpop", version: "1" });
  transport = new StreamableHTTPClientTransport(new URL(resource), {
    authProvider: provider,
    fetch: noting,
  });
  await client.connect(transport);
  return client;
}

async function signIn() {
  try {
    return await connect();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(await answered);
    return connect();
  }
}

const client = await signIn();
const { structuredContent: result } = await client.callTool({ name: tool, arguments: {} });
await client.close();
tell("end", { result, sent, tokens: memory.tokens, thumbprint: session.thumbprint });
listener.close();
listener.closeAllConnections();
