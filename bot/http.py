"""Slack's requests over HTTP, where it can reach this machine."""

from slack_bolt import App, BoltRequest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/slack/events"


def web_app(app: App) -> Starlette:
    """Signatures are Bolt's to check. Listeners run in threads: one that looks something up holds no other up."""

    async def slack(request: Request) -> Response:
        body = (await request.body()).decode("utf-8", "replace")
        try:
            asked = BoltRequest(body=body, query=dict(request.query_params), headers=dict(request.headers))
        except (ValueError, TypeError, AttributeError):  # Bolt reads the body before it looks at the signature
            return Response("This is no request of Slack.", status_code=400, media_type="text/plain")
        answer = await run_in_threadpool(app.dispatch, asked)
        return Response(content=answer.body, status_code=answer.status, headers=dict(answer.first_headers()))

    return Starlette(routes=[Route(PATH, slack, methods=["POST"])])
