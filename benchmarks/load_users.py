"""Simulated exhibitors: search, firm page, request form, request, lists, response, agendas."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

WORDS = ("cell", "battery", "motor", "li", "tech", "power", "an", "gmbh", "inverter", "co")
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_FIRM = re.compile(r"/firms/([a-z0-9-]+)\"")
_PENDING = re.compile(r"/requests/([A-Za-z0-9-]+)/(accept|decline)\"")
_EXPECTED = {"GET": (200,), "POST": (303, 422)}
"""422: the firm has a request already. That response is a page too."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one request. `status` is 0 if the connection failed."""

    route: str
    method: str
    status: int
    seconds: float

    @property
    def is_error(self) -> bool:
        return self.status not in _EXPECTED[self.method]


@dataclass(slots=True)
class User:
    """An exhibitor's browser with its own IP address, and one connection per request."""

    port: int
    event: str
    address: str
    dice: random.Random
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    page: str = ""

    async def sign_in(self, link: str) -> None:
        """Open a sign-in link and submit its form."""
        await self.ask("sign-in", "GET", f"/sign-in/{link}")
        done = await self.ask("sign-in", "POST", f"/sign-in/{link}", {})
        if done.status not in (302, 303):
            raise RuntimeError(f"sign-in answers {done.status}: {self.page[:500]}")

    async def journey(self) -> AsyncIterator[Answer]:
        """Yield the requests of one journey through the site. The caller pauses between them."""
        inside = f"/events/{self.event}"
        yield await self.ask("directory search", "GET", f"{inside}/firms?text={self.dice.choice(WORDS)}")
        firms = sorted(set(_FIRM.findall(self.page)))
        firm = self.dice.choice(firms) if firms else ""
        if firm:
            yield await self.ask("firm", "GET", f"{inside}/firms/{firm}")
        if firm and f"{firm}/request" in self.page:
            yield await self.ask("ask form", "GET", f"{inside}/firms/{firm}/request")
            form = {"topic": "Cells", "priority": "3", "length": "1", "place": "any"}
            yield await self.ask("ask", "POST", f"{inside}/firms/{firm}/request", form)
        yield await self.ask("requests sent", "GET", f"{inside}/requests/sent")
        yield await self.ask("requests received", "GET", f"{inside}/requests/received")
        if found := _PENDING.search(self.page):
            yield await self.ask("answer", "POST", f"{inside}/requests/{found[1]}/{found[2]}", {"note": ""})
        yield await self.ask("own agenda", "GET", f"{inside}/agenda")
        yield await self.ask("firm's agenda", "GET", f"{inside}/agenda/firm")

    async def ask(self, route: str, method: str, path: str, form: dict[str, str] | None = None) -> Answer:
        """Send one request. Store its page, cookies and CSRF token."""
        began = time.perf_counter()
        try:
            status, head, page = await self._exchange(method, path, form)
        except (OSError, ValueError, asyncio.IncompleteReadError):
            return Answer(route, method, 0, time.perf_counter() - began)
        seconds = time.perf_counter() - began
        for line in head:
            if line.lower().startswith("set-cookie:"):
                name, _, value = line.partition(":")[2].partition(";")[0].strip().partition("=")
                self.cookies[name] = value
        if method == "GET":
            self.page = page
            if found := _TOKEN.search(page):
                self.token = found[1]
        return Answer(route, method, status, seconds)

    async def _exchange(
        self, method: str, path: str, form: dict[str, str] | None
    ) -> tuple[int, list[str], str]:
        body = "" if form is None else urlencode({"csrf_token": self.token, **form})
        head = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"X-Forwarded-For: {self.address}",
            "Connection: close",
            "Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            f"Content-Length: {len(body)}",
            "Content-Type: application/x-www-form-urlencoded",
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())
            await writer.drain()
            answer = (await reader.read()).decode("utf-8", "replace")
        finally:
            writer.close()
        top, _, page = answer.partition("\r\n\r\n")
        lines = top.split("\r\n")
        return int(lines[0].split()[1]), lines[1:], page


async def at_once(users: list[User], seconds: float, think: tuple[float, float]) -> list[Answer]:
    """Run all users concurrently for `seconds`, with pauses between steps."""
    ends = time.monotonic() + seconds
    return await until(users, lambda: time.monotonic() >= ends, think)


async def until(users: list[User], is_over: Callable[[], bool], think: tuple[float, float]) -> list[Answer]:
    """Run all users concurrently until `is_over`."""
    answers: list[Answer] = []

    async def go_round(user: User) -> None:
        await asyncio.sleep(user.dice.uniform(0, think[1]))
        while not is_over():
            async for answer in user.journey():
                answers.append(answer)
                await asyncio.sleep(user.dice.uniform(*think))
                if is_over():
                    break

    await asyncio.gather(*(go_round(user) for user in users))
    return answers


async def alone(
    user: User, rounds: int, cpu: Callable[[], dict[str, int]]
) -> dict[str, list[dict[str, int]]]:
    """Repeat one user's journey without pauses. Return the CPU nanoseconds of each request by route."""
    costs: dict[str, list[dict[str, int]]] = {}
    for _ in range(rounds):
        before = cpu()
        async for answer in user.journey():
            await asyncio.sleep(0.005)  # work after the response belongs to the request
            after = cpu()
            costs.setdefault(answer.route, []).append({name: after[name] - before[name] for name in after})
            before = cpu()
    return costs


async def cost(step: Callable[[], Awaitable[object]], cpu: Callable[[], dict[str, int]]) -> dict[str, int]:
    """Return the CPU time of one step while the system is otherwise idle."""
    before = cpu()
    await step()
    await asyncio.sleep(0.005)  # as above
    return {name: value - before[name] for name, value in cpu().items()}
