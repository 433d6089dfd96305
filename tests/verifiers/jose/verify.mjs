// Verify JWTs with createRemoteJWKSet, for as long as somebody asks.
//
//     node verify.mjs
//
// Each line of stdin is a request, each line of stdout answers one. All requests that name the same
// verifier share one cache; "options" are what its createRemoteJWKSet is given.
//
// {"verifier", "options", "jwks_url", "issuer", "audience", "token"} is answered by {"claims"}, or
// by {"refused"} with the code of the error.
// {"verifier", "age"} lets the cache be that many seconds old; the answer is {}.

import { createInterface } from "node:readline";
import { createRemoteJWKSet, jwksCache, jwtVerify } from "jose";

const verifiers = new Map();

// jose fills this object when it fetches, and starts from what is in it: the cache is the one that
// it has anyway, and its age is ours to say.
function startFrom(verifier) {
  const { jwks_url, options, cache } = verifier;
  verifier.keys = createRemoteJWKSet(new URL(jwks_url), { ...options, [jwksCache]: cache });
}

function age(verifier, seconds) {
  verifier.cache.uat = Date.now() - seconds * 1000;
  startFrom(verifier);
  return {};
}

async function verify(verifier, { issuer, audience, token }) {
  const expected = { issuer, audience, typ: "at+jwt", algorithms: ["RS256", "ES256", "EdDSA"] };
  try {
    return { claims: (await jwtVerify(token, verifier.keys, expected)).payload };
  } catch (error) {
    return { refused: error.code ?? String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (!verifiers.has(request.verifier)) {
    const { jwks_url, options } = request;
    verifiers.set(request.verifier, { jwks_url, options, cache: {} });
    startFrom(verifiers.get(request.verifier));
  }
  const verifier = verifiers.get(request.verifier);
  const answer = "age" in request ? age(verifier, request.age) : await verify(verifier, request);
  console.log(JSON.stringify(answer));
}
