// Let a TypeScript SDK discover one MCP server, and print what it found.
//
//     node discover.mjs MODULE RESOURCE
//
// It knows no URL but that of the resource: every request is the idea of the SDK.

const [module, resource] = process.argv.slice(2);
const { discoverOAuthServerInfo, selectResourceURL } = await import(module);

const requests = [];

async function fetchFn(url, init) {
  const response = await fetch(url, init);
  requests.push([init?.method ?? "GET", String(url), response.status]);
  return response;
}

const found = await discoverOAuthServerInfo(resource, { fetchFn });
// Throws when the metadata are those of another resource. The empty object is a client that does
// not replace this check by one of its own.
const selected = await selectResourceURL(resource, {}, found.resourceMetadata);

console.log(
  JSON.stringify({
    resource: found.resourceMetadata?.resource,
    resource_parameter: selected?.href,
    authorization_server: found.authorizationServerUrl,
    metadata: found.authorizationServerMetadata,
    requests,
  }),
);
