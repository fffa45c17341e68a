"""One line per event, for people or for machines; what libraries log goes the same way."""

import logging
import sys

import structlog

from bot.config import LogSettings


def set_up_logs(settings: LogSettings) -> None:
    level = logging.getLevelName(settings.level.upper())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        # The pretty traces show every local, tokens among them, and take seconds in which nobody is answered.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    if settings.format == "json":
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=max(level, logging.WARNING), format="%(levelname)s %(name)s: %(message)s", force=True)
    logging.getLogger("engine").setLevel(level)
    logging.getLogger("engine.hub").setLevel(min(level, logging.INFO))  # whoever waits for gigabytes is told so
