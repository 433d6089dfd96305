// Prints which `resource` a TypeScript SDK accepts for an endpoint, pair by pair.

import { readFileSync } from "node:fs";

const { checkResourceAllowed } = await import(process.argv[2]);
const pairs = JSON.parse(readFileSync(0, "utf8"));

console.log(
  JSON.stringify(
    pairs.map(([requestedResource, configuredResource]) =>
      checkResourceAllowed({ requestedResource, configuredResource }),
    ),
  ),
);
