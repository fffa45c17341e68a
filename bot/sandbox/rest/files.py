"""Plain HTTP beside the API: attachments by signed address, uploads into slots, and the chat page."""

from pathlib import Path

from aiohttp import web

from bot.sandbox.announce import Announcer
from bot.sandbox.cdn import Cdn
from bot.sandbox.wire import Json, Reply, render_reply
from bot.sandbox.world import World

STATIC = Path(__file__).resolve().parents[1] / "static"
PAGE_POLICY = "default-src 'self'; img-src 'self' blob: data: https:; connect-src 'self' ws: wss:; object-src 'none'"
GONE = "This content is no longer available."


class FileRoutes:
    def __init__(self, world: World, cdn: Cdn, announcer: Announcer) -> None:
        self._world = world
        self._cdn = cdn
        self._announcer = announcer

    def mount(self, app: web.Application) -> None:
        for folder in ("attachments", "ephemeral-attachments"):
            app.router.add_get(f"/{folder}/{{channel_id}}/{{attachment_id}}/{{filename}}", self._download)
        app.router.add_put("/upload/{channel_id}/{slot_id}", self._upload)
        app.router.add_get("/", self._page)
        app.router.add_get("/sandbox/members", self._members)
        app.router.add_post("/sandbox/install", self._install)
        app.router.add_static("/static", STATIC)

    async def _download(self, request: web.Request) -> web.Response:
        attachment_id, filename = request.match_info["attachment_id"], request.match_info["filename"]
        upload = self._cdn.find(attachment_id, filename)
        query = request.query
        is_alive = self._cdn.is_address_alive(attachment_id, query.get("ex", ""), query.get("hm", ""))
        if upload is None or not is_alive:
            return web.Response(status=404, text=GONE)
        content_type = self._cdn.content_type(upload)
        # Nothing a member uploads may run as a page of this origin.
        headers = {"Content-Type": content_type, "X-Content-Type-Options": "nosniff"}
        if not content_type.startswith(("image/", "video/", "audio/")) or "svg" in content_type:
            headers["Content-Disposition"] = "attachment"
        return web.Response(body=upload.content, headers=headers)

    async def _upload(self, request: web.Request) -> web.Response:
        content = await request.read()
        is_known = self._cdn.fill_slot(request.match_info["slot_id"], content, request.content_type)
        return web.Response(status=200 if is_known else 404)

    async def _page(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html", headers={"Content-Security-Policy": PAGE_POLICY})

    async def _install(self, request: web.Request) -> web.Response:
        """What a member does on Discord's own page: add the application to their account."""
        caller = self._world.caller(request.headers.get("Authorization"))
        if caller is None or caller.is_bot:
            return web.Response(status=401)
        self._announcer.install(caller.user.id)
        return web.Response(status=204)

    async def _members(self, _request: web.Request) -> web.Response:
        """The test members with their tokens, for the page's member switch: there is nothing to protect here."""
        members: list[Json] = [
            {"id": user.id, "name": user.global_name or user.username, "token": self._world.token_of(user.id)}
            for user in self._world.users.values()
            if not user.bot
        ]
        return render_reply(Reply(200, {"members": members, "bot_id": self._world.bot.id}))
