// Let the TypeScript SDK sign in from a page in a browser, which leaves for the authorization server
// and comes back with its answer: `page.leave(resource)` there, `page.comeBack()` here.

import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";

// What has to outlive the way there and back.
const kept = {
  get: (name) => JSON.parse(sessionStorage.getItem(name) ?? "null") ?? undefined,
  set: (name, value) => sessionStorage.setItem(name, JSON.stringify(value)),
};

const redirectUrl = `${location.origin}/callback`;
const provider = {
  redirectUrl,
  clientMetadata: { redirect_uris: [redirectUrl], client_name: "A page" },
  clientInformation: () => kept.get("client"),
  saveClientInformation: (client) => kept.set("client", client),
  tokens: () => kept.get("tokens"),
  saveTokens: (tokens) => kept.set("tokens", tokens),
  codeVerifier: () => kept.get("verifier"),
  saveCodeVerifier: (verifier) => kept.set("verifier", verifier),
  discoveryState: () => kept.get("discovery"),
  saveDiscoveryState: (discovery) => kept.set("discovery", discovery),
  // The test is the one who goes there, so that it sees where that leads.
  redirectToAuthorization: (url) => kept.set("authorization", url.href),
};

function transportTo(resource) {
  return new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider });
}

export async function leave(resource) {
  kept.set("resource", resource);
  try {
    await new Client({ name: "page", version: "1" }).connect(transportTo(resource));
  } catch (error) {
    if (error instanceof UnauthorizedError) return kept.get("authorization");
    throw error;
  }
  throw new Error("Let in without a token.");
}

export async function comeBack() {
  const transport = transportTo(kept.get("resource"));
  await transport.finishAuth(new URLSearchParams(location.search));
  const client = new Client({ name: "page", version: "1" });
  await client.connect(transport);
  const { tools } = await client.listTools();
  const { structuredContent } = await client.callTool({ name: tools[0].name, arguments: {} });
  return [tools.map((tool) => tool.name), structuredContent];
}
