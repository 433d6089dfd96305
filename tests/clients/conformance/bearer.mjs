// Sends the token of MCP_TOKEN with each request, because the suite has no option for one.
import http from "node:http";
import { Agent, setGlobalDispatcher } from "undici";

const authorization = `Bearer ${process.env.MCP_TOKEN}`;

// What fetch and undici send.
setGlobalDispatcher(
  new Agent().compose((dispatch) => (options, handler) => {
    const headers = Array.isArray(options.headers)
      ? [...options.headers, "authorization", authorization]
      : { ...options.headers, authorization };
    return dispatch({ ...options, headers }, handler);
  }),
);

const request = http.request;
http.request = (options, ...rest) =>
  request({ ...options, headers: { ...options.headers, authorization } }, ...rest);
