"""What the requests of the attack consist of. CANARY becomes a word that only one request has."""

from __future__ import annotations

DOCUMENTS = (
    b"/.well-known/oauth-protected-resource",
    b"/.well-known/oauth-protected-resource/mcp",
    b"/.well-known/oauth-protected-resource/reports/mcp",
    b"/.well-known/oauth-authorization-server",
    b"/.well-known/jwks.json",
    b"/.well-known/ai-catalog.json",
    b"/mcp/server-card",
)
# Every path below these two belongs to the documents, whatever follows.
ROOTS = DOCUMENTS[0], DOCUMENTS[3]
MCP = b"/mcp"
REPORTS = b"/reports/mcp"
TOKEN = b"/oauth/mcp/token"

# Paths that look like those of a document.
NEAR_MISSES = (
    b"/.well-known",
    b"/.well-known/CANARY",
    b"/.well-known/openid-configuration",
    b"/.WELL-KNOWN/jwks.json",
    b"/.well-known/JWKS.json",
    b"/.well-known//jwks.json",
    b"/.well-known/jwks.json.CANARY",
    b"/.well-known/jwks.json/CANARY",
    b"/.well-known/oauth-protected-resourceCANARY",
    b"/.well-known/oauth-authorization-server.json",
    b"/.well-known%2fjwks.json",
    b"/mcp/.well-known/oauth-protected-resource",
    b"/CANARY/.well-known/jwks.json",
    b"/mcp/server-card/CANARY",
    b"/CANARY/server-card",
    b"/.well-known/../.well-known/jwks.json",
    b"/.well-known/\xe2\x80\xaejwks.json",
    b"/.well-known/jwks\xff.json",
)
PREFIXES = (b"/", b"//CANARY.example", b"/.", b"/CANARY/..", b"/%2e%2e", b"/\\", b"/%00", b"/;")
SUFFIXES = (
    b"/",
    b"//",
    b"/CANARY",
    b"/..",
    b"/../../../../etc/passwd",
    b"/..%2f..%2fCANARY",
    b"/%2e%2e/%2e%2e/CANARY",
    b"/mcp%00CANARY",
    b"/mcp%0a",
    b"/%0d%0aX-Injected:%20CANARY",
    b"/%ff%feCANARY",
    b"/%C0%AFCANARY",
    b"/%zzCANARY",
    b"/%u0041CANARY",
    b"%",
    b"%2",
    b"%2fmcp",
    b";CANARY=1",
    b".json",
    b"//CANARY.example/mcp",
    b"/https://CANARY.example/mcp",
    b"/%E2%80%AECANARY",
    b"/%F0%9F%98%80",
    b"/%ED%A0%80",
    b"/" + b"CANARY" * 300,
    b"/" + b"a/" * 1800,
    b"/" + b"%2541" * 700,
    b"/{CANARY}",
    b"/%7B%7BCANARY%7D%7D",
    b"/<script>CANARY</script>",
    b"/'\"CANARY",
    b"/mcp/mcp/mcp",
)
# The server may not accept these, or see more than one request in them.
WILD_SUFFIXES = (
    b"/\xc3\xa9CANARY",
    b"/\xffCANARY",
    b"/CANARY \x01",
    b"/ CANARY",
    b"/\tCANARY",
    b"/\x00CANARY",
    b"/CANARY\rX",
    b"/CANARY\nX-Injected: 1",
    b"/" + b"CANARY" * 16_700,
    b"/" + b"A" * 60_000,
    b"#CANARY",
)
QUERIES = (
    b"?",
    b"??",
    b"?CANARY=CANARY",
    b"?resource=https://CANARY.example",
    b"?access_token=CANARY",
    b"?access_token=TOKEN",
    b"?%00=%ff",
    b"?%",
    b"?" + b"a=b&" * 900,
    b"?a[]=CANARY&a=1;b=2",
    b"?\xe9=CANARY",
    b"?next=//CANARY.example",
)
# Without the path of the request, or with more than it.
TARGETS = (
    b"*",
    b"CANARY",
    b"?CANARY",
    b"127.0.0.1:443",
    b"CANARY.example:443",
    b"http://CANARY.examplePATH",
    b"http://CANARY.attacked.examplePATH",
    b"https://user:CANARY@127.0.0.1PATH",
    b"HTTP://[::1]:80PATH",
    b"http:PATH",
    b"http:///PATH",
    b"file:///CANARY",
    b"javascript:CANARY",
    b"http://[CANARYPATH",
    b"//CANARY@hostPATH",
)

METHODS = (b"GET", b"HEAD", b"OPTIONS", b"POST")
OTHER_METHODS = (
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"TRACE",
    b"CONNECT",
    b"PROPFIND",
    b"QUERY",
    b"M-SEARCH",
    b"PURGE",
    b"CANARY",
    b"X!#$%&'*+-.^_`|~1",
)
WILD_METHODS = (
    b"get",
    b"Post",
    b"",
    b"G ET",
    b"GET\t",
    b"G\xc9T",
    b"\x00GET",
    b"GET" * 400,
    b"GET,POST",
    b"\r\nGET",
    b"{}",
)
VERSIONS = (b"HTTP/1.0", b"HTTP/1.1")
WILD_VERSIONS = (b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.10", b"http/1.1", b"HTTP/1.1CANARY", b"", b"X")

HOSTS = (
    b"CANARY.attacked.example",
    b"CANARY.attacked.example:8443",
    b"CANARY.attacked.example.",
    b"CANARY_.attacked.example",
    b"xn--CANARY.attacked.example",
    b"CANARY.attacked.example:00443",
    b"CANARY.attacked.example:99999",
    b"CANARY.attacked.example:" + b"9" * 3000,
    b"a" * 300 + b"CANARY.attacked.example",
    b"..attacked.example",
    b"CANARY.example",
    b"[::1]",
    b"[::1]:65536",
    b"localhost:0",
)
WILD_HOSTS = (
    b"",
    b" ",
    b"user:CANARY@127.0.0.1",
    b"127.0.0.1/CANARY",
    b"127.0.0.1:CANARY",
    b"127.0.0.1, CANARY.example",
    b"127.0.0.1\tCANARY",
    b"[::CANARY]",
    b"[" + b":" * 2000 + b"]",
    b"\xc3\xa9CANARY.attacked.example",
    b"CANARY.attacked.example\x00",
    b"%43CANARY.attacked.example",
)
