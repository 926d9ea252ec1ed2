"""The studio: a local web server and one page, on which a model is seen, heard, played and looked into.

    page ── HTTP, server-sent events ── app.py ── worker.py, one thread that draws ── workflows

Nothing here is imported by other packages but the command line. starlette and uvicorn come with the extra `studio`.
"""
