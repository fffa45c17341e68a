"""A model hub on loopback: what `huggingface_hub` asks when it lists and downloads a model, and how hubs refuse.

As the real one does it, the list of a gated model's files is open to everybody; only the files are guarded.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiohttp import web
from aiohttp.test_utils import TestServer

COMMIT = hashlib.sha1(b"the only commit").hexdigest()


@dataclass
class Hub:
    """`models` are folders by their id. A gated one is given to bearers of its token in `tokens` only. `sent` counts
    how often each file went out; `url` is where it listens."""

    models: dict[str, Path]
    tokens: dict[str, str] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    url: str = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        model = "/{owner}/{name}"
        app.router.add_get(f"/api/models{model}", self._describe)
        app.router.add_get(f"/api/models{model}/revision/{{revision}}", self._describe)
        app.router.add_get(f"/api/models{model}/tree/{{revision}}", self._list)
        app.router.add_get(f"{model}/resolve/{{revision}}/{{path:.+}}", self._send)
        self._server = TestServer(app)
        await self._server.start_server(shutdown_timeout=0)  # nobody waits for idle lines
        self.url = f"http://127.0.0.1:{self._server.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """From now on nobody answers."""
        await self._server.close()

    async def _describe(self, request: web.Request) -> web.Response:
        name, _ = self._find(request)
        return web.json_response({"id": name, "sha": COMMIT, "private": False, "tags": [], "siblings": []})

    async def _list(self, request: web.Request) -> web.Response:
        _, folder = self._find(request)
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return web.json_response(
            [
                {
                    "type": "file",
                    "path": path.relative_to(folder).as_posix(),
                    "size": path.stat().st_size,
                    "oid": _name_of(path),
                }
                for path in files
            ]
        )

    async def _send(self, request: web.Request) -> web.StreamResponse:
        name, folder = self._find(request)
        path = folder / request.match_info["path"]
        if self.tokens.get(name) not in (None, request.headers.get("Authorization", "").removeprefix("Bearer ")):
            raise _refusal(web.HTTPForbidden(), "GatedRepo")
        if not path.is_file():
            raise _refusal(web.HTTPNotFound(), "EntryNotFound")
        if request.method == "GET":
            key = f"{name}/{request.match_info['path']}"
            self.sent[key] = self.sent.get(key, 0) + 1
        return web.FileResponse(path, headers={"X-Repo-Commit": COMMIT, "ETag": f'"{_name_of(path)}"'})

    def _find(self, request: web.Request) -> tuple[str, Path]:
        name = f"{request.match_info['owner']}/{request.match_info['name']}"
        if name not in self.models:
            raise _refusal(web.HTTPNotFound(), "RepoNotFound")
        return name, self.models[name]


def _refusal(error: web.HTTPException, code: str) -> web.HTTPException:
    error.headers["X-Error-Code"] = code
    return error


def _name_of(path: Path) -> str:
    """A file's name in git, so that the same bytes are kept once."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
