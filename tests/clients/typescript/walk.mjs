// Let a TypeScript SDK sign in to one MCP server, take some steps there, and print what happens.
//
//     node walk.mjs SDK RESOURCE STEP...
//
// SDK is `client-2` or `sdk-1`; a step is `list`, `call:TOOL` or `call:TOOL:ARGUMENTS`, with arguments
// as JSON, `thrice:TOOL`, which is three calls at once, or `expire`, in which the access token has had
// its time. It knows no URL but that of the
// resource and, if CLIENT_METADATA_URL is in its environment, that of the client's own metadata. If
// OVERLOOK_ERRORS is there, it hands an answer without a code to the SDK, and does not look why there
// is none. If KEEP_NO_REFRESH_TOKEN is there, it forgets its refresh tokens.
//
// Each line of output is an event: `open` a URL in the user's browser, `pause` until a line comes
// in, and at last `end`.

import { once } from "node:events";
import { createServer } from "node:http";

const [sdk, resource, ...steps] = process.argv.slice(2);

async function load() {
  if (sdk === "client-2") return import("@modelcontextprotocol/client");
  const parts = ["index.js", "streamableHttp.js", "auth.js"];
  const modules = parts.map((part) => import(`@modelcontextprotocol/sdk/client/${part}`));
  return Object.assign({}, ...(await Promise.all(modules)));
}

const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await load();

function tell(event, members) {
  console.log(JSON.stringify({ event, ...members }));
}

// A note of each request in the words `METHOD path [message] status`; the messages are those that
// have to do with tools.
const notes = [];

async function noting(url, init) {
  const response = await fetch(url, init);
  const message = /"method":"(tools\/\w+)"/.exec(String(init?.body))?.[1];
  const words = [init?.method ?? "GET", new URL(url).pathname, message, response.status];
  notes.push(words.filter(Boolean).join(" "));
  return response;
}

// The listener on this machine at which the browser arrives with the answer of the user.
const arrivals = [];
const listener = createServer((request, response) => {
  response.end("Back at the client.");
  const url = new URL(request.url, "http://127.0.0.1");
  if (url.pathname === "/callback") arrivals.shift()?.(url.searchParams);
});
listener.listen(0, "127.0.0.1");
await once(listener, "listening");
const redirectUrl = `http://127.0.0.1:${listener.address().port}/callback`;

// A client that has never been here before, and remembers until it ends.
const memory = {};
let answered;
const provider = {
  redirectUrl,
  clientMetadataUrl: process.env.CLIENT_METADATA_URL,
  clientMetadata: { redirect_uris: [redirectUrl], client_name: `TypeScript ${sdk}` },
  clientInformation: () => memory.client,
  saveClientInformation: (client) => void (memory.client = client),
  tokens: () => memory.tokens,
  saveTokens: (tokens) => {
    memory.tokens = tokens;
    if ("KEEP_NO_REFRESH_TOKEN" in process.env) delete memory.tokens.refresh_token;
  },
  codeVerifier: () => memory.verifier,
  saveCodeVerifier: (verifier) => void (memory.verifier = verifier),
  discoveryState: () => memory.discovery,
  saveDiscoveryState: (discovery) => void (memory.discovery = discovery),
  state: () => crypto.randomUUID(),
  redirectToAuthorization: (url) => {
    answered = new Promise((resolve) => arrivals.push(resolve));
    notes.push(`browser ${url.pathname}`);
    tell("open", { url: url.href });
  },
};

let client;
let transport;

async function connect() {
  client = new Client({ name: "walk", version: "1" });
  transport = new StreamableHTTPClientTransport(new URL(resource), {
    authProvider: provider,
    fetch: noting,
  });
  await client.connect(transport);
}

// Does something that may have to wait for the user, who is asked once.
async function letIn(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const answer = await answered;
    // As the example of each SDK does it, though 2.x would find the error itself.
    if (!answer.has("code") && !("OVERLOOK_ERRORS" in process.env))
      throw new Error(`OAuth authorization failed: ${answer.get("error")}`);
    // 1.x takes the code alone, and leaves it to the program to look at the rest.
    await transport.finishAuth(sdk === "client-2" ? answer : answer.get("code"));
    return act();
  }
}

async function take(step) {
  const [, name, tool, given] = /^(\w+):?(\w*):?(.*)$/.exec(step);
  if (name === "list") return (await client.listTools()).tools.map((one) => one.name);
  if (name === "call") {
    const result = await letIn(() => client.callTool({ name: tool, arguments: JSON.parse(given || "{}") }));
    return result.structuredContent;
  }
  if (name === "thrice") {
    const call = async () => (await client.callTool({ name: tool, arguments: {} })).structuredContent;
    // The SDK refreshes twice at most for one call. One that came too late both times is made again.
    const calls = await Promise.allSettled([1, 2, 3].map(call));
    return Promise.all(calls.map((done) => done.value ?? call()));
  }
  tell("pause", { client_id: memory.client.client_id });
  // A second time it does not flow by itself.
  process.stdin.resume();
  await once(process.stdin, "data");
  process.stdin.pause();
  return null;
}

const results = [];
let error = null;
try {
  await letIn(connect);
  for (const step of steps) results.push(await take(step));
  await client.close();
} catch (caught) {
  error = { name: caught.name, code: caught.code, message: caught.message };
  console.error(caught);
}
// Of the last token, as the site has said it.
const scope = (memory.tokens?.scope ?? "").split(" ").filter(Boolean).sort();
tell("end", { notes, results, error, scope });
listener.close();
listener.closeAllConnections();
